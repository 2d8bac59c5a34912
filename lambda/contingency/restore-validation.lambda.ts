import { BackupClient } from '@aws-sdk/client-backup';
import * as z from 'zod';
import { s3 } from '../audit/archive-client';
import { ArchiveMarks, newestCheckpoint } from '../audit/archive-mark';
import { ArchiveStore } from '../audit/archive-store';
import { emit } from '../audit/metrics';
import { ownEvent } from '../audit/own-event';
import { ownOutbox } from '../audit/own-outbox';
import { Vault } from '../encryption/vault';
import { readEnvironment, type ValidationEnvironment, validationVariables } from '../environment';
import { documents, kms, patience } from '../http/clients';
import { RecordStore } from '../records/store';
import { type RestoreJob, RestoreJobs, type StoreKind } from './restore-jobs';
import { type Validation, validateRestore, validationDays } from './restore-validation';
import { validateDocuments } from './restored-documents';
import { hashObject, lookAt, sampleObjects } from './restored-objects';
import { readItems, sampleItems, samplePatients } from './restored-samples';

const environment = readEnvironment<ValidationEnvironment>(...validationVariables);
const clock = () => new Date();
const jobs = new RestoreJobs(new BackupClient(patience));
const archive = new ArchiveStore(s3, environment.ARCHIVE_BUCKET);
const outbox = ownOutbox(documents, environment);
/** which of Ward's stores each name is */
const stores: Readonly<Record<StoreKind, ReadonlyMap<string, string>>> = {
  table: new Map(
    Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(environment.BACKED_UP_TABLES))).map(
      ([table, name]) => [name, table],
    ),
  ),
  bucket: new Map([[environment.DOCUMENTS_BUCKET, 'documents']]),
};
const canary = process.env['CANARY_PATIENT' satisfies keyof ValidationEnvironment];

/** EventBridge: a restore came to its end. Everything else that is believed of it is asked of AWS Backup. */
const finished = z.object({ source: z.literal('aws.backup'), detail: z.object({ restoreJobId: z.string() }) });

/** 45 CFR 164.308(a)(7)(ii)(D): looks into what was restored, and twice a day whether every table and the documents were of late. */
export async function handler(event: unknown): Promise<{ readonly valid?: boolean; readonly unvalidated?: number }> {
  const job = finished.safeParse(event).data?.detail.restoreJobId;
  if (job === undefined) return overdue();
  try {
    const valid = await validate(job);
    emit(environment.STAGE, clock(), { RestoreValidationFailures: valid ? 0 : 1 });
    return { valid };
  } catch (error) {
    emit(environment.STAGE, clock(), { RestoreValidationFailures: 1 });
    throw error;
  }
}

async function overdue() {
  const since = new Date(clock().getTime() - validationDays * 86_400_000);
  let unvalidated = 0;
  for (const kind of ['table', 'bucket'] as const) {
    const valid = await jobs.validSince(kind, since);
    unvalidated += [...stores[kind].keys()].filter((name) => !valid.has(name)).length;
  }
  emit(environment.STAGE, clock(), { UnvalidatedStores: unvalidated });
  return { unvalidated };
}

async function validate(id: string): Promise<boolean> {
  const job = await jobs.describe(id);
  const store = stores[job.kind].get(job.source);
  if (store === undefined) throw new Error('a restore of a table or bucket that is not of this stage');
  const { valid, message } = job.kind === 'table' ? await validateTable(store, job) : await validateBucket(job);
  await outbox.record(
    ownEvent('restore.validate', {
      outcome: valid ? 'permit' : 'error',
      reason: `${valid ? 'valid' : 'invalid'}:${store.toLowerCase()}`,
      patient: canary !== undefined && (store === 'records' || store === 'keys') ? canary : null,
    }),
  );
  await jobs.report(id, valid, message);
  return valid;
}

function validateBucket(job: RestoreJob): Promise<Validation> {
  return validateDocuments(job, {
    sample: (bucket, most) => sampleObjects(s3, bucket, most),
    look: (bucket, name) => lookAt(s3, bucket, name),
    hash: (bucket, name) => hashObject(s3, bucket, name),
    keyArn: environment.DOCUMENTS_KEY,
  });
}

function validateTable(table: string, job: RestoreJob): Promise<Validation> {
  return validateRestore(table, job, {
    sample: (name, most) => sampleItems(documents, name, most),
    read: (name, items) => readItems(documents, name, items),
    patients: (most) => samplePatients(documents, environment.KEYS_TABLE, most),
    mark: async (name) => (await new ArchiveMarks(documents, [name], environment.AUDIT_ORIGIN, clock).read())[0],
    archived: async (leaves) => (await newestCheckpoint(archive, Math.max(0, leaves - 1))) !== undefined,
    ...(canary !== undefined && { openCanary: (restored) => openCanary(canary, restored) }),
    clock,
  });
}

/** Nothing of it is released: that it opens is what is asked. */
async function openCanary(patient: string, restored: { readonly records?: string; readonly keys?: string }) {
  const keysTable = restored.keys ?? environment.KEYS_TABLE;
  const vault = new Vault({
    documents,
    kms,
    environment: { ...environment, KEYS_TABLE: keysTable },
    clock,
    mayBind: false,
  });
  const [ring, { items }] = await Promise.all([
    vault.ring(patient),
    new RecordStore(documents, restored.records ?? environment.RECORDS_TABLE, clock).record(patient),
  ]);
  if (ring?.state !== 'active') return 0;
  for (const item of items) await vault.open(ring, item);
  return items.length;
}
