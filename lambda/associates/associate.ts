import * as z from 'zod';
import { addDays, type Day } from '../breach/calendar';
import { category } from '../records/model';

/** What a business associate does for the organization with PHI. 45 CFR 160.103 */
export const services = [
  'cloud',
  'billing',
  'clearinghouse',
  'mailing',
  'transcription',
  'analytics',
  'support',
  'legal',
  'accounting',
  'accreditation',
  'destruction',
  'other',
] as const;

/** Why a relationship with an associate ended. 45 CFR 164.504(e)(2)(iii): also because they broke the agreement. */
export const endReasons = ['completed', 'replaced', 'violation', 'associate-closed', 'other'] as const;
/** What became of the PHI that they had; `retained` where neither is feasible. 45 CFR 164.504(e)(2)(ii)(J) */
export const dispositions = ['returned', 'destroyed', 'retained', 'none'] as const;

/** Days are calendar days, such as `2026-01-31`, the first and the last ones included. */
const agreementPart = z.object({
  /** where the signed paper is: a number or code, no person's name */
  reference: z.string(),
  signed: z.iso.date(),
  from: z.iso.date(),
  /** null: until one side ends it */
  until: z.iso.date().nullable(),
  /** the PHI that it lets them have. 45 CFR 164.504(e)(2)(i) */
  categories: z.array(category).min(1),
  /** within how many days of its discovery they report a breach; 60 is the law's limit. 45 CFR 164.410(b) */
  reportWithinDays: z.int().min(1).max(60),
  recordedBy: z.uuid(),
  recordedAt: z.string(),
});
export type Agreement = z.infer<typeof agreementPart>;

/**
 * A business associate with every agreement there was, in the order in which they were recorded. `PK` `ASSOCIATES`, `SK`
 * `<id>`. It ends and is never deleted. Times are UTC, ISO 8601. 45 CFR 164.308(b), 164.504(e), 164.316(b)(2)(i).
 */
export const associateItem = z.object({
  id: z.uuid(),
  /** of an organization */
  name: z.string(),
  service: z.enum(services),
  agreements: z.array(agreementPart).min(1),
  endedBy: z.string().optional(),
  endedAt: z.string().optional(),
  endReason: z.enum(endReasons).optional(),
  disposition: z.enum(dispositions).optional(),
  version: z.int().positive(),
});
export type Associate = z.infer<typeof associateItem>;

/** An agreement takes time to negotiate: so many days before its end it is said to end soon. */
const renewalDays = 60;

/**
 * `not-yet`: the first agreement has not begun. `ends-soon`: within `renewalDays`, with none to follow. `lapsed`: there was an
 * agreement and there is none on that day. `ended`: the relationship is over.
 */
export type Standing = 'not-yet' | 'in-force' | 'ends-soon' | 'lapsed' | 'ended';

type Term = Pick<Agreement, 'from' | 'until'>;

/**
 * @returns the last day that agreements cover without a gap, from a day on: null when they have no end, undefined when none is
 *   in force on that day
 */
export function coveredUntil(agreements: readonly Term[], day: Day): Day | null | undefined {
  let covered: Day | undefined;
  for (;;) {
    const next = covered === undefined ? day : addDays(covered, 1);
    const ends = agreements.filter(({ from, until }) => from <= next && (until === null || until >= next));
    if (ends.length === 0) return covered;
    if (ends.some(({ until }) => until === null)) return null;
    covered = ends.reduce((latest, { until }) => (until !== null && until > latest ? until : latest), next);
  }
}

/** @returns how an associate stands on a day, and the last day of cover that follows from it; null: no end */
export function standingOf(
  { agreements, endedAt }: Pick<Associate, 'endedAt'> & { readonly agreements: readonly Term[] },
  day: Day,
): { readonly standing: Standing; readonly until: Day | null } {
  const until = coveredUntil(agreements, day);
  if (endedAt !== undefined) return { standing: 'ended', until: endedAt.slice(0, 10) };
  if (until === null) return { standing: 'in-force', until };
  if (until !== undefined) return { standing: until <= addDays(day, renewalDays) ? 'ends-soon' : 'in-force', until };
  const past = agreements.flatMap((each) => (each.until !== null && each.until < day ? [each.until] : []));
  const last = past.sort().at(-1);
  return last === undefined ? { standing: 'not-yet', until: null } : { standing: 'lapsed', until: last };
}

/** @returns whether somebody must renew an agreement or end the relationship */
export const needsRenewal = (associate: Associate, day: Day): boolean =>
  ['ends-soon', 'lapsed'].includes(standingOf(associate, day).standing);

/** @returns the associate as it is once the relationship is over */
export const ended = (before: Associate, { by, at, reason, disposition }: EndOfAssociate): Associate => ({
  ...before,
  endedBy: by,
  endedAt: at,
  endReason: reason,
  disposition,
  version: before.version + 1,
});
export interface EndOfAssociate {
  readonly by: string;
  /** UTC, ISO 8601 */
  readonly at: string;
  readonly reason: (typeof endReasons)[number];
  readonly disposition: (typeof dispositions)[number];
}
