import { isDeepStrictEqual } from 'node:util';
import type { Role } from '../authentication/actor';
import type { TransactItem } from '../records/transaction';
import { type ActorItem, governanceKeys } from './governance';

/** Roles of which one active person must be left: without them nobody could give access, or look into it. */
const guardedRoles = ['admin', 'compliance_officer'] as const;

/** @returns the writes that make a person known to Ward, once */
export function registerActor(table: string, actor: ActorItem): TransactItem[] {
  const put = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' },
  });
  return [
    put({ ...governanceKeys.actor(actor.sub), ...actor }),
    put({ ...governanceKeys.listed(actor.sub), sub: actor.sub }),
    ...countHolders(table, undefined, actor),
  ];
}

/** @returns the writes of the first people: they fail once anybody holds a guarded role, and a second time */
export function firstActors(table: string, actors: readonly ActorItem[]): TransactItem[] {
  const once = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' },
  });
  return [
    once({ ...governanceKeys.bootstrap, people: actors.map(({ sub }) => sub) }),
    ...actors.flatMap((actor) => [
      once({ ...governanceKeys.actor(actor.sub), ...actor }),
      once({ ...governanceKeys.listed(actor.sub), sub: actor.sub }),
    ]),
    ...guardedRoles.map((role) => {
      const subs = actors.filter((actor) => actor.role === role).map(({ sub }) => sub);
      return once({ ...governanceKeys.holders(role), holders: subs.length, subs: new Set(subs) });
    }),
  ];
}

/** What of a person changes after the first day; the IAM grant of `user-changes` names the same attributes. */
const changingAttributes = [
  'role',
  'status',
  'roleGrantedBy',
  'roleGrantedAt',
  'approvedBy',
  'suspendedBy',
  'suspendedAt',
  'suspensionReason',
  'suspensionExpiresAt',
  'signedOutAt',
  'account',
  'recovery',
] as const satisfies readonly (keyof ActorItem)[];

/** @returns the write that makes `before` into `after`; fails when the person changed since they were read */
export function changeActor(table: string, before: ActorItem, after: ActorItem): TransactItem {
  const changed = (name: (typeof changingAttributes)[number]): boolean => !isDeepStrictEqual(before[name], after[name]);
  const set = changingAttributes.filter((name) => after[name] !== undefined && changed(name));
  const gone = changingAttributes.filter((name) => after[name] === undefined && before[name] !== undefined);
  const removes = gone.length > 0 ? ` REMOVE ${gone.map((name) => `#${name}`).join(', ')}` : '';
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.actor(before.sub),
      UpdateExpression: `SET ${['version', ...set].map((name) => `#${name} = :${name}`).join(', ')}${removes}`,
      ConditionExpression: '#version = :before',
      ExpressionAttributeNames: {
        '#version': 'version',
        ...Object.fromEntries([...set, ...gone].map((name) => [`#${name}`, name])),
      },
      ExpressionAttributeValues: {
        ':version': after.version,
        ':before': before.version,
        ...Object.fromEntries(set.map((name) => [`:${name}`, after[name]])),
      },
    },
  };
}

/**
 * @returns the writes that keep count of who actively holds the guarded roles. Taking one fails when it is the last, which
 *   holds for two administrators who demote each other at once as well: both writes meet in this item.
 */
export function countHolders(table: string, before: ActorItem | undefined, after: ActorItem): TransactItem[] {
  const holds = (actor: ActorItem | undefined, role: ActorItem['role']): boolean =>
    actor?.status === 'active' && actor.role === role;
  return guardedRoles.flatMap((role): TransactItem[] => {
    const change = Number(holds(after, role)) - Number(holds(before, role));
    if (change === 0) return [];
    return [
      {
        Update: {
          TableName: table,
          Key: governanceKeys.holders(role),
          ExpressionAttributeNames: { '#holders': 'holders', '#subs': 'subs' },
          ...(change > 0
            ? {
                UpdateExpression: 'ADD #holders :change, #subs :sub',
                ExpressionAttributeValues: { ':change': 1, ':sub': new Set([after.sub]) },
              }
            : {
                UpdateExpression: 'ADD #holders :change DELETE #subs :sub',
                ConditionExpression: '#holders > :one',
                ExpressionAttributeValues: { ':change': -1, ':one': 1, ':sub': new Set([after.sub]) },
              }),
        },
      },
    ];
  });
}

/** @returns the writes by which a person signs in with another account, whose `sub` leads to them from then on */
export function changeAccount(
  table: string,
  before: ActorItem,
  after: ActorItem & { readonly account: string },
): TransactItem[] {
  const Item = { ...governanceKeys.account(after.account), person: after.sub };
  return [
    changeActor(table, before, after),
    { Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' } },
  ];
}

/** @returns a check that a person is what they were when they were read, and active: nobody acts on after a suspension */
export function actorStands(table: string, actor: ActorItem): TransactItem {
  return {
    ConditionCheck: {
      TableName: table,
      Key: governanceKeys.actor(actor.sub),
      ConditionExpression: '#status = :active AND #version = :version',
      ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
      ExpressionAttributeValues: { ':active': 'active', ':version': actor.version },
    },
  };
}

/** @returns a check that a person is active and has the role */
export const actorHolds = (table: string, sub: string, role: Role): TransactItem => ({
  ConditionCheck: {
    TableName: table,
    Key: governanceKeys.actor(sub),
    ConditionExpression: '#status = :active AND #role = :role',
    ExpressionAttributeNames: { '#status': 'status', '#role': 'role' },
    ExpressionAttributeValues: { ':active': 'active', ':role': role },
  },
});

/** @returns the write that binds a patient's account to their record: once, and to one record */
export function bindPatient(table: string, actor: ActorItem, patient: string): TransactItem {
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.actor(actor.sub),
      UpdateExpression: 'SET patient = :patient, #version = #version + :one',
      ConditionExpression: '#version = :version AND attribute_not_exists(patient)',
      ExpressionAttributeNames: { '#version': 'version' },
      ExpressionAttributeValues: { ':patient': patient, ':one': 1, ':version': actor.version },
    },
  };
}
