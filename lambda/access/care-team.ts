import type { TransactItem } from '../records/transaction';
import { governanceKeys, type MemberItem } from './governance';

/** A clinician who registers a patient cares for them this long, until someone confirms it. */
const registeringMilliseconds = 24 * 60 * 60 * 1000;

/** @returns the write that puts the registering clinician on the team for 24 hours, flagged for review */
export function joinByRegistering(table: string, patient: string, sub: string, now: Date): TransactItem {
  const item: MemberItem = {
    sub,
    patient,
    roleInTeam: 'registering',
    addedBy: sub,
    startsAt: now.toISOString(),
    endsAt: new Date(now.getTime() + registeringMilliseconds).toISOString(),
    reviewDue: true,
    version: 1,
  };
  return {
    Put: {
      TableName: table,
      Item: { ...governanceKeys.member(patient, sub), ...item },
      ConditionExpression: 'attribute_not_exists(PK)',
    },
  };
}

/** @returns the write of a membership; fails when it changed since it was read */
export function setMembership(table: string, item: MemberItem): TransactItem {
  return {
    Put: {
      TableName: table,
      Item: { ...governanceKeys.member(item.patient, item.sub), ...item },
      ...(item.version === 1
        ? { ConditionExpression: 'attribute_not_exists(PK)' }
        : {
            ConditionExpression: '#version = :before',
            ExpressionAttributeNames: { '#version': 'version' },
            ExpressionAttributeValues: { ':before': item.version - 1 },
          }),
    },
  };
}
