import { invalid } from './engine';
import type { Table, Tables } from './tables';

const NAMES_LIMIT = 100;

/** A table as DescribeTable shows it. Sizes and counts are 0: AWS updates them only every six hours. */
export function describeTable(
  tables: Tables,
  table: Table,
  tableKey: (table: string) => string | undefined,
): Record<string, unknown> {
  const { TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = table.table;
  const key = tableKey(TableName) ?? table.key;
  return {
    TableName,
    TableArn: tables.arn(TableName),
    TableId: table.id,
    TableStatus: 'ACTIVE',
    CreationDateTime: table.createdAt,
    KeySchema,
    AttributeDefinitions,
    ItemCount: 0,
    TableSizeBytes: 0,
    BillingModeSummary: { BillingMode: 'PAY_PER_REQUEST' },
    ...(GlobalSecondaryIndexes
      ? {
          GlobalSecondaryIndexes: GlobalSecondaryIndexes.map((index) => ({
            ...index,
            IndexStatus: 'ACTIVE',
            IndexArn: tables.indexArn(TableName, index.IndexName),
            IndexSizeBytes: 0,
            ItemCount: 0,
          })),
        }
      : {}),
    ...(table.stream
      ? {
          StreamSpecification: { StreamEnabled: true, StreamViewType: table.stream },
          LatestStreamLabel: table.streamLabel,
          LatestStreamArn: tables.streamArn(table),
        }
      : {}),
    ...(key ? { SSEDescription: { Status: 'ENABLED', SSEType: 'KMS', KMSMasterKeyArn: key } } : {}),
    DeletionProtectionEnabled: table.deletionProtection,
  };
}

/** A page of the tables' names in order. */
export function listTables(
  tables: Tables,
  input: Readonly<Record<string, unknown>>,
): { TableNames: string[]; LastEvaluatedTableName?: string } {
  const { Limit: limit = NAMES_LIMIT, ExclusiveStartTableName: start = '' } = input;
  if (
    typeof limit !== 'number' ||
    !Number.isInteger(limit) ||
    limit < 1 ||
    limit > NAMES_LIMIT ||
    typeof start !== 'string'
  )
    throw invalid('Limit or ExclusiveStartTableName is invalid');
  const names = tables
    .all()
    .map(({ table }) => table.TableName)
    .filter((name) => name > start);
  const TableNames = names.slice(0, limit);
  const last = TableNames.at(-1);
  return names.length > limit && last !== undefined ? { TableNames, LastEvaluatedTableName: last } : { TableNames };
}
