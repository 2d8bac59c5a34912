import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { openBackup, pieceBytes, sealBackup } from '../../lambda/contingency/backup-envelope';

jest.setTimeout(120_000); // each file takes a key that is made slow on purpose

const passphrase = 'correct horse battery';
async function* pieces(bytes: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}
async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const each of source) all.push(each);
  return Buffer.concat(all);
}
const sealed = (content: Buffer) => collect(sealBackup(pieces(content), passphrase, new Date('2026-01-02T03:04:05Z')));
const opened = (file: Buffer, word = passphrase) => collect(openBackup(pieces(file, 7_777), word));
const lineEnd = (file: Buffer) => file.indexOf(0x0a) + 1;

test('what goes in comes out, whatever its length', async () => {
  for (const length of [0, 1, pieceBytes - 1, pieceBytes, pieceBytes + 1, 3 * pieceBytes]) {
    const content = randomBytes(length);
    expect((await opened(await sealed(content))).equals(content)).toBe(true);
  }
});

test('neither content nor passphrase is in the file, and the same content is never twice the same, 45 CFR 164.312(a)(2)(iv)', async () => {
  const content = Buffer.from('SENTINEL '.repeat(20_000));
  const [one, two] = await Promise.all([sealed(content), sealed(content)]);
  expect(one.includes('SENTINEL')).toBe(false);
  expect(one.includes(passphrase)).toBe(false);
  expect(one.subarray(lineEnd(one)).equals(two.subarray(lineEnd(two)))).toBe(false);
});

test('another passphrase opens nothing, and one that is short seals nothing', async () => {
  const file = await sealed(Buffer.from('x'));
  await expect(opened(file, 'correct horse batterz')).rejects.toMatchObject({ code: 'wrong-passphrase' });
  await expect(collect(sealBackup(pieces(Buffer.from('x')), 'too short', new Date()))).rejects.toThrow(RangeError);
});

test('a file that was cut at the end of a piece, went on after its end, or had two pieces exchanged does not open', async () => {
  const file = await sealed(randomBytes(3 * pieceBytes + 5));
  const start = lineEnd(file);
  const size = pieceBytes + 16;
  await expect(opened(file.subarray(0, start + 2 * size))).rejects.toMatchObject({ code: 'truncated' });
  await expect(opened(Buffer.concat([file, randomBytes(size)]))).rejects.toThrow();
  const exchanged = Buffer.concat([
    file.subarray(0, start + size),
    file.subarray(start + 2 * size, start + 3 * size),
    file.subarray(start + size, start + 2 * size),
    file.subarray(start + 3 * size),
  ]);
  await expect(opened(exchanged)).rejects.toMatchObject({ code: 'damaged' });
  await expect(opened(Buffer.from('{"format":"ward-backup/v2"}\n'))).rejects.toMatchObject({ code: 'not-a-backup' });
  await expect(opened(Buffer.alloc(0))).rejects.toMatchObject({ code: 'not-a-backup' });
});

test('no bit of the file can be changed without that being seen, 45 CFR 164.312(c)(1)', async () => {
  const file = await sealed(randomBytes(pieceBytes + 100));
  await fc.assert(
    fc.asyncProperty(fc.nat(file.length - 1), fc.nat(7), async (at, bit) => {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      await expect(opened(changed)).rejects.toThrow();
    }),
    { numRuns: 20 },
  );
});
