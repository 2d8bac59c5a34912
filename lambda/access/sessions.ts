import type { TransactItem } from '../records/transaction';
import { governanceKeys } from './governance';
import type { AccessRequest } from './guard';

/** what is over stays on record at least as long as any token of the sign-in */
const keptSeconds = 24 * 60 * 60;

/** @returns the write that ends a session, remembered or not */
export function endSession(table: string, { identity, now }: AccessRequest): TransactItem {
  const at = now.toISOString();
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.session(identity.session),
      UpdateExpression: 'SET #sub = :sub, lastSeenAt = :at, endedAt = :at, #ttl = :ttl',
      ConditionExpression: 'attribute_not_exists(PK) OR #sub = :sub',
      ExpressionAttributeNames: { '#sub': 'sub', '#ttl': 'ttl' },
      ExpressionAttributeValues: {
        ':sub': identity.sub,
        ':at': at,
        ':ttl': Math.ceil(now.getTime() / 1000) + keptSeconds,
      },
    },
  };
}
