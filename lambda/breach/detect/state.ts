import { type Day, daysBetween } from '../calendar';
import { closedDays, foldDay, noHistory } from './history';
import { daysBefore, type LocalTime, localTime } from './local-time';
import type { ActorState, Facts, Hour, Mark, Observation, Unexplained } from './model';
import { attempts } from './observe';
import { addTo, digest, mostEvents, mostMembers, smallest } from './sample';
import type { DetectionSettings } from './settings';

/** Days that are kept as sets: today, and the two before, whose events may still come in any order. */
const openDays = 3;
/** Accesses without an explanation are remembered for as long: who comes back within it comes back. */
export const memoryDays = 14;
/** No person has more of them; who has is found by other rules long before. */
const mostUnexplained = 400;
/** A subject of whom nothing is heard for as long is forgotten; averages are learned anew then. */
const stateDays = 90;

export function emptyState({ subject, role }: Pick<Observation, 'subject' | 'role'>): ActorState {
  const nothing = { watermark: '', days: {}, unexplained: {}, history: noHistory, expiresAt: '' };
  return { v: 1, subject, role, ...nothing };
}

/** @returns what the observation leaves in its hour: which sets, which members */
export function marksOf(observation: Observation, facts: Facts | undefined, local: LocalTime): [Mark, string][] {
  const { authenticated, kind, outcome, reason, patient, session, network, request, id, at } = observation;
  if (!authenticated) {
    if (kind !== 'sign-in' || outcome !== 'deny') return [];
    return [[reason === 'second-factor-failed' ? 'second-factors' : 'failures', id]];
  }
  const found: [Mark, string][] = [];
  const minute = String(local.minute).padStart(2, '0');
  found.push(['presence', `${minute}|${(session ?? '').slice(0, 8)}|${network ?? ''}`]);
  const own = observation.basis === 'self' || observation.basis === 'representative';
  if (outcome === 'permit') {
    if (facts?.suspendedSince !== undefined && facts.suspendedSince < at) found.push(['admitted', id]);
    if (kind === 'search') found.push(['searches', request ?? id]);
    if (kind === 'search' && reason === 'no-match') found.push(['misses', request ?? id]);
    if (kind === 'emergency') found.push(['emergencies', id]);
    if (patient !== null && !own) {
      if (kind === 'access' || kind === 'export') found.push(['patients', digest(patient)]);
      if (kind === 'search') found.push(['found', digest(patient)]);
      if (kind === 'export') found.push(['exports', patient]);
    }
    return found;
  }
  const guessed = outcome === 'error' ? reason === 'not-found' : reason === 'no-relationship';
  if (guessed && patient !== null && kind !== 'other') found.push(['probes', patient]);
  if (outcome === 'deny') found.push(reason === 'suspended' ? ['suspended', id] : ['denials', id]);
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
    signals && patient !== null
      ? { ...state.unexplained, ...entry(state, { id, at, patient, day: local.day, signals }) }
      : state.unexplained;
  return {
    ...state,
    role: observation.role ?? state.role,
    watermark: at > state.watermark ? at : state.watermark,
    days,
    unexplained,
  };
}

function entry(
  state: ActorState,
  { id, at, patient, day, signals }: { id: string; at: string; patient: string; day: Day; signals: readonly string[] },
): Record<string, Unexplained> {
  const key = `${day}|${patient}`;
  const before = state.unexplained[key];
  if (!before) return { [key]: { patient, day, at, events: [id], signals } };
  const next = {
    ...before,
    at: at < before.at ? at : before.at,
    events: smallest(before.events, id, mostEvents),
    signals: signals.reduce((all, signal) => smallest(all, signal, 32), before.signals),
  };
  return { [key]: next };
}

/** @returns the state without what is too old to count, what is closed being averaged */
export function trim(state: ActorState, settings: DetectionSettings): ActorState {
  const { day } = localTime(state.watermark, settings.timeZone);
  const until = daysBefore(day, openDays);
  const expiresAt = new Date(Date.parse(state.watermark) + stateDays * 24 * 60 * 60 * 1000).toISOString();
  const stale = Object.keys(state.days).some((each) => each <= until);
  const history = stale
    ? closedDays(state, until).reduce((all, [each, hours]) => foldDay(all, each, hours), state.history)
    : state.history;
  const days = stale ? Object.fromEntries(Object.entries(state.days).filter(([each]) => each > until)) : state.days;
  const entries = Object.entries(state.unexplained);
  const old = entries.some(([, each]) => daysBetween(each.day, day) > memoryDays) || entries.length > mostUnexplained;
  const unexplained = old
    ? Object.fromEntries(
        entries
          .filter(([, each]) => daysBetween(each.day, day) <= memoryDays)
          .sort(([a], [b]) => (a < b ? 1 : -1))
          .slice(0, mostUnexplained),
      )
    : state.unexplained;
  return { ...state, history, days, unexplained, expiresAt };
}

/** @returns whether the observation is an attempt that was refused */
export const isAttempt = ({ outcome, reason }: Observation): boolean =>
  outcome === 'deny' && attempts.includes(reason ?? '');
