import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads, consistentItem } from '../records/consistent-reads';
import { type ActorItem, actorItem, governanceKeys } from './governance';

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
