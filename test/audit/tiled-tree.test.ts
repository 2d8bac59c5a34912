import { LogTree } from '../../lambda/audit/log-tree';
import { hashLeaf, verifyInclusion } from '../../lambda/audit/merkle';
import { TiledTree } from '../../lambda/audit/tiled-tree';

const line = (index: number): string => `leaf ${index}`;

/** @returns the tree of so many leaves, as its tiles and the leaves after them give it, and what was read of it */
function grown(size: number) {
  const tree = new LogTree();
  const tiles = new Map<string, Buffer>();
  for (let index = 0; index < size; index++)
    for (const { key, bytes } of tree.append(hashLeaf(line(index)))) tiles.set(key, bytes);
  const reads: string[] = [];
  const objects = {
    get: async (key: string) => {
      reads.push(key);
      return tiles.get(key);
    },
    list: async function* () {},
  };
  const files = {
    async *walk(first: number) {
      const lines = Array.from({ length: size - first }, (_, offset) => line(first + offset));
      yield { first, last: size - 1, lines, at: '2026-01-01T00:00:00.000Z' };
    },
  };
  return { tree, tiles, reads, tiled: new TiledTree(objects, files, size) };
}

test.each([1, 2, 255, 256, 257, 511, 512, 513, 1000, 65_537, 66_049])(
  'a tree of %i leaves gives the paths of RFC 6962 section 2.1.1',
  async (size) => {
    const { tree, tiled } = grown(size);
    const places = new Set([0, 1, 255, 256, Math.floor(size / 2), 65_535, 65_536, size - 2, size - 1]);
    for (const index of [...places].filter((each) => each >= 0 && each < size)) {
      const path = await tiled.path(index);
      expect(verifyInclusion(index, size, hashLeaf(line(index)), path, tree.root())).toBe(true);
      expect(verifyInclusion(index, size, hashLeaf(line(index + 1)), path, tree.root())).toBe(false);
    }
  },
);

test('a path takes few reads of a long log', async () => {
  const { tiled, reads } = grown(66_049);
  await tiled.path(60_000);
  expect(reads.length).toBeLessThanOrEqual(8);
});

test('a tree without one of its tiles gives no path', async () => {
  const { tiled, tiles } = grown(600);
  tiles.delete('v1/log/tile/0/1');
  await expect(tiled.path(3)).rejects.toThrow(RangeError);
  await expect(grown(3).tiled.path(3)).rejects.toThrow(RangeError);
});
