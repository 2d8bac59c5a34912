import { createHash } from 'node:crypto';
import { appendEvent, type LaneEvent, type LaneHead } from '../../lambda/audit/lane';
import type { Leaf } from '../../lambda/audit/leaf';
import { checkpointKey } from '../../lambda/audit/log-keys';
import { buildAnyway } from '../audit/anyway';
import { ArchiveBuilder, codes, draftOf, newSigner, origin, uuidOf } from '../audit/archive';

/*
 * An attacker who holds one of Ward's own roles: the sealer leaves events out or changes them, the checkpointer keeps
 * quiet about a lane. The log is signed with the right key, and yet what one of them hides another has promised.
 */
let archive: ArchiveBuilder;
beforeEach(() => {
  archive = new ArchiveBuilder();
  archive.minute([1, 2, 3], 5);
});
afterEach(() => archive.discard());

/** Time enough that nothing is under way any more. */
const settled = async (options = {}) => {
  for (let minute = 0; minute < 17; minute++) archive.minute([9], 1);
  const result = await archive.verify(options);
  return { ok: result.ok, codes: codes(result), findings: result.findings };
};
const without = (dropped: readonly (LaneEvent | undefined)[]): string[] =>
  archive.unsealed.filter((event) => !dropped.includes(event)).map(({ line }) => line);
const forget = () => {
  archive.unsealed = [];
};

test('events that are sealed out of turn, twice or late are no finding', async () => {
  const events = archive.write(1, 9).map(({ line }) => line);
  archive.seal(events.slice(6));
  archive.seal(events.slice(0, 4));
  archive.checkpoint();
  archive.seal(events.slice(2, 8));
  archive.seal(events.slice(0, 4));
  archive.checkpoint();
  expect(await settled()).toEqual({ ok: true, codes: [], findings: [] });
});

test('the sealer drops an event from the middle: EVENT_GAP', async () => {
  const events = archive.write(1, 5);
  archive.seal(without([events[2]]));
  forget();
  archive.checkpoint();
  const { ok, codes: all, findings } = await settled();
  expect([ok, all]).toEqual([false, ['EVENT_GAP']]);
  expect(findings[0]?.events).toEqual([[uuidOf(0xf0001), 8, 8]]);
});

test('the sealer drops the last events of a lane: HEAD_UNFULFILLED', async () => {
  const events = archive.write(2, 4);
  archive.seal(without([events[2], events[3]]));
  forget();
  archive.checkpoint();
  const { ok, codes: all, findings } = await settled();
  expect([ok, all]).toEqual([false, ['HEAD_UNFULFILLED']]);
  expect(findings[0]?.events).toEqual([[uuidOf(0xf0002), 8, 9]]);
});

test('what is younger than fifteen minutes may be under way', async () => {
  archive.write(2, 4);
  archive.checkpoint();
  expect(await archive.verify({ reference: new Date(archive.now.getTime() + 14 * 60_000) })).toMatchObject({
    ok: true,
  });
});

test('the sealer drops the first events of a lane: EVENT_GAP', async () => {
  const events = archive.write(4, 4);
  archive.seal(without([events[0]]));
  forget();
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: ['EVENT_GAP'] });
});

test('the sealer drops a whole lane: LANE_MISSING', async () => {
  const events = archive.write(4, 4);
  archive.write(1, 1);
  archive.seal(without(events));
  forget();
  archive.checkpoint();
  const { ok, codes: all, findings } = await settled();
  expect([ok, all]).toEqual([false, ['LANE_MISSING']]);
  expect(findings[0]?.events).toEqual([[uuidOf(0xf0004), 1, 4]]);
});

test('the checkpointer leaves an open lane out of the day’s list: LANE_MISSING', async () => {
  const hidden = uuidOf(0xf0002);
  archive.now = new Date('2026-11-23T23:59:30.000Z');
  archive.minute([1], 1);
  const list = archive.leaves().at(-1);
  expect(list?.type === 'epoch' && list.heads.length).toBe(3);
  const other = new ArchiveBuilder(archive.signer);
  other.minute([1, 2, 3], 5);
  other.now = new Date('2026-11-23T23:59:30.000Z');
  other.write(1, 1);
  other.seal();
  other.checkpoint((epoch) => ({ ...epoch, heads: epoch.heads.filter(([lane]) => lane !== hidden) }));
  expect(codes(await archive.verify())).toEqual([]);
  const result = await other.verify();
  expect(codes(result)).toEqual(['LANE_MISSING']);
  expect(result.findings[0]?.events?.[0]?.[0]).toBe(hidden);
  other.discard();
});

/** A second story for a lane, told from where its head stood. */
function retold(head: LaneHead, count: number): LaneEvent[] {
  const events: LaneEvent[] = [];
  for (let n = 0; n < count; n++)
    events.push(
      appendEvent(events.at(-1) ?? head, origin, draftOf(7_000 + n), { id: uuidOf(0xabc000 + n), at: archive.now }),
    );
  return events;
}

test('a lane that was forked, both branches archived: EVENT_FORK', async () => {
  const head = archive.write(1, 1)[0];
  const story = retold(head as LaneEvent, 2);
  archive.write(1, 4);
  archive.seal();
  archive.checkpoint();
  archive.seal(story.map(({ line }) => line));
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: ['EVENT_FORK'] });
});

test('a branch is archived in place of what an epoch promised: EVENT_FORK', async () => {
  for (const [more, name] of [
    [0, 'the promised event is the last of its segment'],
    [3, 'the promised event is inside its segment'],
  ] as const) {
    const other = new ArchiveBuilder(archive.signer);
    const [head] = other.write(1, 1);
    const story = retold(head as LaneEvent, 2 + more);
    other.write(1, 2);
    other.checkpoint();
    other.seal([head as LaneEvent, ...story].map(({ line }) => line));
    other.checkpoint((epoch) => ({ ...epoch, heads: [] }));
    expect([name, codes(await other.verify())]).toEqual([name, ['EVENT_FORK']]);
    other.discard();
  }
});

test.each([
  ['the newest event of a segment', 4],
  ['an event inside a segment', 2],
])('an epoch promises another event than was archived before it, %s: EVENT_FORK', async (_, seq) => {
  archive.write(4, 4);
  archive.seal();
  archive.checkpoint((epoch) => ({ ...epoch, heads: [[uuidOf(0xf0004), seq, '0'.repeat(64)]] }));
  const result = await archive.verify();
  expect([codes(result), result.findings[0]?.events]).toEqual([['EVENT_FORK'], [[uuidOf(0xf0004), seq, seq]]]);
});

test('an epoch that takes back or changes what an epoch promised: LOG_INCONSISTENT, EVENT_FORK', async () => {
  const lane = uuidOf(0xf0001);
  const head = archive.heads.get(lane);
  archive.checkpoint((epoch) => ({ ...epoch, heads: [[lane, 4, '0'.repeat(64)]] }));
  expect(codes(await archive.verify())).toEqual(['LOG_INCONSISTENT']);
  archive.checkpoint((epoch) => ({ ...epoch, heads: [[lane, head?.seq ?? 0, '0'.repeat(64)]] }));
  expect(codes(await archive.verify())).toEqual(['LOG_INCONSISTENT', 'EVENT_FORK']);
});

test('an event in the archive is rewritten before it is logged: EVENT_CHAIN_BROKEN', async () => {
  const [first, second, third] = archive.write(1, 3);
  const lines = [first, second, third].map((event) => event?.line ?? '');
  const changed = lines.map((line, at) => (at === 1 ? line.replace('"outcome":"permit"', '"outcome":"deny"') : line));
  expect(changed).not.toEqual(lines);
  archive.seal(changed);
  forget();
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: ['EVENT_CHAIN_BROKEN'] });
});

test('the break lies between two segments: EVENT_CHAIN_BROKEN, in whatever order they are sealed', async () => {
  for (const order of [
    [0, 1],
    [1, 0],
  ]) {
    const lines = archive.write(1, 4).map(({ line }) => line);
    const parts = [lines.slice(0, 2), lines.slice(2)];
    parts[0] = (parts[0] ?? []).map((line, at) => (at === 1 ? line.replace('"status":200', '"status":404') : line));
    for (const part of order) archive.seal(parts[part] ?? []);
    forget();
    archive.checkpoint();
  }
  const { codes: all, findings } = await settled();
  expect([all, findings.length]).toEqual([['EVENT_CHAIN_BROKEN'], 2]);
});

test('a lane that does not start where its name says: EVENT_CHAIN_BROKEN', async () => {
  const lane = uuidOf(0xf0077);
  const event = appendEvent({ lane, seq: 0, hash: '0'.repeat(64) }, origin, draftOf(1), {
    id: uuidOf(0xabc),
    at: archive.now,
  });
  archive.seal([event.line]);
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: ['EVENT_CHAIN_BROKEN'] });
});

test('a line that is no event, or not in canonical form: EVENT_CHAIN_BROKEN', async () => {
  for (const change of [
    (text: string) => text.replace('"reason":null', '"reason":"He asked me to look"'),
    (text: string) => text.replace('"v":1', '"v": 1'),
    (text: string) => text.replace(/\n$/, ''),
  ]) {
    archive.write(1, 2);
    archive.seal(undefined, (segment) => buildAnyway(segment, change(segment.ndjson.toString())));
    archive.checkpoint();
  }
  const { codes: all, findings } = await settled();
  expect([all, findings.length]).toEqual([['EVENT_CHAIN_BROKEN'], 3]);
  expect(JSON.stringify(findings)).not.toContain('asked');
});

test('lines in another order than their lanes: EVENT_CHAIN_BROKEN', async () => {
  archive.write(1, 2);
  archive.seal(undefined, (segment) =>
    buildAnyway(segment, `${segment.ndjson.toString().trimEnd().split('\n').reverse().join('\n')}\n`),
  );
  archive.checkpoint();
  expect((await settled()).codes).toContain('EVENT_CHAIN_BROKEN');
});

test('a leaf with another Merkle root than its segment’s lines: SEGMENT_ROOT_MISMATCH', async () => {
  archive.write(1, 3);
  archive.seal(undefined, (segment) => ({ ...segment, leaf: { ...segment.leaf, root: '0'.repeat(64) } }));
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: ['SEGMENT_ROOT_MISMATCH'] });
});

test('a leaf that tells of other events than its segment holds: LOG_INCONSISTENT', async () => {
  const later = new Date(archive.now.getTime() + 1000).toISOString();
  for (const change of [{ events: 4 }, { first: later }]) {
    archive.write(1, 3);
    archive.seal(undefined, (segment) => ({ ...segment, leaf: { ...segment.leaf, ...change } }));
    archive.checkpoint();
  }
  archive.write(1, 3);
  archive.seal(undefined, (segment) => ({
    ...segment,
    leaf: {
      ...segment.leaf,
      lanes: segment.leaf.lanes.map(([lane, from, to, prev]) => [lane, from, to, prev, '0'.repeat(64)]),
    },
  }));
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: expect.arrayContaining(['LOG_INCONSISTENT']) });
});

test('an event that names another log: LOG_INCONSISTENT', async () => {
  const lane = uuidOf(0xf0078);
  const start = createHash('sha256').update(`ward-audit/v1 lane\n${origin}\n${lane}\n`).digest('hex');
  const event = appendEvent({ lane, seq: 0, hash: start }, 'ward/other/local', draftOf(1), {
    id: uuidOf(0xabc),
    at: archive.now,
  });
  archive.seal([event.line]);
  archive.checkpoint();
  expect(await settled()).toMatchObject({ ok: false, codes: ['LOG_INCONSISTENT'] });
});

test('an epoch that says nothing of the log before it, or another number: LOG_INCONSISTENT', async () => {
  archive.checkpoint((epoch) => ({ ...epoch, prev: { ...epoch.prev, root: '0'.repeat(64) } }));
  expect(codes(await archive.verify())).toEqual(['LOG_INCONSISTENT']);
  const other = new ArchiveBuilder(archive.signer);
  other.minute([1]);
  other.checkpoint((epoch) => ({ ...epoch, n: 7 }));
  expect(codes(await other.verify())).toEqual(['LOG_INCONSISTENT']);
  other.discard();
});

test('what is appended without an epoch at its end, a second genesis, an epoch of an earlier time: LOG_INCONSISTENT', async () => {
  const acknowledged: Leaf = {
    at: archive.now.toISOString(),
    by: [uuidOf(1), uuidOf(2)],
    gaps: [[uuidOf(3), 1, 1]],
    reason: 'known',
    type: 'acknowledge',
    v: 1,
  };
  const [genesis] = archive.leaves();
  const story: readonly ((other: ArchiveBuilder) => void)[] = [
    (other) => other.checkpoint(() => acknowledged),
    (other) => other.queue(genesis ?? acknowledged),
    (other) => other.checkpoint((epoch) => ({ ...epoch, at: '2026-11-23T12:00:30.000Z' })),
  ];
  for (const [index, tell] of story.entries()) {
    const other = new ArchiveBuilder(archive.signer);
    other.minute([1]);
    tell(other);
    if (index === 1) other.checkpoint();
    expect([index, codes(await other.verify())]).toEqual([index, ['LOG_INCONSISTENT']]);
    other.discard();
  }
});

test('a loss that two people acknowledged passes only when that is accepted, and is told all the same', async () => {
  const lane = uuidOf(0xf0001);
  const lost = archive.write(1, 3);
  archive.write(1, 2);
  archive.seal(without(lost));
  forget();
  archive.checkpoint();
  archive.queue({
    at: archive.now.toISOString(),
    by: [uuidOf(1), uuidOf(2)],
    gaps: [[lane, 6, 8]],
    reason: 'stream-expired',
    type: 'acknowledge',
    v: 1,
  });
  archive.checkpoint();
  const strict = await settled();
  expect(strict).toMatchObject({ ok: false, codes: ['EVENT_GAP'], findings: [{ acknowledged: true }] });
  const accepting = await archive.verify({ acceptAcknowledged: true });
  expect(accepting).toMatchObject({ ok: true, findings: [{ code: 'EVENT_GAP', acknowledged: true }] });
  archive.write(1, 2);
  archive.seal(archive.unsealed.slice(1).map(({ line }) => line));
  forget();
  archive.checkpoint();
  expect(await settled({ acceptAcknowledged: true })).toMatchObject({ ok: false, codes: ['EVENT_GAP'] });
});

test('a forgery cannot be acknowledged away', async () => {
  const [first, second] = archive.write(1, 2);
  archive.seal([
    first?.line ?? '',
    (second?.line ?? '').replace('"mfa":true', '"mfa":false').replace(/"prev":"\w+"/, `"prev":"${'0'.repeat(64)}"`),
  ]);
  forget();
  archive.queue({
    at: archive.now.toISOString(),
    by: [uuidOf(1), uuidOf(2)],
    gaps: [[uuidOf(0xf0001), 1, 1000]],
    reason: 'known',
    type: 'acknowledge',
    v: 1,
  });
  archive.checkpoint();
  const result = await archive.verify({ acceptAcknowledged: true });
  expect(result.ok).toBe(false);
  expect(codes(result)).toContain('EVENT_CHAIN_BROKEN');
});

describe('keys that follow each other', () => {
  const announce = (signer = newSigner()) => {
    archive.queue({
      at: archive.now.toISOString(),
      fingerprint: signer.fingerprint,
      public: signer.spki.toString('base64'),
      type: 'key',
      v: 1,
    });
    archive.checkpoint();
    archive.key = signer;
    archive.minute([1], 1);
    return signer;
  };

  test('a rotated key is trusted through the one before, and the one before through it', async () => {
    const [second, third] = [announce(), announce()];
    for (const { fingerprint } of [archive.signer, second, third])
      expect(await archive.verify({ fingerprint })).toMatchObject({ ok: true, findings: [] });
    expect(await archive.verify({ fingerprint: newSigner().fingerprint })).toMatchObject({ ok: false });
  });

  test('an old key signs nothing any more: CHECKPOINT_SIGNATURE_INVALID', async () => {
    announce();
    archive.key = archive.signer;
    archive.minute([1], 1);
    expect(codes(await archive.verify())).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
  });

  test('a key whose announcement nobody signed: CHECKPOINT_SIGNATURE_INVALID for whoever pinned the one before', async () => {
    const announced = archive.size + 2;
    const second = announce();
    archive.remove(checkpointKey(announced));
    expect(codes(await archive.verify())).toEqual(['CHECKPOINT_SIGNATURE_INVALID', 'LOG_INCONSISTENT']);
    const pinnedLater = await archive.verify({ fingerprint: second.fingerprint });
    expect(codes(pinnedLater)).toEqual(['LOG_INCONSISTENT']);
  });

  test('a key that announces itself: CHECKPOINT_SIGNATURE_INVALID', async () => {
    const forger = newSigner();
    archive.key = forger;
    announce(forger);
    expect(codes(await archive.verify())).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
    expect((await archive.verify()).ok).toBe(false);
  });

  test('an archive from before the pinned key: CHECKPOINT_SIGNATURE_INVALID', async () => {
    expect(codes(await archive.verify({ fingerprint: newSigner().fingerprint }))).toEqual([
      'CHECKPOINT_SIGNATURE_INVALID',
    ]);
  });
});
