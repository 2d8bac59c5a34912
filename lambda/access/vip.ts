import * as z from 'zod';
import { patientId } from '../records/model';
import { putVersion, type TransactItem } from '../records/transaction';
import { governanceKeys } from './governance';

/** Why a record is watched more closely. Codes: a flag that said more would be gossip itself. */
export const vipReasons = ['public-figure', 'workforce', 'threatened', 'patient-request', 'other'] as const;

/** `PK` `PATIENT#<patient>`, `SK` `VIP`. It is cleared, never deleted. Times are UTC, ISO 8601. */
export const vipItem = z.object({
  patient: patientId,
  reason: z.enum(vipReasons),
  markedBy: z.uuid(),
  markedAt: z.string(),
  clearedBy: z.uuid().optional(),
  clearedAt: z.string().optional(),
  version: z.int().positive(),
});
export type VipItem = z.infer<typeof vipItem>;

/** @returns the write of a flag; fails when it changed since it was read */
export function setVip(table: string, item: VipItem): TransactItem {
  return putVersion(table, { ...governanceKeys.vip(item.patient), ...item }, item.version - 1);
}
