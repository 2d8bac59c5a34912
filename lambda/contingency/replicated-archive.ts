import type { Archive, ArchiveObject } from '../audit/archive';
import { decodeLeaf } from '../audit/leaf';
import { checkpointKey, checkpointPrefix, leavesPrefix, readCheckpointKey, readLeavesKey } from '../audit/log-keys';
import { fullTiles } from '../audit/log-tree';

/** Checkpoints at the end of a replica that are looked at for what did not arrive: a day's, one a minute. */
const tailCheckpoints = 1440;

/**
 * A replica of an archive as far as it arrived. S3 copies objects in no order, so that at the end of a replica whose source is
 * lost a checkpoint may stand without what it signs. Such checkpoints are left out; what is missing or false under
 * any other one is for the verifier to find.
 */
export class ReplicatedArchive implements Archive {
  private constructor(
    private readonly archive: Archive,
    /** leaves of the newest checkpoint under which everything arrived */
    readonly size: number,
  ) {}

  static async open(archive: Archive): Promise<ReplicatedArchive> {
    return new ReplicatedArchive(archive, await new Tail(archive).size());
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

class Tail {
  readonly #days = new Map<string, Promise<ReadonlySet<string>>>();

  constructor(private readonly archive: Archive) {}

  async size(): Promise<number> {
    const sizes: number[] = [];
    for await (const { key } of this.archive.list(checkpointPrefix)) {
      const size = readCheckpointKey(key);
      if (size !== undefined) sizes.push(size);
    }
    const signed = new Set(sizes);
    let size = sizes.at(-1 - tailCheckpoints) ?? 0;
    for await (const { key } of this.archive.list(leavesPrefix)) {
      const { first, last } = readLeavesKey(key) ?? { first: -1, last: -1 };
      if (first < size) continue;
      const next = last + 1;
      if (first > size || !signed.has(next) || !(await this.#arrived(key, size, next))) break;
      size = next;
    }
    return size;
  }

  async #arrived(leaves: string, from: number, to: number): Promise<boolean> {
    const bytes = await this.archive.read(leaves);
    if (!bytes || !(await this.archive.read(checkpointKey(to)))) return false;
    for (const key of fullTiles(from, to)) if (!(await this.archive.read(key))) return false;
    for (const key of segmentsIn(bytes)) if (!(await this.#names(key)).has(key)) return false;
    return true;
  }

  /** @returns the names of all segments of the day of one */
  #names(segment: string): Promise<ReadonlySet<string>> {
    const [day = segment] = /^.*?\/dt=[^/]+\//.exec(segment) ?? [];
    const known = this.#days.get(day) ?? this.#list(day);
    this.#days.set(day, known);
    return known;
  }

  async #list(prefix: string): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    for await (const { key, versions } of this.archive.list(prefix))
      if (versions.some(({ deleted }) => !deleted)) names.add(key);
    return names;
  }
}

/** What is no leaf names nothing here: the verifier says so. */
function segmentsIn(leaves: Buffer): string[] {
  return leaves
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .flatMap((line) => {
      if (!line.includes('"type":"segment"')) return [];
      try {
        const leaf = decodeLeaf(line);
        return leaf.type === 'segment' ? [leaf.key] : [];
      } catch {
        return [];
      }
    });
}
