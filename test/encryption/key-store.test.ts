import { randomUUID } from 'node:crypto';
import {
  checkNewestKey,
  disposeKeyRing,
  type KeyRing,
  maximumVersions,
  readKeyRing,
  registerKeyRing,
  rotateKeyRing,
} from '../../lambda/encryption/key-store';
import { PatientKeys, type WrappedKey } from '../../lambda/encryption/patient-keys';
import { openRecord, sealRecord } from '../../lambda/encryption/records';
import type { RecordItem } from '../../lambda/records/model';
import { type Cloud, cloud, codeOf, keyArn, keysTable, recordsTable } from './cloud';

let aws: Cloud;
let keys: PatientKeys;
let patient: string;
beforeEach(async () => {
  aws = await cloud();
  keys = new PatientKeys({ kms: aws.kms, keyId: keyArn, organization: 'o', clock: aws.clock });
  patient = randomUUID();
});
afterEach(() => aws.close());

const at = '2026-02-01T00:00:00.000Z';
async function registered(): Promise<KeyRing> {
  const { key, wrapped } = await keys.generate(patient, 1);
  key.release();
  const { ring, items } = registerKeyRing(keysTable, patient, wrapped);
  await aws.transact(...items);
  return ring;
}
async function rotated(ring: KeyRing): Promise<KeyRing> {
  const { wrapped } = await keys.generate(patient, ring.newest + 1);
  await aws.transact(...rotateKeyRing(keysTable, ring, wrapped));
  return read();
}
async function read(): Promise<KeyRing> {
  const ring = await readKeyRing(aws.documents, keysTable, patient);
  if (!ring) throw new Error('no ring');
  return ring;
}
const newestOf = ({ versions, newest }: KeyRing): WrappedKey => {
  const key = versions.find(({ version }) => version === newest);
  if (!key) throw new Error('no newest key');
  return key;
};
const refused = 'TransactionCanceledException';

describe('a key ring', () => {
  it('is not there for a patient who never was', async () => {
    expect(await readKeyRing(aws.documents, keysTable, patient)).toBeUndefined();
  });

  it('is read back as it was registered, in one consistent query', async () => {
    const ring = await registered();
    aws.database.asked.length = 0;
    expect(await read()).toEqual({
      ...ring,
      versions: ring.versions.map((key) => ({ ...key, wrapped: new Uint8Array(key.wrapped) })),
    });
    expect(aws.database.asked.map(({ action, context }) => [action, context?.['dynamodb:LeadingKeys']])).toEqual([
      ['dynamodb:Query', [`P#${patient}`]],
    ]);
  });

  it('is registered once, also when two try at once', async () => {
    const made = await Promise.all([keys.generate(patient, 1), keys.generate(patient, 1)]);
    const tries = await Promise.allSettled(
      made.map(({ wrapped }) => aws.transact(...registerKeyRing(keysTable, patient, wrapped).items)),
    );
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const ring = await read();
    const winner = made[tries.findIndex(({ status }) => status === 'fulfilled')];
    const opened = await keys.unwrap(patient, newestOf(ring));
    expect(opened.expand(Buffer.alloc(0), 8)).toEqual(winner?.key.expand(Buffer.alloc(0), 8)); // not the loser's, which is in memory too
  });

  it('rotates: the new version is the newest, the old ones stay, and of two at once one is refused', async () => {
    const ring = await registered();
    const made = await Promise.all([keys.generate(patient, 2), keys.generate(patient, 2)]);
    const tries = await Promise.allSettled(
      made.map(({ wrapped }) => aws.transact(...rotateKeyRing(keysTable, ring, wrapped))),
    );
    expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const after = await read();
    expect(after).toMatchObject({ newest: 2, state: 'active' });
    expect(after.versions.map(({ version }) => version)).toEqual([1, 2]);
    await keys.unwrap(patient, newestOf(after));
  });

  it('keeps records of every earlier key version readable', async () => {
    const metadata = {
      patient,
      category: 'notes',
      entry: randomUUID(),
      createdAt: at,
      updatedAt: at,
      author: 'a',
    } as const;
    let ring = await registered();
    const items: RecordItem[] = [];
    for (let version = 1; version <= 4; version++) {
      items.push(
        sealRecord(await keys.unwrap(patient, newestOf(ring)), 'o', { ...metadata, version }, { text: `${version}` }),
      );
      ring = await rotated(ring);
    }
    for (const item of items) {
      const wrapped = ring.versions.find(({ version }) => version === Buffer.from(item.header).readUInt32BE(2));
      if (!wrapped) throw new Error('a version is lost');
      expect(wrapped.version).toBe(item.version);
      openRecord(await keys.unwrap(patient, wrapped), 'o', item);
    }
  });

  it('refuses a write under any version but the newest', async () => {
    const ring = await registered();
    const put = { Put: { TableName: recordsTable, Item: { PK: 'P#1', SK: 'C#1' } } };
    await aws.transact(put, checkNewestKey(keysTable, patient, ring.newest));
    await rotated(ring);
    expect(await codeOf(aws.transact(put, checkNewestKey(keysTable, patient, ring.newest)))).toBe(refused);
    await aws.transact(put, checkNewestKey(keysTable, patient, 2));
    expect(await codeOf(aws.transact(put, checkNewestKey(keysTable, randomUUID(), 1)))).toBe(refused);
  });

  it('grows by one version at a time, and never beyond what one disposal can destroy', async () => {
    const ring = await registered();
    const wrapped = newestOf(ring);
    const rotate = (from: KeyRing, version: number) => () => rotateKeyRing(keysTable, from, { ...wrapped, version });
    for (const version of [1, 3, 0])
      expect(rotate(ring, version)).toThrow(expect.objectContaining({ code: 'invalid' }));
    expect(rotate({ ...ring, newest: maximumVersions }, maximumVersions + 1)).toThrow(
      expect.objectContaining({ code: 'invalid' }),
    );
    expect(disposeKeyRing(keysTable, { ...ring, newest: maximumVersions }, at).length).toBeLessThan(100);
  });
});

describe('disposal. 45 CFR 164.310(d)(2)(i)', () => {
  it('destroys every version in one transaction, and leaves a patient who is known to be disposed of', async () => {
    const ring = await rotated(await rotated(await registered()));
    await aws.transact(...disposeKeyRing(keysTable, ring, at));
    expect(await read()).toEqual({ patient, newest: 3, state: 'disposed', disposedAt: at, versions: [] });
    for (const version of [1, 2, 3]) expect(await aws.item(`P#${patient}`, `KEY#000000000${version}`)).toBeUndefined();
  });

  it('destroys versions too that the ring was read without', async () => {
    const ring = await rotated(await registered());
    await aws.transact(...disposeKeyRing(keysTable, { ...ring, versions: [] }, at));
    expect(await aws.item(`P#${patient}`, 'KEY#0000000001')).toBeUndefined();
  });

  it('refuses writes in flight, a new ring, a rotation and a second disposal', async () => {
    const ring = await registered();
    await aws.transact(...disposeKeyRing(keysTable, ring, at));
    const { wrapped } = await keys.generate(patient, 2);
    const first = newestOf(ring);
    expect(await codeOf(aws.transact(checkNewestKey(keysTable, patient, 1)))).toBe(refused);
    expect(await codeOf(aws.transact(...registerKeyRing(keysTable, patient, first).items))).toBe(refused);
    expect(await codeOf(aws.transact(...rotateKeyRing(keysTable, ring, wrapped)))).toBe(refused);
    expect(await codeOf(aws.transact(...disposeKeyRing(keysTable, ring, at)))).toBe(refused);
    const disposed = await read();
    expect(() => rotateKeyRing(keysTable, disposed, wrapped)).toThrow(expect.objectContaining({ code: 'disposed' }));
    expect(() => disposeKeyRing(keysTable, disposed, at)).toThrow(expect.objectContaining({ code: 'disposed' }));
  });

  it('of a ring that was rotated meanwhile destroys nothing', async () => {
    const ring = await registered();
    await rotated(ring);
    expect(await codeOf(aws.transact(...disposeKeyRing(keysTable, ring, at)))).toBe(refused);
    expect((await read()).versions).toHaveLength(2);
  });
});

describe('a keys table that holds something else is refused', () => {
  const item = (SK: string, rest: object) =>
    aws.transact({ Put: { TableName: keysTable, Item: { PK: `P#${patient}`, SK, ...rest } } });
  const wrapped = { wrapAlg: 1, wrapped: new Uint8Array(60), createdAt: at };

  it.each([
    ['a version without a pointer', () => item('KEY#0000000001', wrapped)],
    ['a pointer without its version', () => item('KEY', { newest: 1, state: 'active' })],
    ['a state that is unknown', () => item('KEY', { newest: 1, state: 'paused' })],
    [
      'a version that outlived its disposal',
      async () => {
        await item('KEY', { newest: 1, state: 'disposed' });
        await item('KEY#0000000001', wrapped);
      },
    ],
    [
      'a version of no number',
      async () => {
        await item('KEY', { newest: 1, state: 'active' });
        await item('KEY#1', wrapped);
      },
    ],
  ])('%s', async (_, write) => {
    await write();
    expect(await codeOf(readKeyRing(aws.documents, keysTable, patient))).toBe('invalid');
  });

  it('and so is one that may not be read', async () => {
    aws.database.deny = () => true;
    expect(await codeOf(readKeyRing(aws.documents, keysTable, patient))).toBe('denied');
  });
});
