import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { AdminCreateUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { address, hire, invitation, nextSecond, settleIn, signInAgain } from './people';
import { ward as open, type Response } from './ward';

jest.setTimeout(120_000);

const ward = open();
const admin = ward.as('admin');
const compliance = ward.as('compliance');

const problem = ({ body }: Response): string => body.type;

/** Detection looks at an event some moments after it: waits for its alert. */
async function alerted(actor: string, rule: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const { body } = await compliance.get('/v1/alerts');
    if (body.alerts.some((alert: { rule: string; actor: string }) => alert.rule === rule && alert.actor === actor))
      return;
    await pause(100);
  }
  throw new Error('nobody was alerted');
}

describe('recovery from a lost authenticator', () => {
  test('takes two people, a new authenticator, and leaves the person who they were - 45 CFR 164.312(d)', async () => {
    const lost = await hire(ward, 'clinician');
    const alone = await admin.post(`/v1/users/${lost.id}/mfa-recovery`, { approval: randomUUID(), email: lost.email });
    expect([alone.status, problem(alone)]).toEqual([409, 'urn:ward:problem:approval-refused']);
    const asked = await admin.post('/v1/approvals', {
      kind: 'mfa-recovery',
      subject: lost.id,
      reason: 'device-lost',
    });
    const path = `/v1/users/${lost.id}/mfa-recovery`;
    const request = { approval: asked.body.id, email: lost.email };
    expect((await admin.post(path, request)).status).toBe(409);
    await compliance.post(`/v1/approvals/${asked.body.id}/approve`, {});
    const elsewhere = await admin.post(path, { ...request, email: address() });
    expect([elsewhere.status, problem(elsewhere)]).toEqual([403, 'urn:ward:problem:not-allowed']);

    const before = await invitation(ward, lost.email);
    const recovered = await admin.post(path, request);
    expect([recovered.status, recovered.body.id]).toEqual([200, lost.id]);
    expect((await lost.api.get('/v1/me')).status).toBeGreaterThanOrEqual(401);
    await expect(signInAgain(ward, lost)).rejects.toThrow();
    expect(await invitation(ward, lost.email)).not.toBe(before);

    await nextSecond();
    const back = await settleIn(ward, lost.id, lost.email);
    expect((await back.api.get('/v1/me')).body).toMatchObject({ id: lost.id, role: 'clinician', status: 'active' });
    expect((await admin.post(path, request)).status).toBe(409);
    expect(
      (await ward.eventsOf(recovered.requestId)).map(({ action, outcome, reason }) => [action, outcome, reason]),
    ).toEqual([
      ['user.recover-mfa', 'permit', 'device-lost'],
      ['user.recover-mfa', 'permit', 'account-renewed'],
    ]);

    // What acts on the person acts on the account they have now.
    expect((await admin.post(`/v1/users/${lost.id}/suspension`, { reason: 'leave' })).status).toBe(200);
    expect((await back.api.get('/v1/me')).status).toBe(403);
    await expect(signInAgain(ward, back)).rejects.toThrow();
  });

  test('an account that says it is somebody’s is nobody’s until a recovery says so, and its evidence names no victim', async () => {
    // As a stolen role of the function that makes accounts, or an administrator of AWS, would.
    const victim = await hire(ward, 'clinician');
    const email = address();
    const { User } = await ward.cognito().send(
      new AdminCreateUserCommand({
        UserPoolId: ward.output('UserPoolId'),
        Username: email,
        UserAttributes: [
          { Name: 'email', Value: email },
          { Name: 'email_verified', Value: 'true' },
          { Name: 'custom:person', Value: victim.id },
        ],
        DesiredDeliveryMediums: ['EMAIL'],
      }),
    );
    const account = User?.Attributes?.find(({ Name }) => Name === 'sub')?.Value;
    const thief = await settleIn(ward, victim.id, email);
    const refused = await thief.api.get('/v1/me');
    expect([refused.status, problem(refused)]).toEqual([403, 'urn:ward:problem:forbidden']);
    expect(await ward.eventsOf(refused.requestId)).toMatchObject([
      { outcome: 'deny', reason: 'foreign-account', actor: { sub: account, role: null } },
    ]);
    const signIns = (await ward.events()).filter(
      ({ action, actor }) => action === 'session.sign-in' && actor?.sub === account,
    );
    expect(signIns).toMatchObject([{ actor: { sub: account, role: null } }]);
    expect((await victim.api.get('/v1/me')).status).toBe(200);
    await alerted(account ?? '', 'foreign-account');
  });
});
