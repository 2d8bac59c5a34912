import {
  type AthenaClient,
  type ColumnInfo,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import type { Bound } from './query-parameters';
import type { QueryResult } from './query-result';

export interface AthenaPlace {
  readonly client: AthenaClient;
  readonly workgroup: string;
  readonly database: string;
  /** waits that many milliseconds */
  readonly wait: (milliseconds: number) => Promise<void>;
}

const firstWaitMilliseconds = 250;
const longestWaitMilliseconds = 5000;
/** Athena itself ends a query after thirty minutes */
const patienceMilliseconds = 30 * 60 * 1000;

/**
 * Asks the archive of a deployment, in the workgroup that encrypts what comes out and bounds what is scanned.
 * @throws Error with the reason that Athena gives when the query failed, was cancelled or takes longer than half an hour
 */
export async function queryAthena(
  place: AthenaPlace,
  sql: string,
  values: readonly Bound[] = [],
): Promise<QueryResult> {
  const { client, workgroup, database } = place;
  const { QueryExecutionId } = await client.send(
    new StartQueryExecutionCommand({
      QueryString: sql,
      WorkGroup: workgroup,
      QueryExecutionContext: { Catalog: 'AwsDataCatalog', Database: database },
      ...(values.length > 0 && { ExecutionParameters: values.map(literal) }),
    }),
  );
  if (!QueryExecutionId) throw new Error('Athena gave the query no id');
  await finished(place, QueryExecutionId);
  return results(client, QueryExecutionId);
}

/** Athena takes a parameter as SQL spells a value, so text needs its quotes. */
const literal = (value: Bound): string =>
  typeof value === 'number' ? String(value) : `'${value.replaceAll("'", "''")}'`;

async function finished({ client, wait }: AthenaPlace, QueryExecutionId: string): Promise<void> {
  let pause = firstWaitMilliseconds;
  for (
    let waited = 0;
    waited < patienceMilliseconds;
    waited += pause, pause = Math.min(pause * 1.5, longestWaitMilliseconds)
  ) {
    const { QueryExecution } = await client.send(new GetQueryExecutionCommand({ QueryExecutionId }));
    const { State, StateChangeReason } = QueryExecution?.Status ?? {};
    if (State === 'SUCCEEDED') return;
    if (State === 'FAILED' || State === 'CANCELLED')
      throw new Error(`Athena: ${StateChangeReason ?? (State === 'FAILED' ? 'the query failed' : 'cancelled')}`);
    await wait(pause);
  }
  await client.send(new StopQueryExecutionCommand({ QueryExecutionId }));
  throw new Error('Athena: the query took longer than half an hour and was stopped');
}

async function results(client: AthenaClient, QueryExecutionId: string): Promise<QueryResult> {
  let columns: readonly ColumnInfo[] = [];
  const rows: unknown[][] = [];
  let NextToken: string | undefined;
  do {
    const first = NextToken === undefined;
    const page = await client.send(new GetQueryResultsCommand({ QueryExecutionId, NextToken, MaxResults: 1000 }));
    columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? columns;
    // The first row of the first page repeats the columns' names.
    for (const row of (page.ResultSet?.Rows ?? []).slice(first ? 1 : 0))
      rows.push(columns.map(({ Type }, index) => cellOf(row.Data?.[index]?.VarCharValue, Type ?? '')));
    NextToken = page.NextToken;
  } while (NextToken);
  return { columns: columns.map(({ Name }) => Name ?? ''), rows };
}

/** Everything arrives as text; lists of codes as `[a, b]`. */
function cellOf(text: string | undefined, type: string): unknown {
  if (text === undefined) return null;
  if (/^(tinyint|smallint|integer|bigint|double)$/.test(type)) return Number(text);
  if (type === 'boolean') return text === 'true';
  const list = type === 'array' ? /^\[([\w, -]*)\]$/.exec(text)?.[1] : undefined;
  if (list !== undefined) return list === '' ? [] : list.split(', ');
  return text;
}
