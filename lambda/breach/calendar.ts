import { BreachError } from './breach-error';

/** A calendar day, `2026-01-15`. Deadlines are counted in these: no time of day, no time zone, no weekend. */
export type Day = string;

const form = /^(\d{4})-(\d{2})-(\d{2})$/;
const dayMilliseconds = 24 * 60 * 60 * 1000;

/** @throws BreachError unless it is a day that exists */
export function demandDay(value: string, field: string): Day {
  if (!form.test(value)) throw new BreachError('date-format', field, 'must be a day such as 2026-01-31');
  const at = Date.parse(`${value}T00:00:00.000Z`);
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== value)
    throw new BreachError('date-format', field, 'must be a day that exists');
  return value;
}

/** @returns the day `days` calendar days later, earlier where negative */
export function addDays(day: Day, days: number): Day {
  const at = Date.parse(`${demandDay(day, 'day')}T00:00:00.000Z`);
  return new Date(at + days * dayMilliseconds).toISOString().slice(0, 10);
}

/** @returns calendar days from one day to the other: negative when the other is earlier */
export function daysBetween(from: Day, to: Day): number {
  return Math.round((Date.parse(`${to}T00:00:00.000Z`) - Date.parse(`${from}T00:00:00.000Z`)) / dayMilliseconds);
}

/** The UTC day of an instant. In the Americas it may be tomorrow already, so a day of theirs is never "in the future". */
export const dayOf = (instant: Date): Day => instant.toISOString().slice(0, 10);

/** Saturdays, Sundays not counted; public holidays are, since they differ by place: the result is never too late. */
export function addBusinessDays(day: Day, days: number): Day {
  let at = day;
  for (let left = days; left > 0; ) {
    at = addDays(at, 1);
    const weekday = new Date(`${at}T00:00:00.000Z`).getUTCDay();
    if (weekday !== 0 && weekday !== 6) left -= 1;
  }
  return at;
}

/** @returns `January 15, 2026`, as a letter writes it */
export function longDay(day: Day): string {
  const months = 'January February March April May June July August September October November December'.split(' ');
  const [, year, month, date] = form.exec(demandDay(day, 'day')) ?? [];
  return `${months[Number(month) - 1]} ${Number(date)}, ${year}`;
}

/** @returns `01/15/2026`, as the public portal of HHS writes it */
export const portalDay = (day: Day): string => `${day.slice(5, 7)}/${day.slice(8, 10)}/${day.slice(0, 4)}`;
