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
import { approvalRequest, emailAddress, faultsOf, requested, shownApproval, toldApproval } from './approval-request';
import { addressOf, decideApproval, decided, invitee, kindOf, mayApprove, requestApproval } from './approvals';
import { newestApprovals, readApproval } from './approvals-store';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;

const decision = z.strictObject({ email: emailAddress.optional() });
const ofApproval = z.object({ approvalId: z.uuid() });

async function ask(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const given = exchange.body(approvalRequest);
  const kind = kindOf(given.kind);
  const address = given.email === undefined ? undefined : invitee(environment.ORGANIZATION, given.email);
  const subject = given.subject ?? address;
  const errors = faultsOf(given);
  if (errors.length > 0 || subject === undefined) return runtime.refuse(permit, 'invalid-input', { errors });
  if (!kind.requesters.includes(permit.actor.role))
    return runtime.refuse(permit, 'not-allowed', {
      errors: [{ field: 'kind', message: `is asked for by ${kind.requesters.join(' or ')}` }],
    });
  if (subject === permit.actor.sub) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' });
  if (kind.subject === 'user' && given.subject !== undefined && !(await readActor(documents, table, subject)))
    return runtime.refuse(permit, 'not-found');
  const now = exchange.access.now;
  const approval = requested(given, { id: v7(), subject, address, by: permit.actor, now });
  const writes = new Writes<'approval' | 'requester'>()
    .add('approval', ...requestApproval(table, approval))
    .add('requester', actorStands(table, permit.actor));
  const event = permit.event({ status: 201, ...toldApproval(approval) });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 201, headers: entityTag(1), body: Released.facts(shownApproval(approval, now), receipt) };
}

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const approvals = await newestApprovals(documents, table);
  const resources = approvals.map(({ id, version }) => ({ id, type: 'approval', version }));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources }));
  const now = exchange.access.now;
  return {
    status: 200,
    body: Released.facts({ approvals: approvals.map((each) => shownApproval(each, now)) }, receipt),
  };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { approvalId } = check(ofApproval, exchange.parameters);
  const [permit, approval] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readApproval(documents, table, approvalId),
  ]);
  if (!approval) return runtime.refuse(permit, 'not-found');
  const receipt = await runtime.outbox.record(permit.event({ status: 200, ...toldApproval(approval) }));
  return {
    status: 200,
    headers: entityTag(approval.version),
    body: Released.facts(shownApproval(approval, exchange.access.now), receipt),
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
    const { resources, patient } = toldApproval(approval);
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
    const named = addressOf(approval);
    if (state === 'approved' && named !== undefined && invitee(environment.ORGANIZATION, address ?? '') !== named)
      return runtime.refuse(permit, 'not-allowed', {
        errors: [{ field: 'email', message: 'must be the address that the approval was requested for' }],
      });
    const writes = new Writes<'approval' | 'approver'>()
      .add('approval', decideApproval(table, approval, { state, by: permit.actor.sub, now }))
      .add('approver', actorStands(table, permit.actor));
    const next = decided(approval, { state, by: permit.actor.sub, now });
    const event = permit.event({ status: 200, ...toldApproval(next), patient });
    const receipt = await runtime.store(permit, event, writes, () => 'approval-refused');
    return { status: 200, headers: entityTag(next.version), body: Released.facts(shownApproval(next, now), receipt) };
  };

export const handler = runtime.serve({
  'approval.request': ask,
  'approval.list': list,
  'approval.read': read,
  'approval.approve': decide('approved'),
  'approval.reject': decide('rejected'),
});
