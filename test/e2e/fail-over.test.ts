import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { putBack } from '../../bin/put-back/put-back';
import { ArchiveStore } from '../../lambda/audit/archive-store';
import { segmentPrefix } from '../../lambda/audit/log-keys';
import { type Newcomer, newcomer } from './newcomer';
import { type OwnCloud, ownCloud } from './own-cloud';
import { registered } from './scene';
import { alter, type Backup, backup, pinned, replica, restoreBeside, restoredName, standby } from './standby';

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
let copies: Backup;
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
  expect((await clinician.get(`/v1/patients/${kept}`)).status).toBe(200);
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
function run(predecessor?: string) {
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
    ...(predecessor !== undefined && { predecessor }),
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
  await run(second.ward.output('PredecessorLog'));

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
});
