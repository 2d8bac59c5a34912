import { applyEpoch, type EpochState, nextEpoch, noEpoch, type OutboxLane } from '../../lambda/audit/epoch';
import { decodeLeaf, encodeLeaf } from '../../lambda/audit/leaf';
import { uuidOf } from './archive';

const at = (time: string): Date => new Date(`2026-11-${time}:00.000Z`);
const hashOf = (n: number): string => n.toString(16).padStart(64, '0');
const lane = (n: number, seq: number, hash = hashOf(n * 1000 + seq)): OutboxLane => ({
  lane: uuidOf(n),
  seq,
  hash,
  function: 'ward-records',
  openedAt: '2026-11-23T11:00:00.000Z',
});
const prev = { root: hashOf(0), size: 0 };

function run(state: EpochState, now: Date, lanes: readonly OutboxLane[], archived = Number.MAX_SAFE_INTEGER) {
  const { leaf, contradicted } = nextEpoch(state, { now, lanes, archivedTo: () => archived, prev });
  expect(decodeLeaf(encodeLeaf(leaf))).toEqual(leaf);
  return { leaf, contradicted, state: applyEpoch(state, leaf) };
}
const first = run(noEpoch, at('23T12:00'), [lane(2, 5), lane(1, 3)]);

test('the first epoch opens what the outbox registered and promises its heads, in order', () => {
  expect(first.leaf).toMatchObject({
    n: 1,
    opened: [uuidOf(1), uuidOf(2)].map((id) => [id, 'ward-records', '2026-11-23T11:00:00.000Z']),
    heads: [
      [uuidOf(1), 3, hashOf(1003)],
      [uuidOf(2), 5, hashOf(2005)],
    ],
    retired: [],
  });
});

test('later epochs tell of lanes that moved or are new alone', () => {
  const { leaf } = run(first.state, at('23T12:01'), [lane(1, 3), lane(2, 6), lane(3, 1)]);
  expect(leaf.n).toBe(2);
  expect(leaf.heads.map(([id, seq]) => [id, seq])).toEqual([
    [uuidOf(2), 6],
    [uuidOf(3), 1],
  ]);
  expect(leaf.opened.map(([id]) => id)).toEqual([uuidOf(3)]);
});

test('the first epoch of a UTC day lists every open lane, those too that the outbox has forgotten', () => {
  const { leaf } = run(first.state, at('24T00:00'), [lane(2, 6)]);
  expect(leaf.heads).toEqual([
    [uuidOf(1), 3, hashOf(1003)],
    [uuidOf(2), 6, hashOf(2006)],
  ]);
  expect(run(first.state, at('23T23:59'), [lane(2, 6)]).leaf.heads).toHaveLength(1);
});

test('tables that were restored take no promise back', () => {
  const { leaf, contradicted, state } = run(first.state, at('23T12:01'), [lane(1, 2), lane(2, 4)]);
  expect([leaf.heads, contradicted]).toEqual([[], []]);
  expect(state.open.get(uuidOf(1))).toMatchObject({ seq: 3, hash: hashOf(1003) });
});

test('another event at a promised place is never signed, and named for an alarm', () => {
  const { leaf, contradicted } = run(first.state, at('23T12:01'), [lane(1, 3, hashOf(9)), lane(2, 6)]);
  expect(leaf.heads.map(([id]) => id)).toEqual([uuidOf(2)]);
  expect(contradicted).toEqual([uuidOf(1)]);
});

test('a lane retires after 24 hours without an event, and not before it is archived', () => {
  const lanes = [lane(1, 3), lane(2, 5)];
  expect(run(first.state, at('24T11:59'), lanes).leaf.retired).toEqual([]);
  expect(run(first.state, at('24T12:00'), lanes, 4).leaf.retired).toEqual([[uuidOf(1), 3, hashOf(1003)]]);
  const { leaf, state } = run(first.state, at('24T12:00'), lanes);
  expect(leaf.retired).toHaveLength(2);
  expect([state.open.size, state.retired.size]).toEqual([0, 2]);
  expect(run(state, at('24T12:01'), lanes).leaf).toMatchObject({ heads: [], opened: [], retired: [] });
  const again = run(state, at('24T12:01'), [lane(1, 4)]);
  expect(again.leaf.heads).toEqual([[uuidOf(1), 4, hashOf(1004)]]);
  expect([again.state.open.size, again.state.retired.size]).toEqual([1, 1]);
});

test('a clock that was set back does not turn the time of the log', () => {
  expect(run(first.state, at('23T11:00'), []).leaf.at).toBe(first.leaf.at);
});
