import { auditEvent } from '../../lambda/audit/event';
import { type EvidenceSources, evidenceOf } from '../../lambda/audit/evidence';
import { type IndexEntry, indexEntries } from '../../lambda/audit/index-entry';
import { decodeCursor, encodeCursor } from '../../lambda/audit/index-reader';
import type { LaneEvent } from '../../lambda/audit/lane';
import { buildSegment } from '../../lambda/audit/segment';
import { id, lane } from './query-folder';

const events = lane('lane', [
  { at: '2026-01-05T14:00:00.000Z' },
  { at: '2026-01-05T14:01:00.000Z', patient: id('patient 2') },
  { at: '2026-01-05T14:02:00.000Z' },
]);
const [first, second, third] = events as [LaneEvent, LaneEvent, LaneEvent];
const segment = buildSegment([first.line, second.line]);

function entryOf(event: LaneEvent, key = segment.key): IndexEntry {
  return indexEntries(auditEvent.parse(JSON.parse(event.line)), event, key)[0] as IndexEntry;
}
const sources: EvidenceSources = {
  segment: async (key) => (key === segment.key ? segment.bytes : undefined),
  outbox: async (name, seq) => events.find((event) => event.lane === name && event.seq === seq)?.line,
};
const archiveOnly: EvidenceSources = { segment: sources.segment };

async function evidence(entry: IndexEntry, from = archiveOnly): Promise<string | undefined> {
  return (await evidenceOf([entry], from))[0]?.evidence;
}

test('what is sealed is shown from its segment, in the order of the entries', async () => {
  const found = await evidenceOf([entryOf(second), entryOf(first)], archiveOnly);
  expect(found.map((each) => ('event' in each ? each.event.seq : each.evidence))).toEqual([2, 1]);
});

test('what is not sealed yet is held against the outbox, where the reader may', async () => {
  expect(await evidence(entryOf(third), sources)).toBe('outbox');
  expect(await evidence(entryOf(third))).toBe('missing');
});

describe('an index that lies shows nothing; 45 CFR 164.312(c)', () => {
  test.each<[string, Partial<IndexEntry>]>([
    [
      'the event was of another time',
      { SK: `2026-01-05T13:00:00.000Z#${auditEvent.parse(JSON.parse(first.line)).id}` },
    ],
    ['it was another event', { SK: `2026-01-05T14:00:00.000Z#${id('another')}` }],
    ['it was about another patient', { PK: `P#${id('patient 2')}` }],
    ['somebody else did it', { PK: `A#${id('bob')}` }],
    ['another place in the lane', { seq: 2 }],
    ['another lane', { lane: id('another') }],
    ['another line', { hash: second.hash }],
    ['no segment', { segment: 'v1/log/checkpoint/000000000001.note' }],
  ])('%s', async (_, lie) => {
    expect(await evidence({ ...entryOf(first), ...lie })).toBe('missing');
  });
});

test.each([
  ['a byte is flipped', (bytes: Buffer) => flipped(bytes, 40)],
  ['something follows', (bytes: Buffer) => Buffer.concat([bytes, bytes])],
  ['it is another segment', () => buildSegment([first.line]).bytes],
])('a segment that is not what its name says proves nothing: %s', async (_, alter) => {
  const altered: EvidenceSources = { segment: async () => alter(segment.bytes) };
  expect(await evidence(entryOf(first), altered)).toBe('missing');
});

test('a segment that cannot be read is a failure, not an absence', async () => {
  const failing: EvidenceSources = { segment: () => Promise.reject(new Error('throttled')) };
  await expect(evidence(entryOf(first), failing)).rejects.toThrow('throttled');
});

test('a cursor is a place in the index and nothing else', () => {
  const place = entryOf(first).SK;
  expect(decodeCursor(encodeCursor(place))).toBe(place);
  for (const made of ['', 'x', Buffer.from('P#everyone').toString('base64url'), `${encodeCursor(place)}=`])
    expect(decodeCursor(made)).toBeUndefined();
});

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}
