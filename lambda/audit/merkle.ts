import { createHash } from 'node:crypto';

/** Merkle trees and proofs, RFC 6962 section 2.1 (verification as in RFC 9162 section 2.1.3 and 2.1.4). Hashes are 32 bytes. */
export type Hash = Buffer;

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** @returns SHA-256(0x00 | data): the other prefix of an inner node keeps a leaf from passing as one */
export function hashLeaf(data: string | Uint8Array): Hash {
  return createHash('sha256').update(LEAF).update(data).digest();
}

/** @returns SHA-256(0x01 | left | right) */
export function hashNode(left: Uint8Array, right: Uint8Array): Hash {
  return createHash('sha256').update(NODE).update(left).update(right).digest();
}

/** the root of a tree without leaves */
export const emptyRoot = (): Hash => createHash('sha256').digest();

/** @returns the root over leaf hashes */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  const range = new CompactRange();
  for (const leaf of leaves) range.append(leaf);
  return range.root();
}

/** The perfect subtrees along a tree's right edge, greatest first: enough to append and to know the root, in O(log n) memory. */
export class CompactRange {
  readonly #peaks: { readonly height: number; readonly hash: Hash }[] = [];
  #size = 0;

  /** @param height of a perfect subtree that is appended whole; the size must be a multiple of its leaves */
  append(hash: Hash, height = 0): void {
    if (this.#size % 2 ** height !== 0) throw new RangeError('a subtree starts at a multiple of its size');
    let peak = { height, hash };
    for (let last = this.#peaks.at(-1); last?.height === peak.height; last = this.#peaks.at(-1)) {
      this.#peaks.pop();
      peak = { height: peak.height + 1, hash: hashNode(last.hash, peak.hash) };
    }
    this.#peaks.push(peak);
    this.#size += 2 ** height;
  }

  get size(): number {
    return this.#size;
  }

  root(): Hash {
    let root: Hash | undefined;
    for (const { hash } of this.#peaks.toReversed()) root = root ? hashNode(hash, root) : hash;
    return root ?? emptyRoot();
  }
}

/** the greatest power of two below `size` */
function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

/**
 * RFC 6962 section 2.1.1: PATH(index, leaves).
 * @returns at most ceil(log2 n) hashes, from the leaf upwards
 */
export function inclusionProof(index: number, leaves: readonly Hash[]): Hash[] {
  if (!Number.isSafeInteger(index) || index < 0 || index >= leaves.length) throw new RangeError('no such leaf');
  if (leaves.length === 1) return [];
  const half = split(leaves.length);
  return index < half
    ? [...inclusionProof(index, leaves.slice(0, half)), merkleRoot(leaves.slice(half))]
    : [...inclusionProof(index - half, leaves.slice(half)), merkleRoot(leaves.slice(0, half))];
}

/** RFC 9162 section 2.1.3.2. @returns whether the proof leads from the leaf's hash to the root; never throws */
export function verifyInclusion(
  index: number,
  size: number,
  leaf: Uint8Array,
  proof: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) return false;
  let at = index;
  let last = size - 1;
  let hash: Hash = Buffer.from(leaf);
  for (const sibling of proof) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      hash = hashNode(sibling, hash);
      // The right edge: levels at which this node has no sibling are skipped.
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, half(last)];
    } else hash = hashNode(hash, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && hash.equals(root);
}

/**
 * RFC 6962 section 2.1.2: PROOF(size, leaves).
 * @param size of the earlier tree, from 1 to the number of leaves
 */
export function consistencyProof(size: number, leaves: readonly Hash[]): Hash[] {
  if (!Number.isSafeInteger(size) || size < 1 || size > leaves.length) throw new RangeError('no such earlier tree');
  return subproof(size, leaves, true);
}

function subproof(size: number, leaves: readonly Hash[], whole: boolean): Hash[] {
  if (size === leaves.length) return whole ? [] : [merkleRoot(leaves)];
  const at = split(leaves.length);
  return size <= at
    ? [...subproof(size, leaves.slice(0, at), whole), merkleRoot(leaves.slice(at))]
    : [...subproof(size - at, leaves.slice(at), false), merkleRoot(leaves.slice(0, at))];
}

/** RFC 9162 section 2.1.4.2. @returns whether the later tree has the earlier one as its beginning; never throws */
export function verifyConsistency(
  earlier: { readonly size: number; readonly root: Uint8Array },
  later: { readonly size: number; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (!Number.isSafeInteger(earlier.size) || !Number.isSafeInteger(later.size)) return false;
  if (earlier.size < 1 || earlier.size > later.size) return false;
  if (earlier.size === later.size) return proof.length === 0 && Buffer.from(earlier.root).equals(later.root);
  const powerOfTwo = split(earlier.size + 1) === earlier.size;
  const [first, ...rest] = powerOfTwo ? [earlier.root, ...proof] : proof;
  if (!first) return false;
  let at = earlier.size - 1;
  let last = later.size - 1;
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  let old: Hash = Buffer.from(first);
  let now: Hash = Buffer.from(first);
  for (const sibling of rest) {
    if (last === 0) return false;
    if (at % 2 === 1 || at === last) {
      old = hashNode(sibling, old);
      now = hashNode(sibling, now);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, half(last)];
    } else now = hashNode(now, sibling);
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && old.equals(earlier.root) && now.equals(later.root);
}

/** Bit operators of JavaScript cut numbers to 32 bits; a log may be longer. */
const half = (value: number): number => Math.floor(value / 2);
