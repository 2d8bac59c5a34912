import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentItem } from '../records/consistent-reads';
import { patientId } from '../records/model';
import type { TransactItem } from '../records/transaction';

/** Point-in-time recovery keeps the keys table this long: until then a restored copy could open what was disposed of. */
const backupDays = 35;
const dayMilliseconds = 86_400_000;

/**
 * That a patient's record was disposed of, how, and on whose word. `PK` `PATIENT#<patient>`, `SK` `DISPOSAL`; written in the
 * transaction that destroys the keys, and never again. Times are UTC, ISO 8601. 45 CFR 164.310(d)(2)(i), 164.316(b)(2)(i).
 */
const disposalItem = z.object({
  patient: patientId,
  reason: z.string(),
  approval: z.uuid(),
  requestedBy: z.uuid(),
  requestedAt: z.string(),
  approvedBy: z.uuid(),
  approvedAt: z.string(),
  disposedBy: z.uuid(),
  disposedAt: z.string(),
  /** versions of the patient's key that were destroyed */
  keyVersions: z.int().positive(),
  /** the audit event of the disposal, in the same transaction */
  event: z.uuid(),
});
export type Disposal = z.infer<typeof disposalItem>;

const keyOf = (patient: string) => ({ PK: `PATIENT#${patient}`, SK: 'DISPOSAL' });

export function readDisposal(
  documents: DynamoDBDocumentClient,
  table: string,
  patient: string,
): Promise<Disposal | undefined> {
  return consistentItem(documents, table, keyOf(patient), disposalItem);
}

export function writeDisposal(table: string, disposal: Disposal): TransactItem {
  return {
    Put: {
      TableName: table,
      Item: { ...keyOf(disposal.patient), ...disposal },
      ConditionExpression: 'attribute_not_exists(PK)',
    },
  };
}

/** @returns the certificate as the API shows it: identifiers, codes and times */
export function certificate(disposal: Disposal, organization: string, now: Date) {
  const expireAt = new Date(Date.parse(disposal.disposedAt) + backupDays * dayMilliseconds);
  return {
    organization,
    patient: disposal.patient,
    method: 'crypto-shredding',
    standard: 'NIST SP 800-88: cryptographic erase',
    reason: disposal.reason,
    requested_by: disposal.requestedBy,
    requested_at: disposal.requestedAt,
    approved_by: disposal.approvedBy,
    approved_at: disposal.approvedAt,
    disposed_by: disposal.disposedBy,
    disposed_at: disposal.disposedAt,
    key_versions_destroyed: disposal.keyVersions,
    backups_expire_at: expireAt.toISOString(),
    complete: now >= expireAt,
    approval: disposal.approval,
    audit_event: disposal.event,
  } as const;
}
