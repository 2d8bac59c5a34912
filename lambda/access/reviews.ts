import * as z from 'zod';
import type { TransactItem } from '../records/transaction';
import { type ActorItem, governanceKeys } from './governance';

export const reviewOutcomes = ['kept', 'ended'] as const;

/** What a reviewer decided on one person's grants in one quarter. `PK` `ACCESS-REVIEW#<quarter>`, `SK` `<sub>`. */
export const reviewItem = z.object({
  sub: z.uuid(),
  role: z.enum(reviewOutcomes),
  careTeams: z.enum(reviewOutcomes),
  reviewedBy: z.uuid(),
  reviewedAt: z.string(),
  /** of the person as they were looked at */
  version: z.int().positive(),
});
export type ReviewItem = z.infer<typeof reviewItem>;

/** such as `2026-Q4` */
export const quarter = z.string().regex(/^20\d{2}-Q[1-4]$/, 'must be a quarter such as 2026-Q4');

/** @returns the calendar quarter of a moment, in UTC */
export const quarterOf = (at: Date): string => `${at.getUTCFullYear()}-Q${Math.floor(at.getUTCMonth() / 3) + 1}`;

/** @returns the quarter as a code of the audit log, such as `quarter:2026-q4` */
export const codeOf = (name: string): string => `quarter:${name.toLowerCase()}`;

/** @returns the first moment after a quarter */
export function endOf(name: string): Date {
  const [year = '', number = ''] = name.split('-Q');
  return new Date(Date.UTC(Number(year), Number(number) * 3, 1));
}

/** @returns the newest quarter that is over */
export const lastQuarter = (at: Date): string => {
  const start = Date.UTC(at.getUTCFullYear(), Math.floor(at.getUTCMonth() / 3) * 3, 1);
  return quarterOf(new Date(start - 1));
};

/**
 * @returns the people whose grants nobody has reviewed for the quarter, or who were to lose them and have them still.
 *   45 CFR 164.308(a)(3)(ii)(B), (a)(4)(ii)(C). Patients are left out: what they may see is their own.
 */
export function unreviewed(
  actors: readonly ActorItem[],
  reviews: readonly ReviewItem[],
  period: string,
): readonly ActorItem[] {
  const end = endOf(period).toISOString();
  const bySub = new Map(reviews.map((review) => [review.sub, review]));
  return actors.filter((actor) => {
    if (actor.role === 'patient' || actor.status !== 'active') return false;
    if ((actor.roleGrantedAt ?? actor.createdAt) >= end) return false;
    const review = bySub.get(actor.sub);
    if (!review) return true;
    // Said to end and not done: the role is the one that was looked at.
    return review.role === 'ended' && (actor.roleGrantedAt ?? actor.createdAt) <= review.reviewedAt;
  });
}

/** @returns the write of a review; a later one of the same quarter replaces it, and the audit log has both */
export function recordReview(table: string, period: string, review: ReviewItem): TransactItem {
  return { Put: { TableName: table, Item: { ...governanceKeys.review(period, review.sub), ...review } } };
}
