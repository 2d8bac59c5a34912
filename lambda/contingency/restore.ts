import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { governanceKeys } from '../access/governance';
import { consistentItem } from '../records/consistent-reads';
import { putVersion, type TransactItem } from '../records/transaction';

/**
 * The newest restore of the tables. `PK` and `SK` `RESTORE`. `locked` until the verified log was replayed over it, `replayed`
 * until two people release it. 45 CFR 164.308(a)(7)(ii)(B). Times are UTC, ISO 8601.
 */
const restoreItem = z.object({
  id: z.uuid(),
  state: z.enum(['locked', 'replayed', 'released']),
  /** an operator who said so, or tables that stand behind the archive */
  foundBy: z.enum(['operator', 'marks']),
  foundAt: z.string(),
  attemptedAt: z.string().optional(),
  replayedAt: z.string().optional(),
  /** whether the log is whole and everything in it could be done again; else two people must say that it is known not to be */
  whole: z.boolean().optional(),
  /** of the newest checkpoint that was verified: what happened later, the log does not know */
  evidenceUntil: z.string().optional(),
  /** events that the log promised and nobody has any more */
  lost: z.int().optional(),
  /** of another stage's log: its tables were taken over */
  from: z.string().optional(),
  version: z.int().positive(),
});
export type Restore = z.infer<typeof restoreItem>;

export function readRestore(documents: DynamoDBDocumentClient, table: string): Promise<Restore | undefined> {
  return consistentItem(documents, table, governanceKeys.restore, restoreItem);
}

/** @returns the write of a restore; fails when it changed since it was read */
export function setRestore(table: string, restore: Restore): TransactItem {
  return putVersion(table, { ...governanceKeys.restore, ...restore }, restore.version - 1);
}

/**
 * @param reason of the approval
 * @returns whether two people may release it with that: a restore that is known to lack something takes those who say so
 */
export const isReleasable = (
  restore: Restore | undefined,
  id: string | undefined,
  reason: string,
): restore is Restore =>
  restore !== undefined &&
  restore.id === id &&
  restore.state === 'replayed' &&
  (restore.whole === true || reason === 'partly-validated');

export const releasedRestore = (restore: Restore): Restore => ({
  ...restore,
  state: 'released',
  version: restore.version + 1,
});
