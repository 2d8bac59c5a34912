import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import { Released } from '../audit/release';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { AccountExists, Accounts } from './accounts';
import { actorStands, changeAccount, changeActor } from './actors';
import { readActor } from './actors-store';
import { emailAddress, isOfGoneAccount } from './approval-request';
import { consumeApproval, invitee, isGoodFor } from './approvals';
import { readApproval } from './approvals-store';
import type { ActorItem } from './governance';
import type { Permit } from './guard';
import { shownPerson, withAccount } from './people';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);

const recovery = z.strictObject({ approval: z.uuid(), email: emailAddress });
const told = (actor: ActorItem, approval: string) => [
  { id: actor.sub, type: 'user', version: actor.version },
  { id: approval, type: 'approval', version: null },
];

/**
 * A person who lost their authenticator gets a new account with the same address, and stays the person they were.
 * Cognito has no operation that takes an authenticator from a user where the pool requires one (docs/people.md), so the old
 * account goes, with its password, passkeys and sign-ins. The invitation goes to the address by mail: neither the
 * administrator nor the approver ever knows a password.
 *
 * Three steps, each safe to repeat with the same request: the approval is spent and every session ends; the account is
 * made anew; the governance table learns of it.
 */
async function recover(exchange: Exchange): Promise<Answer> {
  const { userId } = check(z.object({ userId: z.uuid() }), exchange.parameters);
  const [permit, actor] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readActor(documents, table, userId),
  ]);
  const { approval, email } = exchange.body(recovery);
  if (!actor) return runtime.refuse(permit, 'not-found');
  const begun =
    actor.recovery?.approval === approval && actor.recovery.by === permit.actor.sub
      ? actor
      : await begin(permit, actor, approval, email);
  if (begun.recovery?.address !== invitee(environment.ORGANIZATION, email))
    return runtime.refuse(permit, 'not-allowed', {
      errors: [{ field: 'email', message: 'must be the address that the person signs in with' }],
    });
  let account: string;
  try {
    account = await renew(begun, email);
  } catch (error) {
    if (error instanceof AccountExists) return runtime.refuse(permit, 'account-exists', {}, told(begun, approval));
    return runtime.refuse(permit, 'sign-in-service', {}, told(begun, approval));
  }
  const after = withAccount(begun, account);
  const writes = new Writes<'user'>().add('user', ...changeAccount(table, begun, after));
  const event = permit.event({ status: 200, reason: 'account-renewed', resources: told(after, approval) });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shownPerson(after), receipt) };
}

/** Spends the approval and ends every session. @returns the person as they are then */
async function begin(permit: Permit, actor: ActorItem, approvalId: string, email: string): Promise<ActorItem> {
  const now = permit.access.now;
  const use = { kind: 'mfa-recovery', subject: actor.sub, executor: permit.actor.sub, now } as const;
  const [approval, account] = await Promise.all([
    readApproval(documents, table, approvalId),
    accounts.find(actor.account ?? actor.sub),
  ]);
  if (!isGoodFor(approval, use) || (account && isOfGoneAccount(approval)))
    return runtime.refuse(permit, 'approval-refused');
  const address = invitee(environment.ORGANIZATION, email);
  // Where the account is gone, the two people of the approval know the address, or a recovery that was cut off after it went.
  const known = account
    ? invitee(environment.ORGANIZATION, account.email)
    : (approval.address ?? actor.recovery?.address);
  if (address !== known)
    return runtime.refuse(permit, 'not-allowed', {
      errors: [{ field: 'email', message: 'must be the address that the person signs in with' }],
    });
  if (actor.status !== 'active') return runtime.refuse(permit, 'not-allowed', { detail: 'suspended' });
  const begun: ActorItem = {
    ...actor,
    signedOutAt: now.toISOString(),
    recovery: { approval: approval.id, by: permit.actor.sub, address },
    version: actor.version + 1,
  };
  const writes = new Writes<'user' | 'approval' | 'executor'>()
    .add('user', changeActor(table, actor, begun))
    .add('approval', ...consumeApproval(table, approval, use))
    .add('executor', actorStands(table, permit.actor));
  const event = permit.event({ status: 202, reason: approval.reason, resources: told(begun, approval.id) });
  await runtime.store(permit, event, writes, (refused) => (refused.has('approval') ? 'approval-refused' : 'conflict'));
  return begun;
}

/** Old account away, new one there; what an earlier try did already is found as it is. @returns the new one's `sub` */
async function renew(actor: ActorItem, email: string): Promise<string> {
  await accounts.remove(actor.account ?? actor.sub);
  try {
    return await accounts.create(email, actor.sub);
  } catch (error) {
    if (!(error instanceof AccountExists)) throw error;
    const found = await accounts.find(email);
    if (found?.person !== actor.sub) throw error;
    return found.sub;
  }
}

export const handler = runtime.serve({ 'user.recover-mfa': recover });
