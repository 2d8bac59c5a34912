import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { contain } from '../../bin/contain';
import { operate } from '../../bin/operator';
import { type PeopleAgain, readmit } from '../../bin/readmit';
import { Accounts } from '../../lambda/access/accounts';
import { registerActor } from '../../lambda/access/actors';
import { invitee } from '../../lambda/access/approvals';
import { ComplianceAlerts } from '../../lambda/access/compliance-alerts';
import { restoring, setControl } from '../../lambda/access/controls';
import { governanceKeys } from '../../lambda/access/governance';
import type { Role } from '../../lambda/authentication/actor';
import { setRestore } from '../../lambda/contingency/restore';
import { type Newcomer, newcomer, suspend } from './newcomer';
import { type OwnCloud, ownCloud, stored } from './own-cloud';
import { address, nextSecond, settleIn } from './people';
import { expectProblem } from './scene';
import type { Person, Response, Ward } from './ward';

jest.setTimeout(240_000);

/** A stage whose tables were restored, and whose user pool knows nobody of them any more. */
let own: OwnCloud;
let cloud: Ward;
let admin: Newcomer;
let officer: Newcomer;
let clinician: Newcomer;
/** before a call to one of the laptop's services is answered; true: with a failure */
let meanwhile: (call: { readonly target: string; readonly body: string }) => Promise<boolean> = async () => false;
const restore = randomUUID();
beforeAll(async () => {
  own = await ownCloud(undefined, {
    scheduleClock: { now: Date.now, at: () => () => undefined },
    intercept: async (_service, call, next) => {
      const target = String(call.headers['x-amz-target']).split('.')[1] ?? '';
      if (!(await meanwhile({ target, body: call.body.toString('utf8') }))) return next(call);
      return { status: 500, body: JSON.stringify({ __type: 'InternalErrorException' }) };
    },
  });
  cloud = own.ward;
  const roles = ['admin', 'compliance_officer', 'clinician'] as const;
  const [one, two, three] = await Promise.all(roles.map((role) => newcomer(role, cloud)));
  if (!one || !two || !three) throw new Error('nobody came');
  [admin, officer, clinician] = [one, two, three];
});
afterEach(() => {
  meanwhile = async () => false;
});
afterAll(() => own.remove());

const emails = { admin: address(), complianceOfficer: address() };
const theTwo = (): PeopleAgain => ({
  admin: { person: admin.sub, email: emails.admin },
  complianceOfficer: { person: officer.sub, email: emails.complianceOfficer },
});
const run = (asked: PeopleAgain = theTwo()) => readmit(operate({ data: cloud.directory }, 'readmit'), asked);
const accounts = () => new Accounts(cloud.cognito(), cloud.output('UserPoolId'));
const readmissions = async () => (await cloud.events()).filter(({ action }) => action === 'users.readmit');

const set = (Key: { PK: string; SK: string }, name: string, value: unknown) =>
  cloud.documents().send(
    new UpdateCommand({
      TableName: cloud.output('GovernanceTable'),
      Key,
      UpdateExpression: 'SET #name = :value',
      ExpressionAttributeNames: { '#name': name },
      ExpressionAttributeValues: { ':value': value },
    }),
  );

/** Somebody of the tables alone. */
async function known(role: Role): Promise<string> {
  const sub = randomUUID();
  const createdAt = new Date().toISOString();
  const actor = { sub, role, status: 'active', createdBy: 'test', createdAt, version: 1 } as const;
  const TransactItems = registerActor(cloud.output('GovernanceTable'), actor);
  await cloud.documents().send(new TransactWriteCommand({ TransactItems }));
  return sub;
}

/** As whoever may make accounts could: one that says whose it is. */
const forged = (email: string, person: string) => accounts().create(email, person);

/** Refused in one sentence that quotes nothing, and neither tables nor accounts are other than before. */
async function refused(asked: PeopleAgain, sentence: string): Promise<void> {
  const before = await stored(cloud);
  const error = await run(asked).then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error?.message).toContain(sentence);
  for (const { person, email } of [asked.admin, asked.complianceOfficer])
    for (const value of [person, email]) expect(error?.message).not.toContain(value);
  expect(await stored(cloud)).toEqual(before);
  expect(await readmissions()).toEqual([]);
}
async function nobodyMade(): Promise<void> {
  expect([await accounts().find(emails.admin), await accounts().find(emails.complianceOfficer)]).toEqual([
    undefined,
    undefined,
  ]);
}

test('nobody is readmitted into a running stage, nor before the log was replayed, 45 CFR 164.308(a)(7)(ii)(B)', async () => {
  for (const { sub } of [admin, officer, clinician]) await accounts().remove(sub);
  await refused(theTwo(), 'no restore waits');

  const now = new Date();
  const table = cloud.output('GovernanceTable');
  const locked = { id: restore, state: 'locked', foundBy: 'operator', foundAt: now.toISOString(), version: 1 } as const;
  await cloud.documents().send(
    new TransactWriteCommand({
      TransactItems: [
        setRestore(table, locked),
        ...setControl(table, restoring(undefined, { reason: 'restore', restore, now })),
      ],
    }),
  );
  await refused(theTwo(), 'was not replayed');
  await nobodyMade();
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  await own.cloud.settled();
  expect(await own.invoke('restore-replay', { restored: restore })).toMatchObject({ waiting: 'replayed' });

  const { lockdown, restore: item } = governanceKeys;
  const [{ expiresAt } = {}] = await cloud.partition('GovernanceTable', lockdown.PK);
  const others = [
    [lockdown, 'expiresAt', now.toISOString(), expiresAt],
    [lockdown, 'restore', randomUUID(), restore],
    [lockdown, 'reason', 'restore', 'restored'],
    [item, 'state', 'locked', 'replayed'],
    [item, 'state', 'released', 'replayed'],
  ] as const;
  for (const [key, name, other, value] of others) {
    await set(key, name, other);
    await refused(theTwo(), name === 'expiresAt' || other === 'released' ? 'no restore waits' : 'was not replayed');
    await set(key, name, value);
  }
});

test('it takes an active administrator and an active compliance officer, two people, each with an address of their own', async () => {
  const { admin: one, complianceOfficer: two } = theTwo();
  const suspended = await known('compliance_officer');
  await suspend(suspended, cloud);
  const cases: [PeopleAgain, string][] = [
    [{ admin: one, complianceOfficer: { ...two, person: suspended } }, 'is suspended'],
    [{ admin: one, complianceOfficer: { ...two, person: clinician.sub } }, 'no compliance officer of that id'],
    [{ admin: { ...one, person: officer.sub }, complianceOfficer: { ...two, person: admin.sub } }, 'no administrator'],
    [{ admin: one, complianceOfficer: { ...two, person: randomUUID() } }, 'no compliance officer of that id'],
    [{ admin: one, complianceOfficer: { ...two, person: one.person } }, 'must be two people'],
    [{ admin: one, complianceOfficer: { ...two, email: one.email.toUpperCase() } }, 'must be two people'],
    [{ admin: { ...one, person: 'zqmuster' }, complianceOfficer: two }, 'by id'],
    [{ admin: one, complianceOfficer: { ...two, email: 'zqmuster' } }, 'no e-mail address'],
  ];
  for (const [asked, sentence] of cases) await refused(asked, sentence);
  await nobodyMade();
});

test('an account that is there stays, whoever’s it is', async () => {
  const { admin: one, complianceOfficer: two } = theTwo();
  await refused({ admin: { ...one, person: cloud.user('admin').sub }, complianceOfficer: two }, 'has an account');
  // An administrator and a compliance officer who can sign in need nobody from behind.
  await refused(theTwo(), 'can sign in');
  for (const { email } of cloud.users.filter(({ role }) => role === 'compliance_officer'))
    await accounts().remove(email);
  await refused({ admin: one, complianceOfficer: { ...two, email: cloud.user('clinician').email } }, 'not theirs');
  expect(await accounts().find(cloud.user('clinician').email)).toBeDefined();
  const others = address();
  const account = await forged(others, clinician.sub);
  await refused({ admin: { ...one, email: others }, complianceOfficer: two }, 'not theirs');
  expect((await accounts().find(others))?.sub).toBe(account);
  await nobodyMade();
});

test('cut off, or overtaken by anybody, it leaves neither an account nor a record of one', async () => {
  let created = 0;
  meanwhile = async ({ target }) => target === 'AdminCreateUser' && ++created > 1;
  await expect(run()).rejects.toThrow();
  await nobodyMade();
  meanwhile = async ({ target, body }) => target === 'TransactWriteItems' && body.includes('users.readmit');
  await expect(run()).rejects.toThrow();
  await nobodyMade();

  const touched = [governanceKeys.restore, governanceKeys.lockdown, governanceKeys.actor(officer.sub)];
  for (const Key of touched) {
    let done = false;
    meanwhile = async ({ target, body }) => {
      if (done || target !== 'TransactWriteItems' || !body.includes('users.readmit')) return false;
      done = true;
      const [{ version } = {}] = await cloud.partition('GovernanceTable', Key.PK);
      await set(Key, 'version', Number(version) + 1);
      return false;
    };
    await expect(run()).rejects.toThrow('changed in the meantime');
    expect(done).toBe(true);
    await nobodyMade();
  }
  expect(await readmissions()).toEqual([]);
});

let first: Person;
let second: Person;
test('the two are who they were with new accounts, and nobody else is, whatever an account says of itself - 45 CFR 164.312(d)', async () => {
  // What a try that was cut off leaves, or a thief puts there: of the right address, with a password that somebody may know.
  const planted = await forged(emails.complianceOfficer, officer.sub);
  const recovery = { approval: randomUUID(), by: admin.sub, address: randomUUID() };
  await set(governanceKeys.actor(officer.sub), 'recovery', recovery);
  const beside = address();
  await forged(beside, officer.sub);
  const thief = await settleIn(cloud, officer.sub, beside);

  const before = new Date().toISOString();
  const command = ['--data', cloud.directory, 'users', 'readmit'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    resolve(__dirname, '../../bin/ward.js'),
    ...command,
    ...['--admin', admin.sub, '--admin-email', emails.admin],
    ...['--compliance-officer', officer.sub, '--compliance-officer-email', emails.complianceOfficer],
  ]);
  expect(stdout).toContain('Both were invited by mail');
  expect(await accounts().find(planted)).toBeUndefined();
  const [event, ...more] = await readmissions();
  expect(more).toEqual([]);
  const organization = cloud.output('Organization');
  expect(event).toMatchObject({
    actor: null,
    outcome: 'permit',
    reason: 'restore',
    resources: [
      { id: restore, type: 'restore' },
      { id: admin.sub, type: 'user' },
      { id: officer.sub, type: 'user' },
      { id: invitee(organization, emails.admin), type: 'invitee' },
      { id: invitee(organization, emails.complianceOfficer), type: 'invitee' },
    ],
  });
  expect((await cloud.partition('AuditTable', 'LANES')).map((lane) => lane['function'])).toContain('readmit');
  await expect(run()).rejects.toThrow('has an account');
  for (const { sub } of [admin, officer]) {
    const [actor] = await cloud.partition('GovernanceTable', `ACTOR#${sub}`);
    expect(String(actor?.['signedOutAt']) > before).toBe(true);
    expect(actor?.['recovery']).toBeUndefined();
    expect(actor?.['account']).not.toBe(sub);
    const leads = await cloud.partition('GovernanceTable', governanceKeys.account(String(actor?.['account'])).PK);
    expect(leads).toMatchObject([{ person: sub }]);
  }

  await nextSecond();
  const [adminAgain, officerAgain] = [
    await settleIn(cloud, admin.sub, emails.admin),
    await settleIn(cloud, officer.sub, emails.complianceOfficer),
  ];
  [first, second] = [adminAgain.api, officerAgain.api];
  expect((await second.get('/v1/me')).body).toMatchObject({ id: officer.sub, role: 'compliance_officer' });
  for (const stranger of [officer, thief.api]) {
    const answer: Response = await stranger.get('/v1/me');
    expectProblem(answer, 403, 'forbidden');
    expect(await cloud.eventsOf(answer.requestId)).toMatchObject([{ outcome: 'deny', reason: 'foreign-account' }]);
  }
});

test('they release the restore together, and bring back everybody else at an address that both know', async () => {
  const release = { kind: 'restore-release', subject: restore, reason: 'validated' };
  const asked = await second.post('/v1/approvals', release);
  expect((await first.post(`/v1/approvals/${asked.body.id}/approve`, {})).status).toBe(200);
  const ended = await second.call('DELETE', '/v1/controls/lockdown', { approval: asked.body.id });
  expect(ended.status).toBe(200);
  await expect(run()).rejects.toThrow('no restore waits');
  expect((await first.get('/v1/me')).body).toMatchObject({ id: admin.sub, role: 'admin', status: 'active' });

  const path = `/v1/users/${clinician.sub}/mfa-recovery`;
  const email = address();
  const request = { kind: 'mfa-recovery', subject: clinician.sub };
  const without = await first.post('/v1/approvals', { ...request, reason: 'device-lost' });
  await second.post(`/v1/approvals/${without.body.id}/approve`, {});
  expectProblem(await first.post(path, { approval: without.body.id, email }), 403, 'not-allowed');

  const { body } = await first.post('/v1/approvals', { ...request, reason: 'account-gone', email });
  const approve = (given: object) => second.post(`/v1/approvals/${body.id}/approve`, given);
  for (const given of [{}, { email: address() }]) expectProblem(await approve(given), 403, 'not-allowed');
  expect((await approve({ email })).status).toBe(200);
  expectProblem(await first.post(path, { approval: body.id, email: address() }), 403, 'not-allowed');
  expect((await first.post(path, { approval: body.id, email })).status).toBe(200);
  await nextSecond();
  const back = await settleIn(cloud, clinician.sub, email);
  expect((await back.api.get('/v1/me')).body).toMatchObject({ id: clinician.sub, role: 'clinician' });

  // Of an account that is there, the address is what the account says.
  const again = await first.post('/v1/approvals', { ...request, reason: 'account-gone', email });
  await second.post(`/v1/approvals/${again.body.id}/approve`, { email });
  expectProblem(await first.post(path, { approval: again.body.id, email }), 409, 'approval-refused');
  expect((await back.api.get('/v1/me')).status).toBe(200);
});

test('somebody whose account is gone holds nothing up: not their suspension nor its end, nor mails to the officers who have one', async () => {
  const gone = await known('billing');
  await known('compliance_officer');
  const path = `/v1/users/${gone}`;
  expect((await first.post(`${path}/suspension`, { reason: 'leave' })).status).toBe(200);
  expect((await first.post(`${path}/reinstatement`, { reason: 'returned' })).status).toBe(200);
  const until = { reason: 'leave', expires_at: new Date(Date.now() + 3_600_000).toISOString() };
  expect((await first.post(`${path}/suspension`, until)).status).toBe(200);
  await set(governanceKeys.actor(gone), 'suspensionExpiresAt', new Date().toISOString());
  await own.invoke('people-sweep', {});
  expect((await first.get(path)).body).toMatchObject({ status: 'active' });
  const behind = operate({ data: cloud.directory }, 'ward-contain');
  await contain(behind, { kind: 'user', target: gone, reason: 'drill', hours: 1 });
  expect((await first.get(path)).body).toMatchObject({ status: 'suspended' });

  const officers = new ComplianceAlerts({
    documents: cloud.documents(),
    cognito: cloud.cognito(),
    mail: new SESv2Client({ region: cloud.cloud.region }),
    table: cloud.output('GovernanceTable'),
    userPoolId: cloud.output('UserPoolId'),
    from: undefined,
  });
  expect(await officers.officers()).toEqual([emails.complianceOfficer]);
});
