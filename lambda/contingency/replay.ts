import type { Approval } from '../access/approvals';
import { longestDays } from '../access/controls';
import { isCurrent, isInForce } from '../access/decide';
import type { ActorItem, ControlItem, MemberItem, RepresentativeItem } from '../access/governance';
import { type Associate, dispositions, type EndOfAssociate, endReasons } from '../associates/associate';
import type { AuditEvent } from '../audit/event';
import { type Role, roles } from '../authentication/actor';
import { daysAfter } from '../instant';
import type { LegalHold } from './legal-hold';
import { type ReplayRule, ruleOf } from './replay-rules';

/** What the tables hold after a restore, of everything that events of the log speak of. */
export interface RestoredState {
  readonly people: readonly ActorItem[];
  readonly members: readonly MemberItem[];
  readonly representatives: readonly RepresentativeItem[];
  readonly controls: readonly ControlItem[];
  readonly holds: readonly LegalHold[];
  readonly associates: readonly Associate[];
  /** patients whose keys are there, or whose record does not say that it was disposed of */
  readonly undisposed: readonly string[];
  readonly approvals: readonly Approval[];
  /** emergency accesses that were open when the backup was made */
  readonly emergencies: readonly { readonly patient: string; readonly sub: string; readonly endsAt: string }[];
}

/** One thing that a restore gave back and must not. */
export type ReplayAction =
  | {
      readonly kind: 'dispose';
      readonly patient: string;
      readonly event: AuditEvent;
      readonly asked?: AuditEvent;
      readonly agreed?: AuditEvent;
    }
  | { readonly kind: 'role'; readonly sub: string; readonly role: Role; readonly event: AuditEvent }
  | { readonly kind: 'suspend'; readonly sub: string; readonly reason: string; readonly event: AuditEvent }
  | { readonly kind: 'sign-out'; readonly sub: string }
  | { readonly kind: 'end-membership'; readonly patient: string; readonly sub: string; readonly event: AuditEvent }
  | { readonly kind: 'end-representation'; readonly patient: string; readonly sub: string; readonly event: AuditEvent }
  | {
      readonly kind: 'freeze';
      readonly on: 'role' | 'patient';
      readonly target: string;
      readonly expiresAt: string;
      readonly event: AuditEvent;
    }
  | { readonly kind: 'hold'; readonly patient: string; readonly event: AuditEvent }
  | { readonly kind: 'end-associate'; readonly id: string; readonly end: EndOfAssociate }
  | { readonly kind: 'end-emergency'; readonly patient: string; readonly sub: string }
  | { readonly kind: 'void-approval'; readonly id: string };

export interface ReplayTime {
  /** the restored tables know of what happened until then; versions say more, but start anew with each restore */
  readonly knownUntil: Date;
  /** when the restore was found: everything open from before it ends */
  readonly restoredAt: Date;
  readonly now: Date;
}

/**
 * Decides what a restore must do again. It takes rights away and gives none but the role that the log says a
 * person has; where an event does not say how far something went, it went as far as it could, and a person decides anew. So it can
 * be made again over its own result, and gives nothing then. A lockdown is not among it: every restore ends in one.
 * @param events of the verified log, in any order, each any number of times; those before the backup change nothing
 * @returns actions in the order in which they must be done: a role that is given before one that is taken, so that no
 *   moment is without the last administrator or officer
 */
export function planReplay(events: readonly AuditEvent[], state: RestoredState, time: ReplayTime): ReplayAction[] {
  const { restoredAt, now } = time;
  const done = [
    ...new Map(events.filter(({ outcome }) => outcome === 'permit').map((event) => [event.id, event])).values(),
  ];
  done.sort((a, b) => (a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at < b.at ? -1 : 1));
  const people = state.people.flatMap((person) => personActions(person, done, time));
  return [
    ...disposals(done, state),
    ...people.filter(({ kind }) => kind === 'role').sort(guardedFirst),
    ...people.filter(({ kind }) => kind !== 'role'),
    ...memberships(done, state, time),
    ...representations(done, state, time),
    ...freezes(done, state, now),
    ...holds(done, state, time),
    ...endsOfAssociates(done, state),
    ...state.emergencies
      .filter(({ endsAt }) => endsAt > restoredAt.toISOString())
      .map(({ patient, sub }) => ({ kind: 'end-emergency', patient, sub }) as const),
    ...state.approvals
      .filter((each) => ['pending', 'approved'].includes(each.state) && each.requestedAt <= restoredAt.toISOString())
      .map(({ id }) => ({ kind: 'void-approval', id }) as const),
  ];
}

const guarded: readonly Role[] = ['admin', 'compliance_officer'];
const guardedFirst = (a: ReplayAction, b: ReplayAction): number => Number(gives(b)) - Number(gives(a));
const gives = (action: ReplayAction): boolean => action.kind === 'role' && guarded.includes(action.role);

function disposals(events: readonly AuditEvent[], { undisposed }: RestoredState): ReplayAction[] {
  return undisposed.flatMap((patient) => {
    const event = events.find((each) => each.action === 'patient.dispose' && each.patient === patient);
    if (!event) return [];
    const approval = event.resources.find(({ type }) => type === 'approval')?.id;
    const of = (action: string) =>
      events.findLast(
        (each) =>
          each.action === action && each.resources.some(({ id, type }) => type === 'approval' && id === approval),
      );
    const [asked, agreed] = [of('approval.request'), of('approval.approve')];
    return [{ kind: 'dispose', patient, event, ...(asked && { asked }), ...(agreed && { agreed }) } as const];
  });
}

/** What happened to a person that the restored tables do not know of, by time. */
function personActions(person: ActorItem, events: readonly AuditEvent[], time: ReplayTime): ReplayAction[] {
  const later = events.filter((event) => {
    const rule = ruleOf(event.action);
    return (rule === 'person' || rule === 'containment') && isLater(event, 'user', person.sub, person.version, time);
  });
  let suspension: { reason: string; event: AuditEvent } | undefined;
  let change: { role: Role | undefined; event: AuditEvent } | undefined;
  for (const event of later) {
    if (event.action === 'user.suspend' || ruleOf(event.action) === 'containment')
      suspension = { reason: reasonOf(event), event };
    else if (event.action === 'user.reinstate') suspension = undefined;
    else if (event.action === 'user.change-role') change = { role: roleIn(event, person.sub), event };
  }
  // A recovery gave the person a new account because the old one's authenticator was lost; the restore has the old one.
  const recovery = later.findLast(({ action }) => action === 'user.recover-mfa');
  const unknown = change && change.role === undefined ? change.event : undefined;
  const closing =
    suspension ??
    (recovery && { reason: 'restore', event: recovery }) ??
    (unknown && { reason: 'restore', event: unknown });
  return [
    ...(change?.role !== undefined && change.role !== person.role
      ? [{ kind: 'role', sub: person.sub, role: change.role, event: change.event } as const]
      : []),
    ...(closing && person.status === 'active' ? [{ kind: 'suspend', sub: person.sub, ...closing } as const] : []),
    ...((person.signedOutAt ?? '') < time.restoredAt.toISOString() && !(closing && person.status === 'active')
      ? [{ kind: 'sign-out', sub: person.sub } as const]
      : []),
  ];
}

/** An addition counts as well: it may have cut a membership short, and an event does not say until when one is. */
function memberships(events: readonly AuditEvent[], { members }: RestoredState, time: ReplayTime): ReplayAction[] {
  const of = byPatient(events, 'membership');
  return members.flatMap((member) => {
    const { patient, sub, version } = member;
    const event = of(patient).findLast((each) => isLater(each, 'care-team-member', sub, version, time));
    return event && mayCount(member, time.now) ? [{ kind: 'end-membership', patient, sub, event } as const] : [];
  });
}

function representations(
  events: readonly AuditEvent[],
  { representatives }: RestoredState,
  time: ReplayTime,
): ReplayAction[] {
  const of = byPatient(events, 'representation');
  return representatives.flatMap((item) => {
    const { patient, sub, version } = item;
    const event = of(patient).findLast((each) => isLater(each, 'representative', sub, version, time));
    return event && mayCount(item, time.now) ? [{ kind: 'end-representation', patient, sub, event } as const] : [];
  });
}

function byPatient(events: readonly AuditEvent[], rule: ReplayRule): (patient: string) => readonly AuditEvent[] {
  const found = new Map<string, AuditEvent[]>();
  for (const event of events) {
    if (!event.patient || ruleOf(event.action) !== rule) continue;
    found.set(event.patient, [...(found.get(event.patient) ?? []), event]);
  }
  return (patient) => found.get(patient) ?? [];
}

/** counts now, or will */
const mayCount = (item: { readonly startsAt: string; readonly endsAt?: string | undefined }, now: Date): boolean =>
  isCurrent({ startsAt: item.startsAt, ...(item.endsAt === undefined ? {} : { endsAt: item.endsAt }) }, now) ||
  (item.startsAt > now.toISOString() && (item.endsAt === undefined || item.endsAt > item.startsAt));

/** An event does not say until when a freeze was to stand: it stands as long as one may, and is released by a person. */
function freezes(events: readonly AuditEvent[], { controls }: RestoredState, now: Date): ReplayAction[] {
  const newest = new Map<string, { on: 'role' | 'patient'; target: string; event: AuditEvent }>();
  for (const event of events)
    for (const { on, target } of frozenIn(event)) newest.set(`${on} ${target}`, { on, target, event });
  return [...newest.values()].flatMap(({ on, target, event }) => {
    const known = controls.find((each) => each.kind === on && each.target === target);
    if (known && known.at >= event.at) return [];
    const released = events.findLast(
      (each) =>
        each.action === `control.release-${on}` &&
        (on === 'patient' ? each.patient === target : (each.reason ?? '').endsWith(`:${target}`)),
    );
    if (released && released.at > event.at) return [];
    const expiresAt = daysAfter(event.at, longestDays[on]);
    const stands = known && isInForce(known, now) && known.expiresAt >= expiresAt;
    return expiresAt > now.toISOString() && !stands ? [{ kind: 'freeze', on, target, expiresAt, event } as const] : [];
  });
}

interface Frozen {
  readonly on: 'role' | 'patient';
  readonly target: string;
}

function frozenIn({ action, patient, reason, resources }: AuditEvent): Frozen[] {
  const rule = ruleOf(action);
  if (rule === 'containment')
    return resources.flatMap(({ id, type }): Frozen[] => {
      if (type === 'freeze-patient') return [{ on: 'patient', target: id }];
      const [kind, role] = type.split(':');
      return kind === 'freeze-role' && role ? [{ on: 'role', target: role }] : [];
    });
  if (action === 'control.freeze-patient' && patient) return [{ on: 'patient', target: patient }];
  const [, role] = (reason ?? '').split(':');
  return action === 'control.freeze-role' && role ? [{ on: 'role', target: role }] : [];
}

function holds(events: readonly AuditEvent[], state: RestoredState, time: ReplayTime): ReplayAction[] {
  const newest = new Map<string, AuditEvent>();
  for (const event of events)
    if (event.patient && event.reason !== 'replay' && ['legal-hold.place', 'legal-hold.release'].includes(event.action))
      newest.set(event.patient, event);
  return [...newest].flatMap(([patient, event]) => {
    const known = state.holds.find((each) => each.patient === patient);
    const told = event.resources.find(({ type }) => type === 'legal-hold');
    if (event.action !== 'legal-hold.place' || !told || known?.state === 'held') return [];
    if (known && !isLater(event, 'legal-hold', told.id, known.version, time)) return [];
    return [{ kind: 'hold', patient, event } as const];
  });
}

function endsOfAssociates(events: readonly AuditEvent[], { associates }: RestoredState): ReplayAction[] {
  return associates.flatMap(({ id, endedAt }) => {
    const event = events.find((each) => ruleOf(each.action) === 'associate' && isAbout(each, 'associate', id));
    if (endedAt !== undefined || !event) return [];
    const reason = endReasons.find((each) => each === event.reason) ?? 'other';
    const disposition = dispositions.find((each) => isAbout(event, `phi:${each}`, id)) ?? 'retained';
    const end = { by: event.actor?.sub ?? 'restore', at: event.at, reason, disposition };
    return [{ kind: 'end-associate', id, end } as const];
  });
}

const isAbout = ({ resources }: AuditEvent, type: string, id: string): boolean =>
  resources.some((each) => each.type === type && each.id === id);

/** @returns whether an event is about this and the restored tables do not know of it */
function isLater(event: AuditEvent, type: string, id: string, version: number, { knownUntil }: ReplayTime): boolean {
  const told = versionOf(event, type, id);
  return told !== undefined && (told > version || event.at > knownUntil.toISOString());
}

function versionOf({ resources }: AuditEvent, type: string, id: string): number | undefined {
  return resources.find((each) => each.type === type && each.id === id)?.version ?? undefined;
}

/** @returns the role that an event says a person has from then on; events of before it said so have none */
function roleIn({ resources }: AuditEvent, sub: string): Role | undefined {
  const told = resources.find(({ id, type }) => id === sub && type.startsWith('role:'))?.type.slice('role:'.length);
  return roles.find((role) => role.replaceAll('_', '-') === told);
}

const reasonOf = ({ action, reason }: AuditEvent): string =>
  ruleOf(action) === 'containment' ? 'investigation' : (reason ?? 'restore');
