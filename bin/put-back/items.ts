import { setTimeout } from 'node:timers/promises';
import {
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DynamoDBClient,
  ScanCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb';

/** As DynamoDB has it: nothing is read into other types, so that it is written as it was. */
export type Item = Record<string, AttributeValue>;

/** DynamoDB's bounds on one call */
const [mostReads, mostWrites] = [100, 25];
/** How long to wait with what a table did not take: doubled each time, 12.8 s at last. */
const patience = Array.from({ length: 9 }, (_, index) => 50 * 2 ** index);

export const keyOf = ({ PK, SK }: Item): Item => ({ ...(PK && { PK }), ...(SK && { SK }) });
export const nameOf = ({ PK, SK }: Item): string => JSON.stringify([PK?.S, SK?.S]);

/** Every item of one segment of a table, strongly consistent, in pages that one read can ask for elsewhere. */
export async function* pages(
  client: DynamoDBClient,
  TableName: string,
  { segment: Segment, segments: TotalSegments }: { readonly segment: number; readonly segments: number },
): AsyncGenerator<readonly Item[]> {
  let ExclusiveStartKey: Item | undefined;
  do {
    const { Items = [], LastEvaluatedKey } = await client.send(
      new ScanCommand({ TableName, Segment, TotalSegments, ConsistentRead: true, Limit: mostReads, ExclusiveStartKey }),
    );
    if (Items.length > 0) yield Items;
    ExclusiveStartKey = LastEvaluatedKey;
  } while (ExclusiveStartKey);
}

/** @param keys 100 at most @returns the items that are there, by `nameOf`. @throws Error when the table does not answer for all */
export async function read(
  client: DynamoDBClient,
  table: string,
  keys: readonly Item[],
): Promise<ReadonlyMap<string, Item>> {
  const found = new Map<string, Item>();
  let left: Item[] = [...keys];
  for (const milliseconds of patience) {
    const { Responses, UnprocessedKeys } = await client.send(
      new BatchGetItemCommand({ RequestItems: { [table]: { Keys: left, ConsistentRead: true } } }),
    );
    for (const item of Responses?.[table] ?? []) found.set(nameOf(item), item);
    left = UnprocessedKeys?.[table]?.Keys ?? [];
    if (left.length === 0) return found;
    await setTimeout(milliseconds);
  }
  throw new Error('a table does not answer for all its items: run it again');
}

/** @throws Error when the table does not take all */
export async function write(client: DynamoDBClient, table: string, requests: readonly WriteRequest[]): Promise<void> {
  for (let at = 0; at < requests.length; at += mostWrites)
    await writeFew(client, table, requests.slice(at, at + mostWrites));
}

async function writeFew(client: DynamoDBClient, table: string, requests: WriteRequest[]): Promise<void> {
  let left = requests;
  for (const milliseconds of patience) {
    const { UnprocessedItems } = await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: left } }));
    left = UnprocessedItems?.[table] ?? [];
    if (left.length === 0) return;
    await setTimeout(milliseconds);
  }
  throw new Error('a table does not take all items: run it again');
}
