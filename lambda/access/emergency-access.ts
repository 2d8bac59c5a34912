import * as z from 'zod';
import { daysAfter } from '../instant';
import { patientId } from '../records/model';
import { putVersion, type TransactItem } from '../records/transaction';
import { governanceKeys, type StandingEmergency } from './governance';

/** Why a clinician who is on no care team of the patient has to see the record now. */
export const emergencyReasons = [
  'life-threatening',
  'unconscious-patient',
  'emergency-department',
  'care-team-unreachable',
  'disaster',
  'system-failure',
] as const;
/** What a review found; the long form is in the incident. */
export const reviewReasons = [
  'treated-patient',
  'covering-clinician',
  'opened-in-error',
  'no-treatment-relationship',
  'reason-not-confirmed',
  'curiosity',
] as const;

export const longestMinutes = 60;
const minute = 60_000;
const hour = 60 * minute;
/** a request for a second clinician is for an emergency: later it is another request */
const secondWithinMilliseconds = 15 * minute;
const reviewWithinMilliseconds = 72 * hour;
const mostOpen = 3;
const mostADay = 10;

const bytes = z.custom<Uint8Array>((value) => value instanceof Uint8Array);
/** An emergency access. `PK` `EMERGENCIES`, `SK` its id, a UUIDv7. 45 CFR 164.312(a)(2)(ii). Times are UTC, ISO 8601. */
export const emergencyItem = z.object({
  id: z.uuid(),
  sub: z.uuid(),
  patient: patientId,
  reason: z.enum(emergencyReasons),
  minutes: z.int().min(1).max(longestMinutes),
  /** `pending`: under a lockdown, until a second clinician agrees */
  state: z.enum(['pending', 'opened']),
  requestedAt: z.string(),
  openedAt: z.string().optional(),
  endsAt: z.string().optional(),
  secondedBy: z.string().optional(),
  reviewDueAt: z.string(),
  overdueRecordedAt: z.string().optional(),
  reviewedAt: z.string().optional(),
  reviewedBy: z.string().optional(),
  outcome: z.enum(['justified', 'incident']).optional(),
  reviewReason: z.enum(reviewReasons).optional(),
  /** the clinician's words, sealed under a key of their own */
  narrative: z.object({ wrapped: bytes, header: bytes, field: bytes, footer: bytes }),
  version: z.int().positive(),
});
export type EmergencyItem = z.infer<typeof emergencyItem>;

/** What a clinician has opened lately. `PK` `EMERGENCY-QUOTA#<sub>`. */
export const quotaItem = z.object({
  accesses: z.array(z.object({ id: z.uuid(), at: z.string(), endsAt: z.string() })),
  version: z.int().positive(),
});
export type Quota = z.infer<typeof quotaItem>;

/** @returns the access as it is asked for: open at once, or waiting for a second clinician under a lockdown */
export function requested(
  asked: Pick<EmergencyItem, 'id' | 'sub' | 'patient' | 'reason' | 'minutes' | 'narrative'>,
  { now, lockdown }: { readonly now: Date; readonly lockdown: boolean },
): EmergencyItem {
  const reviewDueAt = new Date(now.getTime() + reviewWithinMilliseconds).toISOString();
  const item: EmergencyItem = { ...asked, state: 'pending', requestedAt: now.toISOString(), reviewDueAt, version: 1 };
  return lockdown ? item : opened(item, now);
}

/** @returns the access as it is from now on */
export function opened(item: EmergencyItem, now: Date): EmergencyItem {
  const endsAt = new Date(now.getTime() + item.minutes * minute).toISOString();
  return { ...item, state: 'opened', openedAt: now.toISOString(), endsAt };
}

/** @returns whether a second clinician may still agree */
export function waitsForSecond(item: EmergencyItem, now: Date): boolean {
  return item.state === 'pending' && now.getTime() < Date.parse(item.requestedAt) + secondWithinMilliseconds;
}

const isOverdue = ({ reviewDueAt, reviewedAt }: EmergencyItem, now: Date): boolean =>
  reviewedAt === undefined && reviewDueAt <= now.toISOString();

/**
 * Takes one of the accesses that a clinician may open: at most 3 at a time and 10 in 24 hours. The adversary holds a stolen
 * token and a list of patients.
 * @returns the quota as it is then, undefined when there is none left
 */
export function takeQuota(current: Quota | undefined, item: EmergencyItem, now: Date): Quota | undefined {
  const dayAgo = daysAfter(now, -1);
  const at = now.toISOString();
  const recent = (current?.accesses ?? []).filter((access) => access.at > dayAgo || access.endsAt > at);
  const open = recent.filter(({ endsAt }) => endsAt > at);
  if (open.length >= mostOpen || recent.length >= mostADay) return undefined;
  // A request that waits for a second clinician counts as if it were open as long as it may become so.
  const latest = now.getTime() + item.minutes * minute + (item.state === 'pending' ? secondWithinMilliseconds : 0);
  const access = { id: item.id, at, endsAt: new Date(latest).toISOString() };
  return { accesses: [...recent, access], version: (current?.version ?? 0) + 1 };
}

/** @returns the write of a quota: of two accesses that count from the same state one fails, however close they come */
export function setQuota(table: string, sub: string, quota: Quota): TransactItem {
  return putVersion(table, { ...governanceKeys.emergencyQuota(sub), ...quota }, quota.version - 1);
}

/** @returns the write of an access; fails when it changed since it was read */
export function setEmergency(table: string, item: EmergencyItem): TransactItem {
  return putVersion(table, { ...governanceKeys.emergency(item.id), ...item }, item.version - 1);
}

/** @returns the write that access decisions stand on */
export function standing(table: string, item: EmergencyItem): TransactItem {
  const { id, openedAt: startsAt = '', endsAt = '' } = item;
  const decisive: StandingEmergency = { id, startsAt, endsAt };
  return {
    Put: { TableName: table, Item: { ...governanceKeys.standingEmergency(item.patient, item.sub), ...decisive } },
  };
}

/** @returns the task of the compliance officers, to be done by its deadline */
export function reviewTask(table: string, { id, reviewDueAt }: EmergencyItem): TransactItem {
  return { Put: { TableName: table, Item: { ...governanceKeys.emergencyReview(reviewDueAt, id), id } } };
}

export function reviewDone(table: string, { id, reviewDueAt }: EmergencyItem): TransactItem {
  return { Delete: { TableName: table, Key: governanceKeys.emergencyReview(reviewDueAt, id) } };
}

/** @returns the write that names a person: no emergency access until the last incident that names them as well is closed */
export function nameInIncident(table: string, { sub, id }: EmergencyItem, now: Date): TransactItem {
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.incidentSubject(sub),
      UpdateExpression: 'SET emergencyAccess = :id, #at = :at',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':id': id, ':at': now.toISOString() },
    },
  };
}

/** @returns a mail that has to be sent: part of the transaction that it tells of, so that it cannot be lost */
export function queueAlert(table: string, item: EmergencyItem): TransactItem {
  const alert = { kind: 'emergency-access', id: item.id, at: item.requestedAt };
  return { Put: { TableName: table, Item: { ...governanceKeys.alert(item.id), ...alert } } };
}

/** @returns the access as the API tells of it: not a word of the clinician's */
export const shown = (item: EmergencyItem, now: Date) => ({
  id: item.id,
  clinician: item.sub,
  patient: item.patient,
  reason: item.reason,
  state: item.state,
  requested_at: item.requestedAt,
  opened_at: item.openedAt,
  ends_at: item.endsAt,
  seconded_by: item.secondedBy,
  review_due_at: item.reviewDueAt,
  overdue: isOverdue(item, now),
  reviewed_at: item.reviewedAt,
  reviewed_by: item.reviewedBy,
  outcome: item.outcome,
  review_reason: item.reviewReason,
});
