import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';

/** The items of one partition, or those of them whose sort keys begin alike. */
export interface Partition {
  readonly table: string;
  readonly PK: string;
  /** @default every item of the partition */
  readonly prefix?: string;
}
type Item = Record<string, unknown>;
export type Projection = Pick<QueryCommandInput, 'ProjectionExpression' | 'ExpressionAttributeNames'>;

/** @returns the items in the order of their sort keys, as many at a time as DynamoDB gives (a megabyte); strongly consistent */
export async function* consistentPages(
  documents: DynamoDBDocumentClient,
  { table, PK, prefix }: Partition,
  projection: Projection = {},
): AsyncGenerator<readonly Item[]> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: prefix === undefined ? 'PK = :pk' : 'PK = :pk AND begins_with(SK, :prefix)',
        ExpressionAttributeValues: { ':pk': PK, ...(prefix !== undefined && { ':prefix': prefix }) },
        ConsistentRead: true,
        ExclusiveStartKey,
        ...projection,
      }),
    );
    yield page.Items ?? [];
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** @returns what consistentPages does, all of it at once: of a partition that one instance can hold */
export async function consistentQuery(
  documents: DynamoDBDocumentClient,
  partition: Partition,
  projection: Projection = {},
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of consistentPages(documents, partition, projection)) items.push(...page);
  return items;
}
