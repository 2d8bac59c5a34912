import { addDays, type Day } from '../calendar';

/** When something was where the organization is. */
export interface LocalTime {
  readonly day: Day;
  /** 0 to 23 */
  readonly hour: number;
  readonly minute: number;
  /** Saturday or Sunday */
  readonly weekend: boolean;
}

const formats = new Map<string, Intl.DateTimeFormat>();
/** No offset changes within a quarter of an hour: formatting is what takes time. */
const quarter = 15 * 60 * 1000;
const known = new Map<string, { readonly day: Day; readonly minutes: number }>();
const mostKnown = 20_000;

/** @param at UTC, ISO 8601; @param timeZone IANA name */
export function localTime(at: string, timeZone: string): LocalTime {
  const time = Date.parse(at);
  const begins = Math.floor(time / quarter) * quarter;
  const key = `${timeZone} ${begins}`;
  const start = known.get(key) ?? formatted(begins, timeZone);
  if (!known.has(key)) {
    if (known.size >= mostKnown) known.clear();
    known.set(key, start);
  }
  const minutes = start.minutes + Math.floor((time - begins) / 60_000);
  const weekday = new Date(`${start.day}T00:00:00.000Z`).getUTCDay();
  return {
    day: start.day,
    hour: Math.floor(minutes / 60),
    minute: minutes % 60,
    weekend: weekday === 0 || weekday === 6,
  };
}

function formatted(time: number, timeZone: string): { readonly day: Day; readonly minutes: number } {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  return {
    day: `${parts['year']}-${parts['month']}-${parts['day']}`,
    minutes: Number(parts['hour']) * 60 + Number(parts['minute']),
  };
}

export const daysBefore = (day: Day, days: number): Day => addDays(day, -days);
