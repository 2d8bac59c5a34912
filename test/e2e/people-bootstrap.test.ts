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

jest.setTimeout(60_000);

/** A deployment that nobody is known to. */
let cloud: Cloud;
let folder: string;
/** logical id of the function that a schedule starts */
let sweep: string;
let admin: Newcomer;
let officer: Newcomer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ward-bootstrap-'));
  const assembly = join(dirname(process.env['WARD_CLOUD'] ?? ''), '../cdk.out');
  const functions = new Assembly(assembly).functions().map(({ logicalId }) => logicalId);
  sweep = functions.find((name) => name.startsWith('PeopleSweep')) ?? '';
  cloud = await startCloud({ assembly, directory: join(folder, 'state'), port: 0, reset: false });
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
