import { daysBetween } from '../calendar';
import type { ActorState, RoleBaseline, Unexplained } from './model';
import { signalRules } from './rules';

/** What is remembered reaches back two weeks, in the beginning less. */
function weeksOf(unexplained: readonly Unexplained[]): number {
  const days = unexplained.map(({ day }) => day).sort();
  const [first, last] = [days[0], days.at(-1)];
  return first === undefined || last === undefined ? 1 : Math.max(7, daysBetween(first, last) + 1) / 7;
}

/** With fewer accesses to go by no signal is called common. */
const leastAccesses = 20;

/**
 * What people of a role do on average, from the states of all of them; to be made once a day.
 * @returns undefined where nobody of the role has a closed day of work
 */
export function roleBaseline(role: RoleBaseline['role'], states: readonly ActorState[]): RoleBaseline | undefined {
  const worked = states.filter((state) => state.role === role && state.history.daily.count > 0);
  if (worked.length === 0) return undefined;
  const mean = (of: (state: ActorState) => number) => worked.reduce((sum, state) => sum + of(state), 0) / worked.length;
  const unexplained = worked.flatMap((state) =>
    Object.values(state.unexplained).filter(({ verdict }) => verdict === 'unexplained'),
  );
  const share = (id: string) => unexplained.filter(({ signals }) => signals.includes(id)).length / unexplained.length;
  return {
    v: 1,
    role,
    people: worked.length,
    hourly: mean(({ history }) => history.hourly.mean),
    daily: mean(({ history }) => history.daily.mean),
    unexplainedWeekly: unexplained.length / weeksOf(unexplained) / worked.length,
    shares: unexplained.length < leastAccesses ? {} : Object.fromEntries(signalRules.map(({ id }) => [id, share(id)])),
  };
}
