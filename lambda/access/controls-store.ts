import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { consistentQuery } from '../records/consistent-queries';
import { consistentItem } from '../records/consistent-reads';
import { type ControlTarget, controlKey } from './controls';
import { type ControlItem, controlItem, governanceKeys } from './governance';

/** @returns the newest control of a target, in force or not */
export const readControl = (
  documents: DynamoDBDocumentClient,
  table: string,
  target: ControlTarget,
): Promise<ControlItem | undefined> => consistentItem(documents, table, controlKey(target), controlItem);

/** @returns the newest control of every target that ever had one */
export async function allControls(documents: DynamoDBDocumentClient, table: string): Promise<ControlItem[]> {
  const items = await consistentQuery(documents, { table, PK: governanceKeys.listedControl('').PK });
  return items.map((item) => controlItem.parse(item));
}
