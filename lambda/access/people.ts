import type { ActorItem } from './governance';

/** Why somebody's access ends. Codes: a log kept for six years holds no gossip. 45 CFR 164.308(a)(1)(ii)(C), (a)(3)(ii)(C). */
export const suspensionReasons = [
  'termination',
  'leave',
  'suspected-compromise',
  'device-lost',
  'investigation',
  'sanction',
] as const;
export const reinstatementReasons = ['returned', 'cleared', 'in-error', 'expired'] as const;
export const roleChangeReasons = ['job-change', 'least-privilege', 'in-error'] as const;

/** @returns the person suspended: every open session ends with it, also for the time after a reinstatement */
export function suspended(
  actor: ActorItem,
  { by, reason, expiresAt, now }: { by: string; reason: string; expiresAt: string | undefined; now: Date },
): ActorItem {
  const { suspensionExpiresAt: _, ...rest } = actor;
  return {
    ...rest,
    status: 'suspended',
    suspendedBy: by,
    suspendedAt: now.toISOString(),
    suspensionReason: reason,
    ...(expiresAt === undefined ? {} : { suspensionExpiresAt: expiresAt }),
    signedOutAt: now.toISOString(),
    version: actor.version + 1,
  };
}

export function reinstated(actor: ActorItem): ActorItem {
  const {
    suspendedBy: _by,
    suspendedAt: _at,
    suspensionReason: _reason,
    suspensionExpiresAt: _expires,
    ...rest
  } = actor;
  return { ...rest, status: 'active', version: actor.version + 1 };
}

export function withRole(
  actor: ActorItem,
  { role, by, approvedBy, now }: { role: ActorItem['role']; by: string; approvedBy: string | undefined; now: Date },
): ActorItem {
  const { approvedBy: _, ...rest } = actor;
  return {
    ...rest,
    role,
    roleGrantedBy: by,
    roleGrantedAt: now.toISOString(),
    ...(approvedBy === undefined ? {} : { approvedBy }),
    version: actor.version + 1,
  };
}

/** @returns the person with another account to sign in with, which ends a recovery that had begun */
export function withAccount(actor: ActorItem, account: string): ActorItem & { readonly account: string } {
  const { recovery: _, ...rest } = actor;
  return { ...rest, account, version: actor.version + 1 };
}

/** What the API tells of a person. Their e-mail address is in the user pool alone. */
export const shownPerson = (actor: ActorItem) => ({
  id: actor.sub,
  role: actor.role,
  status: actor.status,
  created_by: actor.createdBy,
  created_at: actor.createdAt,
  role_granted_by: actor.roleGrantedBy ?? actor.createdBy,
  role_granted_at: actor.roleGrantedAt ?? actor.createdAt,
  approved_by: actor.approvedBy,
  suspended_by: actor.suspendedBy,
  suspended_at: actor.suspendedAt,
  suspension_reason: actor.suspensionReason,
  suspension_expires_at: actor.suspensionExpiresAt,
  recovering: actor.recovery === undefined ? undefined : true,
  version: actor.version,
});
