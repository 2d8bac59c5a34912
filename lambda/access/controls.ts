import * as z from 'zod';
import { type Role, roles } from '../authentication/actor';
import type { Restore } from '../contingency/restore';
import { instant } from '../instant';
import { patientId } from '../records/model';
import { putVersion, type TransactItem } from '../records/transaction';
import type { Kind } from './approvals';
import { isInForce } from './decide';
import { type ControlItem, controlReasons, freezableRoles, governanceKeys } from './governance';

export const freezableRole = z
  .enum(roles)
  .refine((role) => freezableRoles.includes(role), 'must not be compliance_officer');

/** What puts a control in place, as a request gives it. */
export const placing = z.strictObject({ reason: z.enum(controlReasons), expires_at: instant });

export type ControlTarget =
  | { readonly kind: 'lockdown' }
  | { readonly kind: 'role'; readonly target: Role }
  | { readonly kind: 'patient'; readonly target: string };

/** the subject of an approval that releases a lockdown */
const lockdownSubject = 'lockdown';
const systemTarget = 'system';
/** A freeze that nobody looks after ends by itself; a longer one is put in place again. */
export const longestDays = { lockdown: 30, role: 90, patient: 365 } as const satisfies Record<
  ControlItem['kind'],
  number
>;

export function controlKey(control: ControlTarget): { readonly PK: string; readonly SK: string } {
  if (control.kind === 'lockdown') return governanceKeys.lockdown;
  return control.kind === 'role'
    ? governanceKeys.frozenRole(control.target)
    : governanceKeys.frozenPatient(control.target);
}

/** @returns the target that an item is of. @throws ZodError when it is none that this version knows */
export function targetOf({ kind, target }: Pick<ControlItem, 'kind' | 'target'>): ControlTarget {
  if (kind === 'lockdown') return { kind };
  return kind === 'role' ? { kind, target: freezableRole.parse(target) } : { kind, target: patientId.parse(target) };
}

/**
 * @param current as it was read
 * @returns the item that puts the control in place, or keeps it longer
 * @throws RangeError when it would end a lockdown sooner: its release takes two people
 */
export function placed(
  { kind, ...named }: ControlTarget,
  current: ControlItem | undefined,
  { reason, author, expiresAt, now }: Pick<ControlItem, 'reason' | 'author' | 'expiresAt'> & { readonly now: Date },
): ControlItem {
  if (kind === 'lockdown' && current && isInForce(current, now) && expiresAt < current.expiresAt)
    throw new RangeError('a lockdown is not shortened');
  const target = 'target' in named ? named.target : systemTarget;
  const version = (current?.version ?? 0) + 1;
  // What a restore waits for is waited for, whoever locks down beside it.
  if (current?.restore && isInForce(current, now)) return { ...current, version };
  return { kind, target, reason, author, at: now.toISOString(), expiresAt, version };
}

/** after which no clock of anybody's comes */
const never = '9999-12-31T23:59:59.999Z';

/** @returns the lockdown that a restore ends in: it does not end by itself, and nobody is spared until it is `restored` */
export function restoring(
  current: ControlItem | undefined,
  { reason, restore, now }: { readonly reason: 'restore' | 'restored'; readonly restore: string; readonly now: Date },
): ControlItem {
  const version = (current?.version ?? 0) + 1;
  const at = now.toISOString();
  return { kind: 'lockdown', target: systemTarget, reason, restore, author: 'restore', at, expiresAt: never, version };
}

/** @returns what an approval must be for that releases this lockdown: one after a restore takes people who looked at just that */
export const lockdownRelease = (
  current: Pick<ControlItem, 'restore'>,
): { readonly kind: Kind; readonly subject: string } =>
  current.restore
    ? { kind: 'restore-release', subject: current.restore }
    : { kind: 'lockdown-release', subject: lockdownSubject };

/** @returns the item of a control that counts no more */
export function released(current: ControlItem, by: string, now: Date): ControlItem {
  return { ...current, releasedAt: now.toISOString(), releasedBy: by, version: current.version + 1 };
}

/** @returns the writes of a control and of its place in the list; they fail when it changed since it was read */
export function setControl(table: string, item: ControlItem): TransactItem[] {
  return [
    putVersion(table, { ...controlKey(targetOf(item)), ...item }, item.version - 1),
    { Put: { TableName: table, Item: { ...governanceKeys.listedControl(`${item.kind}#${item.target}`), ...item } } },
  ];
}

/** @returns the reason as events have it: of a role's freeze with the role, while of a patient's they name the patient already */
export const reasonCode = ({ kind, reason, target }: ControlItem): string =>
  kind === 'role' ? `${reason}:${target}` : reason;

/**
 * What the API tells of a control.
 * @param restore the newest: of a lockdown after it, what whoever releases that has to know
 */
export const shownControl = (item: ControlItem, now: Date, restore?: Restore) => ({
  kind: item.kind,
  target: item.target,
  reason: item.reason,
  author: item.author,
  at: item.at,
  expires_at: item.expiresAt,
  restore: item.restore,
  released_at: item.releasedAt,
  released_by: item.releasedBy,
  in_force: isInForce(item, now),
  ...(restore?.state === 'replayed' &&
    restore.id === item.restore && {
      evidence: {
        whole: restore.whole,
        until: restore.evidenceUntil,
        lost: restore.lost,
        taken_over_from: restore.from,
      },
    }),
});
