import { v7 } from 'uuid';
import * as z from 'zod';
import { Released } from '../audit/release';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { actorStands } from './actors';
import { readActor } from './actors-store';
import {
  type Approval,
  approvalDetails,
  approvalSubject,
  decideApproval,
  invitee,
  isExpired,
  kindOf,
  kinds,
  mayApprove,
  requestApproval,
  rolesOfTwo,
} from './approvals';
import { newestApprovals, readApproval } from './approvals-store';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;

const email = z.email('must be an e-mail address').max(254);
const request = z.strictObject({
  kind: z.enum(kinds),
  subject: approvalSubject.optional(),
  /** of somebody who has no account yet: in place of the subject of a grant-role; it is not stored */
  email: email.optional(),
  reason: z.string().max(64),
  details: approvalDetails.default({}),
});
const decision = z.strictObject({ email: email.optional() });
const ofApproval = z.object({ approvalId: z.uuid() });

async function ask(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const given = exchange.body(request);
  const kind = kindOf(given.kind);
  const ofPerson = kind.subject === 'user';
  const mustBeId = ofPerson || kind.subject === 'patient' || kind.subject === 'incident';
  const subject = given.email === undefined ? given.subject : invitee(environment.ORGANIZATION, given.email);
  const errors = [
    ...(subject === undefined || (given.email !== undefined && given.subject !== undefined)
      ? [{ field: 'subject', message: 'must be given, or for a grant-role an e-mail address in its place' }]
      : []),
    ...(given.email !== undefined && given.kind !== 'grant-role'
      ? [{ field: 'email', message: 'is for a grant-role alone' }]
      : []),
    ...(mustBeId && subject !== undefined && !z.uuid().safeParse(subject).success
      ? [{ field: 'subject', message: 'must be a UUID' }]
      : []),
    ...(kind.reasons.includes(given.reason)
      ? []
      : [{ field: 'reason', message: `must be one of ${kind.reasons.join(', ')}` }]),
    ...(given.kind === 'grant-role' && !z.strictObject({ role: z.enum(rolesOfTwo) }).safeParse(given.details).success
      ? [{ field: 'details', message: `must be a role: ${rolesOfTwo.join(', ')}` }]
      : []),
  ];
  if (errors.length > 0 || subject === undefined) return runtime.refuse(permit, 'invalid-input', { errors });
  if (!kind.requesters.includes(permit.actor.role))
    return runtime.refuse(permit, 'not-allowed', {
      errors: [{ field: 'kind', message: `is asked for by ${kind.requesters.join(' or ')}` }],
    });
  if (subject === permit.actor.sub) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' });
  if (ofPerson && given.email === undefined && !(await readActor(documents, table, subject)))
    return runtime.refuse(permit, 'not-found');
  const now = exchange.access.now;
  const approval: Approval = {
    id: v7(),
    kind: given.kind,
    subject,
    invitee: given.email !== undefined,
    reason: given.reason,
    details: given.details,
    state: 'pending',
    requestedBy: permit.actor.sub,
    requesterRole: permit.actor.role,
    requestedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + kind.hours * 3_600_000).toISOString(),
    version: 1,
  };
  const writes = new Writes<'approval' | 'requester'>()
    .add('approval', ...requestApproval(table, approval))
    .add('requester', actorStands(table, permit.actor));
  const event = permit.event({ status: 201, ...told(approval) });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 201, headers: entityTag(1), body: Released.facts(shown(approval, now), receipt) };
}

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const approvals = await newestApprovals(documents, table);
  const resources = approvals.map(({ id, version }) => ({ id, type: 'approval', version }));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources }));
  const now = exchange.access.now;
  return { status: 200, body: Released.facts({ approvals: approvals.map((each) => shown(each, now)) }, receipt) };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { approvalId } = check(ofApproval, exchange.parameters);
  const [permit, approval] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readApproval(documents, table, approvalId),
  ]);
  if (!approval) return runtime.refuse(permit, 'not-found');
  const receipt = await runtime.outbox.record(permit.event({ status: 200, ...told(approval) }));
  return {
    status: 200,
    headers: entityTag(approval.version),
    body: Released.facts(shown(approval, exchange.access.now), receipt),
  };
}

/** A decision by somebody who is neither requester nor subject, nor owes the requester anything. */
const decide =
  (state: 'approved' | 'rejected') =>
  async (exchange: Exchange): Promise<Answer> => {
    const { approvalId } = check(ofApproval, exchange.parameters);
    const [permit, approval] = await Promise.all([
      runtime.guard.permit(exchange.access),
      readApproval(documents, table, approvalId),
    ]);
    const { email: address } = exchange.body(decision);
    if (!approval) return runtime.refuse(permit, 'not-found');
    const { resources, patient } = told(approval);
    const now = exchange.access.now;
    const [requester, subject] = await Promise.all([
      readActor(documents, table, approval.requestedBy),
      kindOf(approval.kind).subject === 'user' ? readActor(documents, table, approval.subject) : undefined,
    ]);
    const withdraws = state === 'rejected' && approval.requestedBy === permit.actor.sub;
    const refusal = withdraws ? undefined : mayApprove(approval, permit.actor, { requester, subject, now });
    if (refusal === 'decided' || refusal === 'expired')
      return runtime.refuse(permit, 'approval-refused', { detail: refusal }, resources);
    if (refusal) return runtime.refuse(permit, 'second-person', { detail: refusal }, resources);
    // Whoever agrees to an account for somebody must know for whom: the address comes from them, not from the request.
    if (
      state === 'approved' &&
      approval.invitee &&
      invitee(environment.ORGANIZATION, address ?? '') !== approval.subject
    )
      return runtime.refuse(permit, 'not-allowed', {
        errors: [{ field: 'email', message: 'must be the address that the approval was requested for' }],
      });
    const writes = new Writes<'approval' | 'approver'>()
      .add('approval', decideApproval(table, approval, { state, by: permit.actor.sub, now }))
      .add('approver', actorStands(table, permit.actor));
    const next: Approval = {
      ...approval,
      state,
      decidedBy: permit.actor.sub,
      decidedAt: now.toISOString(),
      version: approval.version + 1,
    };
    const event = permit.event({ status: 200, ...told(next), patient });
    const receipt = await runtime.store(permit, event, writes, () => 'approval-refused');
    return { status: 200, headers: entityTag(next.version), body: Released.facts(shown(next, now), receipt) };
  };

/** What the log says of an approval: why, which, of what. A patient's disposal is found under the patient. */
function told({ id, version, kind, subject, reason }: Approval) {
  const { subject: type } = kindOf(kind);
  const named = z.uuid().safeParse(subject).success;
  return {
    reason,
    patient: type === 'patient' ? subject : null,
    resources: [{ id, type: 'approval', version }, ...(named ? [{ id: subject, type, version: null }] : [])],
  };
}

const shown = (approval: Approval, now: Date) => ({
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

export const handler = runtime.serve({
  'approval.request': ask,
  'approval.list': list,
  'approval.read': read,
  'approval.approve': decide('approved'),
  'approval.reject': decide('rejected'),
});
