import { hash as digest } from 'node:crypto';
import { eventPattern } from './event-line';
import type { Finding, FindingCode } from './finding';
import type { LaneHeadLeaf, LaneRun, SegmentLeaf } from './leaf';
import { LogError } from './log-error';
import { segmentKey } from './log-keys';
import { inflateSegment } from './segment';

/** A segment to be held against its leaf. */
export interface SegmentJob {
  readonly leaf: SegmentLeaf;
  /** of the log: every event must name it */
  readonly origin: string;
  /** what epochs promised of events in it */
  readonly promised: readonly LaneHeadLeaf[];
  /** events whose hashes are wanted, because another segment has them too */
  readonly wanted: readonly (readonly [lane: string, from: number, to: number])[];
}
export interface SegmentReport {
  readonly findings: readonly Finding[];
  readonly hashes: readonly LaneHeadLeaf[];
  readonly events: number;
}

/**
 * Checks one segment: bytes, lines, order, chain and Merkle root, against what its leaf says. This is the hot path of
 * verification, about 6 µs an event: a line is read by one expression, hashed where it stands, and hashed up the tree.
 */
export function scanSegment(bytes: Uint8Array, job: SegmentJob): SegmentReport {
  const { leaf } = job;
  const failed = (code: FindingCode, message: string): SegmentReport => ({
    findings: [{ code, message, object: leaf.key, events: leaf.lanes.map(([lane, from, to]) => [lane, from, to]) }],
    hashes: [],
    events: 0,
  });
  let ndjson: Buffer;
  try {
    ndjson = inflateSegment(bytes, leaf.bytes);
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    return error.code === 'segment-trailing-data'
      ? failed('SEGMENT_TRAILING_DATA', 'bytes follow the end of the compressed data')
      : failed('SEGMENT_DIGEST_MISMATCH', 'the object cannot be decompressed to what was sealed');
  }
  if (ndjson.length !== leaf.bytes || digest('sha256', ndjson, 'hex') !== leaf.sha256)
    return failed('SEGMENT_DIGEST_MISMATCH', 'the content is not what was sealed');
  return new Scan(ndjson, job).report();
}

class Scan {
  readonly #findings: Finding[] = [];
  readonly #hashes: LaneHeadLeaf[] = [];
  readonly #runs: LaneRun[] = [];
  readonly #tree = new HexTree();
  readonly #promised = new Map<string, Map<number, string>>();
  #events = 0;
  #oldest = '';
  #newest = '';

  constructor(
    private readonly ndjson: Buffer,
    private readonly job: SegmentJob,
  ) {
    for (const [lane, seq, hash] of job.promised) {
      const places = this.#promised.get(lane) ?? new Map<number, string>();
      this.#promised.set(lane, places.set(seq, hash));
    }
  }

  report(): SegmentReport {
    if (this.#lines()) this.#compare();
    return { findings: this.#findings, hashes: this.#hashes, events: this.#events };
  }

  /** @returns whether all lines could be read */
  #lines(): boolean {
    const { ndjson } = this;
    const firstLine = Buffer.concat([Uint8Array.of(0), ndjson.subarray(0, ndjson.indexOf(10))]);
    for (let start = 0; start < ndjson.length; ) {
      const end = ndjson.indexOf(10, start);
      // A character beyond ASCII becomes two that no pattern takes, so Latin-1 is as strict as UTF-8 and faster.
      const match = end < 0 ? null : eventPattern.exec(ndjson.toString('latin1', start, end));
      if (!match) {
        this.#add('EVENT_CHAIN_BROKEN', `line ${this.#events + 1} is not an event in canonical form`);
        return false;
      }
      // The 0x00 of RFC 6962 takes the place of the line feed before the line, which has served its turn.
      if (start > 0) ndjson[start - 1] = 0;
      const hash = digest('sha256', start > 0 ? ndjson.subarray(start - 1, end) : firstLine, 'hex');
      this.#event(match, hash);
      this.#tree.append(hash);
      start = end + 1;
    }
    return true;
  }

  #event(match: RegExpExecArray, hash: string): void {
    const [, at = '', , lane = '', origin, prev = ''] = match;
    const seq = Number(match[6]);
    this.#events++;
    if (this.#oldest === '' || at < this.#oldest) this.#oldest = at;
    if (at > this.#newest) this.#newest = at;
    if (origin !== this.job.origin) this.#add('LOG_INCONSISTENT', 'an event of another log', [lane, seq, seq]);
    const run = this.#runs.at(-1);
    if (run && run[0] === lane && run[2] === seq - 1 && run[4] === prev) {
      run[2] = seq;
      run[4] = hash;
    } else {
      if (run && run[0] === lane && run[2] === seq)
        this.#add('EVENT_FORK', 'two events at one place of a lane', [lane, seq, seq]);
      else if (run && (run[0] > lane || (run[0] === lane && run[2] > seq)))
        this.#add('EVENT_CHAIN_BROKEN', 'events are not in order', [lane, seq, seq]);
      this.#runs.push([lane, seq, seq, prev, hash]);
    }
    const promised = this.#promised.get(lane)?.get(seq);
    if (promised !== undefined && promised !== hash)
      this.#add('EVENT_FORK', 'an epoch promised another event at this place', [lane, seq, seq]);
    for (const [wanted, from, to] of this.job.wanted)
      if (wanted === lane && from <= seq && seq <= to) this.#hashes.push([lane, seq, hash]);
  }

  #compare(): void {
    const { leaf } = this.job;
    if (this.#tree.root() !== leaf.root) this.#add('SEGMENT_ROOT_MISMATCH', 'the lines have another Merkle root');
    const same =
      leaf.events === this.#events &&
      leaf.first === this.#oldest &&
      leaf.last === this.#newest &&
      leaf.key === segmentKey(this.#newest, leaf.sha256) &&
      JSON.stringify(leaf.lanes) === JSON.stringify(this.#runs);
    if (!same) this.#add('LOG_INCONSISTENT', 'the leaf tells of other events than the segment holds');
  }

  #add(code: FindingCode, message: string, ...events: (readonly [string, number, number])[]): void {
    this.#findings.push({ code, message, object: this.job.leaf.key, ...(events.length > 0 ? { events } : {}) });
  }
}

/** As `CompactRange` in merkle.ts, over hex: half of the time there goes into making buffers. A test holds them together. */
export class HexTree {
  readonly #peaks: { readonly height: number; readonly hash: string }[] = [];
  readonly #node = Buffer.alloc(65, 1);

  append(leaf: string): void {
    let hash = leaf;
    let height = 0;
    for (let last = this.#peaks.at(-1); last?.height === height; last = this.#peaks.at(-1), height++) {
      this.#peaks.pop();
      hash = this.#join(last.hash, hash);
    }
    this.#peaks.push({ height, hash });
  }

  root(): string {
    let root: string | undefined;
    for (const { hash } of this.#peaks.toReversed()) root = root === undefined ? hash : this.#join(hash, root);
    return root ?? digest('sha256', '', 'hex');
  }

  #join(left: string, right: string): string {
    this.#node.write(left, 1, 'hex');
    this.#node.write(right, 33, 'hex');
    return digest('sha256', this.#node, 'hex');
  }
}
