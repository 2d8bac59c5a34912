import { decodeLeaf, type SegmentLeaf } from './leaf';
import { leavesPrefix, readLeavesKey } from './log-keys';

/** Objects of the archive as the log's readers ask for them. */
export interface LogObjects {
  /** @returns undefined when there is no such object */
  get(key: string): Promise<Buffer | undefined>;
  /** @returns names in order @param after names greater than this one alone @param limit of a page */
  list(prefix: string, after?: string, limit?: number): AsyncIterable<string>;
}

/** The leaves that one checkpoint added. */
export interface LeavesFile {
  /** indices, both inclusive */
  readonly first: number;
  readonly last: number;
  readonly lines: readonly string[];
  /** of the epoch that closes it */
  readonly at: string;
}

/** One checkpoint adds about a thousand leaves at most: the file with a leaf begins no further before it. */
const leavesPerFile = 2048;
const inParallel = 16;

/** The log's leaves, found by place or by time without reading what lies before: one file a checkpoint, one checkpoint a minute, for years. */
export class LogFiles {
  constructor(private readonly objects: LogObjects) {}

  /** @returns the first file that begins at this leaf or later */
  async from(index: number): Promise<LeavesFile | undefined> {
    for await (const key of this.objects.list(leavesPrefix, startOf(index), 1)) return this.#read(key);
    return undefined;
  }

  /** @returns the places of the leaves of each file that begins at this leaf or later */
  async *ranges(index: number): AsyncGenerator<Pick<LeavesFile, 'first' | 'last'>> {
    for await (const key of this.objects.list(leavesPrefix, startOf(index))) {
      const range = readLeavesKey(key);
      if (range) yield range;
    }
  }

  /** @returns files from the one with this leaf on, in order; a later one is read while an earlier one is looked at */
  async *walk(index: number): AsyncGenerator<LeavesFile> {
    const running: Promise<LeavesFile | undefined>[] = [];
    try {
      for await (const key of this.objects.list(leavesPrefix, startOf(Math.max(0, index - leavesPerFile)))) {
        if ((readLeavesKey(key)?.last ?? -1) < index) continue;
        running.push(this.#read(key));
        if (running.length < inParallel) continue;
        const file = await running.shift();
        if (file) yield file;
      }
      for (let next = running.shift(); next; next = running.shift()) {
        const file = await next;
        if (file) yield file;
      }
    } finally {
      await Promise.allSettled(running);
    }
  }

  /** @returns the first leaf of the first checkpoint at or after that instant, or the end of the log */
  indexAt(at: string): Promise<number> {
    return this.indexAfter((file) => file.at < at);
  }

  /**
   * @param holds of the files from `start` up to one, and of none after that
   * @returns the leaf after the last file of which it holds, which is `start` where it holds of none
   */
  async indexAfter(holds: (file: LeavesFile) => boolean | Promise<boolean>, start = 0): Promise<number> {
    let [low, high] = [start, start + 1];
    const before = async (index: number): Promise<LeavesFile | undefined> => {
      const file = await this.from(index);
      return file && (await holds(file)) ? file : undefined;
    };
    for (let file = await before(high); file; file = await before(high)) {
      low = file.last + 1;
      high = Math.max(high * 2, low);
    }
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const file = await before(middle);
      if (file) low = file.last + 1;
      else high = middle;
    }
    return low;
  }

  async #read(key: string): Promise<LeavesFile | undefined> {
    const range = readLeavesKey(key);
    const bytes = range && (await this.objects.get(key));
    if (!range || !bytes) return undefined;
    const lines = bytes.toString('utf8').trimEnd().split('\n');
    const closing = decodeLeaf(lines.at(-1) ?? '');
    return closing.type === 'epoch' ? { ...range, lines, at: closing.at } : undefined;
  }
}

/** A name that sorts before every file that begins at this leaf, and after those before. */
const startOf = (index: number): string => `${leavesPrefix}${String(index).padStart(12, '0')}`;

/** @returns the segments that a file names, with the places of their leaves */
export const segmentsOf = ({ first, lines }: LeavesFile): { index: number; line: string; leaf: SegmentLeaf }[] =>
  lines.flatMap((line, offset) => {
    if (!line.includes('"type":"segment"')) return [];
    const leaf = decodeLeaf(line);
    return leaf.type === 'segment' ? [{ index: first + offset, line, leaf }] : [];
  });
