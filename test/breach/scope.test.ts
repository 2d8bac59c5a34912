import * as fc from 'fast-check';
import type { AuditEvent } from '../../lambda/audit/event';
import { affectedPeople, residentsOf } from '../../lambda/breach/people';
import { affectedBy, digestOf, matches, type ScopeEvent, type ScopeQuery, scopeQuery } from '../../lambda/breach/scope';

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const actor = uuid(900);
const query: ScopeQuery = { actors: [actor], from: '2026-01-10T00:00:00.000Z', to: '2026-01-11T00:00:00.000Z' };
const event = (n: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
  action: 'record.read',
  actor: { mfa: true, role: 'clinician', session: uuid(1), sub: actor },
  basis: 'care-team',
  categories: ['diagnoses'],
  outcome: 'permit',
  patient: uuid(n % 5),
  purpose: 'TREAT',
  reason: null,
  request: null,
  resources: [],
  at: '2026-01-10T12:00:00.000Z',
  id: uuid(1000 + n),
  lane: uuid(2),
  origin: 'ward/x/y',
  prev: '0'.repeat(64),
  seq: n + 1,
  v: 1,
  ...more,
});
const found = (n: number, more: Partial<AuditEvent> = {}): ScopeEvent => ({
  event: event(n, more),
  hash: String(n).padStart(64, '0'),
});

describe('what counts as an access', () => {
  test.each<[string, Partial<AuditEvent>, boolean]>([
    ['a permitted read in time', {}, true],
    ['a denial shows nothing', { outcome: 'deny' }, false],
    ['a failure shows nothing', { outcome: 'error' }, false],
    ['without a patient', { patient: null }, false],
    ['without categories', { categories: [] }, false],
    ['before', { at: '2026-01-09T23:59:59.999Z' }, false],
    ['at the start', { at: query.from }, true],
    ['at the end', { at: query.to }, false],
    ['by somebody else', { actor: { mfa: true, role: 'clinician', session: uuid(1), sub: uuid(901) } }, false],
    ['by Ward itself', { actor: null }, false],
  ])('%s', (_, more, counts) => expect(matches(event(1, more), query)).toBe(counts));

  test('can be narrowed by action, purpose and basis', () => {
    const emergency = event(1, { basis: `emergency:${uuid(7)}`, purpose: 'EMERGENCY' });
    expect(matches(emergency, { ...query, bases: ['emergency'] })).toBe(true);
    expect(matches(event(1), { ...query, bases: ['emergency'] })).toBe(false);
    expect(matches(emergency, { ...query, purposes: ['TREAT'] })).toBe(false);
    expect(matches(event(1), { ...query, actions: ['patient.read'] })).toBe(false);
  });

  test('a query names instants and people, and nothing else gets in', () => {
    expect(scopeQuery.safeParse(query).success).toBe(true);
    expect(scopeQuery.safeParse({ ...query, from: '2026-01-10' }).success).toBe(false);
    expect(scopeQuery.safeParse({ ...query, actors: [] }).success).toBe(false);
    expect(scopeQuery.safeParse({ ...query, actions: ['DROP TABLE'] }).success).toBe(false);
  });
});

test('people are found once each with every category, in whatever order events come; the digest is the same', () => {
  const all = Array.from({ length: 20 }, (_, n) => found(n, n % 2 ? { categories: ['notes'] } : {}));
  fc.assert(
    fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
      expect(affectedBy(shuffled)).toEqual(affectedBy(all));
      expect(digestOf(shuffled)).toBe(digestOf(all));
    }),
  );
  expect(affectedBy(all)).toHaveLength(5);
  expect(affectedBy(all)[0]).toMatchObject({ patient: uuid(0), categories: ['diagnoses', 'notes'], events: 4 });
  expect(digestOf(all.slice(1))).not.toBe(digestOf(all));
});

test('running a scope again makes no new person, keeps who was removed removed, and adds categories', () => {
  const events = [found(1), found(2)];
  const first = affectedPeople([], events, () => uuid(5000));
  expect(first.map(({ state, version }) => [state, version])).toEqual([
    ['in-scope', 1],
    ['in-scope', 1],
  ]);
  expect(affectedPeople(first, events, () => uuid(6000))).toEqual(first);
  const removed = first.map((person, index) => (index === 0 ? { ...person, removedAt: 'x', removedBy: 'y' } : person));
  const again = affectedPeople(removed, [...events, found(6, { categories: ['notes'] })], () => uuid(6000));
  expect(again[0]).toMatchObject({ removedAt: 'x', categories: ['diagnoses', 'notes'], version: 2 });
  expect(residentsOf(again)).toEqual({ unknown: 1 });
});
