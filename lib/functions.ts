/** Which function may do what. One declaration a function: its environment, role and key policies are made from it. */

export type Table = 'records' | 'keys' | 'audit' | 'auditIndex' | 'auditLog' | 'governance';
type TableAction =
  | 'GetItem'
  | 'BatchGetItem'
  | 'Query'
  | 'Scan'
  | 'PutItem'
  | 'UpdateItem'
  | 'DeleteItem'
  | 'BatchWriteItem'
  | 'ConditionCheckItem';

/** Calls on the items of one table whose partition key matches a pattern. */
export interface TableGrant {
  readonly table: Table;
  readonly actions: readonly TableAction[];
  /** of `dynamodb:LeadingKeys`; `*` stands for any text. A Scan has none: it names its attributes instead */
  readonly partitions: readonly string[];
  /** the calls are allowed inside TransactWriteItems alone, where the audit event is one of the items */
  readonly inTransaction: boolean;
  /** of `dynamodb:Attributes`: the calls name no other attribute of the item */
  readonly attributes?: readonly string[];
}

export type PatientKeyAction = 'Decrypt' | 'GenerateDataKey';
/** a key made for one purpose unwraps for no other */
export const keyPurposes = ['record', 'import', 'lookup', 'governance'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

type UserPoolAction =
  | 'AdminCreateUser'
  | 'AdminDeleteUser'
  | 'AdminDisableUser'
  | 'AdminEnableUser'
  | 'AdminGetUser'
  | 'AdminUserGlobalSignOut';

/** Calls on the locked archive. Nobody deletes there, and a put needs If-None-Match: docs/formats/audit-log.md. */
export interface ArchiveGrant {
  /** names, ending in `*`, of objects that may be read */
  readonly reads?: readonly string[];
  /** … that may be put under a new name */
  readonly writes?: readonly string[];
  readonly lists?: readonly ('ListBucket' | 'ListBucketVersions')[];
}

/** Calls on the documents bucket. What is put there is locked with it, and nobody deletes. */
export interface DocumentsGrant {
  /** names, ending in `*`, of objects that may be read */
  readonly reads?: readonly string[];
  /** … that may be put, each with its lock, and kept longer: S3 has one permission for both */
  readonly writes?: readonly string[];
}

export interface FunctionDeclaration {
  readonly concern: string;
  /** what calls it; only the API's functions know the user pool. @default api */
  readonly calledBy?: 'api' | 'stream' | 'schedule' | 'logs' | 'user-pool';
  readonly tables: readonly TableGrant[];
  /** on the key that wraps patient keys: for which purposes of the encryption context */
  readonly patientKey?: Readonly<Partial<Record<PatientKeyAction, readonly KeyPurpose[]>>>;
  /** … and of one patient alone, whom the settings name; of nobody where they name none */
  readonly ofCanary?: true;
  readonly archive?: ArchiveGrant;
  readonly documents?: DocumentsGrant;
  /** of the audit log: one function signs, so that no other can vouch for a log of its own making */
  readonly signingKey?: readonly ('Sign' | 'GetPublicKey')[];
  readonly userPool?: readonly UserPoolAction[];
  /** asks CloudWatch Logs Insights about the failures that functions reported */
  readonly queriesLogs?: true;
  /** mails from the address of the stage's settings */
  readonly mails?: true;
  readonly memoryMegabytes?: number;
  readonly timeoutSeconds?: number;
  /** as many instances at once as it may have; @default `instances` of lib/phi-function.ts */
  readonly instances?: number;
}

const patients = 'P#*';
/** the organization itself, and the keys of its blind index */
const organization = 'O#';
const lookups = 'L#*';
const stagedParts = 'I#*';
const imports = 'IMPORT#*';
const idempotency = 'IDEMPOTENCY#*';

/** what an access decision stands on that is about no patient, in one BatchGet: all its keys must match this one statement */
const decides = (...more: readonly string[]): TableGrant => ({
  table: 'governance',
  actions: ['BatchGetItem'],
  partitions: ['ACTOR#*', 'SESSION#*', 'CONTROL#*', ...more],
  inTransaction: false,
});
/** … and one that is about a patient: freezes, care team, emergencies, representatives */
const decidesOnPatients = (...more: readonly string[]): TableGrant => decides('PATIENT#*', ...more);
/** 45 CFR 164.312(b): every function appends its events; none can read, change or remove one */
const audits: TableGrant = {
  table: 'audit',
  actions: ['PutItem'],
  partitions: ['LANES', 'LANE#*'],
  inTransaction: false,
};

/** the heads of lanes, and what is not sealed yet */
const readsOutbox: TableGrant = {
  table: 'audit',
  actions: ['Query'],
  partitions: ['LANES', 'LANE#*'],
  inTransaction: false,
};
const indexes: TableGrant = {
  table: 'auditIndex',
  actions: ['BatchWriteItem'],
  partitions: ['P#*', 'A#*'],
  inTransaction: false,
};
/** a segment is queued for the log once, however often it is sealed */
const queuesSegments: readonly TableGrant[] = [
  { table: 'auditLog', actions: ['PutItem'], partitions: ['QUEUE', 'SEGMENT#*'], inTransaction: true },
];
const readsIndex = (...partitions: readonly string[]): TableGrant => ({
  table: 'auditIndex',
  actions: ['Query'],
  partitions,
  inTransaction: false,
});
/** lists, because S3 tells nobody else that an object is not there */
const readsSegments: ArchiveGrant = { reads: ['v1/segments/*'], lists: ['ListBucket'] };
/** reads too: an object that is there already must be the same one */
const sealsSegments: ArchiveGrant = { reads: ['v1/segments/*'], writes: ['v1/segments/*'] };

type Grantor = (partitions: readonly string[], ...actions: readonly TableAction[]) => TableGrant;
const on =
  (table: Table, inTransaction: boolean): Grantor =>
  (partitions, ...actions) => ({ table, actions, partitions, inTransaction });
const records = { may: on('records', false), mayWithEvent: on('records', true) };
const keys = { may: on('keys', false), mayWithEvent: on('keys', true) };
const governance = { may: on('governance', false), mayWithEvent: on('governance', true) };
const auditLog = { may: on('auditLog', false) };

/** a patient's wrapped keys are queried; what binds the organization is read */
const readsKeys: readonly TableGrant[] = [keys.may([patients], 'Query'), keys.may([organization], 'GetItem')];
/** the keys of the blind index are queried */
const readsLookupKeys = keys.may([organization], 'Query');
const idempotentCreation = governance.mayWithEvent([idempotency], 'PutItem');
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
const marks = (...actions: readonly TableAction[]): readonly TableGrant[] =>
  [records, keys, governance].map((each) => each.may(['ARCHIVE-MARK'], ...actions));
/** the last administrator and the last compliance officer stay: a count that is kept in the same transactions */
const countsHolders = governance.mayWithEvent(['HOLDERS'], 'UpdateItem');
const suspension = ['status', 'suspendedBy', 'suspendedAt', 'suspensionReason', 'suspensionExpiresAt', 'signedOutAt'];
/** a suspension that ends by itself signs nobody out */
const reinstatement = suspension.filter((attribute) => attribute !== 'signedOutAt');
const changesActors = (...attributes: readonly string[]): TableGrant => ({
  ...governance.mayWithEvent(['ACTOR#*'], 'UpdateItem'),
  attributes: ['PK', 'SK', 'version', ...attributes],
});
/** which patients there are, and how old their keys are; no wrapped key comes with it */
const listsPatients: TableGrant = {
  table: 'keys',
  actions: ['Scan'],
  partitions: [],
  inTransaction: false,
  attributes: ['PK', 'SK', 'newest', 'state', 'createdAt', 'rotatedAt'],
};
/** what makes a patient known: the record, its lookups, its key */
const registers: readonly TableGrant[] = [
  records.mayWithEvent([patients, lookups], 'PutItem'),
  keys.mayWithEvent([patients], 'PutItem'),
  keys.may([organization], 'GetItem', 'Query', 'PutItem'), // bound, and its lookup key made, before the first patient
];
/** what keeps the lookups of a patient equal to its demographics: a corrected name leaves the index */
const reindexes = records.mayWithEvent([lookups], 'PutItem', 'DeleteItem');
/** tasks stand beside memberships of care teams; whoever records them can make no membership */
const recordsTasks: TableGrant = {
  ...governance.mayWithEvent(['PATIENT#*'], 'PutItem'),
  attributes: [
    ...['PK', 'SK', 'id', 'patient', 'kind', 'assignee', 'from', 'until'],
    ...['createdBy', 'createdAt', 'origin', 'version', 'ttl'],
  ],
};
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
/** what looks at accesses: what is around a person and a patient, its own memory, its alerts */
const detects: readonly TableGrant[] = [
  audits,
  governance.may(['ACTOR#*', 'RELATIONS#*', 'HOLDERS', 'DETECT#*', 'DETECT-BASELINES', 'ALERT#*'], 'GetItem'),
  governance.may(['PATIENT#*', 'ALERT-DELIVERIES'], 'Query'),
  governance.mayWithEvent(['DETECT#*', 'DETECT-DUE', 'DETECT-SUBJECTS'], 'PutItem'),
  governance.mayWithEvent(['DETECT-DUE'], 'DeleteItem'),
  ...changesAlerts,
  governance.mayWithEvent(['ALERT-DELIVERIES'], 'PutItem'),
  governance.may(['ALERT-DELIVERIES'], 'UpdateItem', 'DeleteItem'),
  changesActors(...suspension),
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

export const functions = {
  account: {
    concern: 'who a person is to Ward; binds a patient account to its record',
    tables: [
      decidesOnPatients(),
      audits,
      governance.may(['ENROLLMENT#*'], 'GetItem'),
      governance.may(['REPRESENTS#*'], 'Query'),
      governance.mayWithEvent(['ENROLLMENT#*'], 'PutItem', 'UpdateItem'),
      // Binds an account to its record, and cannot give it a role.
      { ...governance.mayWithEvent(['ACTOR#*'], 'UpdateItem'), attributes: ['PK', 'SK', 'patient', 'version'] },
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
  },
  users: {
    concern: 'creates and lists the people who can sign in',
    tables: [
      decides(),
      audits,
      governance.may(['ACTORS'], 'Query'),
      governance.may(['ACTOR#*'], 'GetItem'),
      governance.mayWithEvent(['ACTOR#*', 'ACTORS'], 'PutItem'),
      ...consumesApprovals,
      countsHolders,
    ],
    // AdminDeleteUser takes back a person whose record in the governance table could not be written.
    userPool: ['AdminCreateUser', 'AdminDeleteUser'],
  },
  'user-changes': {
    concern: 'changes roles, suspends and reinstates',
    tables: [
      decides(),
      audits,
      governance.may(['ACTOR#*'], 'GetItem'),
      changesActors('role', 'roleGrantedBy', 'roleGrantedAt', 'approvedBy', ...suspension),
      ...consumesApprovals,
      countsHolders,
    ],
    userPool: ['AdminDisableUser', 'AdminEnableUser', 'AdminUserGlobalSignOut'],
  },
  'user-recovery': {
    concern: 'gives a person who lost their authenticator a new account; can give no role',
    tables: [
      decides(),
      audits,
      governance.may(['ACTOR#*'], 'GetItem'),
      changesActors('signedOutAt', 'account', 'recovery'),
      governance.mayWithEvent(['ACCOUNT#*'], 'PutItem'),
      ...consumesApprovals,
    ],
    userPool: ['AdminCreateUser', 'AdminDeleteUser', 'AdminGetUser'],
  },
  approvals: {
    concern: 'asks for a second person and takes their decision',
    tables: [
      decides(),
      audits,
      governance.may(['APPROVALS'], 'Query'),
      governance.may(['ACTOR#*', 'APPROVAL#*'], 'GetItem', 'BatchGetItem'),
      governance.mayWithEvent(['APPROVAL#*', 'APPROVALS'], 'PutItem'),
      governance.mayWithEvent(['APPROVAL#*'], 'UpdateItem'),
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
    ],
  },
  'access-review': {
    concern: 'shows every grant to who reviews them, and keeps what they decided',
    tables: [
      decidesOnPatients(),
      audits,
      governance.may(['ACTORS', 'SIGN-INS', 'MEMBER-OF#*', 'ACCESS-REVIEW#*'], 'Query'),
      governance.may(['ACTOR#*'], 'GetItem'),
      governance.mayWithEvent(['ACCESS-REVIEW#*'], 'PutItem'),
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
    ],
    timeoutSeconds: 29,
  },
  'people-sweep': {
    concern: 'ends suspensions at their time, and says when a quarter ended without a review of access',
    calledBy: 'schedule',
    tables: [
      audits,
      governance.may(['ACTORS', 'ACCESS-REVIEW#*'], 'Query'),
      governance.may(['ACTOR#*'], 'BatchGetItem'),
      changesActors(...reinstatement),
      countsHolders,
      governance.mayWithEvent(['OVERDUE-REVIEW#*'], 'PutItem'),
    ],
    userPool: ['AdminEnableUser'],
    timeoutSeconds: 60,
    instances: 2,
  },
  'post-authentication': {
    concern: 'records each sign-in before it yields a token',
    calledBy: 'user-pool',
    tables: [
      audits,
      governance.may(['ACTOR#*', 'ACCOUNT#*'], 'GetItem'),
      governance.mayWithEvent(['SIGN-INS'], 'PutItem'),
    ],
    timeoutSeconds: 5, // Cognito waits no longer
  },
  'sign-in-log': {
    concern: 'records what the user pool tells of sign-ins: failures, challenges, risk',
    calledBy: 'logs',
    tables: [audits, governance.may(['ACTOR#*', 'ACCOUNT#*'], 'GetItem')],
    timeoutSeconds: 60,
    instances: 5,
  },
  registration: {
    concern: 'makes a patient known, under a key of its own',
    tables: [
      decides(idempotency),
      audits,
      ...registers,
      idempotentCreation,
      governance.mayWithEvent(['PATIENT#*', 'MEMBER-OF#*'], 'PutItem'), // a clinician who registers joins the care team
    ],
    patientKey: { Decrypt: ['record', 'lookup'], GenerateDataKey: ['record', 'lookup'] },
  },
  patients: {
    concern: 'reads and corrects the structured categories of a patient',
    tables: [
      decidesOnPatients(),
      audits,
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'PutItem', 'UpdateItem'),
      reindexes,
      ...readsKeys,
      readsLookupKeys,
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
    patientKey: { Decrypt: ['record', 'lookup'] },
  },
  search: {
    concern: 'finds patients by exact lookup',
    tables: [
      decidesOnPatients(),
      audits,
      records.may([lookups], 'Query'),
      records.may([patients], 'GetItem'),
      ...readsKeys,
      readsLookupKeys,
    ],
    patientKey: { Decrypt: ['record', 'lookup'] },
  },
  entries: {
    concern: 'reads entries and their versions',
    tables: [decidesOnPatients(), audits, records.may([patients], 'GetItem', 'Query'), ...readsKeys],
    patientKey: { Decrypt: ['record'] },
  },
  'entry-changes': {
    concern: 'adds entries and new versions of them',
    tables: [
      decidesOnPatients(idempotency),
      audits,
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'PutItem', 'ConditionCheckItem'),
      ...readsKeys,
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
      idempotentCreation,
    ],
    patientKey: { Decrypt: ['record'] },
  },
  'lookup-rotation': {
    concern: 'moves the blind index from one lookup key to the next',
    tables: [
      decides(),
      audits,
      ...readsKeys,
      readsLookupKeys,
      listsPatients,
      keys.mayWithEvent([organization], 'PutItem', 'UpdateItem'),
      governance.may(['LOOKUP-ROTATION'], 'GetItem'),
      governance.mayWithEvent(['LOOKUP-ROTATION'], 'PutItem'),
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'UpdateItem'),
      reindexes,
    ],
    patientKey: { Decrypt: ['record', 'lookup'], GenerateDataKey: ['lookup'] },
    timeoutSeconds: 29,
  },
  keys: {
    concern: 'rotates the keys of patients; opens nothing',
    tables: [
      decidesOnPatients(),
      audits,
      ...readsKeys,
      listsPatients,
      keys.mayWithEvent([patients], 'PutItem', 'UpdateItem'),
    ],
    patientKey: { GenerateDataKey: ['record'] },
  },
  disposal: {
    concern: 'destroys the keys of a patient whose record is disposed of, and certifies it',
    tables: [
      decidesOnPatients(),
      audits,
      ...consumesApprovals,
      ...readsKeys,
      keys.mayWithEvent([patients], 'UpdateItem', 'DeleteItem'),
      governance.may(['PATIENT#*'], 'GetItem'),
      governance.mayWithEvent(['PATIENT#*'], 'PutItem', 'ConditionCheckItem'),
      records.may([patients], 'GetItem', 'Query'),
      records.mayWithEvent([patients], 'UpdateItem'),
      records.mayWithEvent([lookups], 'DeleteItem'),
    ],
    patientKey: { Decrypt: ['record'] }, // retention rules ask for dates that envelopes vouch for
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
  'legal-hold': {
    concern: 'preserves a record against its disposal',
    tables: [
      decidesOnPatients(),
      audits,
      ...consumesApprovals,
      keys.may([patients], 'Query'),
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
      governance.may(['PATIENT#*'], 'GetItem'),
      governance.mayWithEvent(['PATIENT#*'], 'PutItem', 'UpdateItem'),
    ],
  },
  'care-team': {
    concern: 'who is on the care team of a patient',
    tables: [
      decidesOnPatients(),
      audits,
      governance.may(['PATIENT#*', 'ACTOR#*'], 'GetItem'),
      governance.may(['PATIENT#*'], 'Query'),
      governance.mayWithEvent(['PATIENT#*', 'MEMBER-OF#*'], 'PutItem'),
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
  },
  tasks: {
    concern: 'what somebody is to do for a patient: what explains an access',
    tables: [
      decidesOnPatients(idempotency),
      audits,
      governance.may(['PATIENT#*'], 'Query'),
      recordsTasks,
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
      idempotentCreation,
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
    instances: 10,
  },
  vip: {
    concern: 'marks patients whose records are watched more closely',
    tables: [
      decidesOnPatients(),
      audits,
      {
        ...governance.mayWithEvent(['PATIENT#*'], 'PutItem'),
        attributes: ['PK', 'SK', 'patient', 'reason', 'markedBy', 'markedAt', 'clearedBy', 'clearedAt', 'version'],
      },
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
    instances: 3,
  },
  'workforce-relations': {
    concern: 'keeps blind tokens of the family name and address of the workforce',
    tables: [
      decides('RELATIONS#*'),
      audits,
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
      governance.mayWithEvent(['RELATIONS#*'], 'PutItem'),
      { ...governance.mayWithEvent(['PATIENT#*'], 'PutItem', 'DeleteItem'), attributes: ['PK', 'SK', 'sub'] },
      records.mayWithEvent([patients], 'ConditionCheckItem'),
      keys.may([organization], 'GetItem', 'Query', 'PutItem'),
    ],
    patientKey: { Decrypt: ['lookup'], GenerateDataKey: ['lookup'] },
    instances: 3,
  },
  representatives: {
    concern: 'records who may act for a patient; reads a birth date to know when a parent may no more',
    tables: [
      decidesOnPatients(),
      audits,
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
      ...readsKeys,
      governance.may(['PATIENT#*', 'ACTOR#*'], 'GetItem'),
      governance.mayWithEvent(['PATIENT#*', 'REPRESENTS#*'], 'PutItem'),
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
    ],
    patientKey: { Decrypt: ['record'] },
  },
  controls: {
    concern: 'puts freezes and lockdowns in place and releases them',
    tables: [
      decidesOnPatients(),
      audits,
      records.may([patients], 'GetItem'),
      governance.may(['CONTROL#*'], 'GetItem'),
      governance.may(['CONTROLS'], 'Query'),
      governance.mayWithEvent(['CONTROL#*', 'CONTROLS'], 'PutItem'),
      governance.may(['RESTORE'], 'GetItem'),
      governance.mayWithEvent(['RESTORE'], 'PutItem'),
      ...consumesApprovals,
    ],
  },
  'emergency-access': {
    concern: 'opens a record in an emergency, and tells the compliance officers',
    tables: [
      decidesOnPatients('INCIDENT-SUBJECT#*'),
      audits,
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
      governance.may(['EMERGENCIES', 'EMERGENCY-QUOTA#*', 'HOLDERS', 'ACTOR#*'], 'GetItem'),
      governance.mayWithEvent(['EMERGENCIES', 'EMERGENCY-REVIEWS', 'EMERGENCY-QUOTA#*', 'ALERTS'], 'PutItem'),
      // Stands beside memberships of care teams, and cannot make one.
      {
        ...governance.mayWithEvent(['PATIENT#*'], 'PutItem'),
        attributes: ['PK', 'SK', 'id', 'startsAt', 'endsAt'],
      },
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
      governance.may(['ALERTS'], 'DeleteItem'),
    ],
    patientKey: { GenerateDataKey: ['governance'] },
    userPool: ['AdminGetUser'],
    mails: true,
  },
  'emergency-reviews': {
    concern: 'shows emergency accesses to the compliance officers and takes their reviews',
    tables: [
      decidesOnPatients(),
      audits,
      governance.may(['EMERGENCIES'], 'GetItem', 'BatchGetItem'),
      governance.may(['EMERGENCIES', 'EMERGENCY-REVIEWS'], 'Query'),
      governance.mayWithEvent(['EMERGENCIES'], 'PutItem'),
      governance.mayWithEvent(['INCIDENT-SUBJECT#*'], 'UpdateItem'),
      governance.mayWithEvent(['EMERGENCY-REVIEWS'], 'DeleteItem'),
    ],
    patientKey: { Decrypt: ['governance'] },
  },
  'emergency-sweep': {
    concern: 'sends alerts that are not sent yet, and says which reviews are overdue',
    calledBy: 'schedule',
    tables: [
      audits,
      governance.may(['EMERGENCIES'], 'BatchGetItem'),
      governance.may(['EMERGENCY-REVIEWS', 'ALERTS'], 'Query'),
      governance.may(['HOLDERS', 'ACTOR#*'], 'GetItem'),
      governance.may(['ALERTS'], 'DeleteItem'),
      { ...governance.may(['EMERGENCIES'], 'UpdateItem'), attributes: ['PK', 'SK', 'overdueRecordedAt'] },
    ],
    userPool: ['AdminGetUser'],
    mails: true,
    timeoutSeconds: 60,
    instances: 2,
  },
  imports: {
    concern: 'begins an import and stages its parts, sealed; sees no record',
    tables: [
      decides(),
      audits,
      records.may([stagedParts], 'Query'),
      records.mayWithEvent([stagedParts], 'PutItem'),
      keys.may([organization], 'GetItem', 'PutItem'),
      governance.may([imports], 'GetItem'),
      governance.mayWithEvent([imports], 'PutItem', 'ConditionCheckItem'),
    ],
    patientKey: { Decrypt: ['import'], GenerateDataKey: ['import'] },
  },
  'import-commit': {
    concern: 'validates a staged bundle whole and stores it',
    tables: [
      decides(),
      audits,
      ...registers,
      ...readsKeys,
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
      records.may([patients], 'GetItem'),
      records.may([patients, lookups], 'Query'),
      records.mayWithEvent([patients], 'UpdateItem'),
      records.may([stagedParts], 'Query', 'BatchWriteItem'), // what is stored leaves the staging area
      governance.may([imports], 'GetItem'),
      governance.mayWithEvent([imports], 'UpdateItem', 'ConditionCheckItem'),
      recordsTasks,
    ],
    patientKey: { Decrypt: ['record', 'lookup', 'import'], GenerateDataKey: ['record', 'lookup'] },
    memoryMegabytes: 1769, // the size at which Lambda gives a whole processor
    timeoutSeconds: 29,
  },
  export: {
    concern: 'the record as a FHIR R4 bundle',
    tables: [decidesOnPatients(), audits, records.may([patients], 'GetItem', 'Query'), ...readsKeys],
    patientKey: { Decrypt: ['record'] },
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
  'audit-search': {
    concern: 'answers auditors from the index of the audit log, held against the sealed events',
    tables: [
      decides(),
      audits,
      readsIndex('P#*', 'A#*'),
      // What is indexed and not found sealed is held against the outbox, line by line.
      { table: 'audit', actions: ['GetItem'], partitions: ['LANE#*'], inTransaction: false },
    ],
    archive: readsSegments,
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
  'access-log': {
    concern: 'shows patients who used their record',
    tables: [decidesOnPatients(), audits, readsIndex('P#*')],
    archive: readsSegments,
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
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
    archive: { reads: ['v1/segments/*', 'v1/log/*'], lists: ['ListBucket'] },
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
  sealer: {
    concern: 'seals streamed events into the locked archive and indexes them',
    calledBy: 'stream',
    tables: [...queuesSegments, indexes],
    archive: sealsSegments,
    timeoutSeconds: 120,
    instances: 10,
  },
  'restore-replay': {
    concern: 'finds that tables were restored, locks Ward down and replays over them what they must not undo',
    calledBy: 'schedule',
    tables: [
      audits,
      readsOutbox,
      ...marks('GetItem', 'UpdateItem'),
      governance.may(['ACTORS', 'CONTROLS', 'APPROVALS', 'EMERGENCIES', 'EMERGENCY-REVIEWS'], 'Query'),
      governance.may(['ACTOR#*', 'PATIENT#*', 'CONTROL#*', 'APPROVAL#*', 'EMERGENCIES', 'RESTORE'], 'GetItem'),
      governance.mayWithEvent(
        ['PATIENT#*', 'MEMBER-OF#*', 'REPRESENTS#*', 'CONTROL#*', 'CONTROLS', 'EMERGENCIES', 'RESTORE'],
        'PutItem',
      ),
      changesActors('role', 'roleGrantedBy', 'roleGrantedAt', 'approvedBy', ...suspension),
      countsHolders,
      {
        ...governance.mayWithEvent(['APPROVAL#*'], 'UpdateItem'),
        attributes: ['PK', 'SK', 'state', 'decidedAt', 'version'],
      },
      keys.may([patients], 'Query'),
      keys.mayWithEvent([patients], 'UpdateItem', 'DeleteItem'),
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'UpdateItem'),
      records.mayWithEvent([lookups], 'DeleteItem'),
    ],
    archive: { reads: ['v1/*'], lists: ['ListBucket', 'ListBucketVersions'] },
    signingKey: ['GetPublicKey'],
    memoryMegabytes: 3538, // two processors
    timeoutSeconds: 900,
    instances: 1, // two replays at once would only be in each other's way
  },
  'restore-validation': {
    concern: 'looks into the tables that restore tests make; opens one record, of nobody',
    calledBy: 'schedule',
    tables: [
      audits,
      listsPatients,
      // What was restored is read beside what is live: lib/restore-validation.ts grants the former.
      keys.may([patients, organization], 'GetItem', 'Query'),
      records.may([patients], 'GetItem', 'Query'),
      governance.may(['ACTOR#*', 'APPROVAL#*', 'CONTROL#*'], 'GetItem'),
      { table: 'audit', actions: ['GetItem'], partitions: ['LANE#*'], inTransaction: false },
    ],
    patientKey: { Decrypt: ['record'] },
    ofCanary: true,
    archive: { lists: ['ListBucket'] },
    memoryMegabytes: 1769,
    timeoutSeconds: 600,
    instances: 2,
  },
  checkpointer: {
    concern: 'appends sealed segments and lane heads to the audit log and signs its checkpoints',
    calledBy: 'schedule',
    tables: [
      ...marks('UpdateItem'),
      audits,
      readsOutbox,
      auditLog.may(['STATE', 'BATCH#*'], 'GetItem', 'PutItem'),
      auditLog.may(['QUEUE'], 'Query'),
      auditLog.may(['QUEUE', 'BATCH#*'], 'BatchWriteItem'),
    ],
    archive: { reads: ['v1/log/*'], writes: ['v1/log/*'], lists: ['ListBucket'] },
    signingKey: ['Sign', 'GetPublicKey'],
    timeoutSeconds: 120,
    instances: 2,
  },
  reconciler: {
    concern: 'seals what the outbox has and the archive has not',
    calledBy: 'schedule',
    tables: [audits, readsOutbox, auditLog.may(['STATE', 'BATCH#*'], 'GetItem'), ...queuesSegments, indexes],
    archive: { ...sealsSegments, lists: ['ListBucket'] },
    timeoutSeconds: 600,
    instances: 2,
  },
  verification: {
    concern: 'verifies the archive every day, as an auditor would',
    calledBy: 'schedule',
    tables: [audits],
    archive: { reads: ['v1/*'], lists: ['ListBucket', 'ListBucketVersions'] },
    signingKey: ['GetPublicKey'],
    memoryMegabytes: 3538, // two processors
    timeoutSeconds: 900,
    instances: 2,
  },
} as const satisfies Readonly<Record<string, FunctionDeclaration>>;

/** Whoever decides on access remembers beside it that the person was here. 45 CFR 164.312(a)(2)(iii). */
function keepingSessions(declaration: FunctionDeclaration): FunctionDeclaration {
  const decides = declaration.tables.some(({ partitions }) => partitions.includes('SESSION#*'));
  return decides
    ? { ...declaration, tables: [...declaration.tables, governance.may(['SESSION#*'], 'UpdateItem')] }
    : declaration;
}

export type FunctionName = keyof typeof functions;
/** the user pool's trigger; it reads nothing and may do nothing */
export const preToken = 'pre-token';

export const declarations = Object.entries(functions).map(
  ([name, declaration]) => [name, keepingSessions(declaration)] as const,
) as readonly (readonly [FunctionName, FunctionDeclaration])[];
/** every `<name>` that needs a `lambda/**\/<name>.lambda.ts` */
export const entryPoints: readonly string[] = [...declarations.map(([name]) => name), preToken];

/**
 * The physical name of a function's role. Fixed, because the key policies of the data stack name the roles of the API
 * stack, which is deployed after it: docs/decisions/010.
 */
export const roleName = (stage: string, functionName: string): string => `ward-${stage}-${functionName}`;
