import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { governanceKeys } from '../access/governance';
import { consistentQuery } from '../records/consistent-queries';
import { ConsistentReads } from '../records/consistent-reads';
import { putVersion, type TransactItem } from '../records/transaction';
import { type Associate, associateItem } from './associate';

/** @returns all associates, in the order in which they were recorded, those whose relationship is over included; consistent */
export async function allAssociates(documents: DynamoDBDocumentClient, table: string): Promise<Associate[]> {
  const items = await consistentQuery(documents, { table, PK: governanceKeys.associate('').PK });
  return items.map((item) => associateItem.parse(item));
}

export async function readAssociate(
  documents: DynamoDBDocumentClient,
  table: string,
  id: string,
): Promise<Associate | undefined> {
  const item = await ConsistentReads.of(documents).get(table, governanceKeys.associate(id));
  return item && associateItem.parse(item);
}

/** @returns the write of an associate; fails when it changed since it was read */
export function setAssociate(table: string, associate: Associate): TransactItem {
  return putVersion(table, { ...governanceKeys.associate(associate.id), ...associate }, associate.version - 1);
}
