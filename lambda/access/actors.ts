import type { TransactItem } from '../records/transaction';
import { type ActorItem, governanceKeys } from './governance';

/** @returns the writes that make a person known to Ward, once */
export function registerActor(table: string, actor: ActorItem): TransactItem[] {
  const { sub, role, status, createdAt } = actor;
  const put = (Item: Record<string, unknown>): TransactItem => ({
    Put: { TableName: table, Item, ConditionExpression: 'attribute_not_exists(PK)' },
  });
  return [
    put({ ...governanceKeys.actor(sub), ...actor }),
    put({ ...governanceKeys.listed(sub), sub, role, status, createdAt }),
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
