import { CompactRange, type Hash, merkleRoot } from './merkle';

/** leaves of a full tile, and the tree levels that one tile level spans: 256 = 2^8 */
export const tileWidth = 256;
const tileHeight = 8;

/** 256 sibling hashes of a level: enough tiles answer any proof in O(log n) reads. Level 0 are the leaf hashes. */
export interface Tile {
  readonly key: string;
  /** 256 hashes of 32 bytes */
  readonly bytes: Buffer;
}
/** What a checkpointer keeps between two runs; at most 255 hashes a level, each level as one base64 text. */
export interface LogTreeState {
  readonly size: number;
  readonly pending: readonly string[];
}

export const tileKey = (level: number, index: number): string => `v1/log/tile/${level}/${index}`;

/** @returns names of the tiles that became full between two sizes of the log */
export function fullTiles(from: number, to: number): string[] {
  const keys: string[] = [];
  for (let [level, leaves] = [0, tileWidth]; leaves <= to; level++, leaves *= tileWidth)
    for (let index = Math.floor(from / leaves); index < Math.floor(to / leaves); index++)
      keys.push(tileKey(level, index));
  return keys;
}

/** The log's Merkle tree, appended to leaf by leaf; gives the tiles that become full. */
export class LogTree {
  readonly #range = new CompactRange();
  /** of each level the hashes after its last full tile */
  readonly #pending: Hash[][] = [];

  /** @throws RangeError when the state is not one that `state()` gave */
  static restore({ size, pending }: LogTreeState): LogTree {
    const tree = new LogTree();
    for (const [level, text] of pending.entries()) {
      const bytes = Buffer.from(text, 'base64');
      const hashes = Array.from({ length: bytes.length / 32 }, (_, i) => bytes.subarray(i * 32, i * 32 + 32));
      if (bytes.length % 32 !== 0 || hashes.length !== Math.floor(size / tileWidth ** level) % tileWidth)
        throw new RangeError('not the state of a tree');
      tree.#pending.push(hashes);
    }
    for (const [level, hashes] of [...tree.#pending.entries()].toReversed())
      for (const hash of hashes) tree.#range.append(hash, level * tileHeight);
    if (tree.size !== size) throw new RangeError('not the state of a tree');
    return tree;
  }

  /** @returns the tiles that this leaf makes full, lowest level first; put them before the checkpoint that covers them */
  append(leaf: Hash): Tile[] {
    this.#range.append(leaf);
    const tiles: Tile[] = [];
    let hash = leaf;
    for (let level = 0; ; level++) {
      let hashes = this.#pending[level];
      if (!hashes) {
        hashes = [];
        this.#pending.push(hashes);
      }
      hashes.push(hash);
      if (hashes.length < tileWidth) return tiles;
      const index = this.size / tileWidth ** (level + 1) - 1;
      tiles.push({ key: tileKey(level, index), bytes: Buffer.concat(hashes) });
      hash = merkleRoot(hashes);
      hashes.length = 0;
    }
  }

  get size(): number {
    return this.#range.size;
  }

  root(): Hash {
    return this.#range.root();
  }

  state(): LogTreeState {
    return { size: this.size, pending: this.#pending.map((hashes) => Buffer.concat(hashes).toString('base64')) };
  }
}
