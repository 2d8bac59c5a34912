import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { KeyError, keyErrorOf } from './key-error';

const key = { PK: 'O#', SK: 'ORGANIZATION' };
const binding = z.object({ organization: z.string().min(1) });

/**
 * Binds a keys table to the first organization that uses it, and holds every later one to that. The organization is part of
 * every key's encryption context and every envelope's: under another name nothing opens, and what was written would
 * be lost with the mistake. Ask once in a process, before the first use of a key.
 * @throws KeyError `organization-mismatch` when the table is bound to another organization
 */
export async function demandOrganization(
  documents: DynamoDBDocumentClient,
  table: string,
  organization: string,
): Promise<true> {
  demandEqual((await read(documents, table)) ?? (await bind(documents, table, organization)), organization);
  return true;
}

/**
 * The same for what binds nothing, since it never makes a key.
 * @returns false while no organization has used the table: it holds no patient then
 * @throws KeyError `organization-mismatch` when the table is bound to another organization
 */
export async function checkOrganization(
  documents: DynamoDBDocumentClient,
  table: string,
  organization: string,
): Promise<boolean> {
  const bound = await read(documents, table);
  if (bound !== undefined) demandEqual(bound, organization);
  return bound !== undefined;
}

function demandEqual(bound: string, organization: string): void {
  if (bound !== organization)
    throw new KeyError(
      'organization-mismatch',
      `this deployment is configured for the organization "${organization}", but its keys belong to "${bound}": nothing is served`,
    );
}

async function read(documents: DynamoDBDocumentClient, table: string): Promise<string | undefined> {
  const { Item } = await documents
    .send(new GetCommand({ TableName: table, Key: key, ConsistentRead: true }))
    .catch(fail);
  if (!Item) return undefined;
  const parsed = binding.safeParse(Item);
  if (!parsed.success) throw new KeyError('invalid', 'the keys table holds no readable organization');
  return parsed.data.organization;
}

/** @returns the organization that the table is bound to now, which is another's where two began at once */
async function bind(documents: DynamoDBDocumentClient, table: string, organization: string): Promise<string> {
  try {
    await documents.send(
      new PutCommand({
        TableName: table,
        Item: { ...key, organization },
        ConditionExpression: 'attribute_not_exists(PK)',
      }),
    );
    return organization;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw fail(error);
    const bound = await read(documents, table);
    if (bound === undefined) throw new KeyError('invalid', 'the keys table lost its organization');
    return bound;
  }
}

function fail(error: unknown): never {
  throw keyErrorOf(error, 'reading the organization of the keys table');
}
