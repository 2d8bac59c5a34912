import type { LogFiles, LogObjects } from './log-files';
import { tileKey, tileWidth } from './log-tree';
import { type Hash, hashLeaf, hashNode } from './merkle';

/** levels of the tree that one level of tiles spans: 256 = 2^8 */
const tileHeight = 8;

/** The log's tree under one checkpoint, read from its tiles: a proof takes a number of reads that grows with the logarithm of the log. */
export class TiledTree {
  readonly #tiles = new Map<string, Promise<Buffer>>();
  #tail: Promise<ReadonlyMap<number, Hash>> | undefined;

  constructor(
    private readonly objects: LogObjects,
    private readonly files: Pick<LogFiles, 'walk'>,
    readonly size: number,
  ) {}

  /** RFC 6962 section 2.1.1. @returns hashes from the leaf upwards @throws RangeError when the archive lacks a part of the tree */
  async path(index: number): Promise<Hash[]> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.size) throw new RangeError('no such leaf');
    return this.#path(index, 0, this.size);
  }

  async #path(index: number, from: number, to: number): Promise<Hash[]> {
    if (to - from === 1) return [];
    const middle = from + split(to - from);
    return index < middle
      ? [...(await this.#path(index, from, middle)), await this.#root(middle, to)]
      : [...(await this.#path(index, middle, to)), await this.#root(from, middle)];
  }

  /** of the leaves in between; `from` is a multiple of the greatest power of two that fits */
  async #root(from: number, to: number): Promise<Hash> {
    const size = to - from;
    const height = Math.log2(size);
    if (Number.isInteger(height) && from % size === 0) return this.#node(height, from / size);
    const middle = from + split(size);
    return hashNode(await this.#root(from, middle), await this.#root(middle, to));
  }

  /** @returns the root of a full subtree of 2^height leaves */
  async #node(height: number, index: number): Promise<Hash> {
    if (height % tileHeight === 0) {
      const level = height / tileHeight;
      const tile = Math.floor(index / tileWidth);
      if ((tile + 1) * tileWidth ** (level + 1) <= this.size) return slot(await this.#tile(level, tile), index);
      if (level === 0) return this.#leaf(index);
    }
    return hashNode(await this.#node(height - 1, index * 2), await this.#node(height - 1, index * 2 + 1));
  }

  #tile(level: number, index: number): Promise<Buffer> {
    const key = tileKey(level, index);
    const known = this.#tiles.get(key) ?? this.objects.get(key).then((bytes) => demand(bytes, key));
    this.#tiles.set(key, known);
    return known;
  }

  /** Leaves after the last full tile have none yet. */
  async #leaf(index: number): Promise<Hash> {
    this.#tail ??= this.#readTail();
    const hash = (await this.#tail).get(index);
    if (!hash) throw new RangeError('the archive lacks a leaf');
    return hash;
  }

  async #readTail(): Promise<ReadonlyMap<number, Hash>> {
    const first = Math.floor(this.size / tileWidth) * tileWidth;
    const found = new Map<number, Hash>();
    for await (const file of this.files.walk(first)) {
      if (file.first >= this.size) break;
      for (const [offset, line] of file.lines.entries())
        if (file.first + offset >= first) found.set(file.first + offset, hashLeaf(line));
    }
    return found;
  }
}

function demand(bytes: Buffer | undefined, key: string): Buffer {
  if (bytes?.length !== tileWidth * 32) throw new RangeError(`the archive lacks ${key}`);
  return bytes;
}

const slot = (tile: Buffer, index: number): Hash => {
  const at = (index % tileWidth) * 32;
  return tile.subarray(at, at + 32);
};

/** the greatest power of two below `size` */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}
