import {
  DeleteObjectCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { compareKeys, SortedKeys } from '../../../local/s3/sorted-keys';
import { codeOf } from '../service-server';
import { startS3 } from './harness';

const KEYS = ['a', 'b/1', 'b/2', 'b/3/x', 'c', 'd/1', 'ä', '\uffee', '😀'];

describe('a bucket with objects', () => {
  let s3: Awaited<ReturnType<typeof startS3>>;
  beforeAll(async () => {
    s3 = await startS3();
    for (const Key of KEYS.toReversed())
      await s3.client.send(new PutObjectCommand({ Bucket: 'versioned', Key, Body: Key }));
    await s3.client.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'b/1', Body: 'again' }));
    await s3.client.send(new PutObjectCommand({ Bucket: 'versioned', Key: 'gone', Body: 'x' }));
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'gone' }));
  });
  afterAll(() => s3.stop());

  /** Every page of a listing, as the names on it: `prefix*` for a common prefix. */
  async function pages(input: Partial<ListObjectsV2CommandInput>): Promise<string[][]> {
    const found: string[][] = [];
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({ Bucket: 'versioned', ...input, ContinuationToken });
      const page = await s3.client.send(command);
      const names = [
        ...(page.Contents ?? []).map(({ Key }) => `${Key}`),
        ...(page.CommonPrefixes ?? []).map(({ Prefix }) => `${Prefix}*`),
      ];
      expect(page.KeyCount).toBe(names.length);
      found.push(names);
      ContinuationToken = page.NextContinuationToken;
      expect(page.IsTruncated).toBe(ContinuationToken !== undefined);
    } while (ContinuationToken !== undefined);
    return found;
  }

  test('lists what is current, in the order of bytes', async () => {
    expect(await pages({})).toEqual([KEYS]);
  });

  test.each([1, 2, 3, 7, 9])('pages of %d leave nothing out and repeat nothing', async (MaxKeys) => {
    const found = await pages({ MaxKeys });

    expect(found.flat()).toEqual(KEYS);
    expect(found.every((page) => page.length <= MaxKeys)).toBe(true);
  });

  test.each([1, 2, 1000])('a delimiter folds names, in pages of %d too', async (MaxKeys) => {
    expect((await pages({ Delimiter: '/', MaxKeys })).flat().sort()).toEqual(
      ['a', 'b/*', 'c', 'd/*', 'ä', '\uffee', '😀'].sort(),
    );
    expect((await pages({ Prefix: 'b/', Delimiter: '/', MaxKeys })).flat().sort()).toEqual(['b/1', 'b/2', 'b/3/*']);
  });

  test('begins behind a name, and may be empty', async () => {
    expect(await pages({ StartAfter: 'b/2', Prefix: 'b' })).toEqual([['b/3/x']]);
    expect(await pages({ Prefix: 'nothing' })).toEqual([[]]);
    expect(await pages({ MaxKeys: 0 })).toEqual([[]]);
    const bad = new ListObjectsV2Command({ Bucket: 'versioned', ContinuationToken: '!' });
    expect(await codeOf(s3.client.send(bad))).toBe('InvalidArgument');
  });

  test('the permission carries prefix and delimiter', async () => {
    await pages({ Prefix: 'b/', Delimiter: '/' });

    expect(s3.recorder.of('s3:ListBucket').at(-1)).toMatchObject({
      resource: 'arn:aws:s3:::versioned',
      context: { 's3:prefix': 'b/', 's3:delimiter': '/' },
    });
  });

  test.each([1, 2, 4, 1000])('lists every version and marker once, newest first, in pages of %d', async (MaxKeys) => {
    const found: [string, string, boolean][] = [];
    let markers: Partial<ListObjectVersionsCommandInput> = {};
    for (let more = true; more; ) {
      const page = await s3.client.send(new ListObjectVersionsCommand({ Bucket: 'versioned', MaxKeys, ...markers }));
      for (const { Key, VersionId, IsLatest } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
        found.push([`${Key}`, `${VersionId}`, IsLatest === true]);
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
      more = page.IsTruncated === true;
    }

    expect(found).toHaveLength(KEYS.length + 1 + 2);
    expect(new Set(found.map(([, versionId]) => versionId)).size).toBe(found.length);
    expect(found.filter(([key]) => key === 'b/1').map(([, , latest]) => latest)).toEqual([true, false]);
    expect(
      found
        .filter(([key]) => key === 'gone')
        .map(([, , latest]) => latest)
        .sort(),
    ).toEqual([false, true]);
    expect(s3.recorder.of('s3:ListBucketVersions').length).toBeGreaterThan(0);
  });
});

test('names are compared as their UTF-8 bytes are', () => {
  const name = fc.string({
    unit: fc.constantFrom('a', 'b', '/', 'ä', '\ud7ff', '\ue000', '\uffff', '😀', '\u{10ffff}'),
  });
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test('sorted names are those of a sorted set', () => {
  const change = fc.record({
    add: fc.boolean(),
    key: fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(change), fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }), (changes, prefix) => {
      const sorted = new SortedKeys();
      const set = new Set<string>();
      for (const { add, key } of changes) {
        if (add) set.add(key);
        else set.delete(key);
        if (add) sorted.add(key);
        else sorted.remove(key);
      }
      const expected = [...set].filter((key) => key.startsWith(prefix)).sort();
      expect([...sorted.from('', prefix)]).toEqual(expected);
      expect([...sorted.from('ab', prefix)]).toEqual(expected.filter((key) => key >= 'ab'));
    }),
  );
});
