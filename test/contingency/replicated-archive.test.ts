import fc from 'fast-check';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { tilePrefix } from '../../lambda/audit/log-keys';
import { tileWidth } from '../../lambda/audit/log-tree';
import { gatherEvidence } from '../../lambda/contingency/replay-evidence';
import { ReplicatedArchive } from '../../lambda/contingency/replicated-archive';
import { ArchiveBuilder, origin } from '../audit/archive';

let archive: ArchiveBuilder;
beforeEach(() => {
  archive = new ArchiveBuilder();
});
afterEach(() => archive.discard());

const minutes = 6;
const recently = 1440;
/** @returns what a replay learns from the replica as far as it arrived, and under how many leaves */
async function judge() {
  const replica = await ReplicatedArchive.open(new FolderArchive(archive.folder));
  const { forged, lost, until } = await gatherEvidence(replica, {
    fingerprint: archive.signer.fingerprint,
    origin,
    since: undefined,
    now: archive.now,
    replica: true,
  });
  return { forged, lost, size: replica.size, whole: until === archive.now.toISOString() };
}

test('a replica that is whole is believed whole', async () => {
  for (let minute = 0; minute < minutes; minute++) archive.minute([minute, minute + 1], 3);
  expect(await judge()).toEqual({ forged: [], lost: 0, size: archive.size, whole: true });
});

test('whatever of the last minutes did not arrive, what is left is a log that holds', async () => {
  // The last minutes make a tile of the log's tree full, so that a tile is among what can be lost.
  while (archive.size < tileWidth - minutes) archive.minute([1], 1);
  const sizes = [archive.size];
  const old = new Set(archive.keys());
  for (let minute = 0; minute < minutes; minute++) {
    archive.minute([minute], 2);
    sizes.push(archive.size);
  }
  const recent = archive.keys().filter((name) => !old.has(name));
  expect(recent.filter((name) => name.startsWith(tilePrefix))).toHaveLength(1);
  const holds = async (lost: readonly string[]): Promise<void> => {
    const kept = lost.map((name) => [name, archive.read(name)] as const);
    for (const name of lost) archive.remove(name);
    const { forged, size } = await judge();
    for (const [name, bytes] of kept) archive.put(name, bytes);
    expect(forged).toEqual([]);
    expect(sizes).toContain(size);
  };
  for (const name of recent) await holds([name]);
  await fc.assert(fc.asyncProperty(fc.subarray(recent), holds), { numRuns: 15 });
});

test('a segment that did not arrive takes nothing of what came after it, 45 CFR 164.308(a)(7)(ii)(B)', async () => {
  for (let minute = 0; minute < minutes; minute++) archive.minute([minute], 2);
  const [, segment = ''] = archive.segments();
  archive.remove(segment);
  expect(await judge()).toEqual({ forged: [], lost: 2, size: archive.size, whole: true });
});

test('what never arrived long ago holds nobody up: it is counted, and two people know', async () => {
  archive.minute([1], 1);
  const [segment = ''] = archive.segments();
  for (let minute = 0; minute <= recently; minute++) archive.checkpoint();
  archive.remove(segment);
  expect(await judge()).toMatchObject({ forged: [], lost: 1, whole: true });
});

test('leaves that are gone from before the last day were taken away', async () => {
  archive.minute([1], 1);
  const [leaves = ''] = archive.keys('v1/log/leaves');
  for (let minute = 0; minute <= recently; minute++) archive.checkpoint();
  archive.remove(leaves);
  expect((await judge()).forged).toContain('LEAF_MISSING');
});

test('what is false is not taken for what did not arrive', async () => {
  for (let minute = 0; minute < minutes; minute++) archive.minute([minute], 2);
  const [segment = ''] = archive.segments();
  archive.put(segment, 'x');
  expect((await judge()).forged).toContain('SEGMENT_DIGEST_MISMATCH');
});
