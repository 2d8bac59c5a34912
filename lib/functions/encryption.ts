import type { FunctionDeclarations } from './declaration';
import {
  audits,
  decides,
  decidesOnPatients,
  governance,
  keys,
  listsPatients,
  organization,
  patients,
  readsKeys,
  readsLookupKeys,
  records,
  reindexes,
} from './table-grants';

/** 45 CFR 164.312(a)(2)(iv): new keys beside live traffic. */
export const keyRotation = {
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
} as const satisfies FunctionDeclarations;
