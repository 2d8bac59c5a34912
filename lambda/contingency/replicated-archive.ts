import type { Archive, ArchiveObject } from '../audit/archive';
import { checkpointKey, checkpointPrefix, leavesPrefix, readCheckpointKey, readLeavesKey } from '../audit/log-keys';
import { fullTiles } from '../audit/log-tree';

/** Checkpoints at the end of a replica that are looked at for what did not arrive: a day's, one a minute. */
const tailCheckpoints = 1440;

/**
 * A replica of an archive as far as its log arrived. S3 copies objects in no order, so that at the end of a replica whose source is
 * lost a checkpoint may stand without the leaves that it signs. Such checkpoints are left out; what is missing or false under
 * any other one is for the verifier to find. A segment that did not arrive leaves nothing out but its own events: what comes
 * after it is proven without it.
 */
export class ReplicatedArchive implements Archive {
  private constructor(
    private readonly archive: Archive,
    /** leaves of the newest checkpoint under which the log arrived */
    readonly size: number,
  ) {}

  static async open(archive: Archive): Promise<ReplicatedArchive> {
    const sizes: number[] = [];
    for await (const { key } of archive.list(checkpointPrefix)) {
      const size = readCheckpointKey(key);
      if (size !== undefined) sizes.push(size);
    }
    const tail = sizes.at(-1 - tailCheckpoints) ?? 0;
    return new ReplicatedArchive(archive, await arrivedUntil(archive, tail, new Set(sizes)));
  }

  async *list(prefix: string): AsyncGenerator<ArchiveObject> {
    for await (const object of this.archive.list(prefix)) {
      const size = readCheckpointKey(object.key);
      if (size === undefined || size <= this.size) yield object;
    }
  }

  read(key: string, version?: string): Promise<Buffer | undefined> {
    return this.archive.read(key, version);
  }
}

async function arrivedUntil(archive: Archive, tail: number, signed: ReadonlySet<number>): Promise<number> {
  let size = tail;
  for await (const { key } of archive.list(leavesPrefix)) {
    const { first, last } = readLeavesKey(key) ?? { first: -1, last: -1 };
    if (first < size) continue;
    const next = last + 1;
    if (first > size || !signed.has(next)) break;
    const needed = [key, checkpointKey(next), ...fullTiles(size, next)];
    if ((await Promise.all(needed.map((each) => archive.read(each)))).includes(undefined)) break;
    size = next;
  }
  return size;
}
