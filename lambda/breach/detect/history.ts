import type { Day } from '../calendar';
import { daysBefore } from './local-time';
import type { ActorState, Average, History, Hour } from './model';
import { union } from './sample';

/** An average forgets at this pace: an hour or a day of work counts half after about as many others. */
const hourlyHorizon = 160;
const dailyHorizon = 20;
/** A network that nobody used for as long is new again. */
const networkDays = 60;
const mostNetworks = 32;

/** What was known before a day leaves the last one before it out: it may still be told out of order. */
export const closedAfterDays = 2;

export const noHistory: History = {
  through: '',
  hourly: { count: 0, mean: 0 },
  daily: { count: 0, mean: 0 },
  usual: Array.from({ length: 24 }, () => 0),
  networks: {},
};

type Hours = Readonly<Record<string, Hour>>;

/** @returns what was known before a day: averages of all days but the last one, which may still be told out of order */
export function historyBefore(state: Pick<ActorState, 'days' | 'history'>, day: Day): History {
  const until = daysBefore(day, closedAfterDays);
  return closedDays(state, until).reduce((history, [each, hours]) => foldDay(history, each, hours), state.history);
}

/** @returns the days up to `until` that are not in the history yet, oldest first */
export function closedDays({ days, history }: Pick<ActorState, 'days' | 'history'>, until: Day): [Day, Hours][] {
  return Object.entries(days)
    .filter(([day]) => day <= until && day > history.through)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** @returns the history with one more day. A day without a patient and without a network leaves it as it was. */
export function foldDay(history: History, day: Day, hours: Hours): History {
  const worked = Object.entries(hours).filter(([, hour]) => (hour.patients?.members.length ?? 0) > 0);
  const counts = worked.map(([, hour]) => hour.patients?.members.length ?? 0);
  const whole = union(worked.map(([, hour]) => hour.patients)).members.length;
  const seen = new Set(Object.values(hours).flatMap((hour) => networksOf(hour)));
  const present = new Set(
    Object.entries(hours)
      .filter(([, hour]) => hour.patients || hour.presence)
      .map(([hour]) => Number(hour)),
  );
  const daily = whole > 0 ? include(history.daily, whole, dailyHorizon) : history.daily;
  return {
    through: day,
    hourly: counts.reduce((average, count) => include(average, count, hourlyHorizon), history.hourly),
    daily,
    usual:
      present.size > 0
        ? history.usual.map((share, hour) => share + (Number(present.has(hour)) - share) / Math.max(1, daily.count))
        : history.usual,
    networks: withNetworks(history.networks, seen, day),
  };
}

/** The mean of all values at first, and of the last `horizon` about evenly from then on. */
function include({ count, mean }: Average, value: number, horizon: number): Average {
  const next = Math.min(count + 1, horizon);
  return { count: next, mean: mean + (value - mean) / next };
}

/** A presence is `<minute>|<session>|<network>`. */
const networksOf = ({ presence }: Hour): string[] =>
  (presence?.members ?? []).map((member) => member.split('|')[2] ?? '').filter((network) => network !== '');

function withNetworks(known: History['networks'], seen: ReadonlySet<string>, day: Day): History['networks'] {
  const oldest = daysBefore(day, networkDays);
  return Object.fromEntries(
    [
      ...Object.entries(known).filter(([network, last]) => !seen.has(network) && last >= oldest),
      ...[...seen].map((network): [string, string] => [network, day]),
    ]
      .sort(([a, lastA], [b, lastB]) => (lastA === lastB ? (a < b ? -1 : 1) : lastA > lastB ? -1 : 1))
      .slice(0, mostNetworks),
  );
}
