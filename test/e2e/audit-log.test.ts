import { SignCommand } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand, QueryCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { AuditCloud, minutesFromNow, read } from './audit-cloud';

jest.setTimeout(60_000);

let audit: AuditCloud;
beforeAll(async () => {
  audit = await AuditCloud.start();
});
afterAll(() => audit.remove());

test('events reach the locked archive and the signed log byte for byte, from any number of lanes; 45 CFR 164.312(b)', async () => {
  const lanes = [audit.outbox('entries'), audit.outbox('patients'), audit.outbox('export')];
  await Promise.all(lanes.flatMap((lane) => [lane.record(read()), lane.record(read(), read())]));
  await audit.cloud.settled();
  const { size, contradicted } = await audit.checkpoints().run();
  expect(size).toBeGreaterThanOrEqual(3);
  expect(contradicted).toEqual([]);
  expect(await audit.archivedLines()).toHaveLength(9);
  await audit.expectWhole();
});

test('the index finds a sealed event by patient and by actor, and holds who and whom alone', async () => {
  const event = read();
  await audit.outbox().record(event);
  await audit.cloud.settled();
  for (const key of [`P#${event.patient}`, `A#${event.actor?.sub}`]) {
    const { Items = [] } = await audit.clients().documents.send(
      new QueryCommand({
        TableName: audit.output('AuditIndexTable'),
        KeyConditionExpression: 'PK = :key',
        ExpressionAttributeValues: { ':key': key },
      }),
    );
    expect(Items).toHaveLength(1);
    expect(Object.keys(Items[0] ?? {}).sort()).toEqual(
      ['PK', 'SK', 'action', 'actor', 'hash', 'lane', 'patient', 'segment', 'seq', 'ttl'].sort(),
    );
  }
});

test('a checkpoint is signed when nothing has happened, so that silence shows', async () => {
  const { size } = await audit.checkpoints().run();
  const next = await audit.checkpoints().run();
  expect(next.size).toBe(size + 1);
  await audit.expectWhole();
});

test('a segment that is sealed again is neither stored nor logged twice', async () => {
  await audit.outbox().record(read());
  await audit.cloud.settled();
  await audit.checkpoints().run();
  const before = await audit.leaves();
  // Other events together than before, as when batches are cut anew: one segment more, however often.
  for (let time = 0; time < 3; time++) await audit.sealing().seal(await audit.outboxLines());
  await audit.checkpoints().run();
  const added = (await audit.leaves()).slice(before.length);
  expect(added.map(({ type }) => type)).toEqual(['segment', 'epoch']);
  await audit.expectWhole();
});

describe('who may do what', () => {
  const sign = (role?: string) =>
    audit.clients(role).kms.send(
      new SignCommand({
        KeyId: audit.output('SigningKeys'),
        Message: Buffer.from('a log of my own'),
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
      }),
    );
  const put = (role: string | undefined, Key: string) =>
    audit
      .clients(role)
      .s3.send(new PutObjectCommand({ Bucket: audit.output('ArchiveBucket'), Key, Body: 'forged', IfNoneMatch: '*' }));
  const denied = expect.objectContaining({ name: expect.stringMatching(/^AccessDenied/) });

  test('the checkpointer alone signs, not even the account itself; 45 CFR 164.312(c)(1)', async () => {
    await sign('checkpointer');
    for (const role of [undefined, 'sealer', 'reconciler', 'verification', 'entries'])
      await expect(sign(role)).rejects.toEqual(denied);
  });

  test.each([
    ['v1/segments/dt=2026-01-01/hr=00/x', ['sealer', 'reconciler']],
    ['v1/log/checkpoint/999999999999.note.x', ['checkpointer']],
    ['v1/other', []],
  ])('%s is written by %j alone', async (key, writers) => {
    for (const role of [undefined, 'sealer', 'reconciler', 'checkpointer', 'verification', 'entries', 'users'])
      if (role === undefined || !writers.includes(role)) await expect(put(role, key)).rejects.toEqual(denied);
  });

  test('nobody writes over an object, or deletes one, with the permissions of a function', async () => {
    const { value: object } = await audit.archive.list('v1/segments/').next();
    const Key = object?.key ?? '';
    const Bucket = audit.output('ArchiveBucket');
    for (const role of ['sealer', 'reconciler', 'checkpointer', 'verification']) {
      const { s3 } = audit.clients(role);
      await expect(s3.send(new PutObjectCommand({ Bucket, Key, Body: 'other' }))).rejects.toEqual(denied);
      await expect(s3.send(new DeleteObjectCommand({ Bucket, Key }))).rejects.toEqual(denied);
    }
  });

  test('nobody who reads the outbox to seal it can change an event in it', async () => {
    const { documents } = audit.clients('reconciler');
    const update = new UpdateCommand({
      TableName: audit.output('AuditTable'),
      Key: { PK: 'LANE#x', SK: '1' },
      UpdateExpression: 'SET line = :other',
      ExpressionAttributeValues: { ':other': '' },
    });
    await expect(documents.send(update)).rejects.toEqual(denied);
    const state = new PutCommand({ TableName: audit.output('AuditLogTable'), Item: { PK: 'STATE', SK: 'STATE' } });
    for (const role of ['sealer', 'reconciler', 'verification', 'entries'])
      await expect(audit.clients(role).documents.send(state)).rejects.toEqual(denied);
  });
});

test('the functions themselves do this from their bundles: the checkpointer, the reconciler, the verification', async () => {
  const functions = audit.functions();
  await audit.outbox().record(read());
  await audit.cloud.settled();
  await audit.cloud.invoke(functions('checkpointer'), {});
  await audit.cloud.invoke(functions('reconciler'), {});
  await audit.cloud.invoke(functions('verification'), {});
  await audit.cloud.settled();
  await audit.cloud.invoke(functions('checkpointer'), {});
  const told = (await audit.archivedLines()).map((line): { action: string; outcome: string } => JSON.parse(line));
  expect(told.filter(({ action }) => action === 'audit.verified')).toMatchObject([{ outcome: 'permit' }]);
  await audit.expectWhole();
});

test('a stage that runs under other settings is an event of the log, once', async () => {
  const functions = audit.functions();
  const changes = async () =>
    (await audit.outboxLines()).filter((line) => line.includes('"action":"configuration.changed"')).length;
  await audit.cloud.invoke(functions('checkpointer'), {});
  expect(await changes()).toBe(1);
  const store = audit.logStore();
  await store.noteSettings(await store.read(), '0'.repeat(64));
  await audit.cloud.invoke(functions('checkpointer'), {});
  await audit.cloud.invoke(functions('checkpointer'), {});
  expect(await changes()).toBe(2);
});

test('a promise that is not kept within fifteen minutes shows, and is gone when it is kept', async () => {
  const lane = audit.outbox();
  await lane.record(read());
  await audit.checkpoints().run();
  await audit.cloud.settled();
  audit.now = minutesFromNow(20);
  await audit.checkpoints().run();
  await audit.expectWhole();
  audit.now = () => new Date();
});
