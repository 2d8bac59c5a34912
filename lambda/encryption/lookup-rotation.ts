import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentItem } from '../records/consistent-reads';
import { putVersion, type TransactItem } from '../records/transaction';

/**
 * How far the move of the blind index to another key is. `settle`: every instance learns that there is a next key. `write`:
 * tokens are written under it for every patient. `switch`: it is the current one, and every instance learns that. `remove`:
 * tokens of the retired key go.
 */
const rotationSteps = ['settle', 'write', 'switch', 'remove', 'done'] as const;

/** `PK` and `SK` `LOOKUP-ROTATION` in the governance table; one for the organization. Times are UTC, ISO 8601. */
const rotationItem = z.object({
  step: z.enum(rotationSteps),
  /** of the lookup key that the index moves to */
  to: z.int().positive(),
  startedAt: z.string(),
  /** of this step */
  since: z.string(),
  /** where the walk over the patients is */
  after: z.string().optional(),
  /** patients that this step has reached */
  done: z.int().min(0),
  version: z.int().positive(),
});
export type LookupRotation = z.infer<typeof rotationItem>;

const key = { PK: 'LOOKUP-ROTATION', SK: 'LOOKUP-ROTATION' };

export function readRotation(documents: DynamoDBDocumentClient, table: string): Promise<LookupRotation | undefined> {
  return consistentItem(documents, table, key, rotationItem);
}

/** @returns the write of the next state; fails when somebody else went on meanwhile */
export function writeRotation(table: string, next: LookupRotation): TransactItem {
  return putVersion(table, { ...key, ...next }, next.version - 1);
}

/**
 * @param knowsForSeconds how long an instance may go on with what it knows of the keys
 * @returns when a step that waits for every instance is over: twice that, so that a request that began at its end has ended too
 */
export const readyAt = ({ since }: LookupRotation, knowsForSeconds: number): Date =>
  new Date(Date.parse(since) + 2 * knowsForSeconds * 1000);
