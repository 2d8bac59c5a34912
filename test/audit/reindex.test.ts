import { BatchWriteCommand, DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { type ReindexOptions, reindex } from '../../bin/audit/reindex';
import type { Archive } from '../../lambda/audit/archive';
import { entriesOf } from '../../lambda/audit/index-writer';
import { readSegment } from '../../lambda/audit/segment';
import { daysAfter } from '../../lambda/instant';
import { ArchiveBuilder, newSigner } from './archive';

jest.mock('node:timers/promises', () => ({ setTimeout: async () => undefined })); // nobody waits for a table that is none
const table = mockClient(DynamoDBDocumentClient);
const bucket = 'ward-prod-archive';
type Item = Record<string, unknown>;
/** the index, by partition and sort key */
let index: Map<string, Item>;
let archive: ArchiveBuilder;
const nameOf = ({ PK, SK }: Item): string => `${PK} ${SK}`;
const entries = (): Item[] => [...index.values()].filter(({ PK }) => PK !== 'INDEXED');
const mark = (): Item | undefined => index.get(`INDEXED ${bucket}`);
const batches = (): number => table.commandCalls(BatchWriteCommand).length;
/** @returns what the index must hold of these segments */
const expected = (segments = archive.segments()): string[] =>
  segments.flatMap((key) => entriesOf(readSegment(archive.read(key)).lines, key).map(nameOf)).sort();
const run = (options: Partial<ReindexOptions> = {}) =>
  reindex({
    archive: new FolderArchive(archive.folder),
    bucket,
    documents: table as unknown as DynamoDBDocumentClient,
    indexTable: 'index',
    organization: 'clinic',
    now: archive.now,
    ...options,
  });

beforeEach(() => {
  index = new Map();
  table.reset();
  table.on(GetCommand).callsFake(({ Key }) => ({ Item: index.get(nameOf(Key)) }));
  table.on(PutCommand).callsFake(({ Item }) => {
    index.set(nameOf(Item), Item);
    return {};
  });
  table.on(BatchWriteCommand).callsFake(({ RequestItems }) => {
    expect(RequestItems.index.length).toBeLessThanOrEqual(25);
    for (const { PutRequest } of RequestItems.index) index.set(nameOf(PutRequest.Item), PutRequest.Item);
    return {};
  });
  archive = new ArchiveBuilder();
  for (let minute = 0; minute < 5; minute++) archive.minute([1, 2], 10);
});
afterEach(() => archive.discard());

test('an index that was lost is made again from the archive, whole, and that is said of it', async () => {
  await expect(run()).resolves.toEqual({ resumed: false, segments: 5, entries: 200, refused: [], refusedBefore: 0 });
  expect([...index.keys()].filter((name) => !name.startsWith('INDEXED')).sort()).toEqual(expected());
  expect(mark()).toMatchObject({ at: archive.now.toISOString() });
  const once = new Map(index);
  await run();
  expect(index).toEqual(once);
});

test.each([
  ['altered', (key: string) => archive.put(key, archive.read(archive.segments()[0] ?? ''))],
  ['cut short', (key: string) => archive.put(key, archive.read(key).subarray(0, 40))],
  ['hidden', (key: string) => archive.remove(key)],
])(
  'a segment that was %s is refused and told, the others are indexed, and the index is not whole',
  async (how, change) => {
    const [, key = ''] = archive.segments();
    const others = archive.segments().filter((each) => each !== key);
    change(key);
    if (how === 'hidden') archive.put(`versions/${key}/0001.deleted`, '');
    await expect(run()).resolves.toMatchObject({ segments: 4, refused: [key] });
    expect(entries().map(nameOf).sort()).toEqual(expected(others));
    expect(mark()).not.toHaveProperty('at');
  },
);

test('what was put over a segment, or hides it, changes nothing: the version that was written first is the evidence', async () => {
  const [first = '', second = ''] = archive.segments();
  archive.put(`versions/${first}/0001`, 'another');
  archive.put(`versions/${second}/0001.deleted`, '');
  await expect(run()).resolves.toMatchObject({ segments: 5, refused: [] });
});

test('of another organization’s archive nothing is indexed', async () => {
  await expect(run({ organization: 'clin' })).resolves.toMatchObject({ segments: 0, entries: 0 });
  const elsewhere = new ArchiveBuilder(newSigner(), 'ward/clinic/prod');
  elsewhere.minute([1]);
  await expect(run({ archive: new FolderArchive(elsewhere.folder) })).resolves.toMatchObject({ segments: 1 });
  elsewhere.discard();
});

test('events whose time in the index is over stay out of it', async () => {
  await expect(run({ now: new Date(daysAfter(archive.now, 2191)) })).resolves.toMatchObject({ entries: 200 });
  index.clear();
  await expect(run({ now: new Date(daysAfter(archive.now, 2193)) })).resolves.toMatchObject({ entries: 0 });
});

test('from an instant on, older segments are left out, and the archive does not count as indexed', async () => {
  const before = archive.segments();
  archive.now = new Date(daysAfter(archive.now, 1));
  archive.minute([1], 1);
  const [added = ''] = archive.segments().filter((key) => !before.includes(key));
  await expect(run({ since: archive.now })).resolves.toMatchObject({ segments: 1, refused: [] });
  expect(entries().map(nameOf).sort()).toEqual(expected([added]));
  expect(mark()).toBeUndefined();
});

describe('a walk that is cut off', () => {
  /** @returns the archive of which no more than so many segments can be read */
  const failingAfter = (segments: number): Archive => {
    const whole = new FolderArchive(archive.folder);
    let left = segments;
    return {
      list: (prefix, after) => whole.list(prefix, after),
      read: (key, version) => (left-- > 0 ? whole.read(key, version) : Promise.reject(new Error('cut off'))),
    };
  };
  beforeEach(() => {
    for (let minute = 0; minute < 250; minute++) archive.minute([3], 1);
  });

  test('goes on where it was', async () => {
    await expect(run({ archive: failingAfter(230) })).rejects.toThrow('cut off');
    expect(mark()).toMatchObject({ after: archive.segments()[199] });
    expect(mark()).not.toHaveProperty('at');
    await expect(run()).resolves.toMatchObject({ resumed: true, segments: 55 });
    expect(entries().map(nameOf).sort()).toEqual(expected());
    expect(mark()).toMatchObject({ at: archive.now.toISOString() });
    await expect(run()).resolves.toMatchObject({ resumed: false, segments: 255 });
  });

  test('remembers what it refused, and begins anew after it', async () => {
    const [key = ''] = archive.segments();
    const bytes = archive.read(key);
    archive.put(key, 'another');
    await expect(run({ archive: failingAfter(230) })).rejects.toThrow('cut off');
    await expect(run()).resolves.toMatchObject({ resumed: true, refused: [], refusedBefore: 1 });
    expect(mark()).not.toHaveProperty('at');
    archive.put(key, bytes);
    await expect(run()).resolves.toMatchObject({ resumed: false, segments: 255, refusedBefore: 0 });
    expect(mark()).toHaveProperty('at');
  });

  test('begins anew over an index that was lost meanwhile', async () => {
    await expect(run({ archive: failingAfter(230) })).rejects.toThrow('cut off');
    index.clear();
    await expect(run()).resolves.toMatchObject({ resumed: false, segments: 255 });
  });
});

describe('what the table does not take at once', () => {
  test('is given to it again', async () => {
    let refusals = 3;
    table.on(BatchWriteCommand).callsFake(({ RequestItems: { index: asked } }) => {
      const taken = refusals-- > 0 ? asked.slice(0, 5) : asked;
      for (const { PutRequest } of taken) index.set(nameOf(PutRequest.Item), PutRequest.Item);
      return { UnprocessedItems: taken.length < asked.length ? { index: asked.slice(taken.length) } : {} };
    });
    await expect(run()).resolves.toMatchObject({ entries: 200 });
    expect(entries().map(nameOf).sort()).toEqual(expected());
    expect(batches()).toBeGreaterThan(8);
  });

  test('ends the walk when it never does', async () => {
    table.on(BatchWriteCommand).callsFake(({ RequestItems }) => ({ UnprocessedItems: RequestItems }));
    await expect(run()).rejects.toMatchObject({ code: 'not-durable' });
    expect(mark()).toBeUndefined();
  });
});
