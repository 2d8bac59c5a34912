import { gunzipSync, gzipSync } from 'node:zlib';
import * as z from 'zod';
import { AuditError } from './audit-error';
import { applyEpoch, type EpochState, noEpoch } from './epoch';
import { decodeLeaf, type LaneRun } from './leaf';
import { LogTree, type LogTreeState, type Tile } from './log-tree';
import { hashLeaf } from './merkle';

/** What an epoch promised of a lane and the archive did not have then. */
export interface LanePromise {
  readonly seq: number;
  /** of that event */
  readonly hash: string;
  /** of the epoch */
  readonly at: string;
}
/** How far one lane is archived, by the leaves that the log has. */
export interface LaneCoverage {
  /** stretches of sequences, ascending and apart; one from 1 on when nothing is missing */
  readonly archived: readonly (readonly [from: number, to: number])[];
  /** oldest first; what was archived since is left out */
  readonly promises: readonly LanePromise[];
}

/**
 * All that the checkpointer knows. It follows from the log's leaves alone, so nothing of it is evidence and all of it can be
 * made again from the archive: what a restored table has forgotten is read there.
 */
export interface LogState {
  readonly tree: LogTreeState;
  /** of the newest checkpoint */
  readonly prev: { readonly root: string; readonly size: number };
  readonly epoch: EpochState;
  readonly coverage: ReadonlyMap<string, LaneCoverage>;
  /** fingerprint of the key that signs the next checkpoint; null before genesis */
  readonly signer: string | null;
}

export const emptyLog: LogState = {
  tree: { size: 0, pending: [] },
  prev: { root: Buffer.from(new LogTree().root()).toString('hex'), size: 0 },
  epoch: noEpoch,
  coverage: new Map(),
  signer: null,
};

/** more of them for one lane say nothing new: the oldest and the newest are kept */
const promisesPerLane = 16;
/** A lane that was retired may still move, though no instance of a function lives as long as this. */
const forgetRetiredAfterMilliseconds = 7 * 24 * 60 * 60 * 1000;

export interface Appended {
  readonly state: LogState;
  /** that became full */
  readonly tiles: readonly Tile[];
  readonly size: number;
  readonly root: Buffer;
  /** fingerprint of the key that signs over these leaves */
  readonly signer: string;
}

/**
 * Appends the leaves of one checkpoint.
 * @param lines encoded leaves
 * @throws AuditError `log-contradicted` when they do not begin with a genesis, or begin with another
 */
export function appendLeaves(state: LogState, lines: readonly string[]): Appended {
  const tree = LogTree.restore(state.tree);
  const coverage = new Map(state.coverage);
  const tiles: Tile[] = [];
  let { epoch, signer } = state;
  let next = signer;
  for (const line of lines) {
    const leaf = decodeLeaf(line);
    if ((leaf.type === 'genesis') !== (tree.size === 0)) throw new AuditError('log-contradicted');
    tiles.push(...tree.append(hashLeaf(line)));
    if (leaf.type === 'genesis') next = signer = leaf.keys[0]?.fingerprint ?? null;
    // The checkpoint over the announcement is still signed by the key before.
    if (leaf.type === 'key') next = leaf.fingerprint;
    if (leaf.type === 'segment') for (const run of leaf.lanes) archive(coverage, run);
    if (leaf.type === 'epoch') {
      epoch = forget(applyEpoch(epoch, leaf));
      for (const [lane, seq, hash] of leaf.heads) promise(coverage, lane, { seq, hash, at: leaf.at });
    }
  }
  if (signer === null) throw new AuditError('log-contradicted');
  const knows = ({ open, retired }: EpochState, lane: string) => open.has(lane) || retired.has(lane);
  // A segment may come before the first epoch that names its lane: only what was known once is forgotten.
  for (const lane of coverage.keys()) if (knows(state.epoch, lane) && !knows(epoch, lane)) coverage.delete(lane);
  const root = tree.root();
  return {
    state: { tree: tree.state(), prev: { root: root.toString('hex'), size: tree.size }, epoch, coverage, signer: next },
    tiles,
    size: tree.size,
    root,
    signer,
  };
}

/** @returns the sequence up to which nothing of a lane is missing in the archive */
export function archivedTo(state: LogState, lane: string): number {
  const first = state.coverage.get(lane)?.archived[0];
  return first?.[0] === 1 ? first[1] : 0;
}

/** @returns the furthest sequence of a lane that was promised or archived; 0 when the state does not know the lane, or no more */
export function furthest({ epoch, coverage }: LogState, lane: string): number {
  const promised = epoch.open.get(lane) ?? epoch.retired.get(lane);
  return Math.max(promised?.seq ?? 0, coverage.get(lane)?.archived.at(-1)?.[1] ?? 0);
}

/** Stretches of sequences that an epoch promised and the archive has not. */
export interface MissingRun {
  readonly lane: string;
  readonly from: number;
  readonly to: number;
  /** what epochs said of the lane that the archive does not keep yet, oldest first */
  readonly promises: readonly LanePromise[];
}

/** @returns what has been missing since before `since`, lane by lane */
export function missingSince(state: LogState, since: Date): MissingRun[] {
  const limit = since.toISOString();
  return [...state.coverage].flatMap(([lane, { archived, promises }]) => {
    const due = promises.filter(({ at }) => at <= limit).at(-1)?.seq ?? 0;
    const gaps: MissingRun[] = [];
    let next = 1;
    for (const [from, to] of archived) {
      if (from > next && next <= due) gaps.push({ lane, from: next, to: Math.min(from - 1, due), promises });
      next = to + 1;
    }
    if (next <= due) gaps.push({ lane, from: next, to: due, promises });
    return gaps;
  });
}

/** @returns when the oldest promise was made that the archive does not keep yet */
export function oldestPromise(state: LogState): string | undefined {
  let oldest: string | undefined;
  for (const { promises } of state.coverage.values())
    if (promises[0] && (oldest === undefined || promises[0].at < oldest)) oldest = promises[0].at;
  return oldest;
}

function archive(coverage: Map<string, LaneCoverage>, [lane, from, to]: LaneRun): void {
  const known = coverage.get(lane);
  const archived: [number, number][] = [];
  for (const [start, end] of [...(known?.archived ?? []), [from, to] as const].sort(([a], [b]) => a - b)) {
    const last = archived.at(-1);
    if (last && start <= last[1] + 1) last[1] = Math.max(last[1], end);
    else archived.push([start, end]);
  }
  coverage.set(lane, kept({ archived, promises: known?.promises ?? [] }));
}

function promise(coverage: Map<string, LaneCoverage>, lane: string, made: LanePromise): void {
  const { archived = [], promises = [] } = coverage.get(lane) ?? {};
  const newest = promises.at(-1);
  const all = newest && newest.seq >= made.seq ? promises : [...promises, made];
  const few =
    all.length > promisesPerLane ? [...all.slice(0, promisesPerLane / 2), ...all.slice(-promisesPerLane / 2)] : all;
  coverage.set(lane, kept({ archived, promises: few }));
}

/** leaves out promises that the archive keeps */
function kept({ archived, promises }: LaneCoverage): LaneCoverage {
  const whole = archived[0]?.[0] === 1 ? archived[0][1] : 0;
  return { archived, promises: promises.filter(({ seq }) => seq > whole) };
}

function forget(epoch: EpochState): EpochState {
  if (epoch.at === null) return epoch;
  const limit = new Date(Date.parse(epoch.at) - forgetRetiredAfterMilliseconds).toISOString();
  if (![...epoch.retired.values()].some(({ movedAt }) => movedAt < limit)) return epoch;
  return { ...epoch, retired: new Map([...epoch.retired].filter(([, { movedAt }]) => movedAt >= limit)) };
}

const openLane = z.object({ seq: z.int(), hash: z.string(), movedAt: z.string() });
const lanes = z.array(z.tuple([z.string(), openLane]));
const stored = z.object({
  tree: z.object({ size: z.int(), pending: z.array(z.string()) }),
  prev: z.object({ root: z.string(), size: z.int() }),
  epoch: z.object({ n: z.int(), at: z.string().nullable(), open: lanes, retired: lanes }),
  coverage: z.array(
    z.tuple([
      z.string(),
      z.object({
        archived: z.array(z.tuple([z.int(), z.int()])),
        promises: z.array(z.object({ seq: z.int(), hash: z.string(), at: z.string() })),
      }),
    ]),
  ),
  signer: z.string().nullable(),
});

export function encodeState({ epoch, coverage, ...rest }: LogState): Buffer {
  const value: z.input<typeof stored> = {
    ...rest,
    tree: { ...rest.tree, pending: [...rest.tree.pending] },
    epoch: { ...epoch, open: [...epoch.open], retired: [...epoch.retired] },
    coverage: [...coverage].map(([lane, { archived, promises }]) => [
      lane,
      { archived: archived.map(([from, to]) => [from, to]), promises: [...promises] },
    ]),
  };
  return gzipSync(JSON.stringify(value));
}

/** @throws ZodError or Error when it is not what encodeState gave */
export function decodeState(bytes: Uint8Array): LogState {
  const { epoch, coverage, ...rest } = stored.parse(JSON.parse(gunzipSync(bytes).toString('utf8')));
  return {
    ...rest,
    epoch: { ...epoch, open: new Map(epoch.open), retired: new Map(epoch.retired) },
    coverage: new Map(coverage),
  };
}
