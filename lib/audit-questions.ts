/**
 * What auditors ask of the log, as SQL that Athena and DuckDB both take. lib/audit-queries.ts saves the questions in the
 * workgroup of a deployment; `npx ward audit query` asks them there or over a folder. Segments are the evidence itself, so an
 * event may lie in two of them: every question says DISTINCT.
 */

/** The columns of the table `events`, with Hive's names of types; a test holds them to the schema of the event. */
export const eventColumns = {
  action: 'string',
  actor: 'struct<mfa:boolean,role:string,session:string,sub:string>',
  at: 'string',
  basis: 'string',
  categories: 'array<string>',
  id: 'string',
  lane: 'string',
  origin: 'string',
  outcome: 'string',
  patient: 'string',
  prev: 'string',
  purpose: 'string',
  reason: 'string',
  request: 'struct<id:string,ip:string,method:string,route:string,status:bigint>',
  resources: 'array<struct<id:string,type:string,version:bigint>>',
  seq: 'bigint',
  v: 'bigint',
} as const;
/** Parts of the objects' names, and columns too: UTC day and hour of the newest event of a segment. */
export const partitionColumns = ['dt', 'hr'] as const;

export type ParameterKind = 'id' | 'instant' | 'time-zone' | 'hour';

export interface NamedQuestion {
  /** one sentence */
  readonly asks: string;
  readonly parameters: Readonly<Record<string, ParameterKind>>;
  /** `:name` stands for a parameter; it is bound, never pasted */
  readonly sql: string;
}

/** A segment carries the day of its newest event, so an event is never in an earlier partition than its own day. */
const between = `"at" >= :from AND "at" < :to AND dt >= substr(:from, 1, 10)`;
const period = { from: 'instant', to: 'instant' } as const;
const local = 'at_timezone(from_iso8601_timestamp("at"), :zone)';

export const namedQuestions = {
  'who-saw-patient': {
    asks: 'Who was given anything of the record of one patient, when, on what basis, and which categories.',
    parameters: { patient: 'id', ...period },
    sql: `SELECT DISTINCT "at", actor.sub AS actor, actor.role AS role, action, basis, purpose, categories, id
FROM events
WHERE patient = :patient AND outcome = 'permit' AND ${between}
ORDER BY "at", id`,
  },
  'what-did-user-open': {
    asks: 'Which patients one person was given something of, when, and what.',
    parameters: { actor: 'id', ...period },
    sql: `SELECT DISTINCT "at", patient, action, basis, purpose, categories, request.ip AS ip, id
FROM events
WHERE actor.sub = :actor AND patient IS NOT NULL AND outcome = 'permit' AND ${between}
ORDER BY "at", id`,
  },
  'denials-by-user': {
    asks: 'How often each person was refused, and for what reasons.',
    parameters: period,
    sql: `SELECT actor.sub AS actor, actor.role AS role, reason, count(DISTINCT id) AS denials,
  count(DISTINCT patient) AS patients, min("at") AS first_at, max("at") AS last_at
FROM events
WHERE outcome = 'deny' AND ${between}
GROUP BY actor.sub, actor.role, reason
ORDER BY denials DESC, actor, reason`,
  },
  'emergency-accesses': {
    asks: 'Every use of an emergency access, and every step of opening and reviewing one.',
    parameters: period,
    sql: `SELECT DISTINCT "at", actor.sub AS actor, actor.role AS role, patient, action, outcome, basis, reason, id
FROM events
WHERE (purpose = 'EMERGENCY' OR basis LIKE 'emergency:%' OR action LIKE 'emergency.%') AND ${between}
ORDER BY "at", id`,
  },
  exports: {
    asks: 'Every copy of a record that left: exports and disclosures.',
    parameters: period,
    sql: `SELECT DISTINCT "at", actor.sub AS actor, actor.role AS role, patient, action, outcome, categories, request.ip AS ip, id
FROM events
WHERE (action LIKE '%.export' OR action LIKE 'disclosure.%') AND ${between}
ORDER BY "at", id`,
  },
  'after-hours-access': {
    asks: 'What the workforce was given of records at the weekend or outside working hours of the clinic’s time zone.',
    parameters: { ...period, zone: 'time-zone', opens: 'hour', closes: 'hour' },
    sql: `SELECT DISTINCT "at", actor.sub AS actor, actor.role AS role, patient, action, basis, categories, id
FROM events
WHERE patient IS NOT NULL AND outcome = 'permit' AND actor.role <> 'patient' AND ${between}
  AND (day_of_week(${local}) > 5 OR hour(${local}) < :opens OR hour(${local}) >= :closes)
ORDER BY "at", id`,
  },
  'incident-events': {
    asks: 'Every event that names one incident, an alert or an approval, by its id.',
    parameters: { incident: 'id', ...period },
    // Athena spreads the rows of an UNNEST over columns and DuckDB does not, so the id is sought in the list's text.
    sql: `SELECT DISTINCT "at", actor.sub AS actor, actor.role AS role, patient, action, outcome, reason, id
FROM events
WHERE strpos(json_format(CAST(resources AS JSON)), :incident) > 0 AND ${between}
ORDER BY "at", id`,
  },
} as const satisfies Readonly<Record<string, NamedQuestion>>;

export type QuestionName = keyof typeof namedQuestions;

/**
 * @returns the SQL with `?` for each parameter, and which one each `?` is
 * @throws Error for a name in the text that the question does not declare
 */
export function positional({ sql, parameters }: NamedQuestion): { readonly sql: string; readonly names: string[] } {
  const names: string[] = [];
  const text = sql.replace(/:([a-z]+)\b/g, (_, name: string) => {
    if (!Object.hasOwn(parameters, name)) throw new Error(`the question has no parameter ${name}`);
    names.push(name);
    return '?';
  });
  return { sql: text, names };
}

/** @returns how Hive's type is written in DuckDB */
export function duckDbType(hive: string): string {
  const list = /^array<(.*)>$/.exec(hive)?.[1];
  if (list) return `${duckDbType(list)}[]`;
  const fields = /^struct<(.*)>$/.exec(hive)?.[1];
  if (fields)
    return `STRUCT(${fields
      .split(',')
      .map((field) => field.split(':'))
      .map(([name = '', type = '']) => `"${name}" ${duckDbType(type)}`)
      .join(', ')})`;
  const simple: Readonly<Record<string, string>> = { string: 'VARCHAR', boolean: 'BOOLEAN', bigint: 'BIGINT' };
  const type = simple[hive];
  if (!type) throw new Error(`no type of DuckDB for ${hive}`);
  return type;
}

/**
 * What Athena has and DuckDB has under another name, so that one text of SQL works in both.
 * A type of Hive, `?` and these are all that a question may rest on beside the SQL that the two share.
 */
export const athenaFunctions: readonly string[] = [
  'CREATE MACRO from_iso8601_timestamp(text) AS CAST(text AS TIMESTAMPTZ)',
  'CREATE MACRO at_timezone(moment, zone) AS timezone(zone, moment)',
  'CREATE MACRO day_of_week(moment) AS isodow(moment)',
  'CREATE MACRO json_format(document) AS CAST(document AS VARCHAR)',
  'CREATE MACRO cardinality(list) AS len(list)',
];
