import { putVersion, type TransactItem } from '../records/transaction';
import { governanceKeys, type MemberItem } from './governance';

/** A clinician who registers a patient cares for them this long, until someone confirms it. */
const registeringMilliseconds = 24 * 60 * 60 * 1000;

/** Leads from the person to the patient, for who reviews access: it is written with each membership and says nothing else. */
const memberOf = (table: string, { sub, patient }: MemberItem): TransactItem => ({
  Put: { TableName: table, Item: governanceKeys.memberOf(sub, patient) },
});

/** @returns the writes that put the registering clinician on the team for 24 hours, flagged for review */
export function joinByRegistering(table: string, patient: string, sub: string, now: Date): TransactItem[] {
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
  return setMembership(table, item);
}

/** @returns the writes of a membership; they fail when it changed since it was read */
export function setMembership(table: string, item: MemberItem): TransactItem[] {
  const write: TransactItem = putVersion(
    table,
    { ...governanceKeys.member(item.patient, item.sub), ...item },
    item.version - 1,
  );
  return [write, memberOf(table, item)];
}
