import {
  AthenaClient,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  StartQueryExecutionCommand,
  StopQueryExecutionCommand,
} from '@aws-sdk/client-athena';
import { mockClient } from 'aws-sdk-client-mock';
import { queryAthena } from '../../bin/audit/query-athena';

const athena = mockClient(AthenaClient);
const waited: number[] = [];
const place = {
  client: new AthenaClient({ region: 'us-east-1' }),
  workgroup: 'ward-prod-audit',
  database: 'ward_prod_audit',
  wait: async (milliseconds: number) => void waited.push(milliseconds),
};
const state = (State: 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED', StateChangeReason?: string) => ({
  QueryExecution: { Status: { State, ...(StateChangeReason && { StateChangeReason }) } },
});
const row = (...cells: (string | undefined)[]) => ({
  Data: cells.map((cell) => (cell === undefined ? {} : { VarCharValue: cell })),
});
const ResultSetMetadata = {
  ColumnInfo: [
    { Name: 'actor', Type: 'varchar' },
    { Name: 'denials', Type: 'bigint' },
    { Name: 'mfa', Type: 'boolean' },
    { Name: 'categories', Type: 'array' },
  ],
};

beforeEach(() => {
  athena.reset();
  waited.length = 0;
  athena.on(StartQueryExecutionCommand).resolves({ QueryExecutionId: 'q' });
});

test('a question goes to the workgroup, with its parameters bound as SQL spells them', async () => {
  athena.on(GetQueryExecutionCommand).resolves(state('SUCCEEDED'));
  athena
    .on(GetQueryResultsCommand)
    .resolves({ ResultSet: { ResultSetMetadata, Rows: [row('actor', 'denials', 'mfa', 'categories')] } });
  await queryAthena(place, 'SELECT 1 FROM events WHERE patient = ? AND seq > ?', ["it's", 7]);
  expect(athena.commandCalls(StartQueryExecutionCommand)[0]?.args[0].input).toEqual({
    QueryString: 'SELECT 1 FROM events WHERE patient = ? AND seq > ?',
    WorkGroup: 'ward-prod-audit',
    QueryExecutionContext: { Catalog: 'AwsDataCatalog', Database: 'ward_prod_audit' },
    ExecutionParameters: ["'it''s'", '7'],
  });
});

test('every page is read, the header once, and cells get their types', async () => {
  athena.on(GetQueryExecutionCommand).resolves(state('SUCCEEDED'));
  athena
    .on(GetQueryResultsCommand, { NextToken: undefined })
    .resolves({
      ResultSet: {
        ResultSetMetadata,
        Rows: [row('actor', 'denials', 'mfa', 'categories'), row('a', '2', 'true', '[notes, ssn]')],
      },
      NextToken: 'more',
    })
    .on(GetQueryResultsCommand, { NextToken: 'more' })
    .resolves({ ResultSet: { ResultSetMetadata, Rows: [row('b', undefined, 'false', '[]')] } });
  expect(await queryAthena(place, 'SELECT 1')).toEqual({
    columns: ['actor', 'denials', 'mfa', 'categories'],
    rows: [
      ['a', 2, true, ['notes', 'ssn']],
      ['b', null, false, []],
    ],
  });
});

test('it is asked less and less often whether the answer is there', async () => {
  const running = Array.from({ length: 12 }, () => state('RUNNING'));
  const answers = athena.on(GetQueryExecutionCommand);
  for (const each of running) answers.resolvesOnce(each);
  answers.resolves(state('SUCCEEDED'));
  athena.on(GetQueryResultsCommand).resolves({ ResultSet: { ResultSetMetadata, Rows: [] } });
  await queryAthena(place, 'SELECT 1');
  expect(waited).toHaveLength(12);
  expect(waited[1]).toBeGreaterThan(waited[0] ?? 0);
  expect(Math.max(...waited)).toBe(5000);
});

test('a question that fails says why, as Athena does', async () => {
  athena.on(GetQueryExecutionCommand).resolves(state('FAILED', 'Bytes scanned limit was exceeded'));
  await expect(queryAthena(place, 'SELECT 1')).rejects.toThrow('Bytes scanned limit was exceeded');
});

test('a question that does not end is stopped', async () => {
  athena.on(GetQueryExecutionCommand).resolves(state('RUNNING'));
  athena.on(StopQueryExecutionCommand).resolves({});
  await expect(queryAthena(place, 'SELECT 1')).rejects.toThrow('half an hour');
  expect(athena.commandCalls(StopQueryExecutionCommand)).toHaveLength(1);
});
