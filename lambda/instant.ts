import * as z from 'zod';

const dayMilliseconds = 24 * 60 * 60 * 1000;

/** A moment that a request names, as Ward keeps it: UTC, ISO 8601, to the millisecond, so that text compares as time does. */
export const instant = z.iso
  .datetime('must be a UTC instant such as 2026-01-31T08:00:00Z')
  .transform((at) => new Date(at).toISOString());

/** @returns the instant so many days after another, or before it where `days` is negative */
export const daysAfter = (at: string | Date, days: number): string =>
  new Date(new Date(at).getTime() + days * dayMilliseconds).toISOString();

/** @returns how many whole days have passed */
export const daysSince = (at: string, now: Date): number =>
  Math.floor((now.getTime() - Date.parse(at)) / dayMilliseconds);
