import type { Day } from '../calendar';
import { closedDays, foldDay, noHistory } from './history';
import { daysBefore, type LocalTime, localTime } from './local-time';
import type { ActorState, Facts, Hour, Mark, Observation, Unexplained } from './model';
import { addTo, digest, mostEvents, mostMembers, smallest } from './sample';
import type { DetectionSettings } from './settings';

/** Days that are kept as sets: today, and the two before, whose events may still come in any order. */
const openDays = 3;
/** Accesses without an explanation are remembered for as long: who comes back within it comes back. */
export const memoryDays = 14;
/** In a day nobody has more of them; who has is found by other rules long before. */
const mostUnexplainedADay = 60;
/** A subject of whom nothing is heard for as long is forgotten; averages are learned anew then. */
const stateDays = 90;

/** What a sign-in mends is denied to everybody several times a day. */
const mendable = ['session-idle', 'session-ended', 'signed-out', 'reauthentication-required'];

export function emptyState({ subject, role }: Pick<Observation, 'subject' | 'role'>): ActorState {
  const nothing = { watermark: '', days: {}, unexplained: {}, history: noHistory, expiresAt: '' };
  return { v: 1, subject, role, ...nothing };
}

/** @returns what the observation leaves in its hour: which sets, which members */
export function marksOf(observation: Observation, facts: Facts | undefined, local: LocalTime): [Mark, string][] {
  const { authenticated, kind, outcome, reason, patient, session, network, request, id, at } = observation;
  if (!authenticated) {
    if (kind !== 'sign-in' || outcome !== 'deny') return [];
    return [[reason === 'second-factor-failed' ? 'second-factors' : 'failures', digest(id)]];
  }
  const found: [Mark, string][] = [];
  const minute = String(local.minute).padStart(2, '0');
  found.push(['presence', `${minute}|${(session ?? '').slice(0, 8)}|${network ?? ''}`]);
  const own = observation.basis === 'self' || observation.basis === 'representative';
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
  const guessed = outcome === 'error' ? reason === 'not-found' : reason === 'no-relationship';
  if (guessed && patient !== null && kind !== 'other') found.push(['probes', patient]);
  if (outcome === 'deny' && !mendable.includes(reason ?? ''))
    found.push(reason === 'suspended' ? ['suspended', digest(id)] : ['denials', digest(id)]);
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
  const today = Object.keys(state.unexplained).reduce((count, each) => count + Number(each.startsWith(day)), 0);
  if (!before && today >= mostUnexplainedADay) return {};
  if (!before) return { [key]: { patient, day, at, events: [id], signals } };
  const next = {
    ...before,
    at: at < before.at ? at : before.at,
    events: smallest(before.events, id, mostEvents),
    signals: signals.reduce((all, signal) => smallest(all, signal, 32), before.signals),
  };
  return { [key]: next };
}

/** @returns the state without what is too old to count, closed days being averaged: once a day is enough */
export function trim(state: ActorState, settings: DetectionSettings): ActorState {
  const { day } = localTime(state.watermark, settings.timeZone);
  const until = daysBefore(day, openDays);
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

/** An item of DynamoDB has 400 KB at most, and an hour of everything at once adds 20. */
const mostCharacters = 330_000;

/**
 * The adversary floods every set for days, so that the state can no longer be stored and nothing more is seen. Their oldest
 * hours go first: those have made their alerts.
 */
export function bound(state: ActorState): ActorState {
  if (JSON.stringify(state).length <= mostCharacters) return state;
  const [day] = Object.keys(state.days).sort();
  const hours = state.days[day ?? ''];
  const [oldest] = Object.keys(hours ?? {}).sort();
  if (day === undefined || hours === undefined || oldest === undefined) return state;
  const { [oldest]: _, ...left } = hours;
  const { [day]: __, ...days } = state.days;
  return bound({ ...state, days: Object.keys(left).length > 0 ? { ...days, [day]: left } : days });
}
