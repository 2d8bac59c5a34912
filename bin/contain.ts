import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { Accounts } from '../lambda/access/accounts';
import { actorStands, changeActor, countHolders } from '../lambda/access/actors';
import { readActor } from '../lambda/access/actors-store';
import { consumeApproval, isExpired } from '../lambda/access/approvals';
import { readApproval } from '../lambda/access/approvals-store';
import {
  type ControlTarget,
  freezableRole,
  lockdownRelease,
  longestDays,
  placed,
  reasonCode,
  released,
  setControl,
} from '../lambda/access/controls';
import { readControl } from '../lambda/access/controls-store';
import { isInForce } from '../lambda/access/decide';
import { type ControlItem, controlReasons } from '../lambda/access/governance';
import { suspended } from '../lambda/access/people';
import { actions } from '../lambda/access/policy';
import type { EventDraft, EventResource } from '../lambda/audit/event';
import type { Role } from '../lambda/authentication/actor';
import { AlertStore } from '../lambda/breach/alert-store';
import { isReleasable, readRestore, releasedRestore, setRestore } from '../lambda/contingency/restore';
import type { TransactItem } from '../lambda/records/transaction';
import type { Operator } from './operator';

export const containable = ['user', 'patient', 'role', 'lockdown'] as const;
export interface Containment {
  readonly kind: (typeof containable)[number];
  /** id of the user or patient, name of the role; none of a lockdown */
  readonly target?: string;
  readonly reason: string;
  readonly hours: number;
}
const author = 'operator';

/**
 * Contains when the API is the problem: writes the control itself, with the operator's credentials and an audit lane of
 * this process. It counts from the next request on. 45 CFR 164.308(a)(6)(ii).
 * @returns what was done, in a sentence
 * @throws Error in one sentence
 */
export async function contain(operator: Operator, asked: Containment): Promise<string> {
  const reason = parse(z.enum(controlReasons), asked.reason, `the reason must be one of ${controlReasons.join(', ')}`);
  if (asked.kind === 'user') return suspend(operator, parse(z.uuid(), asked.target, 'name the user by id'), reason);
  const target = targetOf(asked);
  const now = new Date();
  const most = longestDays[target.kind] * 24;
  if (!(asked.hours > 0 && asked.hours <= most)) throw new Error(`--hours must be at most ${most}`);
  const expiresAt = new Date(now.getTime() + asked.hours * 3_600_000).toISOString();
  const current = await readControl(operator.documents, operator.governanceTable, target);
  let item: ControlItem;
  try {
    item = placed(target, current, { reason, author, expiresAt, now });
  } catch (cause) {
    throw new Error('the lockdown in force lasts longer, and is not shortened', { cause });
  }
  await record(
    operator,
    { action: `control.${names[target.kind]}`, reason: reasonCode(item), target },
    setControl(operator.governanceTable, item),
  );
  return `${item.kind} ${item.target}: contained until ${expiresAt}`;
}

/** Suspends whoever an alert is about. @returns what was done, in a sentence. @throws Error in one sentence */
export async function containAlert(operator: Operator, id: string, reason: string): Promise<string> {
  const alert = await new AlertStore(operator.documents, operator.governanceTable).read(
    parse(z.uuid(), id, 'name the alert by id'),
  );
  if (!alert) throw new Error('Ward knows no such alert');
  if (alert.actor === null) throw new Error('the alert is about a network, not about somebody who can be suspended');
  return contain(operator, { kind: 'user', target: alert.actor, reason, hours: 1 });
}

/**
 * Ends a freeze. A lockdown ends here too only with an approval that a second person has given, and that its requester
 * could use: an operator alone is one person. Reinstating a user takes the API.
 */
export async function release(
  operator: Operator,
  asked: Pick<Containment, 'kind' | 'target'> & { readonly approval?: string },
): Promise<string> {
  if (asked.kind === 'user')
    throw new Error(
      'a suspension ends through the API, by an administrator or compliance officer: "npx ward users reinstate"',
    );
  const target = targetOf(asked);
  const now = new Date();
  const current = await readControl(operator.documents, operator.governanceTable, target);
  if (!current || !isInForce(current, now)) throw new Error('nothing of that kind is in force');
  const item = released(current, author, now);
  const spent = target.kind === 'lockdown' ? await approvalOf(operator, current, asked.approval, now) : [];
  const action = `control.${names[target.kind]}-release`;
  await record(operator, { action, reason: reasonCode(item), target }, [
    ...setControl(operator.governanceTable, item),
    ...spent,
  ]);
  return `${item.kind} ${item.target}: released`;
}

const names = { lockdown: 'lockdown', role: 'freeze-role', patient: 'freeze-patient' } as const;
async function suspend(operator: Operator, sub: string, reason: string): Promise<string> {
  const { governanceTable: table, documents } = operator;
  const before = await readActor(documents, table, sub);
  if (!before) throw new Error('Ward knows no such user');
  const after = suspended(before, { by: author, reason, expiresAt: undefined, now: new Date() });
  const resource = { id: sub, type: 'user', version: after.version };
  // A suspension that had an end has none from here on: nobody is let in again before the matter is looked at.
  if (before.status === 'active' || before.suspensionExpiresAt !== undefined)
    await record(operator, { action: 'user.suspend', reason, resources: [resource] }, [
      changeActor(table, before, after),
      ...countHolders(table, before, after),
    ]);
  // The table decides already; the user pool follows, so that no new sign-in looks as if it worked.
  await new Accounts(operator.cognito, operator.userPoolId).disable(before.account ?? sub);
  return `user ${sub}: suspended and signed out`;
}

async function approvalOf(
  operator: Operator,
  current: ControlItem,
  id: string | undefined,
  now: Date,
): Promise<TransactItem[]> {
  const { governanceTable: table, documents } = operator;
  const approval = await readApproval(documents, table, parse(z.uuid(), id, 'name an approval with --approval'));
  const { kind, subject } = lockdownRelease(current);
  const good = approval?.state === 'approved' && approval.kind === kind && !isExpired(approval, now);
  if (!approval || !good) throw new Error('the approval is not given, used or expired');
  const requester = await readActor(documents, table, approval.requestedBy);
  const releasing: readonly Role[] = actions['control.lockdown-release'].roles;
  if (requester?.status !== 'active' || !releasing.includes(requester.role))
    throw new Error('who asked for the approval may no longer use it');
  const use = { kind, subject, executor: approval.requestedBy, now };
  const spent = [...consumeApproval(table, approval, use), actorStands(table, requester)];
  if (!current.restore) return spent;
  const restore = await readRestore(documents, table);
  if (!isReleasable(restore, current.restore, approval.reason))
    throw new Error('the restore was not replayed, or is not whole and the approval does not say so');
  return [...spent, setRestore(table, releasedRestore(restore))];
}

function targetOf({ kind, target }: Pick<Containment, 'kind' | 'target'>): ControlTarget {
  if (kind === 'lockdown') return { kind };
  if (kind === 'role') return { kind, target: parse(freezableRole, target, 'name a role that can be frozen') };
  return { kind: 'patient', target: parse(z.uuid(), target, 'name the patient by id') };
}

async function record(
  { outbox }: Operator,
  said: {
    readonly action: string;
    readonly reason: string;
    readonly target?: ControlTarget;
    readonly resources?: readonly EventResource[];
  },
  writes: readonly TransactItem[],
): Promise<void> {
  const event: EventDraft = {
    action: said.action,
    actor: null,
    basis: null,
    categories: [],
    outcome: 'permit',
    patient: said.target?.kind === 'patient' ? said.target.target : null,
    purpose: 'BREACH',
    reason: said.reason,
    request: null,
    resources: [...(said.resources ?? [])],
  };
  try {
    await outbox.recordWith([event], writes);
  } catch (cause) {
    if (cause instanceof TransactionCanceledException)
      throw new Error('it changed in the meantime, or nobody of a needed role would be left; nothing was done', {
        cause,
      });
    throw cause;
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, message: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(message);
  return parsed.data;
}
