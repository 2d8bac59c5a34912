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

export interface Question {
  readonly action: Action;
  /** undefined: the governance table knows no such person */
  readonly actor: DecisionActor | undefined;
  readonly patient?: string;
  /** the categories that the request is about; empty where the action has none */
  readonly categories: readonly Category[];
  readonly membership?: Membership;
  /** when the token's sign-in was; absent: not asked */
  readonly authenticatedAt?: Date;
  readonly now: Date;
}

export type DenialReason =
  | 'unknown-actor'
  | 'suspended'
  | 'signed-out'
  | 'role'
  | 'no-relationship'
  | 'membership-expired'
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

/**
 * Decides before anything is decrypted. Pure: the same question has the same answer, and no answer is a default.
 * 45 CFR 164.312(a)(1), 164.502(b).
 */
export function decide({ action, actor, patient, categories, membership, authenticatedAt, now }: Question): Decision {
  if (!actor) return { outcome: 'deny', reason: 'unknown-actor', purpose: 'OPERATIONS' };
  const row = policy[actor.role];
  const deny = (reason: DenialReason): Decision => ({ outcome: 'deny', reason, purpose: row.purpose });
  if (actor.status !== 'active') return deny('suspended');
  if (actor.signedOutAt !== undefined && authenticatedAt && authenticatedAt.toISOString() <= actor.signedOutAt)
    return deny('signed-out');
  const rule: ActionPolicy = actions[action];
  if (!rule.roles.includes(actor.role)) return deny('role');

  let basis: Basis = 'role';
  if (rule.patient && row.relationship === 'care-team') {
    if (!membership) return deny('no-relationship');
    if (!isCurrent(membership, now)) return deny('membership-expired');
    basis = 'care-team';
  }
  if (rule.patient && row.relationship === 'self') {
    if (!patient || actor.patient !== patient) return deny('no-relationship');
    basis = 'self';
  }

  const granted = rule.access === 'read' ? row.reads : rule.access === 'write' ? row.writes : [];
  const permitted = categories.filter((category) => granted.includes(category));
  if (categories.length > 0 && rule.access !== 'none' && permitted.length === 0) return deny('category');
  const originatorOnly = permitted.filter((category) => row.originatorOnly.includes(category));
  return { outcome: 'permit', categories: permitted, originatorOnly, basis, purpose: row.purpose };
}

/** A membership counts from its start until before its end. */
export function isCurrent(membership: Membership, now: Date): boolean {
  const at = now.toISOString();
  return membership.startsAt <= at && (membership.endsAt === undefined || at < membership.endsAt);
}
