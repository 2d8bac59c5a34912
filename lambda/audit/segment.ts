import { createHash } from 'node:crypto';
import { types } from 'node:util';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { type EventLine, readEventLine } from './event-line';
import { type LaneRun, type SegmentLeaf, segmentLeaf } from './leaf';
import { LogError } from './log-error';
import { segmentKey } from './log-keys';
import { CompactRange, hashLeaf } from './merkle';

/** Bound on the NDJSON of a segment. A batch of the stream has at most 6 MiB; a reader gives up at this much. */
const segmentBytesLimit = 16 * 1024 * 1024;

/** No name, no time, unknown system: the header is the same wherever the segment is written (RFC 1952 section 2.3). */
const gzipHeader = Buffer.from('1f8b08000000000000ff', 'hex');
const trailerBytes = 8;

export interface Segment {
  readonly key: string;
  /** of the NDJSON, hex; part of the key */
  readonly sha256: string;
  /** the object: gzip of `ndjson` */
  readonly bytes: Buffer;
  readonly ndjson: Buffer;
  readonly leaf: SegmentLeaf;
}

interface Placed extends EventLine {
  readonly line: string;
  readonly hash: Buffer;
}

/**
 * Makes the archive's object of stored lines, in whatever order they came. Lines that came twice collapse, so a batch that
 * is delivered again gives the same segment. It judges no chain: what a writer broke is archived too, and shows.
 * @param lines as they were stored, byte for byte, without line feeds
 * @throws LogError `segment-empty`, `line-invalid`, `segment-too-large`, or `segment-fork` for two events at one place of a lane
 */
export function buildSegment(lines: readonly string[]): Segment {
  const events = inOrder(lines);
  const instants = events.map(({ at }) => at).sort();
  const [oldest, newest] = [instants[0], instants.at(-1)];
  if (oldest === undefined || newest === undefined) throw new LogError('segment-empty');
  const ndjson = Buffer.from(events.map(({ line }) => `${line}\n`).join(''));
  if (ndjson.length > segmentBytesLimit) throw new LogError('segment-too-large');
  const sha256 = createHash('sha256').update(ndjson).digest('hex');
  const tree = new CompactRange();
  for (const { hash } of events) tree.append(hash);
  const key = segmentKey(newest, sha256);
  const leaf = segmentLeaf.parse({
    bytes: ndjson.length,
    events: events.length,
    first: oldest,
    key,
    lanes: laneRuns(events),
    last: newest,
    root: tree.root().toString('hex'),
    sha256,
    type: 'segment',
    v: 1,
  });
  return { key, sha256, bytes: compress(ndjson), ndjson, leaf };
}

function inOrder(lines: readonly string[]): Placed[] {
  const sorted = lines
    .map((line): Placed => ({ ...readEventLine(line), line, hash: hashLeaf(line) }))
    .sort((a, b) => (a.lane === b.lane ? a.seq - b.seq : a.lane < b.lane ? -1 : 1));
  return sorted.filter((event, index) => {
    const before = sorted[index - 1];
    if (before?.lane !== event.lane || before.seq !== event.seq) return true;
    if (before.line !== event.line) throw new LogError('segment-fork');
    return false;
  });
}

/** @returns the longest stretches in which every event follows the one before, by sequence and by hash */
function laneRuns(events: readonly Placed[]): LaneRun[] {
  const runs: LaneRun[] = [];
  for (const { lane, seq, prev, hash } of events) {
    const run = runs.at(-1);
    if (run && run[0] === lane && run[2] === seq - 1 && run[4] === prev) {
      run[2] = seq;
      run[4] = hash.toString('hex');
    } else runs.push([lane, seq, seq, prev, hash.toString('hex')]);
  }
  return runs;
}

function compress(ndjson: Buffer): Buffer {
  const trailer = Buffer.alloc(trailerBytes);
  trailer.writeUInt32LE(crc32(ndjson), 0);
  trailer.writeUInt32LE(ndjson.length, 4);
  return Buffer.concat([gzipHeader, deflateRawSync(ndjson, { level: 6 }), trailer]);
}

/**
 * Takes an archived object apart, strictly: one gzip member with Ward's header and nothing behind it. Other readers skip
 * zeros or go on with another member, so bytes could hide there that one reader sees and another does not.
 * @param limitBytes of the NDJSON; whoever has the segment's leaf gives its `bytes`
 * @throws LogError `segment-invalid`, `segment-trailing-data` or `segment-too-large`
 */
export function inflateSegment(bytes: Uint8Array, limitBytes = segmentBytesLimit): Buffer {
  const object = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (object.length < gzipHeader.length + trailerBytes || !object.subarray(0, gzipHeader.length).equals(gzipHeader))
    throw new LogError('segment-invalid');
  const { buffer, engine } = inflate(object.subarray(gzipHeader.length), Math.min(limitBytes, segmentBytesLimit));
  const end = gzipHeader.length + engine.bytesWritten;
  if (object.length > end + trailerBytes) throw new LogError('segment-trailing-data');
  if (object.length < end + trailerBytes) throw new LogError('segment-invalid');
  if (object.readUInt32LE(end) !== crc32(buffer) || object.readUInt32LE(end + 4) !== buffer.length)
    throw new LogError('segment-invalid');
  return buffer;
}

/** With `info`, Node tells how much of the input the stream took; its types do not say so. */
function inflate(deflated: Buffer, maxOutputLength: number): { buffer: Buffer; engine: { bytesWritten: number } } {
  try {
    const result: unknown = inflateRawSync(deflated, {
      chunkSize: Math.max(64, Math.min(maxOutputLength, deflated.length * 8)), // mostly one piece, and no copy of it
      info: true,
      maxOutputLength: Math.max(1, maxOutputLength),
    });
    if (isInflated(result)) return result;
  } catch (error) {
    const tooLarge = types.isNativeError(error) && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new LogError(tooLarge ? 'segment-too-large' : 'segment-invalid');
  }
  throw new LogError('segment-invalid');
}

function isInflated(value: unknown): value is { buffer: Buffer; engine: { bytesWritten: number } } {
  if (typeof value !== 'object' || value === null || !('buffer' in value) || !('engine' in value)) return false;
  const { buffer, engine } = value;
  return (
    Buffer.isBuffer(buffer) &&
    typeof engine === 'object' &&
    engine !== null &&
    'bytesWritten' in engine &&
    typeof engine.bytesWritten === 'number'
  );
}

/**
 * Reads a segment for its lines, as queries do; the verifier reads it against its leaf.
 * @returns the NDJSON and its lines, without line feeds
 * @throws LogError as `inflateSegment`, and `segment-invalid` when the last line does not end
 */
export function readSegment(bytes: Uint8Array): {
  readonly ndjson: Buffer;
  readonly sha256: string;
  readonly lines: readonly string[];
} {
  const ndjson = inflateSegment(bytes);
  const lines = ndjson.toString('utf8').split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw new LogError('segment-invalid');
  return { ndjson, sha256: createHash('sha256').update(ndjson).digest('hex'), lines };
}
