import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { bootstrap } from '../../bin/bootstrap';
import { operate } from '../../bin/operator';
import { lastQuarter } from '../../lambda/access/reviews';
import { type Cloud, startCloud } from '../../local/cloud';
import { Assembly } from '../../local/template';
import { address, approvedAccount, type Newcomer, nextSecond, settleIn, signInAgain } from './people';
import { Ward } from './ward';

jest.setTimeout(120_000);

/** A deployment that nobody is known to. */
let cloud: Cloud;
let folder: string;
/** logical id of the function that a schedule starts */
let sweep: string;
/** which calls to the laptop's services are answered with a failure */
let fails: (call: { readonly target: string; readonly body: string }) => boolean = () => false;
let admin: Newcomer;
let officer: Newcomer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ward-bootstrap-'));
  const assembly = join(dirname(process.env['WARD_CLOUD'] ?? ''), '../cdk.out');
  const functions = new Assembly(assembly).functions().map(({ logicalId }) => logicalId);
  sweep = functions.find((name) => name.startsWith('PeopleSweep')) ?? '';
  cloud = await startCloud({
    assembly,
    directory: join(folder, 'state'),
    port: 0,
    reset: false,
    intercept: async (_service, call, next) => {
      const target = String(call.headers['x-amz-target']).split('.')[1] ?? '';
      if (!fails({ target, body: call.body.toString('utf8') })) return next(call);
      return { status: 500, body: JSON.stringify({ __type: 'InternalErrorException' }) };
    },
  });
  // The harness looks for the demo people, of whom a new deployment has none.
  writeFileSync(join(cloud.directory, 'demo.json'), '[]');
});
afterAll(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true });
});

test('the first administrator and compliance officer are made once, however many try - 45 CFR 164.308(a)(2)', async () => {
  const emails = () => ({ admin: address(), complianceOfficer: address() });
  const same = address();
  await expect(
    bootstrap(operate({ data: cloud.directory }, 'bootstrap'), { admin: same, complianceOfficer: same.toUpperCase() }),
  ).rejects.toThrow('two people');

  const tries = [emails(), emails(), emails()];
  const results = await Promise.allSettled(
    tries.map((each) => bootstrap(operate({ data: cloud.directory }, 'bootstrap'), each)),
  );
  const won = results.flatMap((result, index) =>
    result.status === 'fulfilled' ? [{ ids: result.value, emails: tries[index] ?? emails() }] : [],
  );
  expect(won).toHaveLength(1);
  const [{ ids, emails: named } = { ids: emails(), emails: emails() }] = won;
  await expect(bootstrap(operate({ data: cloud.directory }, 'bootstrap'), emails())).rejects.toThrow(
    'Ward knows people already',
  );

  const ward = new Ward(cloud.file);
  const events = (await ward.events()).filter(({ action }) => action === 'users.bootstrap');
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({
    actor: null,
    reason: 'first-people',
    resources: [
      { id: ids.admin, type: 'user', version: 1 },
      { id: ids.complianceOfficer, type: 'user', version: 1 },
    ],
  });
  expect((await ward.partition('AuditTable', 'LANES')).map((lane) => lane['function'])).toContain('bootstrap');

  // The two of them are enough for everything that takes two, and nobody lost the race into an account.
  admin = await settleIn(ward, ids.admin, named.admin);
  officer = await settleIn(ward, ids.complianceOfficer, named.complianceOfficer);
  const { users } = (await admin.api.get('/v1/users')).body;
  expect(users.map((user: { role: string; created_by: string }) => [user.role, user.created_by]).sort()).toEqual([
    ['admin', 'bootstrap'],
    ['compliance_officer', 'bootstrap'],
  ]);
  const email = address();
  const { id } = await approvedAccount(admin.api, officer.api, email, 'admin');
  expect((await admin.api.post('/v1/users', { email, role: 'admin', approval: id })).status).toBe(201);
  const last = await admin.api.post(`/v1/users/${officer.id}/suspension`, { reason: 'leave' });
  expect([last.status, last.body.type]).toEqual([409, 'urn:ward:problem:last-of-role']);
});

test('a suspension with an end finds it, and a quarter without a review is told once a day until it is made up for - 45 CFR 164.308(a)(4)(ii)(C)', async () => {
  const ward = new Ward(cloud.file);
  const email = address();
  const { body } = await admin.api.post('/v1/users', { email, role: 'registrar' });
  const clerk = await settleIn(ward, body.id, email);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  const suspension = { reason: 'leave', expires_at: until };
  expect((await officer.api.post(`/v1/users/${clerk.id}/suspension`, suspension)).body.suspension_expires_at).toBe(
    until,
  );

  const change = (sub: string, attribute: string, value: string) =>
    ward.documents().send(
      new UpdateCommand({
        TableName: ward.output('GovernanceTable'),
        Key: { PK: `ACTOR#${sub}`, SK: 'ACTOR' },
        UpdateExpression: 'SET #attribute = :value',
        ExpressionAttributeNames: { '#attribute': attribute },
        ExpressionAttributeValues: { ':value': value },
      }),
    );
  const events = async (action: string) => (await ward.events()).filter((event) => event.action === action);

  await cloud.invoke(sweep, {});
  expect(await events('user.reinstate')).toEqual([]);
  expect(await events('access-review.overdue')).toEqual([]); // nobody was there in the last quarter

  await change(clerk.id, 'suspensionExpiresAt', new Date(Date.now() - 1).toISOString());
  await change(officer.id, 'createdAt', '2020-01-01T00:00:00.000Z');
  await cloud.invoke(sweep, {});
  await cloud.invoke(sweep, {});
  expect(await events('user.reinstate')).toMatchObject([
    { actor: null, reason: 'expired', resources: [{ id: clerk.id, type: 'user', version: 3 }] },
  ]);
  await nextSecond();
  const { accessToken } = await signInAgain(ward, clerk);
  expect((await ward.with(`Bearer ${accessToken}`).get('/v1/me')).body.status).toBe('active');

  const period = lastQuarter(new Date());
  expect(await events('access-review.overdue')).toMatchObject([
    { outcome: 'error', reason: `quarter:${period.toLowerCase()}`, resources: [{ id: officer.id, type: 'user' }] },
  ]);
  const review = { period, outcomes: [{ user: officer.id, role: 'kept' }] };
  const reviewed = await admin.api.post('/v1/access-reviews', review);
  expect([reviewed.status, reviewed.body.open]).toEqual([201, 0]);
});

describe('when a part of it does not answer', () => {
  afterEach(() => {
    fails = () => false;
  });

  test('Cognito: the suspension stands at once, is said to be half done, and is finished by asking again', async () => {
    const ward = new Ward(cloud.file);
    const email = address();
    const { body } = await admin.api.post('/v1/users', { email, role: 'billing' });
    const clerk = await settleIn(ward, body.id, email);
    fails = (call) => call.target === 'AdminDisableUser';
    const half = await officer.api.post(`/v1/users/${clerk.id}/suspension`, { reason: 'suspected-compromise' });
    expect([half.status, half.body.type]).toEqual([502, 'urn:ward:problem:sign-in-service']);
    expect((await clerk.api.get('/v1/me')).status).toBe(403);
    expect((await ward.eventsOf(half.requestId)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['permit', 'suspected-compromise'],
      ['error', 'sign-in-service'],
    ]);
    fails = () => false;
    const whole = await officer.api.post(`/v1/users/${clerk.id}/suspension`, { reason: 'suspected-compromise' });
    expect(whole.status).toBe(200);
    await expect(signInAgain(ward, clerk)).rejects.toThrow('disabled');
  });

  test('Cognito, between the old account and the new one: the same request goes on, and nobody else’s does', async () => {
    const ward = new Ward(cloud.file);
    const email = address();
    const { body } = await admin.api.post('/v1/users', { email, role: 'clinician' });
    const lost = await settleIn(ward, body.id, email);
    const asked = await admin.api.post('/v1/approvals', {
      kind: 'mfa-recovery',
      subject: lost.id,
      reason: 'device-stolen',
    });
    await officer.api.post(`/v1/approvals/${asked.body.id}/approve`, {});
    const path = `/v1/users/${lost.id}/mfa-recovery`;
    fails = (call) => call.target === 'AdminCreateUser';
    const half = await admin.api.post(path, { approval: asked.body.id, email });
    expect([half.status, half.body.type]).toEqual([502, 'urn:ward:problem:sign-in-service']);
    expect((await lost.api.get('/v1/me')).status).toBe(401);
    fails = () => false;
    const elsewhere = await admin.api.post(path, { approval: asked.body.id, email: address() });
    expect([elsewhere.status, elsewhere.body.type]).toEqual([403, 'urn:ward:problem:not-allowed']);
    expect((await admin.api.post(path, { approval: asked.body.id, email })).status).toBe(200);
    await nextSecond();
    const back = await settleIn(ward, lost.id, email);
    expect((await back.api.get('/v1/me')).body).toMatchObject({ id: lost.id, role: 'clinician' });
  });

  test('the audit log: nobody signs in without evidence of it - 45 CFR 164.308(a)(5)(ii)(C)', async () => {
    const ward = new Ward(cloud.file);
    const email = address();
    const { body } = await admin.api.post('/v1/users', { email, role: 'billing' });
    const clerk = await settleIn(ward, body.id, email);
    fails = (call) => call.body.includes('session.sign-in');
    await expect(signInAgain(ward, clerk)).rejects.toThrow('PostAuthentication failed');
  });
});
