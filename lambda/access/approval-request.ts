import * as z from 'zod';
import { gapDetails, gapEvents } from '../audit/acknowledgement';
import { type Approval, approvalDetails, approvalSubject, isExpired, kindOf, kinds, rolesOfTwo } from './approvals';
import type { ActorItem } from './governance';

export const emailAddress = z.email('must be an e-mail address').max(254);

/** What somebody asks a second person for. */
export const approvalRequest = z.strictObject({
  kind: z.enum(kinds),
  subject: approvalSubject.optional(),
  /** of somebody who has no account yet: in place of the subject of a grant-role; it is not stored */
  email: emailAddress.optional(),
  reason: z.string().max(64),
  details: approvalDetails.default({}),
});
export type ApprovalRequest = z.infer<typeof approvalRequest>;

/** @returns what is wrong with a request beyond the form of its fields */
export function faultsOf(given: ApprovalRequest): { readonly field: string; readonly message: string }[] {
  const kind = kindOf(given.kind);
  const mustBeId = ['user', 'patient', 'incident', 'lane'].includes(kind.subject);
  return [
    ...((given.subject === undefined) === (given.email === undefined)
      ? [{ field: 'subject', message: 'must be given, or for a grant-role an e-mail address in its place' }]
      : []),
    ...(given.email !== undefined && given.kind !== 'grant-role'
      ? [{ field: 'email', message: 'is for a grant-role alone' }]
      : []),
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

/** @returns the approval that waits for a second person from now on */
export const requested = (
  { kind, email, reason, details }: ApprovalRequest,
  {
    id,
    subject,
    by,
    now,
  }: { readonly id: string; readonly subject: string; readonly by: ActorItem; readonly now: Date },
): Approval => ({
  id,
  kind,
  subject,
  invitee: email !== undefined,
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
