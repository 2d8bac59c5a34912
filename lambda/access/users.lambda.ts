import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import { Released } from '../audit/release';
import { roles } from '../authentication/actor';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { AccountExists, Accounts } from './accounts';
import { actorStands, registerActor } from './actors';
import { allActors, readActor } from './actors-store';
import { emailAddress } from './approval-request';
import { consumeApproval, invitee, isGoodFor, isRoleOfTwo } from './approvals';
import { readApproval } from './approvals-store';
import type { ActorItem } from './governance';
import { shownPerson } from './people';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);

const creation = z.strictObject({
  email: emailAddress,
  role: z.enum(roles),
  /** for roles that are never one person's gift: a grant-role approval requested for this address */
  approval: z.uuid().optional(),
});

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const actors = await allActors(documents, table);
  const resources = actors.map(({ sub, version }) => ({ id: sub, type: 'user', version }));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources }));
  return { status: 200, body: Released.facts({ users: actors.map(shownPerson) }, receipt) };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { userId } = check(z.object({ userId: z.uuid() }), exchange.parameters);
  const [permit, actor] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readActor(documents, table, userId),
  ]);
  if (!actor) return runtime.refuse(permit, 'not-found');
  const { sub, version } = actor;
  const receipt = await runtime.outbox.record(
    permit.event({ status: 200, resources: [{ id: sub, type: 'user', version }] }),
  );
  return { status: 200, headers: entityTag(version), body: Released.facts(shownPerson(actor), receipt) };
}

/** Creates the account, invites the person by mail, and gives the role; without the last the account may do nothing. */
async function create(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { email, role, approval: approvalId } = exchange.body(creation);
  const now = exchange.access.now;
  const use = {
    kind: 'grant-role',
    subject: invitee(environment.ORGANIZATION, email),
    executor: permit.actor.sub,
    now,
  } as const;
  const approval =
    isRoleOfTwo(role) && approvalId !== undefined ? await readApproval(documents, table, approvalId) : undefined;
  if (isRoleOfTwo(role)) {
    if (approvalId === undefined) return runtime.refuse(permit, 'approval-required');
    if (!isGoodFor(approval, use) || approval.details['role'] !== role)
      return runtime.refuse(permit, 'approval-refused');
  }
  let sub: string;
  try {
    sub = await accounts.create(email);
  } catch (error) {
    if (error instanceof AccountExists) return runtime.refuse(permit, 'account-exists');
    throw error;
  }
  const actor: ActorItem = {
    sub,
    role,
    status: 'active',
    createdBy: permit.actor.sub,
    createdAt: now.toISOString(),
    ...(approval?.decidedBy ? { approvedBy: approval.decidedBy } : {}),
    version: 1,
  };
  const writes = new Writes<'actor' | 'executor' | 'approval'>()
    .add('actor', ...registerActor(table, actor))
    .add('executor', actorStands(table, permit.actor));
  if (approval) writes.add('approval', ...consumeApproval(table, approval, use));
  const event = permit.event({
    status: 201,
    resources: [
      { id: sub, type: 'user', version: 1 },
      ...(approval ? [{ id: approval.id, type: 'approval', version: approval.version + 1 }] : []),
    ],
  });
  try {
    const receipt = await runtime.store(permit, event, writes, (refused) =>
      refused.has('approval') ? 'approval-refused' : 'conflict',
    );
    return { status: 201, headers: entityTag(1), body: Released.facts(shownPerson(actor), receipt) };
  } catch (error) {
    // An account that nobody recorded does not stay.
    await accounts.remove(email).catch(() => undefined);
    throw error;
  }
}

export const handler = runtime.serve({ 'user.list': list, 'user.read': read, 'user.create': create });
