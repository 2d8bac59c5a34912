import type { EpochLeaf, LaneHeadLeaf } from './leaf';

/** A lane without an event for this long, its head archived, is retired. */
const retirementHours = 24;

export interface OpenLane {
  /** the newest sequence that an epoch promised, and its hash */
  readonly seq: number;
  readonly hash: string;
  /** when an epoch last saw it move */
  readonly movedAt: string;
}
/** What the log has said of lanes so far; it follows from the epochs alone, so a checkpointer can always be rebuilt. */
export interface EpochState {
  readonly n: number;
  /** of the newest epoch; null before the first */
  readonly at: string | null;
  readonly open: ReadonlyMap<string, OpenLane>;
  readonly retired: ReadonlyMap<string, OpenLane>;
}
export const noEpoch: EpochState = { n: 0, at: null, open: new Map(), retired: new Map() };

/** The head of a lane as the outbox shows it to a consistent read. */
export interface OutboxLane {
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
  readonly function: string;
  readonly openedAt: string;
}

/** @returns the state after an epoch */
export function applyEpoch(state: EpochState, epoch: EpochLeaf): EpochState {
  const open = new Map(state.open);
  const retired = new Map(state.retired);
  for (const [lane, seq, hash] of epoch.heads) {
    const known = open.get(lane);
    if (known && known.seq >= seq) continue;
    open.set(lane, { seq, hash, movedAt: epoch.at });
    retired.delete(lane);
  }
  for (const [lane] of epoch.retired) {
    const known = open.get(lane);
    if (known) retired.set(lane, known);
    open.delete(lane);
  }
  return { n: epoch.n, at: epoch.at, open, retired };
}

/** @returns whether an epoch at `at` is the first of its UTC day */
export function beginsDay(state: Pick<EpochState, 'at'>, at: string): boolean {
  return state.at === null || state.at.slice(0, 10) !== at.slice(0, 10);
}

/**
 * Writes the next epoch. A head below what an epoch promised comes from tables that were restored: the promise stands. Another
 * event at a promised place is never signed; those lanes are returned, for an alarm.
 * @param lanes every lane of the outbox that may have moved, and all that it registered since the last epoch
 * @param archivedTo the sequence up to which a lane is archived, 0 when it is not
 */
export function nextEpoch(
  state: EpochState,
  input: {
    readonly now: Date;
    readonly lanes: readonly OutboxLane[];
    readonly archivedTo: (lane: string) => number;
    readonly prev: { readonly root: string; readonly size: number };
  },
): { readonly leaf: EpochLeaf; readonly contradicted: readonly string[] } {
  const now = input.now.toISOString();
  const at = state.at !== null && state.at > now ? state.at : now; // a clock that was set back does not turn the log's time
  const moved: LaneHeadLeaf[] = [];
  const opened: [string, string, string][] = [];
  const contradicted: string[] = [];
  for (const { lane, seq, hash, function: functionName, openedAt } of input.lanes) {
    const known = state.open.get(lane) ?? state.retired.get(lane);
    if (known?.seq === seq && known.hash !== hash) contradicted.push(lane);
    if (known && known.seq >= seq) continue;
    moved.push([lane, seq, hash]);
    if (!known) opened.push([lane, functionName, openedAt]);
  }
  const movedLanes = new Set(moved.map(([lane]) => lane));
  const idleSince = new Date(Date.parse(at) - retirementHours * 3_600_000).toISOString();
  const retired: LaneHeadLeaf[] = [];
  const still: LaneHeadLeaf[] = [];
  for (const [lane, { seq, hash, movedAt }] of state.open) {
    if (movedLanes.has(lane)) continue;
    const retires = movedAt <= idleSince && input.archivedTo(lane) >= seq;
    (retires ? retired : still).push([lane, seq, hash]);
  }
  const heads = beginsDay(state, at) ? [...moved, ...still] : moved;
  return {
    leaf: {
      at,
      heads: heads.sort(byLane),
      n: state.n + 1,
      opened: opened.sort(byLane),
      prev: input.prev,
      retired: retired.sort(byLane),
      type: 'epoch',
      v: 1,
    },
    contradicted,
  };
}

const byLane = ([a]: readonly [string, ...unknown[]], [b]: readonly [string, ...unknown[]]): number => (a < b ? -1 : 1);
