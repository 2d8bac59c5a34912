import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import { Released } from '../audit/release';
import { roles } from '../authentication/actor';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, patience } from '../http/clients';
import { entityTag, expectedVersion } from '../http/conditions';
import type { ProblemType } from '../http/problem';
import { Runtime } from '../http/runtime';
import { instant } from '../instant';
import { Writes } from '../records/transaction';
import { Accounts } from './accounts';
import { actorStands, changeActor, countHolders } from './actors';
import { readActor } from './actors-store';
import { consumeApproval, isGoodFor, isRoleOfTwo } from './approvals';
import { readApproval } from './approvals-store';
import type { ActorItem } from './governance';
import type { Permit } from './guard';
import {
  reinstated,
  reinstatementReasons,
  roleChangeReasons,
  shownPerson,
  suspended,
  suspensionReasons,
  withRole,
} from './people';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);

const ofUser = z.object({ userId: z.uuid() });
const roleChange = z.strictObject({
  role: z.enum(roles),
  reason: z.enum(roleChangeReasons).default('job-change'),
  approval: z.uuid().optional(),
});
const suspension = z.strictObject({
  reason: z.enum(suspensionReasons),
  expires_at: instant.optional(),
});
const reinstatement = z.strictObject({ reason: z.enum(reinstatementReasons).exclude(['expired']) });
type Step = 'user' | 'last' | 'executor' | 'approval';

/** Who asks and whom it is about: never the same person. */
async function of(exchange: Exchange): Promise<{ readonly permit: Permit; readonly before: ActorItem }> {
  const { userId } = check(ofUser, exchange.parameters);
  const [permit, before] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readActor(documents, table, userId),
  ]);
  if (!before) return runtime.refuse(permit, 'not-found');
  if (userId === permit.actor.sub) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' });
  return { permit, before };
}

/** The change, the count of who is left, and that whoever changes is still who they were. */
const writesOf = (permit: Permit, before: ActorItem, after: ActorItem) =>
  new Writes<Step>()
    .add('user', changeActor(table, before, after))
    .add('last', ...countHolders(table, before, after))
    .add('executor', actorStands(table, permit.actor));

const refusal = (refused: ReadonlySet<Step>): ProblemType => {
  if (refused.has('last')) return 'last-of-role';
  return refused.has('approval') ? 'approval-refused' : 'conflict';
};
const told = (actor: ActorItem) => ({ id: actor.sub, type: 'user', version: actor.version });

async function changeRole(exchange: Exchange): Promise<Answer> {
  const { permit, before } = await of(exchange);
  const version = expectedVersion(exchange);
  const { role, reason, approval: approvalId } = exchange.body(roleChange);
  if (version !== before.version) return runtime.refuse(permit, 'stale-version', {}, [told(before)]);
  // A patient's account is bound to a record, and an employee's never is: one does not become the other.
  if (role === before.role || role === 'patient' || before.role === 'patient')
    return runtime.refuse(permit, 'not-allowed', { errors: [{ field: 'role', message: 'must be another, of staff' }] });
  const now = exchange.access.now;
  const use = { kind: 'grant-role', subject: before.sub, executor: permit.actor.sub, now } as const;
  const approval = isRoleOfTwo(role) && approvalId ? await readApproval(documents, table, approvalId) : undefined;
  if (isRoleOfTwo(role)) {
    if (!approvalId) return runtime.refuse(permit, 'approval-required', {}, [told(before)]);
    if (!isGoodFor(approval, use) || approval.details['role'] !== role)
      return runtime.refuse(permit, 'approval-refused', {}, [told(before)]);
  }
  const after = withRole(before, { role, by: permit.actor.sub, approvedBy: approval?.decidedBy, now });
  const writes = writesOf(permit, before, after);
  if (approval) writes.add('approval', ...consumeApproval(table, approval, use));
  // Which role it is from then on: a restore of older tables must not bring back the one before.
  const given = { id: after.sub, type: `role:${role.replaceAll('_', '-')}`, version: after.version };
  const resources = [told(after), given, ...(approval ? [{ id: approval.id, type: 'approval', version: null }] : [])];
  const receipt = await runtime.store(permit, permit.event({ status: 200, reason, resources }), writes, refusal);
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shownPerson(after), receipt) };
}

/**
 * 45 CFR 164.308(a)(3)(ii)(C). The governance table first: access ends with the next request even while Cognito does not
 * answer. Asking again is safe, and does what Cognito has not done yet.
 */
async function suspend(exchange: Exchange): Promise<Answer> {
  const { permit, before } = await of(exchange);
  const { reason, expires_at: expiresAt } = exchange.body(suspension);
  const now = exchange.access.now;
  if (expiresAt !== undefined && expiresAt <= now.toISOString())
    return runtime.refuse(permit, 'invalid-input', {
      errors: [{ field: 'expires_at', message: 'must be in the future' }],
    });
  return settle(permit, before, suspended(before, { by: permit.actor.sub, reason, expiresAt, now }), reason, (name) =>
    accounts.disable(name),
  );
}

async function reinstate(exchange: Exchange): Promise<Answer> {
  const { permit, before } = await of(exchange);
  const { reason } = exchange.body(reinstatement);
  // Whoever is suspended by somebody else meanwhile must not come back with this: the version is part of the write.
  return settle(permit, before, reinstated(before), reason, (name) => accounts.enable(name));
}

async function settle(
  permit: Permit,
  before: ActorItem,
  after: ActorItem,
  reason: string,
  act: (account: string) => Promise<void>,
): Promise<Answer> {
  const event = permit.event({ status: 200, reason, resources: [told(after)] });
  const receipt = await runtime.store(permit, event, writesOf(permit, before, after), refusal);
  try {
    await act(after.account ?? after.sub);
  } catch {
    return runtime.refuse(permit, 'sign-in-service', {}, [told(after)]);
  }
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shownPerson(after), receipt) };
}

export const handler = runtime.serve({
  'user.change-role': changeRole,
  'user.suspend': suspend,
  'user.reinstate': reinstate,
});
