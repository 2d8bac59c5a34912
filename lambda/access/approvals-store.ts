import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { consistentQuery } from '../records/consistent-queries';
import { type Approval, approvalItem } from './approvals';
import { type ActorItem, actorItem, GovernanceError, governanceKeys } from './governance';

/** how many of the newest requests the list shows */
const listed = 100;

export async function readApproval(
  documents: DynamoDBDocumentClient,
  table: string,
  id: string,
): Promise<Approval | undefined> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: table, Key: governanceKeys.approval(id), ConsistentRead: true }),
  );
  return Item && approvalItem.parse(Item);
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
  const ids = (Items ?? []).map((item) => String(item['SK']));
  if (ids.length === 0) return [];
  const answer = await documents.send(
    new BatchGetCommand({
      RequestItems: { [table]: { Keys: ids.map((id) => governanceKeys.approval(id)), ConsistentRead: true } },
    }),
  );
  if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw new GovernanceError();
  const found = new Map(
    (answer.Responses?.[table] ?? []).map((item) => [String(item['id']), approvalItem.parse(item)]),
  );
  return ids.flatMap((id) => found.get(id) ?? []);
}

export async function readActor(
  documents: DynamoDBDocumentClient,
  table: string,
  sub: string,
): Promise<ActorItem | undefined> {
  const { Item } = await documents.send(
    new GetCommand({ TableName: table, Key: governanceKeys.actor(sub), ConsistentRead: true }),
  );
  return Item && actorItem.parse(Item);
}

/** @returns everybody who is or was known to Ward */
export async function allActors(documents: DynamoDBDocumentClient, table: string): Promise<ActorItem[]> {
  const listedActors = await consistentQuery(documents, { table, PK: governanceKeys.listed('').PK });
  const subs = listedActors.map((item) => String(item['SK']));
  const actors: ActorItem[] = [];
  for (let first = 0; first < subs.length; first += 100) {
    const Keys = subs.slice(first, first + 100).map((sub) => governanceKeys.actor(sub));
    const answer = await documents.send(
      new BatchGetCommand({ RequestItems: { [table]: { Keys, ConsistentRead: true } } }),
    );
    if (Object.keys(answer.UnprocessedKeys ?? {}).length > 0) throw new GovernanceError();
    actors.push(...(answer.Responses?.[table] ?? []).map((item) => actorItem.parse(item)));
  }
  return actors.sort((a, b) => (a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : 0));
}
