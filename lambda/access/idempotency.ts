import type { TransactItem } from '../records/transaction';
import { governanceKeys } from './governance';

/** How long a creation can be sent again without making a second one. */
const idempotencySeconds = 24 * 60 * 60;

/** @returns the write that remembers what an Idempotency-Key made: an id, no PHI */
export function rememberCreation(table: string, token: string, resource: string, now: Date): TransactItem {
  return {
    Put: {
      TableName: table,
      Item: {
        ...governanceKeys.idempotency(token),
        resource,
        version: 1,
        ttl: Math.floor(now.getTime() / 1000) + idempotencySeconds,
      },
      ConditionExpression: 'attribute_not_exists(PK)',
    },
  };
}
