/** @returns the next time of a schedule, strictly after the given one; both in milliseconds since 1970 */
export type NextTime = (after: number) => number;

const minute = 60_000;
const units = { minute, hour: 60 * minute, day: 24 * 60 * minute } as const;

/**
 * Reads the schedule expressions that the laptop follows: `rate(n minutes|hours|days)` and `cron(…)` in UTC whose fields
 * are `*`, `?`, numbers, names, lists, ranges and steps, for every year. `L`, `W`, `#` and `at()` are not among them.
 * @throws Error naming an expression that is not emulated
 */
export function parseSchedule(expression: string, where: string): NextTime {
  const rate = /^rate\(([1-9]\d*) (minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const unit = rate[2] === 'minute' || rate[2] === 'hour' ? rate[2] : 'day';
    const period = Number(rate[1]) * units[unit];
    return (after) => after + period;
  }
  const fields = /^cron\((.+)\)$/.exec(expression)?.[1]?.split(' ') ?? [];
  const [minutes, hours, days, months, weekdays, years] = fields;
  if (!minutes || !hours || !days || !months || !weekdays || years !== '*' || fields.length !== 6)
    throw new Error(`${where}: schedule ${expression} is not emulated`);
  const read = (text: string, first: number, last: number, names: readonly string[] = []) =>
    field(text, first, last, names, `${where}: schedule ${expression} is not emulated`);
  const has = {
    minute: read(minutes, 0, 59),
    hour: read(hours, 0, 23),
    day: read(days, 1, 31),
    month: read(months, 1, 12, monthNames),
    weekday: read(weekdays, 1, 7, weekdayNames),
  };
  return (after) => {
    const time = new Date(after - (after % minute) + minute);
    const limit = after + 9 * 366 * units.day; // the longest way to a 29 February, over a year such as 2100
    while (time.getTime() < limit) {
      const [year, month, day, hour] = [
        time.getUTCFullYear(),
        time.getUTCMonth(),
        time.getUTCDate(),
        time.getUTCHours(),
      ];
      if (!has.month.has(month + 1)) time.setTime(Date.UTC(year, month + 1));
      else if (!has.day.has(day) || !has.weekday.has(time.getUTCDay() + 1))
        time.setTime(Date.UTC(year, month, day + 1));
      else if (!has.hour.has(hour)) time.setTime(Date.UTC(year, month, day, hour + 1));
      else if (!has.minute.has(time.getUTCMinutes())) time.setTime(time.getTime() + minute);
      else return time.getTime();
    }
    throw new Error(`${where}: schedule ${expression} never comes`);
  };
}

const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const weekdayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function field(text: string, first: number, last: number, names: readonly string[], refusal: string): Set<number> {
  const number = (part: string): number => {
    const named = names.indexOf(part.toUpperCase());
    const value = named >= 0 ? named + first : /^\d+$/.test(part) ? Number(part) : Number.NaN;
    if (!(value >= first && value <= last)) throw new Error(refusal);
    return value;
  };
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const [range = '', step] = part.split('/');
    const [from = '', to] = range.split('-');
    const every = range === '*' || range === '?';
    const start = every ? first : number(from);
    const end = to === undefined ? (every || step !== undefined ? last : start) : number(to);
    if (step !== undefined && !/^[1-9]\d*$/.test(step)) throw new Error(refusal);
    for (let value = start; value <= end; value += Number(step ?? 1)) values.add(value);
  }
  return values;
}
