import type { Finding, FindingCode, LaneRange } from './finding';
import { laneStart } from './lane';
import type { EpochLeaf, LaneHeadLeaf, LaneRun, SegmentLeaf } from './leaf';

/** How long a promised event, a gap or the log itself may take to be filled in. */
export const fulfilmentMinutes = 15;

/** Archived events of a lane that follow each other, merged over segments. */
interface Interval {
  from: number;
  to: number;
  prev: string;
  head: string;
  /** instant of the newest event of the segments it came from */
  last: string;
}
interface Promised {
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
}
interface Lane {
  readonly intervals: Interval[];
  /** promises of events that no segment has brought yet, ascending */
  promised: Promised[];
  /** the furthest promise */
  top: Promised | undefined;
  openedAt: string | undefined;
}

/** Which events of which lane must be compared once more, since two leaves speak of them. */
export interface Recheck {
  readonly ranges: readonly LaneRange[];
  readonly promised: readonly LaneHeadLeaf[];
}

/**
 * Follows every lane through the log: what was promised, what was archived, and whether the pieces join. Memory grows with
 * the lanes, not with segments or events.
 */
export class LaneLedger {
  readonly #lanes = new Map<string, Lane>();
  readonly #open = new Set<string>();
  readonly #overlaps: LaneRange[] = [];
  readonly #late: LaneHeadLeaf[] = [];

  constructor(
    private readonly origin: string,
    private readonly report: (finding: Finding) => void,
  ) {}

  get lanes(): number {
    return this.#lanes.size;
  }

  /** @returns the promises that only the segment's own lines can show to be kept */
  segment(index: number, { lanes, last, key }: SegmentLeaf): LaneHeadLeaf[] {
    return lanes.flatMap((run) => this.#archive(index, key, run, last));
  }

  #archive(index: number, key: string, run: LaneRun, last: string): LaneHeadLeaf[] {
    const [lane, from, to, prev, head] = run;
    const state = this.#lane(lane);
    const add = (code: FindingCode, message: string, seq: number): void =>
      this.report({ code, message, object: key, leaf: index, events: [[lane, seq, seq]] });
    if (from === 1 && prev !== laneStart(this.origin, lane).hash)
      add('EVENT_CHAIN_BROKEN', 'the first event does not start its lane', 1);
    const kept: LaneHeadLeaf[] = [];
    state.promised = state.promised.filter(({ seq, hash }) => {
      if (seq < from || seq > to) return true;
      if (seq < to) kept.push([lane, seq, hash]);
      else if (hash !== head) add('EVENT_FORK', 'an epoch promised another event at this place', seq);
      return false;
    });
    this.#merge(state.intervals, { from, to, prev, head, last }, lane, add);
    return kept;
  }

  #merge(
    intervals: Interval[],
    run: Interval,
    lane: string,
    add: (code: FindingCode, message: string, seq: number) => void,
  ): void {
    const first = intervals.findIndex(({ to }) => to >= run.from - 1);
    const at = first < 0 ? intervals.length : first;
    const merged = { ...run };
    for (let other = intervals[at]; other && other.from <= run.to + 1; other = intervals[at]) {
      if (other.to === run.from - 1) {
        if (run.prev !== other.head) add('EVENT_CHAIN_BROKEN', 'an event does not follow the one before', run.from);
      } else if (other.from === run.to + 1) {
        if (other.prev !== run.head) add('EVENT_CHAIN_BROKEN', 'an event does not follow the one before', other.from);
      } else if (other.to !== run.to || other.head !== run.head) {
        // The same hash at the same end stands for all before it, through the chain. Anything else must be looked at.
        this.#overlaps.push([lane, Math.max(other.from, run.from), Math.min(other.to, run.to)]);
      }
      if (other.from < merged.from) [merged.from, merged.prev] = [other.from, other.prev];
      if (other.to > merged.to) [merged.to, merged.head] = [other.to, other.head];
      if (other.last > merged.last) merged.last = other.last;
      intervals.splice(at, 1);
    }
    intervals.splice(at, 0, merged);
  }

  /** @param first whether it is the first epoch of its UTC day, which lists all open lanes */
  epoch(index: number, epoch: EpochLeaf, first: boolean): void {
    const add = (code: FindingCode, message: string, lane: string, seq: number): void =>
      this.report({ code, message, leaf: index, events: [[lane, seq, seq]] });
    if (first) {
      const listed = new Set([...epoch.heads, ...epoch.retired].map(([lane]) => lane));
      for (const lane of this.#open)
        if (!listed.has(lane))
          add('LANE_MISSING', 'the day’s list of open lanes leaves it out', lane, this.#lane(lane).top?.seq ?? 1);
    }
    for (const [lane, , openedAt] of epoch.opened) {
      this.#lane(lane).openedAt = openedAt;
      this.#open.add(lane);
    }
    for (const [lane, seq, hash] of [...epoch.heads, ...epoch.retired]) {
      const state = this.#lane(lane);
      this.#open.add(lane);
      if (state.top && state.top.seq > seq) add('LOG_INCONSISTENT', 'an epoch takes a promise back', lane, seq);
      if (state.top?.seq === seq && state.top.hash !== hash)
        add('EVENT_FORK', 'two epochs promised different events at one place', lane, seq);
      if (!state.top || state.top.seq < seq) this.#promise(state, lane, { seq, hash, at: epoch.at }, index);
    }
    for (const [lane] of epoch.retired) this.#open.delete(lane);
  }

  #promise(state: Lane, lane: string, promised: Promised, index: number): void {
    state.top = promised;
    const { seq, hash } = promised;
    const holder = state.intervals.find(({ from, to }) => from <= seq && seq <= to);
    if (!holder) state.promised.push(promised);
    else if (seq < holder.to) this.#late.push([lane, seq, hash]);
    else if (holder.head !== hash)
      this.report({
        code: 'EVENT_FORK',
        message: 'an epoch promised another event than is archived',
        leaf: index,
        events: [[lane, seq, seq]],
      });
  }

  recheck(): Recheck {
    return { ranges: this.#overlaps, promised: this.#late };
  }

  /** @param reference the instant to measure by; what is younger than the bound may still be under way */
  finish(reference: Date): void {
    const due = new Date(reference.getTime() - fulfilmentMinutes * 60_000).toISOString();
    for (const [lane, { intervals, promised, openedAt }] of this.#lanes) {
      const overdue = promised.filter(({ at }) => at < due).at(-1);
      const archivedTo = intervals.at(-1)?.to ?? 0;
      if (archivedTo === 0 && (overdue || (openedAt !== undefined && openedAt < due)))
        this.report({
          code: 'LANE_MISSING',
          message: 'nothing of a lane that was opened is archived',
          events: [[lane, 1, overdue?.seq ?? 1]],
        });
      else if (overdue && overdue.seq > archivedTo)
        this.report({
          code: 'HEAD_UNFULFILLED',
          message: `an epoch promised events that are not archived after ${fulfilmentMinutes} minutes`,
          events: [[lane, archivedTo + 1, overdue.seq]],
        });
      for (const [index, { from, last }] of intervals.entries()) {
        const before = intervals[index - 1]?.to ?? 0;
        if (from > before + 1 && last < due)
          this.report({
            code: 'EVENT_GAP',
            message: 'later events are archived, these are not',
            events: [[lane, before + 1, from - 1]],
          });
      }
    }
  }

  #lane(lane: string): Lane {
    let state = this.#lanes.get(lane);
    if (!state) {
      state = { intervals: [], promised: [], top: undefined, openedAt: undefined };
      this.#lanes.set(lane, state);
    }
    return state;
  }
}
