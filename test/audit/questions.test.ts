import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { queryFolder } from '../../bin/audit/query-duckdb';
import { bind } from '../../bin/audit/query-parameters';
import { auditEvent } from '../../lambda/audit/event';
import {
  eventColumns,
  type NamedQuestion,
  namedQuestions,
  positional,
  type QuestionName,
} from '../../lib/audit-questions';
import { folderOf, id, lane } from './query-folder';

const purposeOf = { EMERGENCY: { purpose: 'EMERGENCY' as const, basis: `emergency:${id('access')}` as const } };
// Monday, 5 January 2026; New York is five hours behind UTC.
const ann = lane('lane of ann', [
  { at: '2026-01-05T14:00:00.000Z' },
  { at: '2026-01-05T15:00:00.000Z', patient: id('patient 2'), categories: ['diagnoses', 'notes'] },
  { at: '2026-01-06T03:30:00.000Z', action: 'record.list' }, // half past ten on Monday evening
  { at: '2026-01-10T15:00:00.000Z', action: 'patient.export' }, // Saturday
  { at: '2026-01-12T23:59:59.999Z', outcome: 'deny', reason: 'no-relationship', patient: id('patient 3'), basis: null },
  { at: '2026-01-13T15:00:00.000Z', outcome: 'deny', reason: 'no-relationship', patient: id('patient 4'), basis: null },
]);
const bob = lane('lane of bob', [
  { at: '2026-01-05T14:10:00.000Z', by: 'bob', ...purposeOf.EMERGENCY },
  {
    at: '2026-01-05T14:05:00.000Z',
    by: 'bob',
    action: 'emergency.open',
    resources: [{ id: id('access'), type: 'emergency', version: 1 }],
  },
  { at: '2026-01-07T14:00:00.000Z', by: 'bob', outcome: 'deny', reason: 'category' },
  {
    at: '2026-01-08T14:00:00.000Z',
    by: 'bob',
    action: 'incident.open',
    patient: null,
    resources: [{ id: id('incident'), type: 'incident', version: 1 }],
  },
]);
const owner = lane('lane of the patient', [
  { at: '2026-01-11T04:00:00.000Z', by: 'pat', role: 'patient', basis: 'self' },
]);
const scheduled = lane('lane of a schedule', [
  {
    at: '2026-01-09T00:00:00.000Z',
    action: 'incident.remind',
    actor: null,
    patient: null,
    request: null,
    basis: null,
    resources: [{ id: id('incident'), type: 'incident', version: 2 }],
  },
]);

// The second segment repeats events of the first, as a stream does that was delivered twice and bisected.
const folder = folderOf(ann.slice(0, 4), [...ann.slice(2), ...bob], owner, scheduled);
afterAll(() => rmSync(folder, { recursive: true }));

const january = ['from=2026-01-01', 'to=2026-02-01'];
async function ask(name: QuestionName, ...given: string[]): Promise<Record<string, unknown>[]> {
  const question: NamedQuestion = namedQuestions[name];
  const { sql, values } = bind(question, given, new Date('2026-02-01T00:00:00Z'));
  const { columns, rows } = await queryFolder(folder, sql, values);
  return rows.map((row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])));
}

test('who saw a patient: each access once, though a segment repeats it; 45 CFR 164.312(b)', async () => {
  const seen = await ask('who-saw-patient', `patient=${id('patient 1')}`, ...january);
  expect(seen.map(({ at, action }) => [at, action])).toEqual([
    ['2026-01-05T14:00:00.000Z', 'record.read'],
    ['2026-01-05T14:05:00.000Z', 'emergency.open'],
    ['2026-01-05T14:10:00.000Z', 'record.read'],
    ['2026-01-06T03:30:00.000Z', 'record.list'],
    ['2026-01-10T15:00:00.000Z', 'patient.export'],
    ['2026-01-11T04:00:00.000Z', 'record.read'],
  ]);
  expect(seen[0]).toMatchObject({ actor: id('ann'), role: 'clinician', categories: ['notes'], basis: 'care-team' });
});

test('a period begins with its first instant and ends before its last', async () => {
  const given = [`patient=${id('patient 1')}`, 'from=2026-01-05T14:00:00Z', 'to=2026-01-05T14:10:00Z'];
  expect(await ask('who-saw-patient', ...given)).toHaveLength(2);
});

test('what a user opened: refusals are not among it', async () => {
  const opened = await ask('what-did-user-open', `actor=${id('ann')}`, ...january);
  expect(opened.map(({ patient }) => patient)).toEqual([
    id('patient 1'),
    id('patient 2'),
    id('patient 1'),
    id('patient 1'),
  ]);
});

test('denials are counted once each, by person and reason; 45 CFR 164.308(a)(5)(ii)(C)', async () => {
  expect(await ask('denials-by-user', ...january)).toEqual([
    expect.objectContaining({ actor: id('ann'), reason: 'no-relationship', denials: 2, patients: 2 }),
    expect.objectContaining({ actor: id('bob'), reason: 'category', denials: 1 }),
  ]);
});

test('emergency accesses: their opening and their use; 45 CFR 164.312(a)(2)(ii)', async () => {
  const found = await ask('emergency-accesses', ...january);
  expect(found.map(({ action }) => action)).toEqual(['emergency.open', 'record.read']);
});

test('exports are found', async () => {
  expect(await ask('exports', ...january)).toEqual([
    expect.objectContaining({ action: 'patient.export', ip: '192.0.2.7' }),
  ]);
});

test('after hours is by the clock of the clinic, weekends included, and does not count patients', async () => {
  const found = await ask('after-hours-access', ...january);
  expect(found.map(({ at }) => at)).toEqual(['2026-01-06T03:30:00.000Z', '2026-01-10T15:00:00.000Z']);
  const utc = await ask('after-hours-access', ...january, 'zone=UTC', 'opens=4', 'closes=24');
  expect(utc.map(({ at }) => at)).toEqual(['2026-01-06T03:30:00.000Z', '2026-01-10T15:00:00.000Z']);
});

test('the events of an incident are found by its id, those of schedules too', async () => {
  const found = await ask('incident-events', `incident=${id('incident')}`, ...january);
  expect(found.map(({ action, actor }) => [action, actor])).toEqual([
    ['incident.open', id('bob')],
    ['incident.remind', null],
  ]);
});

test('partitions are columns', async () => {
  const { rows } = await queryFolder(folder, "SELECT DISTINCT dt, hr FROM events WHERE dt > '2026-01-09' ORDER BY dt");
  expect(rows).toEqual([
    ['2026-01-10', '15'],
    ['2026-01-11', '04'],
    ['2026-01-13', '15'],
  ]);
});

test('a folder without segments has no events', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'ward-query-'));
  expect((await queryFolder(empty, 'SELECT id FROM events')).rows).toEqual([]);
  rmSync(empty, { recursive: true });
});

test.each([
  ['another file', "SELECT * FROM read_text('/etc/hostname')"],
  ['a copy', `COPY (SELECT 1) TO '${folder}/v1/segments/x.csv'`],
  ['a write', 'CREATE TABLE mine AS SELECT 1'],
  ['a setting', 'SET enable_external_access = true'],
  ['an extension', 'INSTALL httpfs'],
  ['two statements', 'SELECT 1; SELECT 2'],
])('SQL of a person reads events and nothing else: %s is refused', async (_, sql) => {
  await expect(queryFolder(folder, sql)).rejects.toThrow();
  expect(readdirSync(join(folder, 'v1', 'segments')).filter((name) => !name.startsWith('dt='))).toEqual([]);
});

test.each([
  ['patient', "x' OR '1'='1"],
  ['patient', id('patient 1').toUpperCase()],
  ['from', "2026-01-01'--"],
  ['from', '2026-13-01'],
  ['surname', 'Example'],
])('a parameter is checked by its kind before it is bound: %s', (name, value) => {
  const given = [`patient=${id('patient 1')}`, `${name}=${value}`];
  expect(() => bind(namedQuestions['who-saw-patient'], given, new Date())).toThrow(/must/);
  expect(() => bind(namedQuestions['who-saw-patient'], given, new Date())).not.toThrow(value);
});

test('a parameter that has no default is asked for', () => {
  expect(() => bind(namedQuestions['who-saw-patient'], [], new Date())).toThrow('--param patient=');
});

test.each(Object.keys(namedQuestions) as QuestionName[])('%s binds each parameter it declares', (name) => {
  const { parameters } = namedQuestions[name];
  expect([...new Set(positional(namedQuestions[name]).names)].sort()).toEqual(Object.keys(parameters).sort());
});

test('the columns of the table are the members of the event, with their types', () => {
  expect(eventColumns).toEqual(
    Object.fromEntries(Object.entries(auditEvent.shape).map(([name, type]) => [name, hive(type)])),
  );
});

/** @returns the type of Hive that holds what the schema admits */
function hive(type: z.core.$ZodType): string {
  const schema = z.toJSONSchema(type as z.ZodType) as Shape;
  return spelled(schema);
}
interface Shape {
  readonly type?: string;
  readonly anyOf?: readonly Shape[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
}
function spelled(shape: Shape): string {
  const some = shape.anyOf?.filter(({ type }) => type !== 'null');
  if (some) return [...new Set(some.map(spelled))].join('|');
  if (shape.type === 'array') return `array<${spelled(shape.items ?? {})}>`;
  if (shape.type === 'object')
    return `struct<${Object.entries(shape.properties ?? {})
      .map(([name, each]) => `${name}:${spelled(each)}`)
      .join(',')}>`;
  return (
    { string: 'string', integer: 'bigint', number: 'bigint', boolean: 'boolean' }[shape.type ?? 'string'] ?? 'unknown'
  );
}
