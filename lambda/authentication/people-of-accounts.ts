import { type DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { actorItem, governanceKeys } from '../access/governance';
import type { Role } from './actor';

const accountItem = z.object({ person: z.uuid() });

/** @returns the person whose account it is, also where a recovery made it anew; undefined when Ward knows nobody of it */
export async function personOfAccount(
  documents: DynamoDBDocumentClient,
  table: string,
  account: string,
): Promise<{ readonly sub: string; readonly role: Role } | undefined> {
  const read = async (Key: { PK: string; SK: string }) =>
    (await documents.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))).Item;
  const [own, renewed] = await Promise.all([
    read(governanceKeys.actor(account)),
    read(governanceKeys.account(account)),
  ]);
  const item = own ?? (renewed && (await read(governanceKeys.actor(accountItem.parse(renewed).person))));
  if (!item) return undefined;
  const { sub, role } = actorItem.parse(item);
  return { sub, role };
}
