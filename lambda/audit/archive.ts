/** One stored version of an object, or a delete marker over it. */
export interface ArchiveVersion {
  readonly id: string;
  /** a delete marker: the object's name is hidden, its versions are still there */
  readonly deleted: boolean;
}
export interface ArchiveObject {
  readonly key: string;
  /** oldest first; the archive's own writers never make a second one */
  readonly versions: readonly ArchiveVersion[];
}

/** What a verifier may ask of an archive: a bucket, or a folder that was downloaded from one. */
export interface Archive {
  /**
   * @param after names greater than this one alone
   * @returns every name under the prefix that has any version, hidden ones too, in order of the names' bytes
   */
  list(prefix: string, after?: string): AsyncIterable<ArchiveObject>;
  /** @returns the bytes of a version, without `version` of the newest; undefined when there are none */
  read(key: string, version?: string): Promise<Buffer | undefined>;
}

/**
 * The version that was written first is the evidence: the lock keeps it, and whatever came later is an attempt to hide it.
 * @returns its id, undefined when nothing but delete markers is left
 */
export const originalVersion = ({ versions }: ArchiveObject): string | undefined =>
  versions.find(({ deleted }) => !deleted)?.id;

export const isShadowed = ({ versions }: ArchiveObject): boolean =>
  versions.length > 1 || versions.some(({ deleted }) => deleted);

/** @returns the results in order of the items, with at most `width` of them under way */
export async function* ahead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      result.catch(() => undefined); // told when its turn comes, or not at all after an earlier one
      running.push(result);
      if (running.length >= width) yield await (running.shift() as Promise<R>);
    }
    while (running.length > 0) yield await (running.shift() as Promise<R>);
  } finally {
    await Promise.allSettled(running);
  }
}
