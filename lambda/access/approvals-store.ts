import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads, consistentItem } from '../records/consistent-reads';
import { type Approval, approvalItem } from './approvals';
import { type ActorItem, actorItem, governanceKeys } from './governance';

/** how many of the newest requests the list shows */
const listed = 100;

export function readApproval(
  documents: DynamoDBDocumentClient,
  table: string,
  id: string,
): Promise<Approval | undefined> {
  return consistentItem(documents, table, governanceKeys.approval(id), approvalItem);
}

/** @returns the newest requests, newest first */
export async function newestApprovals(documents: DynamoDBDocumentClient, table: string): Promise<Approval[]> {
  const { Items } = await documents.send(
    new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'PK = :pk',
      ExpressionAttributeValues: { ':pk': governanceKeys.listedApproval('').PK },
      ConsistentRead: true,
      ScanIndexForward: false,
      Limit: listed,
    }),
  );
  const keys = (Items ?? []).map((item) => governanceKeys.approval(String(item['SK'])));
  const found = await ConsistentReads.of(documents).all(table, keys);
  return found.map((item) => approvalItem.parse(item));
}

export function readActor(
  documents: DynamoDBDocumentClient,
  table: string,
  sub: string,
): Promise<ActorItem | undefined> {
  return consistentItem(documents, table, governanceKeys.actor(sub), actorItem);
}

/** @returns everybody who is or was known to Ward */
export async function allActors(documents: DynamoDBDocumentClient, table: string): Promise<ActorItem[]> {
  const people = await consistentQuery(documents, { table, PK: governanceKeys.listed('').PK });
  const keys = people.map((item) => governanceKeys.actor(String(item['SK'])));
  const actors = await ConsistentReads.of(documents).all(table, keys);
  return actors
    .map((item) => actorItem.parse(item))
    .sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}
