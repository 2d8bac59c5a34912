import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { appendEvent, laneStart } from '../../lambda/audit/lane';
import { LogError } from '../../lambda/audit/log-error';
import { hashLeaf, merkleRoot } from '../../lambda/audit/merkle';
import { buildSegment, inflateSegment, readSegment } from '../../lambda/audit/segment';
import { HexTree, scanSegment } from '../../lambda/audit/segment-scan';
import { draftOf, origin, started, uuidOf } from './archive';

/** @returns the lines of a lane, as a function writes them, a second apart */
function lines(lane: number, count: number): string[] {
  let head = laneStart(origin, uuidOf(lane));
  return Array.from({ length: count }, (_, index) => {
    const at = new Date(started.getTime() + index * 1000);
    const event = appendEvent(head, origin, draftOf(lane * 1000 + index), { id: uuidOf(lane * 1000 + index), at });
    head = event;
    return event.line;
  });
}
const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return error instanceof LogError ? error.code : 'another error';
  }
  return 'nothing';
};

const [one, two] = [lines(1, 4), lines(2, 3)];

test('a segment is sorted by lane and sequence, named by its content and its newest event, and told of in its leaf', () => {
  const { key, sha256, bytes, ndjson, leaf } = buildSegment([...two, ...one]);
  expect(ndjson.toString()).toBe([...one, ...two].map((line) => `${line}\n`).join(''));
  expect(gunzipSync(bytes)).toEqual(ndjson);
  expect(sha256).toBe(createHash('sha256').update(ndjson).digest('hex'));
  expect(key).toBe(`v1/segments/dt=2026-11-23/hr=12/${sha256}.ndjson.gz`);
  expect(leaf).toEqual({
    bytes: ndjson.length,
    events: 7,
    first: '2026-11-23T12:00:00.000Z',
    key,
    lanes: [
      [uuidOf(1), 1, 4, laneStart(origin, uuidOf(1)).hash, hashLeaf(one[3] ?? '').toString('hex')],
      [uuidOf(2), 1, 3, laneStart(origin, uuidOf(2)).hash, hashLeaf(two[2] ?? '').toString('hex')],
    ],
    last: '2026-11-23T12:00:03.000Z',
    root: merkleRoot([...one, ...two].map(hashLeaf)).toString('hex'),
    sha256,
    type: 'segment',
    v: 1,
  });
});

test('the order and the repetition of what a stream delivers change nothing, to the byte', () => {
  const whole = buildSegment([...one, ...two]);
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...one, ...two], { minLength: 7 }),
      fc.subarray([...one, ...two]),
      (all, again) => {
        const { key, bytes, leaf } = buildSegment([...all, ...again]);
        expect([key, bytes.equals(whole.bytes), leaf]).toEqual([whole.key, true, whole.leaf]);
      },
    ),
  );
});

test('a stretch ends where a sequence is left out or the chain breaks', () => {
  const broken = (one[2] ?? '').replace(/"prev":"\w+"/, `"prev":"${'0'.repeat(64)}"`);
  expect(buildSegment([one[0] ?? '', one[2] ?? '']).leaf.lanes.map(([, from, to]) => [from, to])).toEqual([
    [1, 1],
    [3, 3],
  ]);
  expect(buildSegment([one[0] ?? '', one[1] ?? '', broken]).leaf.lanes.map(([, from, to]) => [from, to])).toEqual([
    [1, 2],
    [3, 3],
  ]);
});

test('what is no segment is not built', () => {
  const other = (one[1] ?? '').replace('"permit"', '"deny"');
  expect(code(() => buildSegment([]))).toBe('segment-empty');
  expect(code(() => buildSegment([...one, other]))).toBe('segment-fork');
  expect(code(() => buildSegment([`${one[0]} `]))).toBe('line-invalid');
  expect(code(() => buildSegment(['{}']))).toBe('line-invalid');
});

test('a segment reads back as its lines', () => {
  const { bytes, sha256 } = buildSegment([...one, ...two]);
  expect(readSegment(bytes)).toMatchObject({ lines: [...one, ...two], sha256 });
});

test('one gzip member with the one header and nothing behind it is a segment, and nothing else', () => {
  const { bytes, ndjson } = buildSegment(one);
  expect(code(() => inflateSegment(Buffer.concat([bytes, Buffer.alloc(1)])))).toBe('segment-trailing-data');
  expect(code(() => inflateSegment(Buffer.concat([bytes, bytes])))).toBe('segment-trailing-data');
  expect(code(() => inflateSegment(Buffer.concat([bytes, gzipSync('')])))).toBe('segment-trailing-data');
  expect(code(() => inflateSegment(gzipSync(ndjson, { level: 9 })))).toBe('segment-invalid');
  expect(code(() => inflateSegment(ndjson))).toBe('segment-invalid');
  expect(code(() => inflateSegment(Buffer.alloc(0)))).toBe('segment-invalid');
  for (let length = 0; length < bytes.length; length += 13)
    expect(code(() => inflateSegment(bytes.subarray(0, length)))).toBe('segment-invalid');
});

test('a reader stops at the size that was sealed: a small object cannot fill its memory', () => {
  const { bytes, ndjson } = buildSegment(one);
  expect(inflateSegment(bytes, ndjson.length)).toEqual(ndjson);
  expect(code(() => inflateSegment(bytes, ndjson.length - 1))).toBe('segment-too-large');
  const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024), { level: 9 });
  bomb.set(Buffer.from('1f8b08000000000000ff', 'hex'));
  expect(bomb.length).toBeLessThan(100_000);
  expect(code(() => inflateSegment(bomb))).toBe('segment-too-large');
});

test('no change of a single bit changes what is read unseen', () => {
  const { bytes, ndjson, leaf } = buildSegment([...one, ...two]);
  const job = { leaf, origin, promised: [], wanted: [] };
  expect(scanSegment(bytes, job)).toEqual({ findings: [], hashes: [], events: 7 });
  let seen = 0;
  fc.assert(
    fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const { findings } = scanSegment(flipped, job);
      // A few bits of a compressed stream mean nothing, such as those behind its last block (RFC 1951): the content is the same.
      if (findings.length === 0) expect(inflateSegment(flipped).equals(ndjson)).toBe(true);
      else seen++;
    }),
    { numRuns: 600 },
  );
  expect(seen).toBeGreaterThan(570);
});

test('the verifier’s tree over hex is the tree of RFC 6962', () => {
  for (const size of [0, 1, 2, 3, 5, 8, 13, 64, 100, 255]) {
    const leaves = Array.from({ length: size }, (_, index) => hashLeaf(String(index)));
    const tree = new HexTree();
    for (const leaf of leaves) tree.append(leaf.toString('hex'));
    expect(tree.root()).toBe(merkleRoot(leaves).toString('hex'));
  }
});
