import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import * as z from 'zod';
import { balp } from '../../lambda/audit/balp';
import { auditEvent } from '../../lambda/audit/event';
import { type NamedQuestion, namedQuestions } from '../../lib/audit-questions';
import type { Connection } from '../connection';
import { say } from '../prompt';
import { bind } from './query-parameters';
import { ask } from './query-place';
import { type Format, formats, render } from './query-result';

interface QueryOptions {
  readonly name?: string;
  readonly param: readonly string[];
  readonly format: string;
  readonly folder?: string;
  readonly output?: string;
  readonly list?: boolean;
}

/** Adds `ward audit query` and `ward audit export` to `ward audit`. */
export function addAuditQueries(audit: Command, { client, where }: Connection): void {
  audit
    .command('query')
    .description('ask the sealed events with SQL, or one of the named questions: --list')
    .argument('[sql]', 'one SELECT over the table events; docs/auditor.md names its columns')
    .option('--name <question>', Object.keys(namedQuestions).join(', '))
    .option('--param <name=value>', 'of the named question; may be given several times', collect, [])
    .option('--format <format>', formats.join(', '), 'table')
    .option('--folder <folder>', 'a downloaded archive instead of the laptop cloud or a deployment')
    .option('--output <file>', 'write there; only you can read it')
    .option('--list', 'the named questions and their parameters')
    .action(async (sql: string | undefined, options: QueryOptions) => {
      if (options.list) return listQuestions();
      const format = readFormat(options.format);
      const question = readQuestion(sql, options);
      const place = { ...where(), ...(options.folder === undefined ? {} : { folder: options.folder }) };
      const result = await ask(place, question.sql, question.values, question.since);
      emit(render(result, format), options.output);
    });
  audit
    .command('export')
    .description('write the events of a patient or a person as FHIR R4 AuditEvents, in the patterns of IHE BALP')
    .option('--format <format>', 'fhir', 'fhir')
    .option('--patient <id>', 'events about one patient')
    .option('--actor <id>', 'events of one person')
    .option('--from <instant>', 'UTC; the first instant')
    .option('--to <instant>', 'UTC; before this instant')
    .option('--output <file>', 'write there; only you can read it')
    .action(async (options: ExportOptions) => {
      if (options.format !== 'fhir') throw new Error('--format must be fhir');
      const events = await searchAll(client(), options);
      const server = client().address;
      const bundle = {
        resourceType: 'Bundle',
        type: 'collection',
        timestamp: new Date().toISOString(),
        entry: events.map((event) => ({ fullUrl: `urn:uuid:${event.id}`, resource: balp(event, server) })),
      };
      emit(`${JSON.stringify(bundle, null, 2)}\n`, options.output);
    });
}

interface ExportOptions {
  readonly format: string;
  readonly patient?: string;
  readonly actor?: string;
  readonly from?: string;
  readonly to?: string;
  readonly output?: string;
}

const page = z.object({
  events: z.array(auditEvent.loose()),
  missing: z.array(z.unknown()),
  next: z.string().nullable(),
});

/** Reads through the API, page by page: each event was held against its sealed line there, and the reading is on record. */
async function searchAll(api: ReturnType<Connection['client']>, { patient, actor, from, to }: ExportOptions) {
  const events: z.infer<typeof auditEvent>[] = [];
  const question = { patient, actor, from: instant(from), to: instant(to) ?? new Date().toISOString() };
  let cursor: string | undefined;
  do {
    const { body } = await api.call('POST', '/v1/audit/search', { ...question, cursor, limit: 100 });
    const found = page.parse(body);
    if (found.missing.length > 0)
      throw new Error('some events have no evidence: nothing is written; "ward audit verify" says what is wrong');
    events.push(...found.events.map(({ evidence: _, segment: __, ...event }) => auditEvent.parse(event)));
    cursor = found.next ?? undefined;
  } while (cursor !== undefined);
  return events;
}

function instant(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const parsed = new Date(text);
  if (Number.isNaN(parsed.getTime()))
    throw new Error('--from and --to must be UTC instants such as 2026-01-31T08:00:00Z');
  return parsed.toISOString();
}

function readQuestion(sql: string | undefined, options: QueryOptions) {
  if ((sql === undefined) === (options.name === undefined))
    throw new Error('ask either with SQL or with --name; --list names the questions');
  if (sql !== undefined) {
    if (options.param.length > 0) throw new Error('--param goes with --name');
    return { sql, values: [], since: undefined };
  }
  const question = Object.entries<NamedQuestion>(namedQuestions).find(([name]) => name === options.name)?.[1];
  if (!question) throw new Error(`--name must be one of ${Object.keys(namedQuestions).join(', ')}`);
  const bound = bind(question, options.param, new Date());
  const instants = bound.values.filter((value) => typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value));
  // The earliest instant of the question is its `from`; a segment of an earlier day holds nothing of it.
  return { ...bound, since: instants.map(String).sort()[0]?.slice(0, 10) };
}

function listQuestions(): void {
  for (const [name, { asks, parameters }] of Object.entries<NamedQuestion>(namedQuestions)) {
    say(`${name}: ${asks}`);
    say(
      `  ${Object.entries(parameters)
        .map(([parameter, kind]) => `--param ${parameter}=<${kind}>`)
        .join(' ')}`,
    );
  }
}

function readFormat(name: string): Format {
  const format = formats.find((each) => each === name);
  if (!format) throw new Error(`--format must be one of ${formats.join(', ')}`);
  return format;
}

function emit(text: string, output: string | undefined): void {
  if (output === undefined) process.stdout.write(text);
  else {
    writeFileSync(output, text, { mode: 0o600, flag: 'wx' });
    say(`written to ${output}`);
  }
}

const collect = (word: string, words: readonly string[]): readonly string[] => [...words, word];
