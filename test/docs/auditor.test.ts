import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { auditEvent } from '../../lambda/audit/event';
import { athenaFunctions, type NamedQuestion, namedQuestions } from '../../lib/audit-questions';

const page = readFileSync(join(__dirname, '../../docs/auditor.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')));

interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: unknown;
  readonly pattern?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}
const schema = z.toJSONSchema(auditEvent) as Shape;

/** Every field with its dotted path, objects and lists included. */
function fields(shape: Shape, path = ''): [path: string, shape: Shape][] {
  const inside = [...(shape.anyOf ?? []), ...(shape.items ? [shape.items] : [])].flatMap((each) => fields(each, path));
  const members = Object.entries(shape.properties ?? {}).flatMap(([name, each]): [string, Shape][] => {
    const at = path === '' ? name : `${path}.${name}`;
    return [[at, each], ...fields(each, at)];
  });
  return [...inside, ...members];
}

/** What a value can be where it is no object and no list. */
function leaves(shape: Shape): Shape[] {
  const inside = [
    ...(shape.anyOf ?? []),
    ...(shape.items ? [shape.items] : []),
    ...Object.values(shape.properties ?? {}),
  ];
  return inside.length > 0 ? inside.flatMap(leaves) : [shape];
}

test('the page explains each field of an event, and no other', () => {
  const explained = rows.filter((cells) => cells.length === 4).map((cells) => cells[1] ?? '');
  const known = [...new Set(fields(schema).map(([path]) => path))];
  expect(explained.filter((name) => !(name in namedQuestions)).sort()).toEqual(known.sort());
});

test('the page lists each named question as it is asked, with its parameters', () => {
  const listed = rows.filter((cells) => cells.length === 5 && (cells[1] ?? '') in namedQuestions);
  const questions = Object.entries<NamedQuestion>(namedQuestions);
  expect(listed.map((cells) => cells.slice(1, 4))).toEqual(
    questions.map(([name, { asks, parameters }]) => [name, asks, Object.keys(parameters).join(', ')]),
  );
});

test('the page names the functions of Athena that work in both', () => {
  for (const definition of athenaFunctions) expect(page).toContain(`\`${/MACRO (\w+)/.exec(definition)?.[1]}\``);
});

// What a careless field would let in: 45 CFR 164.514(b)(2).
const content = [
  'Jo Example',
  'JO',
  '1970-02-03',
  '999-71-2345',
  '555-0100',
  'jo@example.org',
  '12 Main Street',
  'has asthma',
  'MRN 00-123',
  '<script>',
  "' OR 1=1",
  'a\nb',
  '',
  'x'.repeat(65),
];

test('no field of an event can hold what somebody typed: each text is of a closed form', () => {
  const texts = leaves(schema).filter((leaf) => leaf.type === 'string' || leaf.type === undefined);
  expect(texts.length).toBeGreaterThan(20);
  for (const leaf of texts) {
    if (leaf.enum || leaf.const !== undefined) continue;
    expect(leaf.pattern).toBeDefined();
    for (const text of content) expect([leaf.pattern, text, accepts(leaf, text)]).toEqual([leaf.pattern, text, false]);
  }
});

test('an event has no members but those', () => {
  for (const [, shape] of [['', schema] as const, ...fields(schema)])
    for (const each of [shape, ...(shape.anyOf ?? []), ...(shape.items ? [shape.items] : [])])
      if (each.properties && each !== schema) expect(each.additionalProperties).toBe(false);
  expect(auditEvent.safeParse({ note: 'x' }).error?.issues.some(({ code }) => code === 'unrecognized_keys')).toBe(true);
});

function accepts(leaf: Shape & { readonly maxLength?: number }, text: string): boolean {
  return new RegExp(leaf.pattern ?? '').test(text) && text.length <= (leaf.maxLength ?? Number.POSITIVE_INFINITY);
}
