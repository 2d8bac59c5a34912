import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { canonicalize } from '../../lambda/audit/canonical';
import { auditEvent, type EventDraft } from '../../lambda/audit/event';
import { appendEvent, laneStart, leafHash } from '../../lambda/audit/lane';

const origin = 'ward/clinic/local';
const lane = '01890000-0000-7000-8000-000000000001';
const draft: EventDraft = {
  action: 'record.read',
  actor: {
    mfa: true,
    role: 'clinician',
    session: '0b8ee7b1-0000-4000-8000-000000000002',
    sub: '0b8ee7b1-0000-4000-8000-000000000003',
  },
  basis: 'care-team',
  categories: ['diagnoses'],
  outcome: 'permit',
  patient: '0b8ee7b1-0000-4000-8000-000000000004',
  purpose: 'TREAT',
  reason: null,
  request: {
    id: '0b8ee7b1-0000-4000-8000-000000000005',
    ip: '192.0.2.1',
    method: 'GET',
    route: '/v1/patients/{id}/records/{category}',
    status: 200,
  },
  resources: [{ id: '0b8ee7b1-0000-4000-8000-000000000006', type: 'diagnoses', version: 2 }],
};
const stamp = { id: '01890000-0000-7000-8000-000000000007', at: new Date('2026-11-23T12:00:00.000Z') };

test('events of a lane are chained by the hash of the line before, 45 CFR 164.312(c)', () => {
  const first = appendEvent(laneStart(origin, lane), origin, draft, stamp);
  const second = appendEvent(first, origin, draft, { ...stamp, id: '01890000-0000-7000-8000-000000000008' });
  const start = createHash('sha256').update(`ward-audit/v1 lane\n${origin}\n${lane}\n`).digest('hex');
  expect(JSON.parse(first.line)).toMatchObject({ seq: 1, prev: start, lane, origin, v: 1 });
  expect(JSON.parse(second.line)).toMatchObject({ seq: 2, prev: first.hash });
  expect(first.hash).toBe(createHash('sha256').update(`\0${first.line}`).digest('hex'));
});

test('a line is canonical: its members stand in order, whatever the order they came in', () => {
  const { line } = appendEvent(laneStart(origin, lane), origin, draft, stamp);
  expect(line).toBe(canonicalize(auditEvent.parse(JSON.parse(line))));
  expect(Object.keys(JSON.parse(line))).toEqual([...Object.keys(JSON.parse(line))].sort());
});

test.each([
  ['a reason in words', { reason: 'patient asked me to look' }],
  ['a path in place of a route', { request: { ...draft.request, route: '/v1/patients/0b8ee7b1' } }],
  ['a name as a resource', { resources: [{ id: 'Ada Lovelace', type: 'diagnoses', version: 1 }] }],
  ['an unknown member', { note: 'E11.9' }],
  ['a category that there is not', { categories: ['diabetes'] }],
  ['a patient by number', { patient: 'MRN-1234' }],
])('%s does not enter the log', (_, change) => {
  expect(() => appendEvent(laneStart(origin, lane), origin, { ...draft, ...change } as EventDraft, stamp)).toThrow();
});

test('every field of the event is of a kind that cannot hold PHI content', () => {
  // Free text is what could: a string without a pattern, a length alone, or a record of anything.
  const open: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== 'object' || schema === null) return;
    const node = schema as Record<string, unknown>;
    if (
      node['type'] === 'string' &&
      !('pattern' in node) &&
      !('enum' in node) &&
      !('const' in node) &&
      !('format' in node)
    )
      open.push(path);
    if (node['type'] === 'object' && node['additionalProperties'] !== false) open.push(`${path} takes other members`);
    for (const [name, child] of Object.entries(node)) if (typeof child === 'object') walk(child, `${path}/${name}`);
  };
  const { $schema: _, ...schema } = jsonSchema();
  walk(schema['properties'], '');
  expect(open).toEqual([]);
});

function jsonSchema(): Record<string, unknown> {
  const { toJSONSchema } = jest.requireActual<typeof import('zod')>('zod');
  return toJSONSchema(auditEvent) as Record<string, unknown>;
}

test('RFC 8785: any order of members gives one text, and what two writers could tell apart is refused', () => {
  fc.assert(
    fc.property(
      fc.dictionary(
        fc.string({ unit: 'grapheme' }),
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean()),
      ),
      (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(canonicalize(turned)).toBe(canonicalize(value));
        expect(JSON.parse(canonicalize(value))).toEqual({ ...value });
      },
    ),
  );
  for (const refused of [1.5, Number.NaN, 2 ** 53, -0, '\ud800'])
    expect(() => canonicalize(refused)).toThrow(TypeError);
});

test('the members of RFC 8785 section 3.2.3 are sorted by UTF-16 code unit', () => {
  const members = ['\u20ac', '\r', '\ufb33', '1', '\ud83d\ude00', '\u0080', '\u00f6'];
  const text = canonicalize(Object.fromEntries(members.map((name) => [name, true])));
  expect(Object.keys(JSON.parse(text)).filter((name) => name !== '1')).toEqual([
    '\r',
    '\u0080',
    '\u00f6',
    '\u20ac',
    '\ud83d\ude00',
    '\ufb33',
  ]);
});

test('a leaf is a leaf: no line hashes like an inner node of the tree', () => {
  expect(leafHash('')).toBe(
    createHash('sha256')
      .update(Buffer.from([0]))
      .digest('hex'),
  );
});
