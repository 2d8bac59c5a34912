import * as fc from 'fast-check';
import { encodeLeaf, type Leaf } from '../../lambda/audit/leaf';
import { checkpointKey, tilePrefix } from '../../lambda/audit/log-keys';
import { tileWidth } from '../../lambda/audit/log-tree';
import { trustPinned } from '../../lambda/audit/pinned-log';
import { proveSegments } from '../../lambda/audit/segment-proofs';
import { ArchiveBuilder, newSigner, note, origin, type Signer } from './archive';
import { objectsOf } from './log-objects';

let archive: ArchiveBuilder;
let first: Signer;
const second = newSigner();
const third = newSigner();
const announce = ({ fingerprint, spki }: Signer): Leaf => ({
  at: archive.now.toISOString(),
  fingerprint,
  public: spki.toString('base64'),
  type: 'key',
  v: 1,
});
/** The stage gets a key: the checkpoint over its announcement is signed by the one before. */
const rotate = (next: Signer): void => {
  archive.queue(announce(next));
  archive.minute([1]);
  archive.key = next;
};
const trust = (fingerprint: string, of = origin) => trustPinned(objectsOf(archive), { origin: of, fingerprint });
const trusts = async (fingerprint: string): Promise<readonly string[]> =>
  (await trust(fingerprint)).keys.map((key) => key.fingerprint);

beforeEach(() => {
  archive = new ArchiveBuilder();
  first = archive.signer;
  for (let minute = 0; minute < 5; minute++) archive.minute([minute]);
});
afterEach(() => archive.discard());

test('a log is trusted under its newest checkpoint by the fingerprint that is pinned, and by no other', async () => {
  await expect(trust(first.fingerprint)).resolves.toMatchObject({ size: archive.size, keys: [{ spki: first.spki }] });
  await expect(trust(second.fingerprint)).rejects.toMatchObject({ code: 'note-signature-invalid' });
  await expect(trust(first.fingerprint, 'ward/elsewhere/prod')).rejects.toMatchObject({ code: 'key-invalid' });
});

test('a later key is trusted because the one before signed its announcement', async () => {
  rotate(second);
  for (let minute = 0; minute < 3; minute++) archive.minute([1]);
  rotate(third);
  archive.minute([2]);
  for (const pinned of [first, second, third])
    await expect(trusts(pinned.fingerprint)).resolves.toEqual([third.fingerprint]);
});

test('a key that was announced and has not signed yet is not the newest', async () => {
  rotate(second);
  await expect(trusts(first.fingerprint)).resolves.toEqual([first.fingerprint]);
  await expect(trust(second.fingerprint)).rejects.toMatchObject({ code: 'note-signature-invalid' });
});

test('a key that nobody announced is not trusted', async () => {
  archive.key = second;
  archive.minute([1]);
  await expect(trust(first.fingerprint)).rejects.toMatchObject({ code: 'note-signature-invalid' });
});

test('an announcement that was put into the leaves and not into the tree is not believed', async () => {
  rotate(second);
  archive.minute([1]);
  const key = archive.keys('v1/log/leaves').at(-2) ?? '';
  const leaves = archive.read(key).toString();
  archive.put(key, leaves.replace(/^.*"type":"key".*$/m, encodeLeaf(announce(third))));
  archive.put(checkpointKey(archive.size), note(third, archive.size, archive.root));
  await expect(trust(first.fingerprint)).rejects.toMatchObject({ code: 'proof-invalid' });
});

test('leaves whose note never came are not under the newest checkpoint', async () => {
  const { size } = archive;
  archive.minute([1]);
  archive.remove(archive.keys('v1/log/checkpoint').at(-1) ?? '');
  await expect(trust(first.fingerprint)).resolves.toMatchObject({ size });
});

test('of a copy that did not all arrive, what did is trusted and proven', async () => {
  while (archive.size < tileWidth - 5) archive.minute([1], 1);
  const before = archive.size;
  const old = new Set(archive.keys());
  for (let minute = 0; minute < 5; minute++) archive.minute([minute], 1);
  const recent = archive.keys('v1/log').filter((name) => !old.has(name));
  expect(recent.filter((name) => name.startsWith(tilePrefix))).toHaveLength(1);
  const wanted = new Map(
    archive
      .leaves()
      .flatMap((leaf) => (leaf.type === 'segment' ? [[leaf.key, leaf.last] as const] : []))
      .slice(-12),
  );
  const holds = async (lost: readonly string[]): Promise<void> => {
    const kept = lost.map((name) => [name, archive.read(name)] as const);
    for (const name of lost) archive.remove(name);
    try {
      const found = await trust(first.fingerprint);
      expect(found.size).toBeGreaterThanOrEqual(before);
      const { segments, uncovered } = await proveSegments(objectsOf(archive), wanted, { origin, ...found });
      expect(segments.length + uncovered.length).toBe(wanted.size);
      expect(uncovered.length).toBeLessThanOrEqual(5);
    } finally {
      for (const [name, bytes] of kept) archive.put(name, bytes);
    }
  };
  for (const name of recent) await holds([name]);
  await fc.assert(fc.asyncProperty(fc.subarray(recent), holds), { numRuns: 10 });
});

test('a log without a checkpoint vouches for nothing', async () => {
  archive.discard();
  archive = new ArchiveBuilder(first);
  await expect(trust(first.fingerprint)).rejects.toMatchObject({ code: 'note-invalid' });
});
