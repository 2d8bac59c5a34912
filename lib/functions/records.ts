import type { FunctionDeclarations } from './declaration';
import {
  audits,
  decides,
  decidesOnPatients,
  governance,
  idempotency,
  idempotentCreation,
  keys,
  lookups,
  organization,
  patients,
  readsKeys,
  readsLookupKeys,
  records,
  recordsTasks,
  registers,
  reindexes,
} from './table-grants';

const stagedParts = 'I#*';
const imports = 'IMPORT#*';

/** 45 CFR 164.502(b): charts, by category and by entry. */
export const patientRecords = {
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
} as const satisfies FunctionDeclarations;

/** 45 CFR 164.524(c)(2)(ii): whole records, in and out. */
export const exchange = {
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
} as const satisfies FunctionDeclarations;
