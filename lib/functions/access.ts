import type { FunctionDeclarations } from './declaration';
import {
  audits,
  changesActors,
  consumesApprovals,
  countsHolders,
  decides,
  decidesOnPatients,
  governance,
  idempotency,
  idempotentCreation,
  keys,
  organization,
  patients,
  readsKeys,
  records,
  recordsTasks,
  suspension,
} from './table-grants';

/** a suspension that ends by itself signs nobody out */
const reinstatement = suspension.filter((attribute) => attribute !== 'signedOutAt');

/** 45 CFR 164.308(a)(3), (a)(4): who may sign in and as what, and who said so. */
export const people = {
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
} as const satisfies FunctionDeclarations;

/** 45 CFR 164.312(a)(1): what a decision on access stands on, and who puts it there. */
export const access = {
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
} as const satisfies FunctionDeclarations;
