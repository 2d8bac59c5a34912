import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { signIn } from '../../bin/cognito-sign-in';
import type { AuditEvent } from '../../lambda/audit/event';
import { address, hire, type Newcomer, signInAgain } from './people';
import { ward as open } from './ward';

jest.setTimeout(120_000);

const ward = open();

/** Delivery is asynchronous, as in AWS: waits for it, and says what came when it did not. */
async function eventually(matches: (event: AuditEvent) => boolean): Promise<AuditEvent[]> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const found = (await ward.events()).filter(matches);
    if (found.length > 0) return found;
    await pause(100);
  }
  throw new Error('no such event');
}
const attempt = (email: string, password: string) =>
  signIn({
    client: ward.cognito(),
    poolId: ward.output('UserPoolId'),
    clientId: ward.output('ClientId'),
    username: email,
    password,
    totp: async () => '000000',
  });
const of = (person: Newcomer, action: string) => (event: AuditEvent) =>
  event.actor?.sub === person.id && event.action === action;

test('a sign-in is on record before its token is used, and the access review knows when it was - 45 CFR 164.308(a)(5)(ii)(C)', async () => {
  const clerk = await hire(ward, 'registrar');
  const signIns = (await ward.events()).filter(of(clerk, 'session.sign-in'));
  expect(signIns).toHaveLength(1);
  expect(signIns[0]).toMatchObject({
    actor: { sub: clerk.id, role: 'registrar', mfa: true, session: null },
    outcome: 'permit',
    request: null,
  });
  const { body } = await ward.as('auditor').get('/v1/access-review');
  const listed = body.people.find((each: { id: string }) => each.id === clerk.id);
  expect(Date.parse(listed.last_sign_in_at)).toBeGreaterThan(Date.now() - 60_000);
});

test('failed passwords and failed codes are told by the user pool’s log, by person', async () => {
  const clerk = await hire(ward, 'billing');
  await expect(attempt(clerk.email, 'Not-The-Password-1!')).rejects.toThrow();
  const [failed] = await eventually((event) => of(clerk, 'user-pool.sign-in')(event) && event.outcome === 'deny');
  expect(failed).toMatchObject({
    reason: 'password-failed',
    actor: { role: 'billing', mfa: false, session: null },
    request: { ip: '127.0.0.1', route: 'user-pool', status: 401 },
  });
  await expect(attempt(clerk.email, clerk.password)).rejects.toThrow();
  await eventually((event) => of(clerk, 'user-pool.sign-in')(event) && event.reason === 'second-factor-failed');
  await signInAgain(ward, clerk);
  await eventually((event) => of(clerk, 'user-pool.sign-in')(event) && event.reason === 'passed');
});

test('a name that is nobody’s is counted and never written down', async () => {
  const secret = `Password-typed-here-${randomBytes(8).toString('hex')}`;
  // Other files sign in to the same cloud meanwhile, as people whom Ward does not know yet too: those pass.
  const ofNobody = async () =>
    (await ward.events()).filter(
      ({ action, actor, outcome, reason }) =>
        action === 'user-pool.sign-in' && actor === null && outcome === 'deny' && reason === 'password-failed',
    ).length;
  const before = await ofNobody();
  await expect(attempt(`${secret}@people.ward.example`, 'Not-The-Password-1!')).rejects.toThrow();
  for (let wait = 0; wait < 100; wait++) {
    if ((await ofNobody()) > before) {
      expect(JSON.stringify(await ward.events())).not.toContain(secret);
      expect(JSON.stringify(await ward.events())).not.toContain(address().split('@')[1]);
      return;
    }
    await pause(100);
  }
  throw new Error('the failure was not recorded');
});
