import { FolderArchive } from '../../bin/audit/folder-archive';
import type { LogObjects } from '../../lambda/audit/log-files';
import { LogFiles } from '../../lambda/audit/log-files';
import { hashLeaf, verifyInclusion } from '../../lambda/audit/merkle';
import { type LogProof, proveSegments } from '../../lambda/audit/segment-proofs';
import { ArchiveBuilder, newSigner, origin } from './archive';

let archive: ArchiveBuilder;
let reads: string[] = [];
const objects: LogObjects = {
  get: async (key) => {
    reads.push(key);
    return new FolderArchive(archive.folder).read(key);
  },
  async *list(prefix, after = '') {
    for await (const { key } of new FolderArchive(archive.folder).list(prefix)) if (key > after) yield key;
  },
};
const prove = (wanted: ReadonlyMap<string, string>, keys = [archive.signer]): Promise<LogProof> =>
  proveSegments(objects, wanted, { origin, keys });
/** @returns each segment with the instant of its newest event, as an incident's scope would name it */
const all = (): Map<string, string> =>
  new Map(archive.leaves().flatMap((leaf) => (leaf.type === 'segment' ? [[leaf.key, leaf.last] as const] : [])));
const holds = ({ segments }: LogProof): boolean[] =>
  segments.map(({ leaf, index, hashes }) =>
    verifyInclusion(
      index,
      archive.size,
      hashLeaf(leaf),
      hashes.map((hash) => Buffer.from(hash, 'hex')),
      archive.root,
    ),
  );

describe('proofs of segments', () => {
  beforeAll(() => {
    archive = new ArchiveBuilder();
    for (let minute = 0; minute < 400; minute++) {
      if (minute % 10 === 0) archive.minute([minute % 7], 1);
      else archive.checkpoint();
    }
    archive.minute([1]); // the newest checkpoint has a segment, so that the root under test is the log's
  });
  afterAll(() => archive.discard());
  beforeEach(() => {
    reads = [];
  });

  test('lead from each segment to the root that the key has signed, over full tiles and the leaves after them', async () => {
    const proof = await prove(all());
    expect(archive.size).toBeGreaterThan(2 * 200);
    expect(proof.segments).toHaveLength(41);
    expect(proof.uncovered).toEqual([]);
    expect(holds(proof)).toEqual(Array.from({ length: 41 }, () => true));
  });

  test('are found by time, without the log before', async () => {
    const [newest] = [...all()].slice(-1);
    await prove(new Map(newest ? [newest] : []));
    expect(reads.filter((key) => key.startsWith('v1/log/tile/'))).toEqual(['v1/log/tile/0/0']);
    expect(new Set(reads).size).toBeLessThan(220); // of 401 files of leaves: those of the search, and those after the tile
  });

  test('say which segments no checkpoint covers yet, and prove the others', async () => {
    archive.write(2);
    const waiting = archive.seal();
    const wanted = new Map([...all(), [waiting.key, waiting.leaf.last]]);
    const proof = await prove(wanted);
    expect(proof.uncovered).toEqual([waiting.key]);
    expect(proof.segments).toHaveLength(41);
    archive.checkpoint();
    expect((await prove(wanted)).uncovered).toEqual([]);
  });

  test('are not given under a key that nobody trusts', async () => {
    await expect(prove(all(), [newSigner()])).rejects.toMatchObject({ code: 'note-signature-invalid' });
  });

  test('are not given over a leaf or a tile that was changed', async () => {
    const tile = 'v1/log/tile/0/0';
    const bytes = archive.read(tile);
    archive.put(
      tile,
      bytes.map((byte) => byte ^ 1),
    );
    await expect(prove(all())).rejects.toMatchObject({ code: 'proof-invalid' });
    archive.put(tile, bytes);
    await expect(prove(all())).resolves.toMatchObject({ uncovered: [] });
  });
});

test('nothing is proven of a log that is empty, or before its first checkpoint', async () => {
  archive = new ArchiveBuilder();
  archive.write(1);
  const { key, leaf } = archive.seal();
  expect(await prove(new Map([[key, leaf.last]]))).toEqual({ segments: [], uncovered: [key] });
  expect(await prove(new Map())).toEqual({ segments: [], uncovered: [] });
  archive.discard();
});

test('a file of leaves whose note is not there yet covers nothing', async () => {
  archive = new ArchiveBuilder();
  archive.minute([1]);
  archive.minute([2]);
  const last = archive.keys('v1/log/checkpoint').at(-1) ?? '';
  archive.remove(last);
  const proof = await prove(all());
  expect(proof.segments).toHaveLength(1);
  expect(proof.uncovered).toHaveLength(1);
  archive.discard();
});

test('a file is found by its time wherever it lies', async () => {
  archive = new ArchiveBuilder();
  for (let minute = 0; minute < 37; minute++) archive.minute([1], 1);
  const files = new LogFiles(objects);
  for await (const file of files.walk(0)) {
    expect(await files.indexAt(file.at)).toBe(file.first);
    expect((await files.from(file.first))?.last).toBe(file.last);
  }
  expect(await files.indexAt(new Date(archive.now.getTime() + 60_000).toISOString())).toBe(archive.size);
  expect(await files.indexAt('2000-01-01T00:00:00.000Z')).toBe(0);
  archive.discard();
});
