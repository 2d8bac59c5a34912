import type { ArchiveGrant, FunctionDeclarations, TableGrant } from './declaration';
import {
  auditLog,
  audits,
  consumesApprovals,
  decides,
  decidesOnPatients,
  marks,
  readsIndex,
  readsOutbox,
  readsSegments,
} from './table-grants';

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
/** reads too: an object that is there already must be the same one */
const sealsSegments: ArchiveGrant = { reads: ['v1/segments/*'], writes: ['v1/segments/*'] };

/** 45 CFR 164.308(a)(1)(ii)(D): who asks the log. */
export const questions = {
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
} as const satisfies FunctionDeclarations;

/** 45 CFR 164.312(c)(1): a loss that two people own up to. */
export const losses = {
  'audit-acknowledgement': {
    concern: 'queues for the log what two people say of events that are lost',
    tables: [
      decides(),
      audits,
      ...consumesApprovals,
      // How far a lane went: where the outbox has forgotten that, what the log's state remembers.
      { ...readsOutbox, partitions: ['LANE#*'], attributes: ['PK', 'SK'] },
      auditLog.may(['STATE', 'BATCH#*'], 'GetItem'),
      auditLog.mayWithEvent(['QUEUE'], 'PutItem'),
    ],
    instances: 2,
  },
} as const satisfies FunctionDeclarations;

/** 45 CFR 164.312(b): from the outbox into the locked archive. */
export const sealing = {
  sealer: {
    concern: 'seals streamed events into the locked archive and indexes them',
    calledBy: 'stream',
    tables: [...queuesSegments, indexes],
    archive: sealsSegments,
    timeoutSeconds: 120,
    instances: 10,
  },
} as const satisfies FunctionDeclarations;

/** 45 CFR 164.312(c): that nothing of it is missing or changed. */
export const verifiableLog = {
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
} as const satisfies FunctionDeclarations;
