import * as z from 'zod';
import type { EventResource } from '../audit/event';
import { daysSince } from '../instant';
import { isCurrent } from './decide';
import type { ActorItem, MemberItem } from './governance';
import { lastQuarter, quarter, quarterOf, type ReviewItem, reviewOutcomes } from './reviews';

/** An event names at most a hundred resources: two a person. */
const mostOutcomes = 45;

/** What a reviewer decided, grant by grant. */
export const reviewRequest = z.strictObject({
  period: quarter,
  outcomes: z
    .array(
      z.strictObject({
        user: z.uuid(),
        role: z.enum(reviewOutcomes),
        care_teams: z.enum(reviewOutcomes).default('kept'),
      }),
    )
    .min(1)
    .max(mostOutcomes),
});
type ReviewRequest = z.infer<typeof reviewRequest>;
interface Reviewing {
  /** `sub` of the reviewer */
  readonly by: string;
  readonly now: Date;
}

/**
 * @param known those of the people whom Ward knows
 * @returns why the review may not be recorded, by field
 */
export function reviewFaults(
  { period, outcomes }: ReviewRequest,
  known: readonly ActorItem[],
  { by, now }: Reviewing,
): { readonly field: string; readonly message: string }[] {
  return [
    ...(period === quarterOf(now) || period === lastQuarter(now)
      ? []
      : [{ field: 'period', message: 'must be this quarter or the last one' }]),
    ...(known.length < outcomes.length ? [{ field: 'outcomes', message: 'names somebody who is not there' }] : []),
    ...(new Set(outcomes.map(({ user }) => user)).size < outcomes.length
      ? [{ field: 'outcomes', message: 'names somebody twice' }]
      : []),
    ...(known.some(({ sub }) => sub === by) ? [{ field: 'outcomes', message: 'nobody reviews their own access' }] : []),
  ];
}

/** @returns a review of each person, in the version in which they were looked at */
export function reviewsOf(
  outcomes: ReviewRequest['outcomes'],
  known: readonly ActorItem[],
  { by, now }: Reviewing,
): ReviewItem[] {
  const versions = new Map(known.map(({ sub, version }) => [sub, version]));
  return outcomes.map(({ user, role, care_teams: careTeams }) => ({
    sub: user,
    role,
    careTeams,
    reviewedBy: by,
    reviewedAt: now.toISOString(),
    version: versions.get(user) ?? 1,
  }));
}

/** What the log says of a review: who was looked at, and what became of each grant. */
export const toldReview = ({ sub, version, role, careTeams }: ReviewItem): EventResource[] => [
  { id: sub, type: `role-${role}`, version },
  { id: sub, type: `care-teams-${careTeams}`, version: null },
];

/** What the API tells of a review, if there was one. */
export const shownReview = (item: ReviewItem | undefined) =>
  item && {
    role: item.role,
    care_teams: item.careTeams,
    reviewed_by: item.reviewedBy,
    reviewed_at: item.reviewedAt,
  };

/** What a reviewer is told of a place on a care team. */
export const shownMembership = (item: MemberItem, now: Date) => ({
  patient: item.patient,
  role_in_team: item.roleInTeam,
  added_by: item.addedBy,
  starts_at: item.startsAt,
  ends_at: item.endsAt,
  age_days: daysSince(item.startsAt, now),
  current: isCurrent(item, now),
  review_due: item.reviewDue,
});
