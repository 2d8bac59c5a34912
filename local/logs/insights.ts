import { randomUUID } from 'node:crypto';
import { ServiceError } from '../service';

export interface InsightsEvent {
  /** epoch milliseconds */
  readonly timestamp: number;
  readonly message: string;
}
export type InsightsRow = readonly { readonly field: string; readonly value: string }[];

/** queries that are kept until they are asked for */
const mostQueries = 100;
const mostRows = 10_000;

/**
 * CloudWatch Logs Insights, as far as Ward asks: `fields a, b | filter a = "text" | sort @timestamp asc | limit n`. Any other
 * command is refused by name: a query that ran and left something out would be a lie.
 */
export class Insights {
  readonly #results = new Map<string, readonly InsightsRow[]>();

  /** @returns the query's id. @throws ServiceError MalformedQueryException */
  start(queryString: string, events: readonly InsightsEvent[]): string {
    const rows = run(queryString, events);
    const id = randomUUID();
    this.#results.set(id, rows);
    const [oldest] = this.#results.keys();
    if (this.#results.size > mostQueries && oldest) this.#results.delete(oldest);
    return id;
  }

  /** @throws ServiceError ResourceNotFoundException */
  results(id: string): readonly InsightsRow[] {
    const rows = this.#results.get(id);
    if (!rows) throw new ServiceError('ResourceNotFoundException', 'there is no such query');
    return rows;
  }
}

const name = /^@?[A-Za-z][\w.]*$/;

function run(queryString: string, events: readonly InsightsEvent[]): InsightsRow[] {
  let fields: readonly string[] = ['@timestamp', '@message'];
  let limit = mostRows;
  let rows = events.map((event) => ({ event, values: valuesOf(event) }));
  for (const command of queryString.split('|').map((part) => part.trim())) {
    const [, verb = '', rest = ''] = /^(\w+)\s+(.*)$/s.exec(command) ?? [];
    if (verb === 'fields') {
      fields = rest.split(',').map((field) => field.trim());
      if (!fields.every((field) => name.test(field))) throw malformed(verb);
    } else if (verb === 'filter') {
      const [, field = '', text = ''] = /^(@?[A-Za-z][\w.]*)\s*=\s*"([^"\\]*)"$/.exec(rest) ?? [];
      if (field === '') throw malformed(verb);
      rows = rows.filter(({ values }) => values.get(field) === text);
    } else if (verb === 'sort') {
      const [, direction] = /^@timestamp\s+(asc|desc)$/.exec(rest) ?? [];
      if (!direction) throw malformed(verb);
      const sign = direction === 'asc' ? 1 : -1;
      rows = [...rows].sort((a, b) => sign * (a.event.timestamp - b.event.timestamp));
    } else if (verb === 'limit') {
      if (!/^\d{1,5}$/.test(rest)) throw malformed(verb);
      limit = Math.min(limit, Number(rest));
    } else throw malformed(verb);
  }
  return rows.slice(0, limit).map(({ values }) =>
    fields.flatMap((field) => {
      const value = values.get(field);
      return value === undefined ? [] : [{ field, value }];
    }),
  );
}

/** Insights finds the members of a JSON line by themselves; here those of the first level. */
function valuesOf({ timestamp, message }: InsightsEvent): ReadonlyMap<string, string> {
  const at = new Date(timestamp).toISOString().replace('T', ' ').replace('Z', '');
  const values = new Map([
    ['@timestamp', at],
    ['@message', message],
  ]);
  try {
    const line: unknown = JSON.parse(message);
    if (typeof line === 'object' && line !== null)
      for (const [field, value] of Object.entries(line))
        if (['string', 'number', 'boolean'].includes(typeof value)) values.set(field, String(value));
  } catch {
    // a line that is not JSON has no fields of its own
  }
  return values;
}

const malformed = (verb: string): ServiceError =>
  new ServiceError('MalformedQueryException', `${verb || 'a command'} is not emulated as it is`);
