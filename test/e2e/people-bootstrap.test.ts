import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bootstrap } from '../../bin/bootstrap';
import { operate } from '../../bin/operator';
import { type Cloud, startCloud } from '../../local/cloud';
import { address, approvedAccount, settleIn } from './people';
import { Ward } from './ward';

jest.setTimeout(60_000);

/** A deployment that nobody is known to. */
let cloud: Cloud;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ward-bootstrap-'));
  const assembly = join(dirname(process.env['WARD_CLOUD'] ?? ''), '../cdk.out');
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
  const admin = await settleIn(ward, ids.admin, named.admin);
  const officer = await settleIn(ward, ids.complianceOfficer, named.complianceOfficer);
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
