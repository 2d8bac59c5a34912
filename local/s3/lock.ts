import { z } from 'zod';
import type { Bucket } from './bucket';
import { failure } from './failure';

const DAY_MS = 86_400_000;

export const retentionSchema = z.object({
  mode: z.enum(['COMPLIANCE', 'GOVERNANCE']),
  /** epoch milliseconds */
  until: z.number(),
});
export type Retention = Readonly<z.infer<typeof retentionSchema>>;

export interface Lock {
  readonly retention?: Retention;
  readonly legalHold?: boolean;
}

/**
 * @param mode of the header or document
 * @param until an ISO 8601 instant in the future
 * @throws ServiceError InvalidArgument, InvalidRequest when only one of the two is given
 */
export function parseRetention(mode: string | undefined, until: string | undefined, now: number): Retention {
  if (mode === undefined || until === undefined)
    throw failure('InvalidRequest', 'Retain until date and Object Lock mode go together');
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(until) ? Date.parse(until) : Number.NaN;
  const parsed = retentionSchema.safeParse({ mode, until: instant });
  if (!parsed.success) throw failure('InvalidArgument', 'The Object Lock mode or date is not valid.');
  if (instant <= now) throw failure('InvalidArgument', 'The retain until date must be in the future!');
  return parsed.data;
}

/** @throws ServiceError InvalidArgument */
export function parseLegalHold(status: string | undefined): boolean {
  if (status !== 'ON' && status !== 'OFF') throw failure('InvalidArgument', 'The legal hold is neither ON nor OFF.');
  return status === 'ON';
}

/** What the bucket's default gives an object put at `now`: days of 24 hours, or calendar years in UTC. */
export function defaultRetention(bucket: Bucket, now: number): Retention | undefined {
  const rule = bucket.defaultRetention;
  if (!rule) return undefined;
  const until = new Date(now);
  if (rule.years !== undefined) until.setUTCFullYear(until.getUTCFullYear() + rule.years);
  return { mode: rule.mode, until: until.getTime() + (rule.days ?? 0) * DAY_MS };
}

/**
 * Whether a version may be deleted for good. Only governance retention yields, and only to a caller who asked to bypass
 * it and may.
 *
 * @throws ServiceError AccessDenied
 */
export function requireDeletable(lock: Lock, now: number, bypassesGovernance: boolean): void {
  if (lock.legalHold) throw protectedByLock();
  const active = activeRetention(lock, now);
  if (active && !(active.mode === 'GOVERNANCE' && bypassesGovernance)) throw protectedByLock();
}

/**
 * Whether retention may change so: it may be prolonged; nothing else until it is over, save by a bypass of governance.
 *
 * @param wanted undefined takes the retention away
 * @throws ServiceError AccessDenied
 */
export function requireRetentionChange(
  lock: Lock,
  wanted: Retention | undefined,
  now: number,
  bypassesGovernance: boolean,
): void {
  const active = activeRetention(lock, now);
  if (!active || (active.mode === 'GOVERNANCE' && bypassesGovernance)) return;
  if (!wanted || wanted.mode !== active.mode || wanted.until < active.until) throw protectedByLock();
}

/** Condition keys of a retention that a request asks for; days count as begun. */
export function retentionConditions(retention: Retention, now: number): Readonly<Record<string, string>> {
  return {
    's3:object-lock-mode': retention.mode,
    's3:object-lock-retain-until-date': new Date(retention.until).toISOString(),
    's3:object-lock-remaining-retention-days': String(Math.ceil((retention.until - now) / DAY_MS)),
  };
}

function activeRetention({ retention }: Lock, now: number): Retention | undefined {
  return retention && retention.until > now ? retention : undefined;
}

function protectedByLock() {
  return failure('AccessDenied', 'Access Denied because object protected by object lock.');
}
