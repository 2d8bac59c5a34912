import type { Archive } from '../../lambda/audit/archive';
import { originalVersion } from '../../lambda/audit/archive';
import { isWarning } from '../../lambda/audit/finding';
import { checkpointPrefix, leavesPrefix, readCheckpointKey } from '../../lambda/audit/log-keys';
import { LogWalk } from '../../lambda/audit/log-walk';

/** how many objects are read at a time */
const width = 16;

/**
 * Who made an archive, or put something into a copy of it, may add segments of their own making; only what the log names
 * under a signed checkpoint is evidence. Whose signature it is, `ward audit verify` tells by the pinned fingerprint.
 * @returns the names of the segments that the log names
 * @throws Error when the log of the archive is not sound
 */
export async function coveredSegments(archive: Archive): Promise<ReadonlySet<string>> {
  const sizes: number[] = [];
  for await (const { key } of archive.list(checkpointPrefix)) {
    const size = readCheckpointKey(key);
    if (size !== undefined) sizes.push(size);
  }
  const covered = new Set<string>();
  let sound = true;
  const walk = new LogWalk(
    archive,
    sizes,
    (object) => originalVersion(object),
    () => undefined,
    (finding) => {
      if (!isWarning(finding)) sound = false;
    },
    {
      origin: () => undefined,
      segment: async (_, { key }) => void covered.add(key),
      epoch: () => undefined,
      acknowledge: () => undefined,
      tile: async () => undefined,
    },
  );
  await walk.run(width, leavesPrefix);
  if (!sound) throw new Error('the log of this archive is not sound: "ward audit verify" says what is wrong');
  return covered;
}
