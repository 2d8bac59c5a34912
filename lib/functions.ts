/** Which function may do what. One declaration a function: its environment, role and key policies are made from it. */

export type Table = 'records' | 'keys' | 'audit' | 'governance';
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
export const keyPurposes = ['record', 'import', 'lookup'] as const;
export type KeyPurpose = (typeof keyPurposes)[number];

type UserPoolAction =
  | 'AdminCreateUser'
  | 'AdminDeleteUser'
  | 'AdminDisableUser'
  | 'AdminEnableUser'
  | 'AdminGetUser'
  | 'AdminUserGlobalSignOut';

export interface FunctionDeclaration {
  readonly concern: string;
  readonly tables: readonly TableGrant[];
  /** on the key that wraps patient keys: for which purposes of the encryption context */
  readonly patientKey?: Readonly<Partial<Record<PatientKeyAction, readonly KeyPurpose[]>>>;
  readonly userPool?: readonly UserPoolAction[];
  readonly memoryMegabytes?: number;
  readonly timeoutSeconds?: number;
}

const patients = 'P#*';
/** the organization itself, and the keys of its blind index */
const organization = 'O#';
const lookups = 'L#*';
const stagedParts = 'I#*';
const imports = 'IMPORT#*';
const idempotency = 'IDEMPOTENCY#*';

/** what an access decision stands on, in one BatchGet: all its keys must match this one statement */
const decides = (...more: readonly string[]): TableGrant => ({
  table: 'governance',
  actions: ['BatchGetItem'],
  partitions: ['ACTOR#*', 'SESSION#*', 'PATIENT#*', 'CONTROL*', ...more],
  inTransaction: false,
});
/** 45 CFR 164.312(b): every function appends its events; none can read, change or remove one */
const audits: TableGrant = {
  table: 'audit',
  actions: ['PutItem'],
  partitions: ['LANES', 'LANE#*'],
  inTransaction: false,
};

type Grantor = (partitions: readonly string[], ...actions: readonly TableAction[]) => TableGrant;
const on =
  (table: Table, inTransaction: boolean): Grantor =>
  (partitions, ...actions) => ({ table, actions, partitions, inTransaction });
const records = { may: on('records', false), mayWithEvent: on('records', true) };
const keys = { may: on('keys', false), mayWithEvent: on('keys', true) };
const governance = { may: on('governance', false), mayWithEvent: on('governance', true) };

/** a patient's wrapped keys are queried; the organization's items are read one by one */
const readsKeys = keys.may([patients, organization], 'GetItem', 'Query');
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
/** the last administrator and the last compliance officer stay: a count that is kept in the same transactions */
const countsHolders = governance.mayWithEvent(['HOLDERS'], 'UpdateItem');
const suspension = ['status', 'suspendedBy', 'suspendedAt', 'suspensionReason', 'suspensionExpiresAt', 'signedOutAt'];
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

export const functions = {
  account: {
    concern: 'who a person is to Ward; binds a patient account to its record',
    tables: [
      decides(),
      audits,
      governance.may(['ENROLLMENT#*'], 'GetItem'),
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
      governance.mayWithEvent(['APPROVAL#*', 'APPROVALS'], 'PutItem', 'UpdateItem'),
      governance.mayWithEvent(['ACTOR#*'], 'ConditionCheckItem'),
    ],
  },
  registration: {
    concern: 'makes a patient known, under a key of its own',
    tables: [
      decides(idempotency),
      audits,
      ...registers,
      idempotentCreation,
      governance.mayWithEvent(['PATIENT#*'], 'PutItem'), // a clinician who registers joins the care team
    ],
    patientKey: { Decrypt: ['record', 'lookup'], GenerateDataKey: ['record', 'lookup'] },
  },
  patients: {
    concern: 'reads and corrects the structured categories of a patient',
    tables: [
      decides(),
      audits,
      records.may([patients], 'GetItem', 'Query'),
      records.mayWithEvent([patients], 'PutItem', 'UpdateItem'),
      reindexes,
      readsKeys,
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
    patientKey: { Decrypt: ['record', 'lookup'] },
  },
  search: {
    concern: 'finds patients by exact lookup',
    tables: [decides(), audits, records.may([lookups], 'Query'), records.may([patients], 'GetItem'), readsKeys],
    patientKey: { Decrypt: ['record', 'lookup'] },
  },
  entries: {
    concern: 'reads entries and their versions',
    tables: [decides(), audits, records.may([patients], 'GetItem', 'Query'), readsKeys],
    patientKey: { Decrypt: ['record'] },
  },
  'entry-changes': {
    concern: 'adds entries and new versions of them',
    tables: [
      decides(idempotency),
      audits,
      records.may([patients], 'GetItem', 'Query'),
      records.mayWithEvent([patients], 'PutItem', 'ConditionCheckItem'),
      readsKeys,
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
      idempotentCreation,
    ],
    patientKey: { Decrypt: ['record'] },
  },
  keys: {
    concern: 'rotates the keys of patients; opens nothing',
    tables: [decides(), audits, readsKeys, listsPatients, keys.mayWithEvent([patients], 'PutItem', 'UpdateItem')],
    patientKey: { GenerateDataKey: ['record'] },
  },
  'care-team': {
    concern: 'who is on the care team of a patient',
    tables: [
      decides(),
      audits,
      governance.may(['PATIENT#*', 'ACTOR#*'], 'GetItem', 'Query'),
      governance.mayWithEvent(['PATIENT#*'], 'PutItem'),
      records.may([patients], 'GetItem'),
      records.mayWithEvent([patients], 'ConditionCheckItem'),
    ],
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
      governance.mayWithEvent([imports], 'PutItem', 'UpdateItem', 'ConditionCheckItem'),
    ],
    patientKey: { Decrypt: ['import'], GenerateDataKey: ['import'] },
  },
  'import-commit': {
    concern: 'validates a staged bundle whole and stores it',
    tables: [
      decides(),
      audits,
      ...registers,
      readsKeys,
      keys.mayWithEvent([patients], 'ConditionCheckItem'),
      records.may([patients, lookups], 'GetItem', 'Query'),
      records.mayWithEvent([patients], 'UpdateItem'),
      records.may([stagedParts], 'Query', 'BatchWriteItem'), // what is stored leaves the staging area
      governance.may([imports], 'GetItem'),
      governance.mayWithEvent([imports], 'PutItem', 'UpdateItem', 'ConditionCheckItem'),
    ],
    patientKey: { Decrypt: ['record', 'lookup', 'import'], GenerateDataKey: ['record', 'lookup'] },
    memoryMegabytes: 1769, // the size at which Lambda gives a whole processor
    timeoutSeconds: 29,
  },
  export: {
    concern: 'the record as a FHIR R4 bundle',
    tables: [decides(), audits, records.may([patients], 'GetItem', 'Query'), readsKeys],
    patientKey: { Decrypt: ['record'] },
    memoryMegabytes: 1769,
    timeoutSeconds: 29,
  },
} as const satisfies Readonly<Record<string, FunctionDeclaration>>;

export type FunctionName = keyof typeof functions;
/** the user pool's trigger; it reads nothing and may do nothing */
export const preToken = 'pre-token';

export const declarations = Object.entries(functions) as readonly (readonly [FunctionName, FunctionDeclaration])[];
/** every `<name>` that needs a `lambda/**\/<name>.lambda.ts` */
export const entryPoints: readonly string[] = [...declarations.map(([name]) => name), preToken];

/**
 * The physical name of a function's role. Fixed, because the key policies of the data stack name the roles of the API
 * stack, which is deployed after it: docs/decisions/010.
 */
export const roleName = (stage: string, functionName: string): string => `ward-${stage}-${functionName}`;
