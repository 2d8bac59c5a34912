import type { Basis, Purpose } from '../audit/event';
import type { Role } from '../authentication/actor';
import type { Category } from '../records/model';
import { type Action, type ActionPolicy, actions, policy } from './policy';

/** A clinician's place on a patient's care team, as the governance table holds it. Times are UTC, ISO 8601. */
export interface Membership {
  readonly startsAt: string;
  /** absent: until it is ended */
  readonly endsAt?: string;
}

/** The person as the governance table knows them; nothing of it comes from the token but who it is. */
export interface DecisionActor {
  readonly sub: string;
  readonly role: Role;
  readonly status: 'active' | 'suspended';
  readonly patient?: string;
  /** tokens of sign-ins before this moment are good for nothing */
  readonly signedOutAt?: string;
}

/** A containment switch: `target` is the role or the patient. Times are UTC, ISO 8601. */
export interface Control {
  readonly kind: 'lockdown' | 'role' | 'patient';
  readonly target: string;
  /** a lockdown for a `restore` that was not replayed bars everybody: who may end it is not known yet */
  readonly reason?: string;
  readonly expiresAt: string;
  readonly releasedAt?: string;
}

/** Emergency access of one clinician to one patient. */
export interface Emergency extends Membership {
  readonly id: string;
}

/** What a personal representative may read for a patient, from when until when. 45 CFR 164.502(g). */
export interface Representation extends Membership {
  readonly scope: 'all' | readonly Category[];
}

export interface Question {
  readonly action: Action;
  /** undefined: the governance table knows no such person */
  readonly actor: DecisionActor | undefined;
  readonly patient?: string;
  /** the categories that the request is about; empty where the action has none */
  readonly categories: readonly Category[];
  readonly membership?: Membership;
  readonly emergency?: Emergency;
  readonly representative?: Representation;
  readonly controls?: readonly Control[];
  /** an open incident names the person */
  readonly underIncident?: boolean;
  /** when both factors were last proved; absent: not asked */
  readonly authenticatedAt?: Date;
  readonly now: Date;
}

export type DenialReason =
  | 'unknown-actor'
  | 'suspended'
  | 'signed-out'
  | 'role'
  | 'role-frozen'
  | 'lockdown'
  | 'patient-frozen'
  | 'under-incident'
  | 'reauthentication-required'
  | 'no-relationship'
  | 'membership-expired'
  | 'emergency-expired'
  | 'category';

export type Decision =
  | {
      readonly outcome: 'permit';
      /** what may be decrypted or written; never more than was asked for */
      readonly categories: readonly Category[];
      /** of those, the ones of which only the actor's own entries count */
      readonly originatorOnly: readonly Category[];
      readonly basis: Basis;
      readonly purpose: Purpose;
    }
  | { readonly outcome: 'deny'; readonly reason: DenialReason; readonly purpose: Purpose };

/** What stands between a person and a patient's record, or why nothing does. */
type Relationship =
  | { readonly basis: Basis; readonly scope?: readonly Category[]; readonly purpose?: Purpose }
  | { readonly reason: DenialReason };

/**
 * Decides before anything is decrypted. Pure: the same question has the same answer, and no answer is a default.
 * 45 CFR 164.312(a)(1), 164.502(b).
 */
export function decide(question: Question): Decision {
  const { action, actor, categories } = question;
  if (!actor) return { outcome: 'deny', reason: 'unknown-actor', purpose: 'OPERATIONS' };
  const row = policy[actor.role];
  const rule: ActionPolicy = actions[action];
  const barred = bar(question, actor, rule);
  if (barred) return { outcome: 'deny', reason: barred, purpose: row.purpose };
  const relationship: Relationship = rule.patient ? relate(question, actor, rule) : { basis: 'role' };
  if ('reason' in relationship) return { outcome: 'deny', reason: relationship.reason, purpose: row.purpose };

  const granted: readonly Category[] = { read: row.reads, write: row.writes, notice: row.notices ?? [], none: [] }[
    rule.access
  ];
  const { basis, scope = granted, purpose = row.purpose } = relationship;
  const permitted = categories.filter((category) => granted.includes(category) && scope.includes(category));
  if (categories.length > 0 && rule.access !== 'none' && permitted.length === 0)
    return { outcome: 'deny', reason: 'category', purpose };
  const originatorOnly = permitted.filter((category) => row.originatorOnly.includes(category));
  return { outcome: 'permit', categories: permitted, originatorOnly, basis, purpose };
}

/** Why this person may do this to nobody at the moment: account, role, containment, sign-in. */
function bar(question: Question, actor: DecisionActor, rule: ActionPolicy): DenialReason | undefined {
  const { authenticatedAt, now, underIncident } = question;
  if (actor.status !== 'active') return 'suspended';
  if (actor.signedOutAt !== undefined && authenticatedAt && authenticatedAt.toISOString() <= actor.signedOutAt)
    return 'signed-out';
  if (contains(question, 'role', actor.role)) return 'role-frozen';
  if (!rule.roles.includes(actor.role)) return 'role';
  if (contains(question, 'lockdown') && !goesOnInLockdown(question, actor, rule)) return 'lockdown';
  if (rule.emergency === 'opens' && underIncident) return 'under-incident';
  if (rule.signedInWithin !== undefined) {
    const since = authenticatedAt ? (now.getTime() - authenticatedAt.getTime()) / 1000 : Number.POSITIVE_INFINITY;
    if (!(since <= rule.signedInWithin)) return 'reauthentication-required';
  }
  return undefined;
}

/** A lockdown spares those who end it and, in an emergency, the patient. */
function goesOnInLockdown(question: Question, actor: DecisionActor, rule: ActionPolicy): boolean {
  const { controls = [], now } = question;
  if (controls.some((each) => each.kind === 'lockdown' && each.reason === 'restore' && isInForce(each, now)))
    return false;
  if (actor.role === 'compliance_officer' || rule.duringLockdown || rule.emergency === 'opens') return true;
  return emergencyOf(question, actor, rule) !== undefined;
}

function relate(question: Question, actor: DecisionActor, rule: ActionPolicy): Relationship {
  const { patient, membership, emergency, representative, now } = question;
  const frozen = patient !== undefined && contains(question, 'patient', patient);
  const kind = policy[actor.role].relationship;
  if (kind === 'self') {
    if (patient !== undefined && actor.patient === patient) return { basis: 'self' };
    if (!representative || !isCurrent(representative, now)) return { reason: 'no-relationship' };
    if (frozen) return { reason: 'patient-frozen' };
    const { scope } = representative;
    return scope === 'all' ? { basis: 'representative' } : { basis: 'representative', scope };
  }
  if (kind === 'care-team') {
    const current = membership !== undefined && isCurrent(membership, now);
    if (current && !frozen && !contains(question, 'lockdown')) return { basis: 'care-team' };
    const open = emergencyOf(question, actor, rule);
    if (open) return { basis: `emergency:${open.id}`, purpose: 'EMERGENCY' };
    if (current) return { reason: 'patient-frozen' };
    if (membership) return { reason: 'membership-expired' };
    return { reason: emergency && rule.emergency === 'covered' ? 'emergency-expired' : 'no-relationship' };
  }
  // A freeze keeps people from the record, not the officers from what they do about it.
  if (frozen && !(actor.role === 'compliance_officer' && rule.access === 'none')) return { reason: 'patient-frozen' };
  return { basis: 'role' };
}

/** @returns the open emergency access that covers this action of this person */
function emergencyOf({ emergency, now }: Question, { role }: DecisionActor, rule: ActionPolicy): Emergency | undefined {
  if (rule.emergency !== 'covered' || policy[role].relationship !== 'care-team') return undefined;
  return emergency && isCurrent(emergency, now) ? emergency : undefined;
}

function contains({ controls = [], now }: Question, kind: Control['kind'], target?: string): boolean {
  return controls.some(
    (each) => each.kind === kind && (target === undefined || each.target === target) && isInForce(each, now),
  );
}

/** A membership counts from its start until before its end. */
export function isCurrent(membership: Membership, now: Date): boolean {
  const at = now.toISOString();
  return membership.startsAt <= at && (membership.endsAt === undefined || at < membership.endsAt);
}

/** A control counts from the moment that it is written until it is released or expires. */
export function isInForce(control: Pick<Control, 'expiresAt' | 'releasedAt'>, now: Date): boolean {
  return control.releasedAt === undefined && now.toISOString() < control.expiresAt;
}
