import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { reindex } from '../../bin/audit/reindex';
import { operate } from '../../bin/operator';
import { putBack } from '../../bin/put-back/put-back';
import { readmit } from '../../bin/readmit';
import { markKey } from '../../lambda/audit/archive-mark';
import { ArchiveStore } from '../../lambda/audit/archive-store';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { indexedKey } from '../../lambda/audit/index-entry';
import { segmentPrefix } from '../../lambda/audit/log-keys';
import { type Newcomer, newcomer } from './newcomer';
import { type OwnCloud, ownCloud } from './own-cloud';
import { address, nextSecond, settleIn } from './people';
import { expectProblem, registered } from './scene';
import { alter, type Backup, backup, pinned, replica, restoreBeside, restoredName, standby } from './standby';
import type { Person, Response } from './ward';

jest.setTimeout(300_000);

const scheduleClock = { now: Date.now, at: () => () => undefined };
let primary: OwnCloud;
let second: OwnCloud;
let admin: Newcomer;
let officer: Newcomer;
let clinician: Newcomer;
let suspended: Newcomer;
let registrar: Newcomer;
let kept: string;
let gone: string;
let adminAgain: Person;
let officerAgain: Person;
let copies: Backup;
let opened: Response;
beforeAll(async () => {
  primary = await ownCloud(undefined, { scheduleClock });
  const roles = ['compliance_officer', 'admin', 'clinician', 'clinician', 'registrar'] as const;
  const [one, two, three, four, five] = await Promise.all(roles.map((role) => newcomer(role, primary.ward)));
  if (!one || !two || !three || !four || !five) throw new Error('nobody came');
  [officer, admin, clinician, suspended, registrar] = [one, two, three, four, five];
  kept = await registered({ ssn: '999-12-3456' }, registrar);
  gone = await registered({}, registrar);
  for (const { sub } of [clinician, suspended])
    expect((await admin.put(`/v1/patients/${kept}/care-team/${sub}`, {})).status).toBe(201);
  opened = await clinician.get(`/v1/patients/${kept}`);
  expect(opened.status).toBe(200);
  await sealed(primary);
  copies = await backup(primary);

  expect((await admin.post(`/v1/users/${suspended.sub}/suspension`, { reason: 'termination' })).status).toBe(200);
  const { body: asked } = await officer.post('/v1/approvals', {
    kind: 'disposal',
    subject: gone,
    reason: 'registered-in-error',
  });
  expect((await admin.post(`/v1/approvals/${asked.id}/approve`, {})).status).toBe(200);
  expect((await officer.post(`/v1/patients/${gone}/disposal`, { approval: asked.id })).status).toBe(200);
  await sealed(primary);
  // What happens last is not copied whole: the log has it, and the segment with the event is lost.
  const copied = new Set(await archived());
  expect((await clinician.get(`/v1/patients/${kept}`)).status).toBe(200);
  await sealed(primary);
  const late = (await archived()).filter((key) => !copied.has(key) && key.startsWith(segmentPrefix));
  expect(late.length).toBeGreaterThan(0);
  const fingerprint = await pinned(primary);
  await primary.cloud.stop();
  second = await standby(primary, fingerprint, (key) => late.includes(key));
});
afterAll(async () => {
  await second?.remove();
  await primary.remove();
});

async function list(bucket: string, of = second): Promise<string[]> {
  const keys: string[] = [];
  for await (const key of new ArchiveStore(storeOf(of), bucket).list('v1/')) keys.push(key);
  return keys;
}
const archived = () => list(primary.ward.output('ArchiveBucket'), primary);
function storeOf({ cloud: { region, urls, credentials } }: OwnCloud, as = credentials): S3Client {
  return new S3Client({ region, endpoint: urls.s3, credentials: as, forcePathStyle: true });
}
async function sealed(own: OwnCloud): Promise<void> {
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
}
function run(origin?: string) {
  const { region, credentials, urls } = second.cloud;
  const pair = (live: string, table: 'governance' | 'records' | 'keys') => ({
    live: second.ward.output(live),
    restored: restoredName(table),
  });
  return putBack({
    client: new DynamoDBClient({ region, credentials, endpoint: urls.dynamodb }),
    pairs: {
      governance: pair('GovernanceTable', 'governance'),
      records: pair('RecordsTable', 'records'),
      keys: pair('KeysTable', 'keys'),
    },
    ...(origin !== undefined && {
      predecessor: {
        origin,
        archive: second.ward.output('PredecessorArchive'),
        indexTable: second.ward.output('AuditIndexTable'),
      },
    }),
    now: new Date(),
  });
}

test('nobody of the stage that stands by writes or removes in the copy of the archive, 45 CFR 164.312(c)(1)', async () => {
  const [Key = ''] = await list(replica);
  for (const role of ['sealer', 'checkpointer', 'restore-replay', 'access-log']) {
    const s3 = storeOf(second, second.cloud.credentialsOf(`ward-standby-${role}`, 'attack'));
    const refused = { name: 'AccessDenied' };
    const put = { Bucket: replica, Key: `${segmentPrefix}forged`, Body: 'x' };
    await expect(s3.send(new PutObjectCommand({ ...put, IfNoneMatch: '*' }))).rejects.toMatchObject(refused);
    await expect(s3.send(new PutObjectCommand({ ...put, Key }))).rejects.toMatchObject(refused);
    await expect(s3.send(new DeleteObjectCommand({ Bucket: replica, Key }))).rejects.toMatchObject(refused);
  }
});

test('a stage that stands by takes over what was restored, and undoes nothing that the lost stage’s log tells, 45 CFR 164.308(a)(7)(ii)(B)', async () => {
  await restoreBeside(second, copies);
  await expect(run('ward/ward-local/local')).rejects.toThrow('has no audit log yet');
  await sealed(second);
  await expect(run()).rejects.toThrow('does not succeed');
  expect(second.ward.output('PredecessorLog')).toBe('ward/ward-local/local');
  const indexed = indexedKey(second.ward.output('PredecessorArchive'));
  const TableName = second.ward.output('AuditIndexTable');
  await second.ward
    .documents()
    .send(new PutCommand({ TableName, Item: { ...indexed, at: '2026-01-01T00:00:00.000Z' } }));
  await run(second.ward.output('PredecessorLog'));
  expect(await second.ward.partition('AuditIndexTable', indexed.PK)).toEqual([]);

  const [segment = ''] = (await list(replica)).filter((key) => key.startsWith(segmentPrefix));
  const undo = alter(second, segment);
  expect(await second.invoke('restore-replay', {})).toMatchObject({ waiting: 'forged', replayed: 0 });
  expect(await second.ward.partition('GovernanceTable', `ACTOR#${suspended.sub}`)).toMatchObject([
    { status: 'active' },
  ]);
  expect(await second.ward.partition('GovernanceTable', 'CONTROL#LOCKDOWN')).toMatchObject([{ reason: 'restore' }]);
  undo();
  const [{ id } = {}] = await second.ward.partition('GovernanceTable', 'RESTORE');
  const again = { restored: id };
  expect(await second.invoke('restore-replay', again)).toMatchObject({ waiting: 'replayed' });
  const [actor] = await second.ward.partition('GovernanceTable', `ACTOR#${suspended.sub}`);
  expect(actor).toMatchObject({ status: 'suspended' });
  expect(await second.ward.partition('KeysTable', `P#${gone}`)).toEqual([
    expect.objectContaining({ state: 'disposed' }),
  ]);
  const [restore] = await second.ward.partition('GovernanceTable', 'RESTORE');
  expect(restore).toMatchObject({ state: 'replayed', whole: false, from: 'ward/ward-local/local' });
  const replayed = (await second.ward.events()).filter(({ action }) => action === 'restore.replayed');
  expect(replayed).toMatchObject([
    { outcome: 'error', reason: 'segment-digest-mismatch' },
    { outcome: 'permit', reason: 'taken-over' },
  ]);
  for (const table of ['GovernanceTable', 'RecordsTable', 'KeysTable']) {
    const [mark] = await second.ward.partition(table, markKey.PK);
    expect(mark).toMatchObject({ origin: 'ward/ward-local/standby' });
    expect(mark?.['size']).toBeGreaterThan(0);
  }
});

test('the same two people come back with new accounts, and release what they know to be partly validated, 45 CFR 164.308(a)(7)(ii)(B)', async () => {
  const emails = { admin: address(), officer: address() };
  await readmit(operate({ data: second.ward.directory }, 'readmit'), {
    admin: { person: admin.sub, email: emails.admin },
    complianceOfficer: { person: officer.sub, email: emails.officer },
  });
  await nextSecond();
  adminAgain = (await settleIn(second.ward, admin.sub, emails.admin)).api;
  officerAgain = (await settleIn(second.ward, officer.sub, emails.officer)).api;
  // A token of the lost stage is of another pool.
  expect((await second.ward.with(`Bearer ${officer.tokens.accessToken}`).get('/v1/me')).status).toBe(401);

  const { controls } = (await officerAgain.get('/v1/controls')).body;
  const { restore, evidence } = controls.find(({ kind }: { kind: string }) => kind === 'lockdown');
  expect(evidence).toMatchObject({ whole: false, taken_over_from: 'ward/ward-local/local' });
  expect(evidence.lost).toBeGreaterThan(0);
  const release = async (reason: string): Promise<Response> => {
    const asked = await officerAgain.post('/v1/approvals', { kind: 'restore-release', subject: restore, reason });
    expect((await adminAgain.post(`/v1/approvals/${asked.body.id}/approve`, {})).status).toBe(200);
    return officerAgain.call('DELETE', '/v1/controls/lockdown', { approval: asked.body.id });
  };
  expect((await release('validated')).status).toBe(409);
  expect((await release('partly-validated')).status).toBe(200);
});

test('a clinician reads under the replicated key what was written in the lost Region; who is suspended stays out', async () => {
  const back = async ({ sub }: Newcomer): Promise<Person> => {
    const email = address();
    const request = { kind: 'mfa-recovery', subject: sub, reason: 'account-gone', email };
    const { body } = await adminAgain.post('/v1/approvals', request);
    expect((await officerAgain.post(`/v1/approvals/${body.id}/approve`, { email })).status).toBe(200);
    const recovered = await adminAgain.post(`/v1/users/${sub}/mfa-recovery`, { approval: body.id, email });
    expect(recovered.status).toBe(200);
    await nextSecond();
    return (await settleIn(second.ward, sub, email)).api;
  };
  const reader = await back(clinician);
  const read = await reader.get(`/v1/patients/${kept}`);
  expect([read.status, read.body]).toEqual([200, opened.body]);
  const certificate = await officerAgain.get(`/v1/patients/${gone}/disposal`);
  expect([certificate.status, certificate.body.method]).toEqual([200, 'crypto-shredding']);
  expect((await adminAgain.get(`/v1/users/${suspended.sub}`)).body).toMatchObject({ status: 'suspended' });
});

test('who saw a patient in the lost Region is answered from its log, and not at all before that is indexed, 45 CFR 164.312(b)', async () => {
  await sealed(second);
  const search = () => officerAgain.post('/v1/audit/search', { patient: kept });
  expectProblem(await search(), 503, 'unavailable');
  const { region, credentials, urls } = second.cloud;
  const indexed = await reindex({
    archive: new BucketArchive(storeOf(second), second.ward.output('PredecessorArchive')),
    bucket: second.ward.output('PredecessorArchive'),
    documents: DynamoDBDocumentClient.from(new DynamoDBClient({ region, credentials, endpoint: urls.dynamodb })),
    indexTable: second.ward.output('AuditIndexTable'),
    organization: second.ward.output('Organization'),
    since: undefined,
    now: new Date(),
    onProgress: () => undefined,
  });
  expect(indexed).toMatchObject({ refused: [] });
  const found = await search();
  expect(found.status).toBe(200);
  const reads = found.body.events.filter(
    ({ action, outcome }: Record<string, unknown>) => action === 'patient.read' && outcome === 'permit',
  );
  const origins = reads.map(({ origin }: Record<string, unknown>) => origin);
  expect(new Set(origins)).toEqual(new Set(['ward/ward-local/local', 'ward/ward-local/standby']));
});

test('both logs verify, each by itself under its own pinned key, 45 CFR 164.312(c)(1)', async () => {
  await second.invoke('verification', {});
  const events = (await second.ward.events()).filter(({ action }) => action === 'audit.verified');
  expect(events.at(-1)).toMatchObject({ outcome: 'permit', reason: null });
});
