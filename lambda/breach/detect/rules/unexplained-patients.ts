import { daysBefore } from '../local-time';
import type { RoleBaseline, Unexplained } from '../model';
import type { DetectionSettings } from '../settings';

/** How many days count together. */
export const breadthDays = 7;

/** Slow theft, and curiosity about everybody: each access alone would pass for help at the next desk. */
export const unexplainedPatients = {
  id: 'unexplained-patients',
  severity: 'high',
  mayContain: false,
  reason:
    'Within a week records of far more patients were opened, or tried, without an explanation than is usual in the role.',
} as const;

/** @returns the entries of the week that ends with the day, when they are of so many patients that it is worth an alert */
export function breadthOf(
  entries: readonly Unexplained[],
  day: string,
  { settings, baseline }: { readonly settings: DetectionSettings; readonly baseline: RoleBaseline | undefined },
): readonly Unexplained[] | undefined {
  const first = daysBefore(day, breadthDays - 1);
  const week = entries.filter((each) => each.verdict === 'unexplained' && each.day >= first && each.day <= day);
  const limit = Math.max(settings.breadth.leastPerWeek, settings.breadth.factor * (baseline?.unexplainedWeekly ?? 0));
  return new Set(week.map(({ patient }) => patient)).size >= limit ? week : undefined;
}
