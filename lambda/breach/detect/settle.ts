import type { Day } from '../calendar';
import type { Context, Result } from './context';
import type { ActorState, Facts, Finding, Unexplained } from './model';
import { signalRules } from './rules';
import type { SignalRule } from './rules/rule';
import { unexplainedAccess } from './rules/unexplained-access';
import { breadthOf, unexplainedPatients, weekOf } from './rules/unexplained-patients';
import { mostEvents } from './sample';

/** An access whose time to be explained is over: look its facts up again and hand them to settle. */
export interface Due {
  /** names it to settle */
  readonly key: string;
  readonly patient: string;
  /** the first access of that day, UTC */
  readonly at: string;
}

/** A finding names as many patients; the audit log has them all. */
const mostPatients = 20;

/** Emergency access explains what is read under it, never its own opening. */
export const isExplained = ({ explanations }: Facts, opensEmergency: boolean): boolean =>
  explanations.some((each) => !(opensEmergency && each === 'emergency'));

/** @returns when the access will have waited long enough, UTC: sooner where its score makes an alert already */
function dueAt(entry: Unexplained, all: readonly Unexplained[], context: Context): string {
  const { settings } = context;
  const urgent = scoreOf(signalsWith(entry, all), context) >= settings.threshold;
  const minutes = urgent ? Math.min(settings.urgentGraceMinutes, settings.graceHours * 60) : settings.graceHours * 60;
  return new Date(Date.parse(entry.at) + minutes * 60_000).toISOString();
}

/** @returns the accesses to look up again at this moment (UTC), oldest first */
export function due(state: ActorState, now: string, context: Context): readonly Due[] {
  const all = Object.values(state.unexplained);
  return Object.entries(state.unexplained)
    .filter(([, entry]) => entry.verdict === undefined && dueAt(entry, all, context) <= now)
    .map(([key, { patient, at }]) => ({ key, patient, at }))
    .sort((a, b) => (a.at < b.at ? -1 : 1));
}

/** @returns the moment from which on due() will have something, UTC; undefined while nothing waits */
export function nextDueAt(state: ActorState, context: Context): string | undefined {
  const all = Object.values(state.unexplained);
  return all
    .filter(({ verdict }) => verdict === undefined)
    .map((entry) => dueAt(entry, all, context))
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
  context: Context & { readonly onlyAlerting: boolean },
): Result {
  const { settings, onlyAlerting } = context;
  const next: Record<string, Unexplained> = { ...state.unexplained };
  const patients = new Set<string>();
  const days = new Set<string>();
  for (const [key, facts] of looked) {
    const entry = next[key];
    if (!entry) continue;
    if (entry.verdict === 'unexplained') {
      // told again, because its alert may not have been stored
      patients.add(entry.patient);
      days.add(entry.day);
    }
    if (entry.verdict) continue;
    const fresh = { ...entry, signals: renewed(entry, facts) };
    const explained = isExplained(facts, entry.signals.includes('emergency-without-cause'));
    const score = scoreOf(signalsWith(fresh, Object.values(next)), context);
    if (onlyAlerting && (explained || score < settings.threshold)) continue;
    next[key] = { ...fresh, verdict: explained ? 'explained' : 'unexplained' };
    patients.add(entry.patient);
    days.add(entry.day);
  }
  const all = Object.values(next);
  const affected = new Set(all.filter(({ patient }) => patients.has(patient)).map(({ day }) => day));
  const snooping = [...affected].flatMap((day) => snoopingFindings(state, day, all, context));
  const weeks = new Set([...days].map(weekOf));
  const breadth = [...weeks].flatMap((week) => breadthFinding(state, week, all, context));
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

/** A signal that half of a role's unexplained accesses have says nothing; one that a tenth have says all it can. */
const ofAll = { tellsAll: 0.1, tellsNothing: 0.5 } as const;
/** The same of how many patients a person of the role looks at with it in a week, whatever their share: a few are rare. */
const weekly = { tellsAll: 0.5, tellsNothing: 3 } as const;
/** Patients without an explanation that a person of the role has in a week: as few are rare, as many are usual. */
const unexplained = { tellsAll: 1, tellsNothing: 5 } as const;

/** @returns 1 for what is rare, 0 for what is common */
const rarity = (value: number, { tellsAll, tellsNothing }: { tellsAll: number; tellsNothing: number }): number =>
  Math.min(1, Math.max(0, (tellsNothing - value) / (tellsNothing - tellsAll)));

/** @returns what the signal adds to a score: its weight, less where it is common in the role */
function pointsOf({ id, assumedShare = 0, lessWhereBusy = 1 }: SignalRule, { settings, baseline }: Context): number {
  if (id === unexplainedAccess.id) return settings.weights[id];
  const patients = baseline?.unexplainedWeekly ?? unexplained.tellsNothing;
  const share = baseline?.shares[id] ?? assumedShare;
  const telling = lessWhereBusy + (1 - lessWhereBusy) * rarity(patients, unexplained);
  return settings.weights[id] * telling * Math.max(rarity(share, ofAll), rarity(share * patients, weekly));
}

const scoreOf = (signals: readonly string[], context: Context): number =>
  signalRules.reduce((sum, rule) => sum + (signals.includes(rule.id) ? pointsOf(rule, context) : 0), 0);

/** An access whose score is high enough, and its signals, the most telling first. */
interface Scored {
  readonly entry: Unexplained;
  readonly rules: readonly SignalRule[];
  readonly score: number;
}

function scored(entry: Unexplained, all: readonly Unexplained[], context: Context): Scored {
  const signals = signalsWith(entry, all);
  const rules = signalRules
    .filter(({ id }) => signals.includes(id))
    .sort((a, b) => pointsOf(b, context) - pointsOf(a, context));
  return { entry, rules, score: scoreOf(signals, context) };
}

/** @returns a finding for each rule that is the most telling one of some access of the day, with all such accesses */
function snoopingFindings({ subject }: ActorState, day: Day, all: readonly Unexplained[], context: Context): Finding[] {
  const alerting = all
    .filter((entry) => entry.day === day && entry.verdict === 'unexplained')
    .map((entry) => scored(entry, all, context))
    .filter(({ score }) => score >= context.settings.threshold);
  return signalRules.flatMap((rule): Finding[] => {
    const same = alerting.filter(({ rules }) => rules[0]?.id === rule.id);
    if (same.length === 0) return [];
    const others = signalRules.filter(
      ({ id }) => id !== rule.id && same.some(({ rules }) => rules.some((each) => each.id === id)),
    );
    return [
      {
        rule: rule.id,
        severity: rule.severity,
        mayContain: false,
        subject,
        actor: subject,
        patients: same
          .map(({ entry }) => entry.patient)
          .sort()
          .slice(0, mostPatients),
        at: same.map(({ entry }) => entry.at).sort()[0] ?? '',
        window: day,
        evidence: same
          .flatMap(({ entry }) => entry.events)
          .sort()
          .slice(0, mostEvents),
        signals: others.map(({ id }) => id),
        measure: Math.max(...same.map(({ score }) => score)),
        reason: rule.reason,
      },
    ];
  });
}

function breadthFinding(
  { subject }: ActorState,
  monday: Day,
  all: readonly Unexplained[],
  context: Context,
): Finding[] {
  const week = breadthOf(all, monday, context);
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
      patients: patients.slice(0, mostPatients),
      at: week.reduce((first, { at }) => (at < first ? at : first), week[0]?.at ?? ''),
      window: monday,
      evidence: [...new Set(week.flatMap(({ events }) => events))].sort().slice(0, mostEvents),
      signals: [],
      measure: patients.length,
      reason,
    },
  ];
}
