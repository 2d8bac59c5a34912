import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  type Agreement,
  acknowledgementOf,
  gapDetails,
  gapEvents,
  gapRefusal,
} from '../../lambda/audit/acknowledgement';
import { decodeLeaf, encodeLeaf } from '../../lambda/audit/leaf';
import { enqueue, queueName } from '../../lambda/audit/leaf-queue';

const lane = '01935a00-0000-7000-8000-000000000001';
const [one, other] = ['0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91', '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66'];
const at = new Date('2026-11-23T12:00:00.000Z');
const agreed: Agreement = {
  subject: lane,
  reason: 'explained',
  details: { from: '3', to: '17' },
  requestedBy: other,
  decidedBy: one,
};

test('what two people agreed on is one leaf, their subjects in order whoever asked, 45 CFR 164.312(c)(1)', () => {
  const leaf = acknowledgementOf(agreed, at);
  expect(leaf).toEqual({
    at: '2026-11-23T12:00:00.000Z',
    by: [one, other],
    gaps: [[lane, 3, 17]],
    reason: 'explained',
    type: 'acknowledge',
    v: 1,
  });
  expect(acknowledgementOf({ ...agreed, requestedBy: one, decidedBy: other }, at)).toEqual(leaf);
  expect(leaf && decodeLeaf(encodeLeaf(leaf))).toEqual(leaf);
});

test.each<[string, Partial<Agreement>]>([
  ['nobody has agreed', { decidedBy: undefined }],
  ['one person is both', { decidedBy: other }],
  ['the subject is no lane', { subject: 'finding' }],
  ['no gap is named', { details: {} }],
])('there is no leaf where %s', (_, change) => {
  expect(acknowledgementOf({ ...agreed, ...change }, at)).toBeUndefined();
});

test('a gap is two sequences of a lane, in order and of a bounded length, and nothing beside', () => {
  const isGap = (details: unknown) => gapDetails.safeParse(details).success;
  const place = fc.integer({ min: 1, max: 999_999_999_999 });
  fc.assert(
    fc.property(place, place, (from, to) => {
      expect(isGap({ from: String(from), to: String(to) })).toBe(from <= to && to - from + 1 <= gapEvents);
    }),
  );
  expect(isGap({ from: '1', to: String(gapEvents) })).toBe(true);
  expect(isGap({ from: '1', to: String(gapEvents + 1) })).toBe(false);
  for (const from of ['0', '-1', '01', '1.0', '1e3', ' 1', '', '1234567890123'])
    expect(isGap({ from, to: '999999999999' })).toBe(false);
  for (const details of [{ from: '1' }, { to: '1' }, { from: 1, to: 1 }, { from: '1', to: '1', lane }])
    expect(isGap(details)).toBe(false);
});

test('nothing is acknowledged in advance, and nothing of a lane that nobody knows any more', () => {
  expect(gapRefusal(17, 17)).toBeUndefined();
  expect(gapRefusal(17, 16)).toBe('beyond-head');
  expect(gapRefusal(1, 0)).toBe('lane-forgotten');
});

test('it waits for the log under the digest of its line, once', () => {
  const leaf = acknowledgementOf(agreed, at);
  if (!leaf) throw new Error('no leaf');
  const line = encodeLeaf(leaf);
  const name = createHash('sha256').update(line).digest('hex');
  expect(enqueue('log', leaf, at).Put).toEqual({
    TableName: 'log',
    Item: { PK: 'QUEUE', SK: name, leaf: line, at: '2026-11-23T12:00:00.000Z' },
    ConditionExpression: 'attribute_not_exists(PK)',
  });
  expect(queueName(leaf, line)).toBe(name);
});
