import { createHash } from 'node:crypto';
import type { Archive } from './archive';
import { type Finding, type FindingCode, Findings, isWarning, type LaneRange } from './finding';
import { fulfilmentMinutes, LaneLedger } from './lane-ledger';
import type { SegmentLeaf } from './leaf';
import { checkpointPrefix, isSegmentKey, leavesPrefix, readCheckpointKey, segmentPrefix, tilePrefix } from './log-keys';
import type { Tile } from './log-tree';
import { LogWalk, original } from './log-walk';
import { recheck } from './recheck';
import { inflateSegment } from './segment';
import { type SegmentJob, type SegmentReport, scanSegment } from './segment-scan';

export interface Progress {
  readonly segments: number;
  readonly ofSegments: number;
  readonly events: number;
}
export interface VerifyOptions {
  /** of the key that must vouch for the log: SHA-256 of its SubjectPublicKeyInfo, hex, known from elsewhere */
  readonly fingerprint: string;
  /** what lateness is measured against: now, or the time that an archived copy was made */
  readonly reference: Date;
  /** contents of segments whose newest event is older are not read; the log itself always is, whole */
  readonly since?: Date;
  readonly acceptAcknowledged?: boolean;
  /** checks one segment, in a worker for instance; here and now when absent */
  readonly check?: (bytes: Buffer, job: SegmentJob) => Promise<SegmentReport>;
  /** objects that are read at a time */
  readonly width?: number;
  readonly onProgress?: (progress: Progress) => void;
}
export interface Verification {
  readonly ok: boolean;
  readonly origin: string | null;
  /** the newest checkpoint that is signed and true */
  readonly checkpoint: { readonly size: number; readonly root: string; readonly at: string } | null;
  readonly epochs: number;
  readonly lanes: number;
  /** whose contents were read */
  readonly segments: number;
  readonly events: number;
  readonly findings: readonly Finding[];
  readonly counts: Partial<Record<FindingCode, number>>;
}

/**
 * Verifies an archive: completeness, order and integrity of the audit log, with nothing but the archive and the pinned
 * fingerprint. 45 CFR 164.312(b), (c)(1). docs/formats/audit-log.md has the rules; memory grows with lanes and names.
 */
export function verifyArchive(archive: Archive, options: VerifyOptions): Promise<Verification> {
  return new Verifier(archive, options).run();
}

class Verifier {
  readonly #findings = new Findings();
  readonly #add = (finding: Finding): void => this.#findings.add(finding);
  /** what is in the archive and what the log names, by a short hash of the name */
  readonly #listed = new Set<string>();
  readonly #logged = new Set<string>();
  /** objects with more than one version: which one is read */
  readonly #versions = new Map<string, string | undefined>();
  readonly #gaps: LaneRange[] = [];
  readonly #tiles = new Set<string>();
  readonly #running = new Set<Promise<void>>();
  #failure: unknown;
  #origin: string | undefined;
  #ledger: LaneLedger | undefined;
  #segments = 0;
  #events = 0;

  constructor(
    private readonly archive: Archive,
    private readonly options: VerifyOptions,
  ) {}

  async run(): Promise<Verification> {
    // Checkpoints first: whatever they cover was in the archive before, so nothing that is written meanwhile seems to be missing.
    const sizes = await this.#checkpoints();
    await this.#list();
    const walk = this.#walk(sizes);
    await walk.run(this.#width, leavesPrefix);
    await Promise.all(this.#running);
    if (this.#failure) throw this.#failure;
    for (const finding of walk.signers.judge(this.options.fingerprint)) this.#add(finding);
    this.#staleness(walk.trusted?.at);
    if (this.#ledger && !walk.broken) {
      this.#ledger.finish(this.options.reference);
      await recheck(this.#ledger.recheck(), {
        archive: this.archive,
        origin: this.#origin ?? '',
        end: sizes.at(-1) ?? 0,
        version: (key) => this.#versions.get(key),
        check: this.#check,
        report: this.#add,
      });
    }
    await this.#unlogged();
    return this.#result(walk);
  }

  get #width(): number {
    return this.options.width ?? 16;
  }

  get #check(): (bytes: Buffer, job: SegmentJob) => Promise<SegmentReport> {
    return this.options.check ?? (async (bytes, job) => scanSegment(bytes, job));
  }

  async #checkpoints(): Promise<number[]> {
    const sizes: number[] = [];
    for await (const object of this.archive.list(checkpointPrefix)) {
      const size = readCheckpointKey(object.key);
      const version = this.#original(object);
      if (size === undefined) this.#unnamed(object.key);
      else if (version !== undefined) sizes.push(size);
    }
    return sizes;
  }

  async #list(): Promise<void> {
    for await (const object of this.archive.list(segmentPrefix))
      if (this.#original(object) !== undefined && isSegmentKey(object.key)) this.#listed.add(short(object.key));
  }

  #original(object: Parameters<typeof original>[0]): string | undefined {
    const version = original(object, this.#add);
    if (object.versions.length > 1 || version === undefined) this.#versions.set(object.key, version);
    return version;
  }

  #walk(sizes: readonly number[]): LogWalk {
    return new LogWalk(
      this.archive,
      sizes,
      (object) => this.#original(object),
      (key) => this.#versions.get(key),
      this.#add,
      {
        origin: (origin) => {
          this.#origin ??= origin;
          this.#ledger ??= new LaneLedger(origin, this.#add);
        },
        segment: (index, leaf) => this.#segment(index, leaf),
        epoch: (index, leaf, first) => this.#ledger?.epoch(index, leaf, first),
        acknowledge: ({ gaps }) => this.#gaps.push(...gaps),
        tile: (tile) => this.#start(this.#tile(tile)),
      },
    );
  }

  async #segment(index: number, leaf: SegmentLeaf): Promise<void> {
    const promised = this.#ledger?.segment(index, leaf) ?? [];
    const name = short(leaf.key);
    this.#logged.add(name);
    const missing = (): void =>
      this.#add({
        code: 'SEGMENT_MISSING',
        message: 'the log names it, the archive does not have it',
        object: leaf.key,
        leaf: index,
        events: leaf.lanes.map(([lane, from, to]) => [lane, from, to]),
      });
    if (!this.#listed.has(name)) return missing();
    if (this.options.since && leaf.last < this.options.since.toISOString()) return;
    const work = async (): Promise<void> => {
      const bytes = await this.archive.read(leaf.key, this.#versions.get(leaf.key));
      if (!bytes) return missing();
      const report = await this.#check(bytes, { leaf, origin: this.#origin ?? '', promised, wanted: [] });
      for (const finding of report.findings) this.#add({ ...finding, leaf: index });
      this.#segments++;
      this.#events += report.events;
      this.options.onProgress?.({ segments: this.#segments, ofSegments: this.#listed.size, events: this.#events });
    };
    await this.#start(work());
  }

  async #tile({ key, bytes }: Tile): Promise<void> {
    this.#tiles.add(key);
    if (!(await this.archive.read(key, this.#versions.get(key)))?.equals(bytes))
      this.#add({ code: 'LOG_INCONSISTENT', message: 'the tile does not hold the hashes of the leaves', object: key });
  }

  /** Goes on at once while there is room, so that reading and checking overlap. */
  async #start(work: Promise<void>): Promise<void> {
    const tracked: Promise<void> = work
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => this.#running.delete(tracked));
    this.#running.add(tracked);
    if (this.#running.size >= this.#width) await Promise.race(this.#running);
    if (this.#failure) throw this.#failure;
  }

  #staleness(at: string | undefined): void {
    const age = at === undefined ? Number.POSITIVE_INFINITY : this.options.reference.getTime() - Date.parse(at);
    if (age > fulfilmentMinutes * 60_000)
      this.#add({
        code: 'CHECKPOINT_STALE',
        message: at === undefined ? 'there is no valid checkpoint' : `the newest valid checkpoint is of ${at}`,
      });
  }

  async #unlogged(): Promise<void> {
    for await (const object of this.archive.list(tilePrefix)) {
      original(object, this.#add);
      if (!this.#tiles.has(object.key)) this.#unnamed(object.key);
    }
    for await (const { key } of this.archive.list(segmentPrefix))
      if (!this.#logged.has(short(key))) await this.#unloggedSegment(key);
  }

  /** In flight, it has the digest of its name already; one that has not is of nobody who writes to the archive. */
  async #unloggedSegment(key: string): Promise<void> {
    const bytes = isSegmentKey(key) ? await this.archive.read(key, this.#versions.get(key)) : undefined;
    if (bytes && segmentDigest(bytes) !== /([0-9a-f]{64})\.ndjson\.gz$/.exec(key)?.[1])
      this.#add({
        code: 'SEGMENT_DIGEST_MISMATCH',
        message: 'no leaf names it, and its name is not its digest',
        object: key,
      });
    else this.#unnamed(key);
  }

  #unnamed(object: string): void {
    this.#add({ code: 'UNLOGGED_OBJECT', message: 'no leaf of the log names it (yet)', object });
  }

  #result(walk: LogWalk): Verification {
    const accepted = this.options.acceptAcknowledged === true;
    const findings = this.#findings
      .list()
      .map((finding) => (this.#isAcknowledged(finding) ? { ...finding, acknowledged: true } : finding));
    const counts = this.#findings.counts();
    const tolerated = findings.filter((finding) => isWarning(finding) || (accepted && finding.acknowledged)).length;
    const warnings = counts.UNLOGGED_OBJECT ?? 0;
    const listedWarnings = findings.filter(isWarning).length;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    return {
      ok: total - warnings === tolerated - listedWarnings,
      origin: this.#origin ?? null,
      checkpoint: walk.trusted ?? null,
      epochs: walk.epochs,
      lanes: this.#ledger?.lanes ?? 0,
      segments: this.#segments,
      events: this.#events,
      findings,
      counts,
    };
  }

  /** Two people can own up to a loss; nobody can acknowledge a forgery away. */
  #isAcknowledged({ code, events = [] }: Finding): boolean {
    const losses: readonly FindingCode[] = ['SEGMENT_MISSING', 'EVENT_GAP', 'LANE_MISSING', 'HEAD_UNFULFILLED'];
    const covers = ([lane, from, to]: LaneRange): boolean =>
      this.#gaps.some(([gapLane, first, last]) => gapLane === lane && first <= from && to <= last);
    return losses.includes(code) && events.length > 0 && events.every(covers);
  }
}

/** @returns the SHA-256 of what is compressed, hex; undefined where that is nothing that can be read */
function segmentDigest(bytes: Buffer): string | undefined {
  try {
    return createHash('sha256').update(inflateSegment(bytes)).digest('hex');
  } catch {
    return undefined;
  }
}

/** 16 bytes stand for a name of 110: millions of names are kept while the log is read. */
const short = (key: string): string => createHash('sha256').update(key).digest().toString('latin1', 0, 16);
