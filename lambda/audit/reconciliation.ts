import type { ArchiveStore } from './archive-store';
import { AuditError } from './audit-error';
import { readEventLine } from './event-line';
import { leafHash } from './lane';
import { segmentPrefix } from './log-keys';
import { type LogState, type MissingRun, missingSince } from './log-state';
import type { OutboxReader, StoredEvent } from './outbox-reader';
import type { Sealing } from './sealing';
import { buildSegment, readSegment, type Segment } from './segment';

export interface ReconciliationOptions {
  readonly archive: ArchiveStore;
  readonly outbox: OutboxReader;
  readonly sealing: Sealing;
  /** where the log stands */
  readonly state: () => Promise<LogState>;
  readonly clock: () => Date;
}
export interface ReconciliationReport {
  /** events that were sealed again from the outbox */
  readonly resealed: number;
  /** segments that lay in the archive without the log knowing of them */
  readonly requeued: number;
  /** lanes whose events in the outbox are not those that an epoch promised: none of them was sealed */
  readonly contradicted: readonly string[];
  /** what is neither in the outbox nor in the archive */
  readonly lost: readonly MissingRun[];
}

/** What was promised less long ago is on its way: a batch gathers for a minute and its leaf waits for the next one. */
const graceMilliseconds = 10 * 60 * 1000;
const hourMilliseconds = 60 * 60 * 1000;
const hoursSearched = 48;
const linesPerSegment = 1000;

/**
 * Seals what the outbox has and the archive has not. A stream keeps its records for a day and a batch may be given up; the
 * outbox keeps events for 180. Only what an epoch promised is sealed here, back from the promised hash: whoever could
 * change the outbox cannot have another event sealed this way.
 */
export class Reconciliation {
  constructor(private readonly options: ReconciliationOptions) {}

  async run(): Promise<ReconciliationReport> {
    const { clock, outbox, sealing } = this.options;
    const since = new Date(clock().getTime() - graceMilliseconds);
    const contradicted = new Set<string>();
    const sealable: string[] = [];
    const absent: MissingRun[] = [];
    for (const missing of missingSince(await this.options.state(), since)) {
      const events = await outbox.events(missing.lane, missing.from, missing.promises.at(-1)?.seq ?? missing.to);
      if (!asPromised(missing, events)) {
        contradicted.add(missing.lane);
        continue;
      }
      const found = events.filter(({ seq }) => seq <= missing.to);
      sealable.push(...found.map(({ line }) => line));
      absent.push(...without(missing, found));
    }
    for (let first = 0; first < sealable.length; first += linesPerSegment)
      await sealing.seal(sealable.slice(first, first + linesPerSegment));
    const { requeued, lost } = await this.#findInArchive(absent);
    return { resealed: sealable.length, requeued, contradicted: [...contradicted], lost };
  }

  /** A table that was restored may have forgotten a segment that waited for the log: it is archived all the same. */
  async #findInArchive(absent: readonly MissingRun[]): Promise<{ requeued: number; lost: readonly MissingRun[] }> {
    let lost = absent;
    let requeued = 0;
    for (const hour of hoursOf(absent))
      for await (const key of this.options.archive.list(`${segmentPrefix}${hour}/`)) {
        if (lost.length === 0) return { requeued, lost };
        const segment = await this.#read(key);
        const left = lost.flatMap((missing) => withoutRuns(missing, segment));
        if (left.length === lost.length && left.every((run, index) => run === lost[index])) continue;
        await this.options.sealing.queue(segment);
        requeued++;
        lost = left;
      }
    return { requeued, lost };
  }

  /** @throws LogError or AuditError when the object is not the segment of its name */
  async #read(key: string): Promise<Segment> {
    const bytes = await this.options.archive.get(key);
    const segment = bytes && buildSegment(readSegment(bytes).lines);
    if (segment?.key !== key) throw new AuditError('archive-contradicted');
    return segment;
  }
}

/** @returns whether events are what they were hashed as, follow each other, and are those that epochs promised */
function asPromised({ lane, promises }: MissingRun, events: readonly StoredEvent[]): boolean {
  const promised = new Map(promises.map(({ seq, hash }) => [seq, hash]));
  return events.every(({ seq, hash, line }, index) => {
    const before = events[index - 1];
    const said = readEventLine(line);
    return (
      leafHash(line) === hash &&
      said.lane === lane &&
      said.seq === seq &&
      (before?.seq !== seq - 1 || before.hash === said.prev) &&
      (promised.get(seq) ?? hash) === hash
    );
  });
}

/** @returns what of a run is not among the events */
function without(missing: MissingRun, events: readonly StoredEvent[]): MissingRun[] {
  const present = new Set(events.map(({ seq }) => seq));
  const runs: MissingRun[] = [];
  for (let seq = missing.from; seq <= missing.to; seq++) {
    if (present.has(seq)) continue;
    const last = runs.at(-1);
    if (last && last.to === seq - 1) runs[runs.length - 1] = { ...last, to: seq };
    else runs.push({ ...missing, from: seq, to: seq });
  }
  return runs;
}

/** @returns what of a run a segment does not hold; the run itself when it holds none of it */
function withoutRuns(missing: MissingRun, { leaf }: Segment): MissingRun[] {
  let left = [missing];
  for (const [lane, from, to] of leaf.lanes) {
    if (lane !== missing.lane) continue;
    left = left.flatMap((run) => {
      if (to < run.from || from > run.to) return [run];
      return [
        { ...run, to: from - 1 },
        { ...run, from: to + 1 },
      ].filter((part) => part.from <= part.to);
    });
  }
  return left;
}

/** @returns `dt=…/hr=…` of the hours in which what is missing can have been sealed, oldest first, at most two days of them */
function hoursOf(absent: readonly MissingRun[]): string[] {
  const times = absent.flatMap(({ promises }) => promises.map(({ at }) => Date.parse(at)));
  if (times.length === 0) return [];
  const first = Math.min(...times) - hourMilliseconds;
  const last = Math.min(Math.max(...times) + 2 * hourMilliseconds, first + hoursSearched * hourMilliseconds);
  const hours: string[] = [];
  for (let time = first - (first % hourMilliseconds); time <= last; time += hourMilliseconds) {
    const at = new Date(time).toISOString();
    hours.push(`dt=${at.slice(0, 10)}/hr=${at.slice(11, 13)}`);
  }
  return hours;
}
