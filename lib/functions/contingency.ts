import type { FunctionDeclarations } from './declaration';
import {
  audits,
  changesActors,
  consumesApprovals,
  countsHolders,
  decidesOnPatients,
  governance,
  keys,
  listsPatients,
  lookups,
  marks,
  organization,
  patients,
  readsKeys,
  readsOutbox,
  records,
  suspension,
} from './table-grants';

/** 45 CFR 164.310(d)(2)(i): what ends a record, and what keeps it from ending. */
export const disposal = {
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
} as const satisfies FunctionDeclarations;

/** 45 CFR 164.308(a)(7)(ii)(B), (D): what follows a restore, and what tests one. */
export const restores = {
  'restore-replay': {
    concern: 'finds that tables were restored, locks Ward down and replays over them what they must not undo',
    calledBy: 'schedule',
    tables: [
      audits,
      readsOutbox,
      ...marks('GetItem', 'UpdateItem'),
      governance.may(['ACTORS', 'CONTROLS', 'APPROVALS', 'EMERGENCIES', 'EMERGENCY-REVIEWS', 'ASSOCIATES'], 'Query'),
      governance.may(
        ['ACTOR#*', 'PATIENT#*', 'CONTROL#*', 'APPROVAL#*', 'EMERGENCIES', 'RESTORE', 'ASSOCIATES'],
        'GetItem',
      ),
      governance.mayWithEvent(
        ['PATIENT#*', 'MEMBER-OF#*', 'REPRESENTS#*', 'CONTROL#*', 'CONTROLS', 'EMERGENCIES', 'RESTORE', 'ASSOCIATES'],
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
    archive: { reads: ['v1/*'], lists: ['ListBucket', 'ListBucketVersions'], predecessor: true },
    signingKey: ['GetPublicKey'],
    memoryMegabytes: 3538, // two processors
    timeoutSeconds: 900,
    instances: 1, // two replays at once would only be in each other's way
  },
  'restore-validation': {
    concern: 'looks into the tables and the bucket that restore tests make; opens one record, of nobody',
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
    documents: { compares: ['incidents/*'] },
    memoryMegabytes: 1769,
    timeoutSeconds: 600,
    instances: 2,
  },
} as const satisfies FunctionDeclarations;
