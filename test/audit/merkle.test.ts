import fc from 'fast-check';
import { LogTree, tileWidth } from '../../lambda/audit/log-tree';
import {
  CompactRange,
  consistencyProof,
  emptyRoot,
  type Hash,
  hashLeaf,
  hashNode,
  inclusionProof,
  merkleRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../lambda/audit/merkle';

/** The eight leaves of the test vectors that implementations of RFC 6962 share, and the roots of their first n. */
const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'];
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const vector = inputs.map((hex) => hashLeaf(Buffer.from(hex, 'hex')));

/** The definition of RFC 6962 section 2.1, word for word, beside which the product's way of computing is held. */
function definition(leaves: readonly Hash[]): Hash {
  const [only] = leaves;
  if (!only) return emptyRoot();
  if (leaves.length === 1) return only;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hashNode(definition(leaves.slice(0, k)), definition(leaves.slice(k)));
}
const numbered = (size: number): Hash[] => Array.from({ length: size }, (_, index) => hashLeaf(String(index)));

test('roots are those of the shared test vectors, RFC 6962 section 2.1', () => {
  expect(emptyRoot().toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  expect(roots.map((_, index) => merkleRoot(vector.slice(0, index + 1)).toString('hex'))).toEqual(roots);
});

test('an inclusion proof of the shared vectors, RFC 6962 section 2.1.1', () => {
  expect(inclusionProof(0, vector).map((hash) => hash.toString('hex'))).toEqual([
    '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
    '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
    '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
  ]);
  expect(consistencyProof(1, vector)).toEqual(inclusionProof(0, vector));
});

test('every leaf of a tree of any size is proved in at most log2 n hashes, and nothing else is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 600 }), fc.nat(), fc.nat(), (size, pick, flip) => {
      const leaves = numbered(size);
      const index = pick % size;
      const root = definition(leaves);
      const proof = inclusionProof(index, leaves);
      const leaf = leaves[index] ?? emptyRoot();
      expect(proof.length).toBeLessThanOrEqual(Math.ceil(Math.log2(size)));
      expect(verifyInclusion(index, size, leaf, proof, root)).toBe(true);
      expect(verifyInclusion(index, size, hashLeaf('other'), proof, root)).toBe(false);
      expect(verifyInclusion(index, size, leaf, [...proof, leaf], root)).toBe(false);
      expect(verifyInclusion(size, size, leaf, proof, root)).toBe(false);
      if (proof.length === 0) return;
      const changed = proof.map((hash, at) => (at === flip % proof.length ? hashLeaf(hash) : hash));
      expect(verifyInclusion(index, size, leaf, changed, root)).toBe(false);
      expect(verifyInclusion(index, size, leaf, proof.slice(1), root)).toBe(false);
      expect(verifyInclusion((index + 1) % size, size, leaf, proof, root)).toBe(false);
    }),
  );
});

test('a tree is shown to begin with any earlier one, and with no other, RFC 6962 section 2.1.2', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), fc.nat(), (size, pick, flip) => {
      const leaves = numbered(size);
      const earlier = { size: (pick % size) + 1, root: definition(leaves.slice(0, (pick % size) + 1)) };
      const later = { size, root: definition(leaves) };
      const proof = consistencyProof(earlier.size, leaves);
      expect(verifyConsistency(earlier, later, proof)).toBe(true);
      expect(verifyConsistency({ ...earlier, root: hashLeaf('other') }, later, proof)).toBe(false);
      expect(verifyConsistency(earlier, { ...later, root: hashLeaf('other') }, proof)).toBe(false);
      expect(verifyConsistency(earlier, later, [...proof, later.root])).toBe(false);
      if (proof.length === 0) return;
      const changed = proof.map((hash, at) => (at === flip % proof.length ? hashLeaf(hash) : hash));
      expect(verifyConsistency(earlier, later, changed)).toBe(false);
      expect(verifyConsistency(earlier, later, proof.slice(1))).toBe(false);
    }),
  );
  expect(verifyConsistency({ size: 0, root: emptyRoot() }, { size: 0, root: emptyRoot() }, [])).toBe(false);
});

test('appending leaf by leaf gives the root of the whole at every size', () => {
  const range = new CompactRange();
  const leaves = numbered(300);
  expect(range.root()).toEqual(emptyRoot());
  for (const [index, leaf] of leaves.entries()) {
    range.append(leaf);
    if (index % 7 === 0 || index > 250) expect(range.root()).toEqual(definition(leaves.slice(0, index + 1)));
  }
});

test('a tree that is put down and taken up again at any size goes on alike, and gives every full tile once', () => {
  const size = tileWidth * tileWidth + tileWidth + 3;
  const leaves = numbered(size);
  const straight = new LogTree();
  const tiles = leaves.flatMap((leaf) => straight.append(leaf));
  expect(tiles.map(({ key }) => key).sort()).toEqual(
    [...Array.from({ length: 257 }, (_, n) => `v1/log/tile/0/${n}`), 'v1/log/tile/1/0'].sort(),
  );
  expect(tiles.every(({ bytes }) => bytes.length === 32 * tileWidth)).toBe(true);
  const upper = tiles.find(({ key }) => key === 'v1/log/tile/1/0')?.bytes ?? Buffer.alloc(0);
  expect(upper.subarray(0, 32)).toEqual(merkleRoot(leaves.slice(0, 256)));
  expect(straight.root()).toEqual(merkleRoot(leaves));
  for (const cut of [255, 257, 65535, 65536, size - 1]) {
    const before = new LogTree();
    for (const leaf of leaves.slice(0, cut)) before.append(leaf);
    const after = LogTree.restore(JSON.parse(JSON.stringify(before.state())));
    expect(after.root()).toEqual(before.root());
    const later = leaves.slice(cut).flatMap((leaf) => after.append(leaf));
    const expected = tiles.slice(tiles.length - later.length);
    expect(later.map(({ key }) => key)).toEqual(expected.map(({ key }) => key));
    expect(later.every(({ bytes }, index) => expected[index]?.bytes.equals(bytes))).toBe(true);
    expect(after.root()).toEqual(straight.root());
  }
});

test('a state that is not of one tree is refused', () => {
  const tree = new LogTree();
  for (const leaf of numbered(300)) tree.append(leaf);
  const { size, pending } = tree.state();
  for (const state of [
    { size: size + 1, pending },
    { size, pending: pending.slice(0, 1) },
    { size, pending: [...pending].reverse() },
  ])
    expect(() => LogTree.restore(state)).toThrow(RangeError);
});
