import { createHash } from 'node:crypto';
import * as z from 'zod';
import { canonicalize } from '../audit/canonical';
import { type AuditEvent, instant, purposes, uuid } from '../audit/event';
import type { Category } from '../records/model';

const code = z.string().regex(/^[a-z][a-z0-9]*([.:-][a-z0-9]+)*$/, 'must be a code');

/** What is asked of the audit log: who, when, and for which of their accesses. Kept with its answer, so that it can be asked again. */
export const scopeQuery = z.strictObject({
  actors: z.array(uuid).min(1).max(20),
  /** instants; `from` inclusive, `to` exclusive */
  from: instant,
  to: instant,
  /** such as `record.read`; absent: every one */
  actions: z.array(code).max(50).optional(),
  /** such as `care-team` or `emergency`; absent: every one */
  bases: z.array(code).max(10).optional(),
  purposes: z.array(z.enum(purposes)).max(6).optional(),
});
export type ScopeQuery = z.infer<typeof scopeQuery>;
export const scopeRequest = z.union([
  z.strictObject({ query: scopeQuery }),
  /** goes on with looking up States of residence */
  z.strictObject({ resume: z.literal(true) }),
]);

/** An event and where its evidence lies. */
export interface ScopeEvent {
  readonly event: AuditEvent;
  /** leaf hash of the line */
  readonly hash: string;
  /** of the archive's object; absent: not sealed when it was read */
  readonly segment?: string;
}

export interface Affected {
  readonly patient: string;
  readonly categories: readonly Category[];
  readonly events: number;
  readonly first: string;
  readonly last: string;
}

/** @returns whether this access gave somebody information that the query asks about: permitted, of a patient, with categories */
export function matches(event: AuditEvent, query: ScopeQuery): boolean {
  return (
    event.outcome === 'permit' &&
    event.patient !== null &&
    event.categories.length > 0 &&
    event.actor !== null &&
    query.actors.includes(event.actor.sub) &&
    query.from <= event.at &&
    event.at < query.to &&
    (query.actions?.includes(event.action) ?? true) &&
    (query.purposes?.includes(event.purpose) ?? true) &&
    (query.bases?.some((basis) => event.basis === basis || event.basis?.startsWith(`${basis}:`)) ?? true)
  );
}

/** @returns the patients of those events with the categories that were shown, in order of their ids */
export function affectedBy(events: readonly ScopeEvent[]): Affected[] {
  const found = new Map<string, { categories: Set<Category>; at: string[] }>();
  for (const { event } of events) {
    if (event.patient === null) continue;
    const known = found.get(event.patient) ?? { categories: new Set<Category>(), at: [] };
    for (const category of event.categories) known.categories.add(category);
    known.at.push(event.at);
    found.set(event.patient, known);
  }
  return [...found]
    .map(([patient, { categories, at }]) => ({
      patient,
      categories: [...categories].sort(),
      events: at.length,
      first: at.reduce((a, b) => (a < b ? a : b)),
      last: at.reduce((a, b) => (a > b ? a : b)),
    }))
    .sort((a, b) => (a.patient < b.patient ? -1 : 1));
}

/** @returns SHA-256 over ids and hashes of the events, whatever order they came in: the same query over the same log gives the same */
export function digestOf(events: readonly ScopeEvent[]): string {
  const rows = events.map(({ event, hash }) => [event.id, hash]).sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return createHash('sha256').update(canonicalize(rows)).digest('hex');
}

/** @returns what is kept of the events as evidence: where each lies, nothing of what it says beyond that */
export const evidenceList = (events: readonly ScopeEvent[]) =>
  events.map(({ event, hash, segment }) => ({
    id: event.id,
    at: event.at,
    action: event.action,
    actor: event.actor?.sub ?? null,
    patient: event.patient,
    lane: event.lane,
    seq: event.seq,
    hash,
    segment: segment ?? null,
  }));
