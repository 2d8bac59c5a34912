import type { Day } from '../calendar';
import { closedAfterDays, closedDays, foldDay, noHistory } from './history';
import { daysBefore, type LocalTime, localTime } from './local-time';
import {
  type ActorState,
  type Facts,
  type Hour,
  type Mark,
  type Observation,
  severities,
  type Unexplained,
} from './model';
import { signalRules } from './rules';
import { addTo, digest, mostEvents, mostMembers, smallest } from './sample';
import type { DetectionSettings } from './settings';

/** Events of as long may come in any order, and twice. */
const lateMilliseconds = 24 * 60 * 60 * 1000;
/** Accesses without an explanation are remembered for as long: who comes back within it comes back. */
const memoryDays = 14;
/** In a day nobody has more of them, and in all days together; of more the least telling go. */
const mostUnexplainedADay = 60;
const mostUnexplained = 300;
/** A subject of whom nothing is heard for as long is forgotten; averages are learned anew then. */
const stateDays = 90;

/** What a sign-in mends is denied to everybody several times a day. */
const mendable = ['session-idle', 'session-ended', 'signed-out', 'reauthentication-required'];

export function emptyState({ subject, role }: Pick<Observation, 'subject' | 'role'>): ActorState {
  const nothing = { watermark: '', days: {}, unexplained: {}, history: noHistory, expiresAt: '' };
  return { v: 1, subject, role, ...nothing };
}

/** denials that are counted apart, by their reason */
const deniedAs: Readonly<Partial<Record<string, Mark>>> = { suspended: 'suspended', 'foreign-account': 'foreign' };

/** @returns what the observation leaves in its hour: which sets, which members */
export function marksOf(observation: Observation, facts: Facts | undefined, local: LocalTime): [Mark, string][] {
  const { authenticated, basis, kind, outcome, reason, patient, session, network, request, id, at } = observation;
  if (!authenticated) {
    if (kind !== 'sign-in' || outcome !== 'deny') return [];
    return [[reason === 'second-factor-failed' ? 'second-factors' : 'failures', digest(id)]];
  }
  const found: [Mark, string][] = [];
  const minute = String(local.minute).padStart(2, '0');
  found.push(['presence', `${minute}|${(session ?? '').slice(0, 8)}|${network ?? ''}`]);
  const own = basis === 'self' || basis === 'representative';
  if (outcome === 'permit') {
    if (facts?.suspendedSince !== undefined && facts.suspendedSince < at) found.push(['admitted', digest(id)]);
    if (kind === 'search') found.push(['searches', digest(request ?? id)]);
    if (kind === 'search' && reason === 'no-match') found.push(['misses', digest(request ?? id)]);
    if (kind === 'emergency') found.push(['emergencies', digest(id)]);
    if (patient !== null && !own) {
      if (kind === 'access' || kind === 'export') found.push(['patients', digest(patient)]);
      if (kind === 'export') found.push(['exports', patient]);
    }
    return found;
  }
  // Whoever has to do with the patient has guessed no id: a colleague's dead links must not get them suspended.
  const guessed =
    outcome === 'error' ? reason === 'not-found' && (basis === null || basis === 'role') : reason === 'no-relationship';
  if (guessed && patient !== null && kind !== 'other') found.push(['probes', patient]);
  if (outcome === 'deny' && !mendable.includes(reason ?? ''))
    found.push([deniedAs[reason ?? ''] ?? 'denials', digest(id)]);
  return found;
}

/** @returns the state with one more event in it; the same event again changes nothing */
export function add(
  state: ActorState,
  observation: Observation,
  {
    found,
    local,
    signals,
  }: { found: readonly [Mark, string][]; local: LocalTime; signals: readonly string[] | undefined },
): ActorState {
  const { id, at, patient } = observation;
  const key = String(local.hour).padStart(2, '0');
  const hours = state.days[local.day] ?? {};
  let hour: Hour = hours[key] ?? {};
  for (const [mark, member] of found) {
    const sample = addTo(hour[mark], { member, event: id, at }, mostMembers[mark]);
    if (sample !== hour[mark]) hour = { ...hour, [mark]: sample };
  }
  const days = hour === hours[key] ? state.days : { ...state.days, [local.day]: { ...hours, [key]: hour } };
  const unexplained =
    signals && patient !== null ? withEntry(state, { id, at, patient, day: local.day, signals }) : state.unexplained;
  return {
    ...state,
    role: observation.role ?? state.role,
    watermark: at > state.watermark ? at : state.watermark,
    days,
    unexplained,
  };
}

function withEntry(
  { unexplained }: ActorState,
  { id, at, patient, day, signals }: { id: string; at: string; patient: string; day: Day; signals: readonly string[] },
): ActorState['unexplained'] {
  const key = `${day}|${patient}`;
  const before = unexplained[key];
  if (!before) {
    const all = { ...unexplained, [key]: { patient, day, at, events: [id], signals } };
    const today = Object.keys(all).filter((each) => each.startsWith(day));
    return today.length <= mostUnexplainedADay ? all : without(all, today, today.length - mostUnexplainedADay);
  }
  const next = {
    ...before,
    at: at < before.at ? at : before.at,
    events: smallest(before.events, id, mostEvents),
    signals: signals.reduce((all, signal) => smallest(all, signal, 32), before.signals),
  };
  return { ...unexplained, [key]: next };
}

/**
 * The adversary opens as many harmless records as are remembered, and then the one that they are curious about. So what tells
 * least goes first: what was explained, then by the severest of its signals, and what has told its alert before what waits.
 */
function without(all: ActorState['unexplained'], keys: readonly string[], count: number): ActorState['unexplained'] {
  const ranked = keys
    .map((key) => ({ key, entry: all[key] }))
    .sort((a, b) => worth(a.entry) - worth(b.entry) || (a.key < b.key ? -1 : 1));
  const gone = new Set(ranked.slice(0, count).map(({ key }) => key));
  return Object.fromEntries(Object.entries(all).filter(([key]) => !gone.has(key)));
}

function worth(entry: Unexplained | undefined): number {
  if (!entry || entry.verdict === 'explained') return 0;
  const severity = (signal: string) =>
    severities.indexOf(signalRules.find(({ id }) => id === signal)?.severity ?? 'low');
  const severest = Math.max(0, ...entry.signals.map(severity));
  return 1 + 100 * severest + 50 * Number(entry.verdict === undefined) + Math.min(entry.signals.length, 49);
}

/** @returns the state without what is too old to count, closed days being averaged: once a day is enough */
export function trim(state: ActorState, settings: DetectionSettings): ActorState {
  const { day } = localTime(state.watermark, settings.timeZone);
  // 24 hours ago is the day before yesterday where clocks went forward in between: its history must be what it was.
  const eldest = localTime(new Date(Date.parse(state.watermark) - lateMilliseconds).toISOString(), settings.timeZone);
  const until = daysBefore(eldest.day, closedAfterDays);
  const expiresAt = new Date(Date.parse(state.watermark) + stateDays * 24 * 60 * 60 * 1000).toISOString();
  const stale = Object.keys(state.days).some((each) => each <= until);
  const history = stale
    ? closedDays(state, until).reduce((all, [each, hours]) => foldDay(all, each, hours), state.history)
    : state.history;
  const days = stale ? Object.fromEntries(Object.entries(state.days).filter(([each]) => each > until)) : state.days;
  const first = daysBefore(day, memoryDays);
  const unexplained = Object.fromEntries(Object.entries(state.unexplained).filter(([, each]) => each.day >= first));
  return { ...state, history, days, unexplained, expiresAt };
}

/** An item of DynamoDB has 400 KB at most, and an hour of everything at once adds 60. */
const mostCharacters = 300_000;

/**
 * The adversary floods every set for days, so that the state can no longer be stored and nothing more is seen. What tells
 * least of their accesses goes, then their oldest hours: those have made their alerts.
 */
export function bound(state: ActorState): ActorState {
  if (JSON.stringify(state).length <= mostCharacters) return state;
  const keys = Object.keys(state.unexplained);
  if (keys.length > mostUnexplained)
    return bound({ ...state, unexplained: without(state.unexplained, keys, keys.length - mostUnexplained) });
  const [day] = Object.keys(state.days).sort();
  const hours = state.days[day ?? ''];
  const [oldest] = Object.keys(hours ?? {}).sort();
  if (day === undefined || hours === undefined || oldest === undefined) return state;
  const { [oldest]: _, ...left } = hours;
  const { [day]: __, ...days } = state.days;
  return bound({ ...state, days: Object.keys(left).length > 0 ? { ...days, [day]: left } : days });
}
