import fc from 'fast-check';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { isWarning } from '../../lambda/audit/finding';
import { tilePrefix } from '../../lambda/audit/log-keys';
import { tileWidth } from '../../lambda/audit/log-tree';
import { verifyArchive } from '../../lambda/audit/verify';
import { ReplicatedArchive } from '../../lambda/contingency/replicated-archive';
import { ArchiveBuilder } from '../audit/archive';

let archive: ArchiveBuilder;
beforeEach(() => {
  archive = new ArchiveBuilder();
});
afterEach(() => archive.discard());

const minutes = 6;
/** @returns what a verifier finds in the replica as far as it arrived, and under how many leaves it says so */
async function judge(): Promise<{ readonly faults: readonly string[]; readonly size: number }> {
  const replica = await ReplicatedArchive.open(new FolderArchive(archive.folder));
  const { findings, checkpoint } = await verifyArchive(replica, {
    fingerprint: archive.signer.fingerprint,
    reference: archive.now,
  });
  const faults = findings.filter((each) => !isWarning(each)).map(({ code }) => code);
  expect(checkpoint?.size ?? 0).toBe(replica.size);
  return { faults, size: replica.size };
}

test('a replica that is whole is believed whole', async () => {
  for (let minute = 0; minute < minutes; minute++) archive.minute([minute, minute + 1], 3);
  expect(await judge()).toEqual({ faults: [], size: archive.size });
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
    const { faults, size } = await judge();
    for (const [name, bytes] of kept) archive.put(name, bytes);
    expect(faults.filter((code) => !['CHECKPOINT_STALE', 'HEAD_UNFULFILLED'].includes(code))).toEqual([]);
    expect(sizes).toContain(size);
  };
  for (const name of recent) await holds([name]);
  await fc.assert(fc.asyncProperty(fc.subarray(recent), holds), { numRuns: 15 });
});

test('what is false is not taken for what did not arrive', async () => {
  for (let minute = 0; minute < minutes; minute++) archive.minute([minute], 2);
  const [segment = ''] = archive.segments();
  archive.put(segment, 'x');
  expect((await judge()).faults).toContain('SEGMENT_DIGEST_MISMATCH');
});
