import { setTimeout as pause } from 'node:timers/promises';
import { type CloudWatchLogsClient, GetQueryResultsCommand, StartQueryCommand } from '@aws-sdk/client-cloudwatch-logs';

/** A line of a function's log about a failure. Ward's logs hold codes and request ids, no PHI; no other field is asked for. */
export interface LogRow {
  readonly at: string;
  readonly message: string;
  readonly request: string;
  readonly route: string;
  readonly causes: string;
}

const fields = ['@timestamp', 'message', 'request', 'route'] as const;
const rowLimit = 200;
const query = `fields @timestamp, message, request, route | filter message = "request failed" | sort @timestamp asc | limit ${rowLimit}`;
const pauses = [100, 200, 400, 800, 1600, 3200];
/** What Logs Insights takes in one query. */
const groupsPerQuery = 50;

/**
 * @returns the first failures that functions reported in that time, oldest first; undefined when Logs Insights did not answer,
 *   which stops no dossier
 */
export async function operationalLogs(
  logs: CloudWatchLogsClient,
  groups: readonly string[],
  from: Date,
  to: Date,
): Promise<LogRow[] | undefined> {
  const count = Math.ceil(groups.length / groupsPerQuery);
  const parts = Array.from({ length: count }, (_, part) =>
    groups.slice(part * groupsPerQuery, (part + 1) * groupsPerQuery),
  );
  try {
    const answers = await Promise.all(parts.map((part) => failuresIn(logs, part, from, to)));
    if (answers.includes(undefined)) return undefined;
    const rows = answers.flatMap((answer) => answer ?? []);
    return rows.sort((a, b) => (a.at < b.at ? -1 : Number(a.at > b.at))).slice(0, rowLimit);
  } catch {
    return undefined;
  }
}

async function failuresIn(
  logs: CloudWatchLogsClient,
  groups: readonly string[],
  from: Date,
  to: Date,
): Promise<LogRow[] | undefined> {
  const { queryId } = await logs.send(
    new StartQueryCommand({
      logGroupNames: [...groups],
      startTime: Math.floor(from.getTime() / 1000),
      endTime: Math.ceil(to.getTime() / 1000),
      queryString: query,
    }),
  );
  for (const milliseconds of pauses) {
    await pause(milliseconds);
    const { status, results } = await logs.send(new GetQueryResultsCommand({ queryId }));
    if (status === 'Complete') return (results ?? []).map(rowOf);
    if (status !== 'Running' && status !== 'Scheduled') return undefined;
  }
  return undefined;
}

function rowOf(row: readonly { readonly field?: string; readonly value?: string }[]): LogRow {
  const [at, message, request, route] = fields.map((name) => row.find(({ field }) => field === name)?.value ?? '');
  return { at: at ?? '', message: message ?? '', request: request ?? '', route: route ?? '', causes: '' };
}
