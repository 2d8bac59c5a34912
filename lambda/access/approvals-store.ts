import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { ConsistentReads, consistentItem } from '../records/consistent-reads';
import { type Approval, approvalItem } from './approvals';
import { governanceKeys } from './governance';

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
