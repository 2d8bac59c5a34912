/** Grants that functions of several rooms have: one name each, so that a wider one shows in every function that has it. */

import type { ArchiveGrant, Table, TableAction, TableGrant } from './declaration';

export const patients = 'P#*';
/** the organization itself, and the keys of its blind index */
export const organization = 'O#';
export const lookups = 'L#*';
export const idempotency = 'IDEMPOTENCY#*';

type Grantor = (partitions: readonly string[], ...actions: readonly TableAction[]) => TableGrant;
const on =
  (table: Table, inTransaction: boolean): Grantor =>
  (partitions, ...actions) => ({ table, actions, partitions, inTransaction });
export const records = { may: on('records', false), mayWithEvent: on('records', true) };
export const keys = { may: on('keys', false), mayWithEvent: on('keys', true) };
export const governance = { may: on('governance', false), mayWithEvent: on('governance', true) };
export const auditLog = { may: on('auditLog', false), mayWithEvent: on('auditLog', true) };

/** what an access decision stands on that is about no patient, in one BatchGet: all its keys must match this one statement */
export const decides = (...more: readonly string[]): TableGrant => ({
  table: 'governance',
  actions: ['BatchGetItem'],
  partitions: ['ACTOR#*', 'SESSION#*', 'CONTROL#*', ...more],
  inTransaction: false,
});
/** … and one that is about a patient: freezes, care team, emergencies, representatives */
export const decidesOnPatients = (...more: readonly string[]): TableGrant => decides('PATIENT#*', ...more);
/** 45 CFR 164.312(b): every function appends its events; none can read, change or remove one */
export const audits: TableGrant = {
  table: 'audit',
  actions: ['PutItem'],
  partitions: ['LANES', 'LANE#*'],
  inTransaction: false,
};
/** the heads of lanes, and what is not sealed yet */
export const readsOutbox: TableGrant = {
  table: 'audit',
  actions: ['Query'],
  partitions: ['LANES', 'LANE#*'],
  inTransaction: false,
};
/** whether the index has the events of the stage that this one succeeds; of no use to a stage that succeeds none */
export const readsIndexed: TableGrant = {
  table: 'auditIndex',
  actions: ['Query'],
  partitions: ['INDEXED'],
  inTransaction: false,
};
export const readsIndex = (...partitions: readonly string[]): TableGrant => ({
  table: 'auditIndex',
  actions: ['Query'],
  partitions,
  inTransaction: false,
});
/** lists, because S3 tells nobody else that an object is not there */
export const readsSegments: ArchiveGrant = { reads: ['v1/segments/*'], lists: ['ListBucket'], predecessor: true };

/** a patient's wrapped keys are queried; what binds the organization is read */
export const readsKeys: readonly TableGrant[] = [keys.may([patients], 'Query'), keys.may([organization], 'GetItem')];
/** the keys of the blind index are queried */
export const readsLookupKeys = keys.may([organization], 'Query');
export const idempotentCreation = governance.mayWithEvent([idempotency], 'PutItem');
/** spends an approval in the transaction of the act that it was given for, and sees that its giver is active */
export const consumesApprovals: readonly TableGrant[] = [
  governance.may(['APPROVAL#*'], 'GetItem'),
  {
    ...governance.mayWithEvent(['APPROVAL#*'], 'UpdateItem'),
    attributes: ['PK', 'SK', 'state', 'usedAt', 'version', 'kind', 'subject', 'requestedBy', 'expiresAt'],
  },
  governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
];

/** how far the log was when a table last heard of it: by that a restored one is known */
export const marks = (...actions: readonly TableAction[]): readonly TableGrant[] =>
  [records, keys, governance].map((each) => each.may(['ARCHIVE-MARK'], ...actions));
/** the last administrator and the last compliance officer stay: a count that is kept in the same transactions */
export const countsHolders = governance.mayWithEvent(['HOLDERS'], 'UpdateItem');
export const suspension = [
  'status',
  'suspendedBy',
  'suspendedAt',
  'suspensionReason',
  'suspensionExpiresAt',
  'signedOutAt',
];
export const changesActors = (...attributes: readonly string[]): TableGrant => ({
  ...governance.mayWithEvent(['ACTOR#*'], 'UpdateItem'),
  attributes: ['PK', 'SK', 'version', ...attributes],
});
/** which patients there are, and how old their keys are; no wrapped key comes with it */
export const listsPatients: TableGrant = {
  table: 'keys',
  actions: ['Scan'],
  partitions: [],
  inTransaction: false,
  attributes: ['PK', 'SK', 'newest', 'state', 'createdAt', 'rotatedAt'],
};

/** what makes a patient known: the record, its lookups, its key */
export const registers: readonly TableGrant[] = [
  records.mayWithEvent([patients, lookups], 'PutItem'),
  keys.mayWithEvent([patients], 'PutItem'),
  keys.may([organization], 'GetItem', 'Query', 'PutItem'), // bound, and its lookup key made, before the first patient
];
/** what keeps the lookups of a patient equal to its demographics: a corrected name leaves the index */
export const reindexes = records.mayWithEvent([lookups], 'PutItem', 'DeleteItem');
/** tasks stand beside memberships of care teams; whoever records them can make no membership */
export const recordsTasks: TableGrant = {
  ...governance.mayWithEvent(['PATIENT#*'], 'PutItem'),
  attributes: [
    ...['PK', 'SK', 'id', 'patient', 'kind', 'assignee', 'from', 'until'],
    ...['createdBy', 'createdAt', 'origin', 'version', 'ttl'],
  ],
};
