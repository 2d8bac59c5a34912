import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { EpochLeaf, Leaf, SegmentLeaf } from '../../lambda/audit/leaf';
import { encodeLeaf } from '../../lambda/audit/leaf';
import {
  appendLeaves,
  archivedTo,
  decodeState,
  emptyLog,
  encodeState,
  furthest,
  type LogState,
  missingSince,
  oldestPromise,
} from '../../lambda/audit/log-state';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const laneOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const key = (name: string) => ({ fingerprint: sha(name), public: Buffer.from(name).toString('base64') });

const genesis: Leaf = {
  at: at(0),
  format: sha('page'),
  keys: [key('one')],
  origin: 'ward/example/test',
  type: 'genesis',
  v: 1,
};
const segment = (...runs: (readonly [lane: number, from: number, to: number])[]): SegmentLeaf => {
  const sha256 = sha(JSON.stringify(runs));
  return {
    bytes: 1,
    events: 1,
    first: at(0),
    key: `v1/segments/dt=2026-01-01/hr=00/${sha256}.ndjson.gz`,
    lanes: runs.map(([lane, from, to]) => [laneOf(lane), from, to, sha('p'), sha('h')]),
    last: at(0),
    root: sha('root'),
    sha256,
    type: 'segment',
    v: 1,
  };
};
const epoch = (n: number, minute: number, ...heads: (readonly [lane: number, seq: number])[]): EpochLeaf => ({
  at: at(minute),
  heads: heads.map(([lane, seq]) => [laneOf(lane), seq, sha(`${lane}/${seq}`)]),
  n,
  opened: [],
  prev: { root: sha('prev'), size: 0 },
  retired: [],
  type: 'epoch',
  v: 1,
});
const append = (state: LogState, ...leaves: Leaf[]): LogState => appendLeaves(state, leaves.map(encodeLeaf)).state;

test('what is promised and not archived is missing, from its oldest promise on, and gone when it arrives', () => {
  let state = append(emptyLog, genesis, segment([1, 1, 2]), epoch(1, 1, [1, 5], [2, 1]));
  expect(archivedTo(state, laneOf(1))).toBe(2);
  expect(oldestPromise(state)).toBe(at(1));
  const runs = (minute: number) =>
    missingSince(state, new Date(at(minute))).map(({ lane, from, to }) => [lane, from, to]);
  expect(runs(0)).toEqual([]);
  expect(runs(1)).toEqual([
    [laneOf(1), 3, 5],
    [laneOf(2), 1, 1],
  ]);
  state = append(state, segment([1, 4, 9], [2, 1, 1]), epoch(2, 2, [1, 9]));
  expect(runs(2)).toEqual([[laneOf(1), 3, 3]]);
  state = append(state, segment([1, 3, 3]), epoch(3, 3));
  expect(runs(3)).toEqual([]);
  expect(oldestPromise(state)).toBeUndefined();
  expect(archivedTo(state, laneOf(1))).toBe(9);
});

test('a key announces the next one: the checkpoint over the announcement is signed by the key before', () => {
  const first = appendLeaves(emptyLog, [genesis, epoch(1, 1)].map(encodeLeaf));
  expect(first.signer).toBe(sha('one'));
  const announced = appendLeaves(
    first.state,
    [{ at: at(2), ...key('two'), type: 'key', v: 1 } as const, epoch(2, 2)].map(encodeLeaf),
  );
  expect(announced.signer).toBe(sha('one'));
  expect(appendLeaves(announced.state, [encodeLeaf(epoch(3, 3))]).signer).toBe(sha('two'));
});

test.each<[string, () => unknown]>([
  ['begins with anything but a genesis', () => append(emptyLog, epoch(1, 1))],
  ['has a second genesis', () => append(append(emptyLog, genesis), genesis)],
])('a log that %s is refused', (_, run) => {
  expect(run).toThrow(expect.objectContaining({ code: 'log-contradicted' }));
});

test('however leaves are cut into checkpoints, and whenever the state was stored, the log is the same', () => {
  const leaves = fc.array(
    fc.oneof(
      fc
        .tuple(fc.nat(3), fc.integer({ min: 1, max: 20 }), fc.nat(5))
        .map(([l, from, n]) => segment([l, from, from + n])),
      fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 25 })).map(([l, seq]) => epoch(1, seq, [l, seq])),
    ),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(leaves, fc.array(fc.nat(300), { maxLength: 5 }), (all, cuts) => {
      const whole = append(emptyLog, genesis, ...all);
      let state = append(emptyLog, genesis);
      const ends = [...cuts, all.length].map((cut) => Math.min(cut, all.length)).sort((a, b) => a - b);
      let done = 0;
      for (const end of ends) {
        state = append(decodeState(encodeState(state)), ...all.slice(done, end));
        done = end;
      }
      expect(state.tree).toEqual(whole.tree);
      expect(state.prev).toEqual(whole.prev);
      expect(state.epoch).toEqual(whole.epoch);
      for (let lane = 0; lane <= 3; lane++)
        expect(archivedTo(state, laneOf(lane))).toBe(archivedTo(whole, laneOf(lane)));
    }),
    { numRuns: 50 },
  );
});

test('how far a lane went is known by promises and segments, retired or not, until it is forgotten', () => {
  const retired = { ...epoch(2, 2 * 24 * 60), retired: epoch(2, 0, [1, 5]).heads };
  let state = append(emptyLog, genesis, segment([1, 1, 5], [3, 7, 9]), epoch(1, 1, [1, 5], [2, 4]));
  const known = () => [1, 2, 3, 4].map((lane) => furthest(state, laneOf(lane)));
  expect(known()).toEqual([5, 4, 9, 0]);
  state = append(state, retired);
  expect(known()).toEqual([5, 4, 9, 0]);
  state = append(state, epoch(3, 12 * 24 * 60));
  expect(known()).toEqual([0, 4, 9, 0]);
});

test('a loss that two people named changes nothing of what the archive is known to lack', () => {
  const state = append(emptyLog, genesis, segment([1, 1, 2]), epoch(1, 1, [1, 5]));
  const acknowledge: Leaf = {
    at: at(2),
    by: [laneOf(7), laneOf(8)],
    gaps: [[laneOf(1), 3, 5]],
    reason: 'explained',
    type: 'acknowledge',
    v: 1,
  };
  const after = append(state, acknowledge, epoch(2, 2));
  expect(after.tree.size).toBe(state.tree.size + 2);
  expect(after.coverage).toEqual(state.coverage);
  expect(missingSince(after, new Date(at(60)))).toEqual(missingSince(state, new Date(at(60))));
});
