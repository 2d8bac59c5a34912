import type { FunctionDeclarations, TableGrant } from './declaration';
import {
  audits,
  changesActors,
  consumesApprovals,
  countsHolders,
  decides,
  governance,
  patients,
  readsIndex,
  readsKeys,
  readsOutbox,
  readsSegments,
  records,
  suspension,
} from './table-grants';

/** incidents, with their people, words and documents */
const keepsIncidents: readonly TableGrant[] = [
  decides(),
  audits,
  governance.may(['INCIDENT#*'], 'Query', 'GetItem'),
  governance.mayWithEvent(['INCIDENT#*'], 'PutItem'),
];

const changesAlerts: readonly TableGrant[] = [
  governance.mayWithEvent(['ALERT#*', 'ALERT-LIST#*'], 'PutItem'),
  governance.mayWithEvent(['ALERT-LIST#*'], 'DeleteItem'),
];
/** who is active has no end of a suspension that could be taken away */
const endlessly = suspension.filter((attribute) => attribute !== 'suspensionExpiresAt');
/** what looks at accesses: what is around a person and a patient, its own memory, its alerts */
const detects: readonly TableGrant[] = [
  audits,
  governance.may(['ACTOR#*', 'RELATIONS#*', 'HOLDERS', 'DETECT#*', 'DETECT-BASELINES', 'ALERT#*'], 'GetItem'),
  governance.may(['PATIENT#*', 'ALERT-DELIVERIES'], 'Query'),
  governance.may(['DETECT#*'], 'PutItem'),
  governance.mayWithEvent(['DETECT-DUE', 'DETECT-SUBJECTS'], 'PutItem'),
  governance.mayWithEvent(['DETECT-DUE'], 'DeleteItem'),
  ...changesAlerts,
  governance.mayWithEvent(['ALERT-DELIVERIES'], 'PutItem'),
  governance.may(['ALERT-DELIVERIES'], 'UpdateItem', 'DeleteItem'),
  changesActors(...endlessly),
  countsHolders,
  records.may([patients], 'GetItem'),
];
/** how far a person's notice is; an incident has other attributes, so that it cannot be written with these */
const marksNotices: TableGrant = {
  ...governance.mayWithEvent(['INCIDENT#*'], 'PutItem'),
  attributes: [
    ...['PK', 'SK', 'notice', 'patient', 'origin', 'categories', 'events', 'residence', 'residencePending'],
    ...['removedBy', 'removedAt', 'state', 'channel', 'problem', 'document', 'mail', 'mailClaimedAt'],
    ...['on', 'reference', 'version'],
  ],
};

/** 45 CFR 164.308(a)(6)(ii), 164.400-414: from an access that nothing explains to the last notice. */
export const breach = {
  alerts: {
    concern: 'shows alerts and takes their reviews: dismissed, or an incident',
    tables: [
      decides('ALERT#*'),
      audits,
      governance.may(['ALERT-LIST#*'], 'Query'),
      ...changesAlerts,
      governance.mayWithEvent(['INCIDENTS', 'INCIDENT#*'], 'PutItem'),
      governance.mayWithEvent(['INCIDENT-SUBJECT#*'], 'UpdateItem'),
    ],
    patientKey: { GenerateDataKey: ['governance'] },
    instances: 5,
  },
  'alert-containment': {
    concern: 'suspends and freezes because of an alert, all at once',
    tables: [
      decides('ALERT#*'),
      audits,
      ...changesAlerts,
      governance.may(['ACTOR#*', 'CONTROL#*'], 'GetItem'),
      governance.mayWithEvent(['CONTROL#*', 'CONTROLS'], 'PutItem'),
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
      changesActors(...suspension),
      countsHolders,
    ],
    userPool: ['AdminDisableUser', 'AdminUserGlobalSignOut'],
    instances: 3,
  },
  detector: {
    concern:
      'looks at events as they are recorded, raises alerts, and suspends where the settings say so; opens no record',
    calledBy: 'stream',
    tables: detects,
    userPool: ['AdminGetUser', 'AdminDisableUser', 'AdminUserGlobalSignOut'],
    mails: true,
    timeoutSeconds: 60,
    instances: 10,
  },
  'alert-sweep': {
    concern: 'decides about accesses that waited for an explanation, sends what is not sent, counts overdue reviews',
    calledBy: 'schedule',
    tables: [
      ...detects,
      governance.may(['DETECT-DUE', 'DETECT-SUBJECTS', 'ALERT-LIST#*'], 'Query'),
      governance.mayWithEvent(['DETECT-BASELINES'], 'PutItem'),
    ],
    userPool: ['AdminGetUser', 'AdminDisableUser', 'AdminUserGlobalSignOut'],
    mails: true,
    timeoutSeconds: 120,
    instances: 2,
  },
  incidents: {
    concern: 'opens, assesses, determines and ends incidents',
    tables: [
      ...keepsIncidents,
      governance.may(['INCIDENTS'], 'Query'),
      governance.mayWithEvent(['INCIDENTS'], 'PutItem'),
      governance.may(['INCIDENT-SUBJECT#*'], 'GetItem'),
      governance.mayWithEvent(['INCIDENT-SUBJECT#*'], 'UpdateItem', 'DeleteItem'),
      ...consumesApprovals,
    ],
    patientKey: { Decrypt: ['governance'], GenerateDataKey: ['governance'] },
  },
  'incident-containment': {
    concern: 'suspends and freezes because of an incident, all at once',
    tables: [
      ...keepsIncidents,
      governance.may(['ACTOR#*', 'CONTROL#*'], 'GetItem'),
      governance.mayWithEvent(['CONTROL#*', 'CONTROLS'], 'PutItem'),
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
      changesActors(...suspension),
      countsHolders,
    ],
    patientKey: { GenerateDataKey: ['governance'] },
    userPool: ['AdminDisableUser', 'AdminUserGlobalSignOut'],
  },
  'incident-scope': {
    concern: 'computes from the audit log whom an incident concerns, and in which State they live',
    tables: [...keepsIncidents, readsIndex('A#*'), readsOutbox, records.may([patients], 'GetItem'), ...readsKeys],
    patientKey: { Decrypt: ['record'], GenerateDataKey: ['governance'] },
    archive: readsSegments,
    documents: { writes: ['incidents/*'] },
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
  'incident-notices': {
    concern: 'makes, shows and proves the notices of a breach',
    tables: [
      ...keepsIncidents,
      governance.may(['INCIDENTS'], 'Query'),
      records.may([patients], 'GetItem'),
      ...readsKeys,
    ],
    patientKey: { Decrypt: ['governance', 'record'], GenerateDataKey: ['governance'] },
    documents: { reads: ['incidents/*'], writes: ['incidents/*'] },
    mails: true,
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
  'incident-dossier': {
    concern: 'puts together, archives and releases what documents an incident',
    tables: [...keepsIncidents, readsIndex('A#*'), readsOutbox],
    patientKey: { Decrypt: ['governance'] },
    // the log too, to prove what it shows under a checkpoint that it can check and not sign
    archive: { reads: ['v1/segments/*', 'v1/log/*'], lists: ['ListBucket'], predecessor: true },
    signingKey: ['GetPublicKey'],
    documents: { reads: ['incidents/*'], writes: ['incidents/*'] },
    queriesLogs: true,
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
  'breach-sweep': {
    concern: 'reminds of the deadlines of incidents, says which have passed, and mails the notices that wait',
    calledBy: 'schedule',
    tables: [
      audits,
      marksNotices,
      governance.may(['INCIDENTS', 'INCIDENT#*'], 'Query'),
      governance.may(['INCIDENT#*', 'ACTOR#*', 'HOLDERS'], 'GetItem'),
      governance.may(['REMINDER#*'], 'PutItem', 'UpdateItem'),
    ],
    patientKey: { Decrypt: ['governance'] }, // mails that were sealed when they were written: no record
    userPool: ['AdminGetUser'],
    mails: true,
    timeoutSeconds: 120,
    instances: 2,
  },
} as const satisfies FunctionDeclarations;
