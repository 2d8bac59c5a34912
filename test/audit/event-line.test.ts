import fc from 'fast-check';
import * as z from 'zod';
import { canonicalize } from '../../lambda/audit/canonical';
import { auditEvent, outcomes, purposes } from '../../lambda/audit/event';
import { readEventLine } from '../../lambda/audit/event-line';
import { canonicalPattern, integerPattern } from '../../lambda/audit/line-pattern';
import { roles } from '../../lambda/authentication/actor';
import { categories } from '../../lambda/records/model';

/** What the one expression stands for: parse, check against the schema, write again and compare. */
function slowly(line: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return false;
  }
  const parsed = auditEvent.safeParse(value);
  return parsed.success && canonicalize(parsed.data) === line;
}
function fast(line: string): boolean {
  try {
    readEventLine(line);
    return true;
  } catch {
    return false;
  }
}

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join('-'));
const orNull = <T>(some: fc.Arbitrary<T>) => fc.oneof(fc.constant(null), some);
/** @param bad values that are refused come too */
const events = (bad: boolean) => {
  const some = <T>(good: readonly T[], refused: readonly T[]) => fc.constantFrom(...good, ...(bad ? refused : []));
  const words = some(['record.read', 'user:create', 'a', 'export-2', 'x'.repeat(64)], ['x'.repeat(65), 'A', '']);
  const addresses = some(
    ['::1', '::', '::ffff:192.0.2.1'],
    ['::ffff:1.2.3', '1::g', '256.1.1.1', '01.1.1.1', 'fe80::1%eth0'],
  );
  const version = fc.integer({ min: bad ? -1 : 1, max: Number.MAX_SAFE_INTEGER });
  return fc.record({
    action: words,
    actor: orNull(fc.record({ mfa: fc.boolean(), role: orNull(fc.constantFrom(...roles)), session: uuid, sub: uuid })),
    at: some(['2026-11-23T12:00:00.000Z'], ['2026-11-23T12:00:00Z']),
    basis: orNull(
      fc.oneof(
        some(['care-team', 'self', 'representative', 'originator', 'role'], ['nobody']),
        uuid.map((id) => `emergency:${id}`),
      ),
    ),
    categories: fc.array(fc.constantFrom(...categories), { maxLength: 4 }),
    id: uuid,
    lane: uuid,
    origin: some(['ward/clinic/local', 'ward/a-1/b'], ['ward/clinic']),
    outcome: fc.constantFrom(...outcomes),
    patient: orNull(uuid),
    prev: hex(64),
    purpose: fc.constantFrom(...purposes),
    reason: orNull(words),
    request: orNull(
      fc.record({
        id: uuid,
        ip: orNull(bad ? fc.oneof(fc.ipV4(), fc.ipV6(), addresses) : fc.oneof(fc.ipV4(), addresses)),
        method: some(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], ['HEAD']),
        route: some(['/v1/patients/{id}', '/v1', '/v1/audit/search'], ['/v2', '/v1/0b8e']),
        status: bad ? fc.integer({ min: 95, max: 605 }) : fc.integer({ min: 100, max: 599 }),
      }),
    ),
    resources: fc.array(
      fc.record({
        id: fc.oneof(uuid, some(['main'], ['other'])),
        type: some([...categories, 'import', 'export.bundle'], ['Not']),
        version: orNull(version),
      }),
      { maxLength: 3 },
    ),
    seq: some([1, 7, 99, 123_456, Number.MAX_SAFE_INTEGER], [0, -1]),
    v: some([1, 1, 1, 1], [2]),
  });
};
const valid = events(false);

test('the expression takes exactly what the schema takes in canonical form', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(events(true), valid), (value) => {
      const line = canonicalize(value);
      expect(fast(line)).toBe(slowly(line));
      if (fast(line)) taken++;
    }),
    { numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(500); // not all of them are refused
});

test('no other spelling of an event is taken: white space, order, escapes, numbers, repeated members', () => {
  const mutation = fc.oneof(
    fc.tuple(
      fc.constant('insert'),
      fc.nat(),
      fc.constantFrom(' ', '\t', '\n', '0', '"', ',', '}', '\\u0041', 'a', '\u00e9'),
    ),
    fc.tuple(fc.constant('remove'), fc.nat(), fc.constant('')),
    fc.tuple(fc.constant('replace'), fc.nat(), fc.constantFrom('0', '1', 'a', 'Z', '"', ':', '-', '+', '.', 'e')),
  );
  fc.assert(
    fc.property(valid, fc.array(mutation, { minLength: 1, maxLength: 2 }), (value, mutations) => {
      let line = canonicalize(value);
      for (const [kind, place, text] of mutations) {
        const at = place % (line.length + 1);
        line = line.slice(0, at) + text + line.slice(kind === 'insert' ? at : at + 1);
      }
      expect(fast(line)).toBe(slowly(line));
    }),
    { numRuns: 800 },
  );
  const [value] = fc.sample(valid, { numRuns: 1, seed: 7 });
  if (!value) throw new Error('no sample');
  const line = canonicalize(value);
  for (const other of [
    `${line}\n`,
    ` ${line}`,
    line.replace('"v":1', '"v":1.0'),
    line.replace('"v":1', '"v":1e0'),
    line.replace('"v":1', '"v":1,"v":1'),
    line.replace('{"action"', '{"actio\\u006e"'),
    JSON.stringify(value),
  ])
    expect([fast(other), slowly(other)]).toEqual([other === line, other === line]);
});

test('what is read of a line is what it says', () => {
  fc.assert(
    fc.property(valid, (value) => {
      expect(slowly(canonicalize(value))).toBe(true);
      const { at, id, lane, origin, prev, seq } = value;
      expect(readEventLine(canonicalize(value))).toEqual({ at, id, lane, origin, prev, seq });
    }),
    { numRuns: 50 },
  );
});

test('integers within bounds match, and no other text', () => {
  const bounds = fc.tuple(fc.nat({ max: 1_200 }), fc.nat({ max: 1_200 }));
  fc.assert(
    fc.property(bounds, ([a, b]) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)];
      const pattern = new RegExp(`^${integerPattern(from, to)}$`);
      for (let value = 0; value <= 1_300; value++)
        expect(pattern.test(String(value))).toBe(from <= value && value <= to);
    }),
    { numRuns: 30 },
  );
  const safe = new RegExp(`^${integerPattern(1, Number.MAX_SAFE_INTEGER)}$`);
  expect(['1', '9007199254740991', '1000000000000000'].every((text) => safe.test(text))).toBe(true);
  expect(['0', '01', '9007199254740992', '10000000000000000', '-1', '1.0'].some((text) => safe.test(text))).toBe(false);
});

test('a schema of which no such expression can be made is refused by name', () => {
  for (const schema of [
    z.strictObject({ note: z.string() }),
    z.looseObject({ open: z.boolean() }),
    z.strictObject({ maybe: z.boolean().optional() }),
    z.strictObject({ any: z.unknown() }),
    z.strictObject({ part: z.number() }),
    z.strictObject({ least: z.array(z.boolean()).min(2) }),
    z.strictObject({ below: z.int() }),
  ])
    expect(() => canonicalPattern(schema, [])).toThrow(TypeError);
});
