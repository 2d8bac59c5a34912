import type { Context, Result } from './context';
import { daysBefore } from './local-time';
import type { ActorState, Facts, Finding, RoleBaseline, Unexplained } from './model';
import { signalRules } from './rules';
import { breadthDays, breadthOf, unexplainedPatients } from './rules/unexplained-patients';
import { mostEvents } from './sample';
import type { DetectionSettings } from './settings';

/** An access whose time to be explained is over: look its facts up again and hand them to settle. */
export interface Due {
  /** names it to settle */
  readonly key: string;
  readonly patient: string;
  /** the first access of that day, UTC */
  readonly at: string;
}

/** Emergency access explains what is read under it, never its own opening. */
export const isExplained = ({ explanations }: Facts, opensEmergency: boolean): boolean =>
  explanations.some((each) => !(opensEmergency && each === 'emergency'));

/** @returns when the access will have waited long enough, UTC: sooner where its score makes an alert already */
function dueAt(entry: Unexplained, all: readonly Unexplained[], settings: DetectionSettings): string {
  const urgent = scoreOf(signalsWith(entry, all), settings) >= settings.threshold;
  const minutes = urgent ? Math.min(settings.urgentGraceMinutes, settings.graceHours * 60) : settings.graceHours * 60;
  return new Date(Date.parse(entry.at) + minutes * 60_000).toISOString();
}

/** @returns the accesses to look up again at this moment (UTC), oldest first */
export function due(state: ActorState, now: string, settings: DetectionSettings): readonly Due[] {
  const all = Object.values(state.unexplained);
  return Object.entries(state.unexplained)
    .filter(([, entry]) => entry.verdict === undefined && dueAt(entry, all, settings) <= now)
    .map(([key, { patient, at }]) => ({ key, patient, at }))
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}

/** @returns the moment from which on due() will have something, UTC; undefined while nothing waits */
export function nextDueAt(state: ActorState, settings: DetectionSettings): string | undefined {
  const all = Object.values(state.unexplained);
  return all
    .filter(({ verdict }) => verdict === undefined)
    .map((entry) => dueAt(entry, all, settings))
    .sort()[0];
}

/**
 * Decides about the accesses that have waited: explained, or unexplained and scored. Pure. What was decided stays.
 * @param looked facts as they are now, by the keys of due(); one that is missing goes on waiting
 */
export function settle(state: ActorState, looked: ReadonlyMap<string, Facts>, context: Context): Result {
  return judge(state, looked, { ...context, onlyAlerting: false });
}

/** @param options.onlyAlerting decides about what makes an alert at once and lets all else wait */
export function judge(
  state: ActorState,
  looked: ReadonlyMap<string, Facts>,
  { settings, baseline, onlyAlerting }: Context & { readonly onlyAlerting: boolean },
): Result {
  const next: Record<string, Unexplained> = { ...state.unexplained };
  const patients = new Set<string>();
  const days = new Set<string>();
  for (const [key, facts] of looked) {
    const entry = next[key];
    if (!entry || entry.verdict) continue;
    const fresh = { ...entry, signals: renewed(entry, facts) };
    const explained = isExplained(facts, entry.signals.includes('emergency-without-cause'));
    const score = scoreOf(signalsWith(fresh, Object.values(next)), settings);
    if (onlyAlerting && (explained || score < settings.threshold)) continue;
    next[key] = { ...fresh, verdict: explained ? 'explained' : 'unexplained' };
    patients.add(entry.patient);
    days.add(entry.day);
  }
  const all = Object.values(next);
  const snooping = all
    .filter((entry) => entry.verdict === 'unexplained' && patients.has(entry.patient))
    .flatMap((entry) => snoopingFinding(state, entry, all, settings));
  const breadth = [...new Set(all.map(({ day }) => day))]
    .filter((day) => [...days].some((judged) => judged <= day && judged >= daysBefore(day, breadthDays - 1)))
    .flatMap((day) => breadthFinding(state, day, all, { settings, baseline }));
  return { state: { ...state, unexplained: next }, findings: [...snooping, ...breadth] };
}

/** What facts tell is told anew; what the access itself told stays. */
function renewed(entry: Unexplained, facts: Facts): readonly string[] {
  const kept = entry.signals.filter((id) => signalRules.some((rule) => rule.id === id && rule.sees === 'access'));
  const told = signalRules.filter((rule) => rule.sees === 'facts' && rule.applies(facts)).map(({ id }) => id);
  return [...kept, ...told].sort();
}

function signalsWith(entry: Unexplained, all: readonly Unexplained[]): readonly string[] {
  const remembered = signalRules.filter((rule) => rule.sees === 'memory' && rule.applies(entry, all));
  return [...entry.signals, ...remembered.map(({ id }) => id)];
}

/** @returns the sum of the weights of the signals */
const scoreOf = (signals: readonly string[], { weights }: DetectionSettings): number =>
  signalRules.reduce((sum, { id }) => sum + (signals.includes(id) ? weights[id] : 0), 0);

function snoopingFinding(
  { subject }: ActorState,
  entry: Unexplained,
  all: readonly Unexplained[],
  settings: DetectionSettings,
): Finding[] {
  const signals = signalsWith(entry, all);
  const score = scoreOf(signals, settings);
  if (score < settings.threshold) return [];
  const telling = signalRules
    .filter(({ id }) => signals.includes(id))
    .sort((a, b) => settings.weights[b.id] - settings.weights[a.id]);
  const [first] = telling;
  if (!first) return [];
  return [
    {
      rule: first.id,
      severity: first.severity,
      mayContain: false,
      subject,
      actor: subject,
      patients: [entry.patient],
      at: entry.at,
      window: entry.day,
      evidence: entry.events,
      signals: telling.slice(1).map(({ id }) => id),
      measure: score,
      reason: first.reason,
    },
  ];
}

function breadthFinding(
  { subject }: ActorState,
  day: string,
  all: readonly Unexplained[],
  context: { readonly settings: DetectionSettings; readonly baseline: RoleBaseline | undefined },
): Finding[] {
  const week = breadthOf(all, day, context);
  if (!week) return [];
  const patients = [...new Set(week.map(({ patient }) => patient))].sort();
  const { id, severity, mayContain, reason } = unexplainedPatients;
  return [
    {
      rule: id,
      severity,
      mayContain,
      subject,
      actor: subject,
      patients: patients.slice(0, 20),
      at: week.reduce((first, { at }) => (at < first ? at : first), week[0]?.at ?? ''),
      window: day,
      evidence: [...new Set(week.flatMap(({ events }) => events))].sort().slice(0, mostEvents),
      signals: [],
      measure: patients.length,
      reason,
    },
  ];
}

/** @returns what people of a role do on average, from the states of all of them; undefined for none who worked */
export function roleBaseline(role: RoleBaseline['role'], states: readonly ActorState[]): RoleBaseline | undefined {
  const worked = states.filter((state) => state.role === role && state.history.daily.count > 0);
  if (worked.length === 0) return undefined;
  const mean = (of: (state: ActorState) => number) => worked.reduce((sum, state) => sum + of(state), 0) / worked.length;
  return {
    v: 1,
    role,
    people: worked.length,
    hourly: mean(({ history }) => history.hourly.mean),
    daily: mean(({ history }) => history.daily.mean),
    // what is remembered is of two weeks
    unexplainedWeekly: mean(
      ({ unexplained }) => Object.values(unexplained).filter(({ verdict }) => verdict === 'unexplained').length / 2,
    ),
  };
}
