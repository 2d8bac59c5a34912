import * as z from 'zod';
import { gapDetails, gapEvents } from '../audit/acknowledgement';
import { type Approval, approvalDetails, approvalSubject, isExpired, kindOf, kinds, rolesOfTwo } from './approvals';
import type { ActorItem } from './governance';

export const emailAddress = z.email('must be an e-mail address').max(254);

/** What somebody asks a second person for. */
export const approvalRequest = z.strictObject({
  kind: z.enum(kinds),
  subject: approvalSubject.optional(),
  /** of somebody who has no account: in place of the subject of a grant-role, beside that of a recovery; it is not stored */
  email: emailAddress.optional(),
  reason: z.string().max(64),
  details: approvalDetails.default({}),
});
export type ApprovalRequest = z.infer<typeof approvalRequest>;

/** No account says any more which address is the person's: the two people of the approval do. */
export const isOfGoneAccount = ({ kind, reason }: Pick<ApprovalRequest, 'kind' | 'reason'>): boolean =>
  kind === 'mfa-recovery' && reason === 'account-gone';

interface Fault {
  readonly field: string;
  readonly message: string;
}

const withAddress = ({ subject, email }: ApprovalRequest): Fault[] => [
  ...(subject === undefined ? [{ field: 'subject', message: 'must be given' }] : []),
  ...(email === undefined ? [{ field: 'email', message: 'must be given where the account is gone' }] : []),
];

const withOrByAddress = ({ kind, subject, email }: ApprovalRequest): Fault[] => [
  ...((subject === undefined) === (email === undefined)
    ? [{ field: 'subject', message: 'must be given, or for a grant-role an e-mail address in its place' }]
    : []),
  ...(email !== undefined && kind !== 'grant-role'
    ? [{ field: 'email', message: 'is for a grant-role, or an mfa-recovery with the reason account-gone' }]
    : []),
];

/** @returns what is wrong with a request beyond the form of its fields */
export function faultsOf(given: ApprovalRequest): Fault[] {
  const kind = kindOf(given.kind);
  const mustBeId = ['user', 'patient', 'incident', 'lane'].includes(kind.subject);
  return [
    ...(isOfGoneAccount(given) ? withAddress(given) : withOrByAddress(given)),
    ...(mustBeId && given.subject !== undefined && !z.uuid().safeParse(given.subject).success
      ? [{ field: 'subject', message: 'must be a UUID' }]
      : []),
    ...(kind.reasons.includes(given.reason)
      ? []
      : [{ field: 'reason', message: `must be one of ${kind.reasons.join(', ')}` }]),
    ...(given.kind === 'grant-role' && !z.strictObject({ role: z.enum(rolesOfTwo) }).safeParse(given.details).success
      ? [{ field: 'details', message: `must be a role: ${rolesOfTwo.join(', ')}` }]
      : []),
    ...(given.kind === 'audit-acknowledgement' && !gapDetails.safeParse(given.details).success
      ? [
          {
            field: 'details',
            message: `must be from and to: digits, from 1 or more and not after to, at most ${gapEvents} events`,
          },
        ]
      : []),
  ];
}

/**
 * @param address `invitee` of the address, where one was given
 * @returns the approval that waits for a second person from now on
 */
export const requested = (
  { kind, subject: named, reason, details }: ApprovalRequest,
  {
    id,
    subject,
    address,
    by,
    now,
  }: {
    readonly id: string;
    readonly subject: string;
    readonly address: string | undefined;
    readonly by: ActorItem;
    readonly now: Date;
  },
): Approval => ({
  id,
  kind,
  subject,
  invitee: named === undefined,
  ...(named !== undefined && address !== undefined && { address }),
  reason,
  details,
  state: 'pending',
  requestedBy: by.sub,
  requesterRole: by.role,
  requestedAt: now.toISOString(),
  expiresAt: new Date(now.getTime() + kindOf(kind).hours * 3_600_000).toISOString(),
  version: 1,
});

/** What the log says of an approval: why, which, of what. A patient's disposal is found under the patient. */
export function toldApproval({ id, version, kind, subject, reason }: Approval) {
  const { subject: type } = kindOf(kind);
  const named = z.uuid().safeParse(subject).success;
  return {
    reason,
    patient: type === 'patient' ? subject : null,
    resources: [{ id, type: 'approval', version }, ...(named ? [{ id: subject, type, version: null }] : [])],
  };
}

/** What the API tells of an approval. */
export const shownApproval = (approval: Approval, now: Date) => ({
  id: approval.id,
  kind: approval.kind,
  subject: approval.subject,
  invitee: approval.invitee,
  reason: approval.reason,
  details: approval.details,
  state: isExpired(approval, now) && ['pending', 'approved'].includes(approval.state) ? 'expired' : approval.state,
  requested_by: approval.requestedBy,
  requested_at: approval.requestedAt,
  expires_at: approval.expiresAt,
  decided_by: approval.decidedBy,
  decided_at: approval.decidedAt,
  used_at: approval.usedAt,
});
