import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Role, roles } from '../authentication/actor';
import type { TransactItem } from '../records/transaction';
import { type ActorItem, governanceKeys } from './governance';

/** Roles that reach evidence or make accounts: never one person's gift. 45 CFR 164.308(a)(3)(ii)(A). */
export const rolesOfTwo = ['admin', 'compliance_officer', 'auditor'] as const satisfies readonly Role[];
export type RoleOfTwo = (typeof rolesOfTwo)[number];
export const isRoleOfTwo = (role: Role): role is RoleOfTwo => (rolesOfTwo as readonly Role[]).includes(role);

/** What takes two people: who asks, who else agrees, for how long that counts. */
export interface ApprovalKind {
  /** what the subject's id is of */
  readonly subject: 'patient' | 'user' | 'incident' | 'control' | 'restore' | 'lane' | 'legal-hold';
  /** who may do the act as well: an approval is spent by whoever asked for it */
  readonly requesters: readonly Role[];
  /** by the requester's role, because two offices are better than two people of one */
  approvers(requester: Role): readonly Role[];
  /** from the request until the act: both fall into it */
  readonly hours: number;
  readonly reasons: readonly [string, ...string[]];
}

const officerOrAdmin = (): readonly Role[] => ['compliance_officer', 'admin'];
const officer = (): readonly Role[] => ['compliance_officer'];

export const approvalKinds = {
  disposal: {
    subject: 'patient',
    requesters: ['compliance_officer', 'admin'],
    approvers: (requester) => (requester === 'compliance_officer' ? officerOrAdmin() : officer()),
    hours: 7 * 24,
    reasons: ['retention-ended', 'registered-in-error', 'duplicate-record', 'court-order'],
  },
  'grant-role': {
    subject: 'user',
    requesters: ['admin'],
    approvers: officer,
    hours: 72,
    reasons: ['new-hire', 'role-change', 'replacement', 'cover-absence'],
  },
  'mfa-recovery': {
    subject: 'user',
    requesters: ['admin'],
    approvers: officerOrAdmin,
    hours: 24,
    reasons: ['device-lost', 'device-stolen', 'device-replaced', 'authenticator-broken', 'account-gone'],
  },
  'breach-determination': {
    subject: 'incident',
    requesters: ['compliance_officer'],
    approvers: officerOrAdmin,
    hours: 7 * 24,
    reasons: ['low-probability-of-compromise', 'breach-confirmed', 'exception-applies', 'not-phi'],
  },
  'lockdown-release': {
    subject: 'control',
    requesters: ['compliance_officer'],
    approvers: officerOrAdmin,
    hours: 4,
    reasons: ['contained', 'false-alarm', 'care-at-risk'],
  },
  'restore-release': {
    subject: 'restore',
    requesters: ['compliance_officer'],
    approvers: officerOrAdmin,
    hours: 24,
    reasons: ['validated', 'partly-validated', 'drill'],
  },
  'audit-acknowledgement': {
    subject: 'lane',
    requesters: ['compliance_officer'],
    approvers: officerOrAdmin,
    hours: 72,
    reasons: ['explained', 'false-alarm', 'incident-opened'],
  },
  'legal-hold-release': {
    subject: 'legal-hold',
    requesters: ['compliance_officer'],
    approvers: officerOrAdmin,
    hours: 7 * 24,
    reasons: ['matter-closed', 'held-in-error'],
  },
} as const satisfies Readonly<Record<string, ApprovalKind>>;
export type Kind = keyof typeof approvalKinds;
export const kinds = Object.keys(approvalKinds) as [Kind, ...Kind[]];
export const kindOf = (kind: Kind): ApprovalKind => approvalKinds[kind];

/** Codes and ids, never text: approvals are shown to people who may see no PHI. */
const detail = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/, 'must be a code or an id');
export const approvalDetails = z.record(z.string().regex(/^[a-z][a-z_]{0,39}$/, 'must be a name'), detail);
/** a uuid, or the id of something that has none, such as a control */
export const approvalSubject = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'must be an id');

/** One request for a second person. `PK` `APPROVAL#<id>`, `SK` `APPROVAL`. Times are UTC, ISO 8601. */
export const approvalItem = z.object({
  id: z.uuid(),
  kind: z.enum(kinds),
  subject: approvalSubject,
  /** the subject stands for an e-mail address that has no account yet: `invitee` */
  invitee: z.boolean(),
  /** of a recovery of somebody whose account is gone: `invitee` of the address that the new one is for */
  address: z.uuid().optional(),
  reason: z.string(),
  details: approvalDetails,
  state: z.enum(['pending', 'approved', 'rejected', 'used']),
  requestedBy: z.uuid(),
  requesterRole: z.enum(roles),
  requestedAt: z.string(),
  expiresAt: z.string(),
  decidedBy: z.uuid().optional(),
  decidedAt: z.string().optional(),
  usedAt: z.string().optional(),
  version: z.int().positive(),
});
export type Approval = z.infer<typeof approvalItem>;

/**
 * @returns the id that stands for somebody who has no account: made of the e-mail address, so that approver and act mean
 *   the same person, and no address is in the governance table
 */
export function invitee(organization: string, email: string): string {
  const hash = createHash('sha256').update(JSON.stringify(['ward/invitee/v1', organization, email.toLowerCase()]));
  const hex = hash.digest('hex');
  // RFC 9562, section 5.8: version 8 is for ids made in one's own way.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** @returns `invitee` of the address that whoever agrees must know as well, where the approval is for one */
export const addressOf = ({ invitee: isInvitee, subject, address }: Approval): string | undefined =>
  isInvitee ? subject : address;

/** What is known of the people around an approval; read from the governance table at the moment of the decision. */
export type Person = Pick<ActorItem, 'sub' | 'role' | 'status' | 'createdBy' | 'roleGrantedBy' | 'approvedBy'>;
export interface ApprovalFacts {
  readonly requester: Person | undefined;
  /** where the subject is a person with an account */
  readonly subject: Person | undefined;
  readonly now: Date;
}
export type ApprovalRefusal =
  | 'decided'
  | 'expired'
  | 'approver-inactive'
  | 'requester-not-entitled'
  | 'role'
  | 'own-request'
  | 'own-matter'
  | 'not-independent';

/**
 * Whether this person may be the second one. The adversary is an administrator who makes himself a second person: with an
 * account he created, or was given his role by, or whose role he agreed to.
 * @returns why not, or undefined
 */
export function mayApprove(approval: Approval, approver: Person, facts: ApprovalFacts): ApprovalRefusal | undefined {
  const { requester, subject, now } = facts;
  const kind = kindOf(approval.kind);
  if (approver.status !== 'active') return 'approver-inactive';
  if (approver.sub === approval.requestedBy) return 'own-request';
  if (approver.sub === approval.subject) return 'own-matter';
  if (approval.state !== 'pending') return 'decided';
  if (isExpired(approval, now)) return 'expired';
  if (requester?.sub !== approval.requestedBy || requester.status !== 'active') return 'requester-not-entitled';
  if (!kind.requesters.includes(requester.role)) return 'requester-not-entitled';
  if (!kind.approvers(requester.role).includes(approver.role)) return 'role';
  const owedTo = [approver.createdBy, approver.roleGrantedBy, approver.approvedBy];
  if (owedTo.includes(requester.sub)) return 'not-independent';
  if (requester.createdBy === approver.sub || subject?.createdBy === approver.sub) return 'not-independent';
  return undefined;
}

export const isExpired = ({ expiresAt }: Approval, now: Date): boolean => expiresAt <= now.toISOString();

/** @returns the writes of a new request: the approval and its place in the list, newest last */
export function requestApproval(table: string, approval: Approval): TransactItem[] {
  const put = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' },
  });
  return [
    put({ ...governanceKeys.approval(approval.id), ...approval }),
    put({ ...governanceKeys.listedApproval(approval.id), id: approval.id }),
  ];
}

/** @returns the approval as somebody decided */
export const decided = (
  approval: Approval,
  { state, by, now }: { readonly state: 'approved' | 'rejected'; readonly by: string; readonly now: Date },
): Approval => ({ ...approval, state, decidedBy: by, decidedAt: now.toISOString(), version: approval.version + 1 });

/** @returns the write of a decision on a pending request; fails when another came first or it expired */
export function decideApproval(
  table: string,
  approval: Approval,
  decision: { readonly state: 'approved' | 'rejected'; readonly by: string; readonly now: Date },
): TransactItem {
  const at = decision.now.toISOString();
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.approval(approval.id),
      UpdateExpression: 'SET #state = :state, decidedBy = :by, decidedAt = :now, #version = #version + :one',
      ConditionExpression: '#state = :pending AND #version = :version AND expiresAt > :now',
      ExpressionAttributeNames: { '#state': 'state', '#version': 'version' },
      ExpressionAttributeValues: {
        ':state': decision.state,
        ':pending': 'pending',
        ':by': decision.by,
        ':now': at,
        ':version': approval.version,
        ':one': 1,
      },
    },
  };
}

/** @returns the write that ends a request which may have been used already, for all that restored tables know */
export function voidApproval(table: string, approval: Approval, now: Date): TransactItem {
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.approval(approval.id),
      UpdateExpression: 'SET #state = :rejected, decidedAt = :now, #version = #version + :one',
      ConditionExpression: '#version = :version',
      ExpressionAttributeNames: { '#state': 'state', '#version': 'version' },
      ExpressionAttributeValues: {
        ':rejected': 'rejected',
        ':now': now.toISOString(),
        ':version': approval.version,
        ':one': 1,
      },
    },
  };
}

/** The act that an approval is spent on. */
export interface ApprovalUse {
  readonly kind: Kind;
  readonly subject: string;
  /** `sub` of who acts: the requester alone */
  readonly executor: string;
  readonly now: Date;
}

/** @returns whether the approval is good for this act at this moment; the transaction asks again */
export function isGoodFor(approval: Approval | undefined, use: ApprovalUse): approval is Approval {
  return (
    approval !== undefined &&
    approval.state === 'approved' &&
    approval.kind === use.kind &&
    approval.subject === use.subject &&
    approval.requestedBy === use.executor &&
    !isExpired(approval, use.now)
  );
}

/**
 * @returns the writes that spend an approval, for the transaction of the act itself: they fail unless the approval was given
 *   for just this, to the one who acts, is not expired and was never used, and whoever gave it is active still. What `details`
 *   say the caller holds against the act; they never change after the request.
 */
export const consumeApproval = (table: string, approval: Approval, use: ApprovalUse): TransactItem[] => [
  {
    Update: {
      TableName: table,
      Key: governanceKeys.approval(approval.id),
      UpdateExpression: 'SET #state = :used, usedAt = :now, #version = #version + :one',
      ConditionExpression:
        '#state = :approved AND kind = :kind AND subject = :subject AND requestedBy = :executor AND expiresAt > :now',
      ExpressionAttributeNames: { '#state': 'state', '#version': 'version' },
      ExpressionAttributeValues: {
        ':used': 'used',
        ':approved': 'approved',
        ':kind': use.kind,
        ':subject': use.subject,
        ':executor': use.executor,
        ':now': use.now.toISOString(),
        ':one': 1,
      },
    },
  },
  {
    ConditionCheck: {
      TableName: table,
      Key: governanceKeys.actor(approval.decidedBy ?? ''),
      ConditionExpression: '#status = :active',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':active': 'active' },
    },
  },
];
