import { addDays, type Day } from '../../calendar';
import type { Context } from '../context';
import type { Unexplained } from '../model';

/** @returns the Monday of the day's week: weeks are counted one by one, so that one theft is one alert a week */
export function weekOf(day: Day): Day {
  const weekday = new Date(`${day}T00:00:00.000Z`).getUTCDay();
  return addDays(day, -((weekday + 6) % 7));
}

/** Slow theft, and curiosity about everybody: each access alone would pass for help at the next desk. */
export const unexplainedPatients = {
  id: 'unexplained-patients',
  severity: 'high',
  mayContain: false,
  reason:
    'Within a week records of far more patients were opened, or tried, without an explanation than is usual in the role.',
} as const;

/** @returns the entries of the week that begins with the Monday, when they are of so many patients that it is worth an alert */
export function breadthOf(
  entries: readonly Unexplained[],
  monday: Day,
  { settings, baseline }: Context,
): readonly Unexplained[] | undefined {
  const week = entries.filter(({ verdict, day }) => verdict === 'unexplained' && weekOf(day) === monday);
  const { leastPerWeek, factor, deviations } = settings.breadth;
  const usual = baseline?.unexplainedWeekly ?? 0;
  // Counts of chance events vary by the root of their mean.
  const limit = Math.max(leastPerWeek, factor * usual + deviations * Math.sqrt(usual));
  return new Set(week.map(({ patient }) => patient)).size >= limit ? week : undefined;
}
