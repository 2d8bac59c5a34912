import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentItem } from '../records/consistent-reads';
import { patientId } from '../records/model';
import type { TransactItem } from '../records/transaction';

export const legalHoldReasons = ['litigation', 'investigation', 'audit', 'preservation-order'] as const;

/**
 * A duty to preserve a patient's record, whatever the retention rules say. `PK` `PATIENT#<patient>`, `SK` `LEGAL-HOLD`. It is
 * released, never deleted. Times are UTC, ISO 8601.
 */
const legalHoldItem = z.object({
  /** of this hold: what an approval of its release names */
  id: z.uuid(),
  patient: patientId,
  state: z.enum(['held', 'released']),
  reason: z.enum(legalHoldReasons),
  placedBy: z.uuid(),
  placedAt: z.string(),
  releasedBy: z.uuid().optional(),
  releasedAt: z.string().optional(),
  version: z.int().positive(),
});
export type LegalHold = z.infer<typeof legalHoldItem>;

const keyOf = (patient: string) => ({ PK: `PATIENT#${patient}`, SK: 'LEGAL-HOLD' });

export function readLegalHold(
  documents: DynamoDBDocumentClient,
  table: string,
  patient: string,
): Promise<LegalHold | undefined> {
  return consistentItem(documents, table, keyOf(patient), legalHoldItem);
}

/** @returns the write that puts a hold in place of none, or of `before` that was released; fails when another came first */
export function placeLegalHold(table: string, hold: LegalHold, before: LegalHold | undefined): TransactItem {
  return {
    Put: {
      TableName: table,
      Item: { ...keyOf(hold.patient), ...hold },
      ...(before
        ? {
            ConditionExpression: '#version = :before AND #state = :released',
            ExpressionAttributeNames: { '#version': 'version', '#state': 'state' },
            ExpressionAttributeValues: { ':before': before.version, ':released': 'released' },
          }
        : { ConditionExpression: 'attribute_not_exists(PK)' }),
    },
  };
}

/** @returns the write that ends just this hold; fails when it ended already */
export function releaseLegalHold(table: string, hold: LegalHold, by: string, now: Date): TransactItem {
  return {
    Update: {
      TableName: table,
      Key: keyOf(hold.patient),
      UpdateExpression: 'SET #state = :released, releasedBy = :by, releasedAt = :now, #version = #version + :one',
      ConditionExpression: 'id = :id AND #state = :held',
      ExpressionAttributeNames: { '#version': 'version', '#state': 'state' },
      ExpressionAttributeValues: {
        ':id': hold.id,
        ':held': 'held',
        ':released': 'released',
        ':by': by,
        ':now': now.toISOString(),
        ':one': 1,
      },
    },
  };
}

/** Part of a disposal's transaction: a hold that was placed in the same moment stops it. */
export function noLegalHold(table: string, patient: string): TransactItem {
  return {
    ConditionCheck: {
      TableName: table,
      Key: keyOf(patient),
      ConditionExpression: 'attribute_not_exists(PK) OR #state = :released',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':released': 'released' },
    },
  };
}
