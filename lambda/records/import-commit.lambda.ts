import { v4 } from 'uuid';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { importedTasks } from '../access/imported-tasks';
import { withoutFrozen } from '../access/memberships';
import { putTask } from '../access/tasks';
import { Released } from '../audit/release';
import {
  compareStored,
  ImportRefused,
  PartsMissing,
  type PreparedImport,
  prepareImport,
  sealPieces,
} from '../encryption/import-preparation';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Problem } from '../http/problem';
import { Runtime } from '../http/runtime';
import { batches, mostEntries } from './import-batches';
import { ImportParts } from './import-parts';
import { type ImportItem, ImportStates, shownImport } from './import-state';
import { ImportTransactions } from './import-transactions';
import { type RecordItem, resourceOf } from './model';
import { PatientStore } from './patient-store';
import { RecordStore } from './store';
import { type TransactItem, Writes } from './transaction';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: true });
const states = new ImportStates(documents, environment.GOVERNANCE_TABLE);
const parts = new ImportParts(documents, environment.RECORDS_TABLE);
const transactions = new ImportTransactions(patients, states, store);

/** after this long the caller is asked to come again, well before the gateway gives up */
const patienceMilliseconds = 12_000;

const ofImport = z.object({ importId: z.uuid() });
const importResource = (id: string) => ({ id, type: 'import', version: null });
type Committing = ImportItem & Required<Pick<ImportItem, 'patient' | 'sequence'>>;

async function commit(exchange: Exchange): Promise<Answer> {
  const { importId } = check(ofImport, exchange.parameters);
  const [permit, item] = await Promise.all([runtime.guard.permit(exchange.access), states.read(importId)]);
  if (item?.createdBy !== permit.actor.sub) return runtime.refuse(permit, 'not-found');
  if (item.state === 'committed') return committed(permit, item);
  if (item.state === 'refused') return runtime.refuse(permit, 'import-state', {}, [importResource(importId)]);
  try {
    const preparation = await prepareImport({ vault, parts, store }, item);
    const patient = item.patient ?? preparation.known ?? v4();
    const prepared = await preparation.forPatient(patient);
    const begun = isCommitting(item) ? item : await begin(permit, item, patient, prepared);
    return await storeAll(permit, begun, prepared, Date.now() + patienceMilliseconds);
  } catch (error) {
    if (error instanceof PartsMissing)
      return runtime.refuse(
        permit,
        'import-state',
        { detail: `missing parts: ${error.parts.slice(0, 20).join(', ')}` },
        [importResource(importId)],
      );
    if (error instanceof ImportRefused) return refuse(permit, item, error);
    throw error;
  }
}

const isCommitting = (item: ImportItem): item is Committing => item.state === 'committing';

/** Takes the patient, or registers a new one that nobody sees before the import is committed. */
async function begin(permit: Permit, item: ImportItem, patient: string, prepared: PreparedImport): Promise<Committing> {
  const known = await store.patient(patient);
  if (known?.importing)
    return runtime.refuse(permit, 'conflict', { detail: 'another import of this patient is under way' });
  const [free] = await withoutFrozen(documents, environment.GOVERNANCE_TABLE, [patient], permit.access.now);
  if (free === undefined) return runtime.refuse(permit, 'forbidden');
  const sequence = (known?.importSequence ?? 0) + 1;
  const { missing, unchanged } = await compareStored({ vault, store }, patient, prepared.pieces, sequence);
  const to = { patient, sequence, stored: missing.length, unchanged };
  const at = permit.access.now.toISOString();
  const writes = known
    ? transactions.begin(item.id, known, prepared.lookups, to)
    : transactions.register(
        item.id,
        { at, author: permit.actor.sub, keys: (await vault.register(patient)).items },
        prepared.lookups,
        to,
      );
  const event = permit.event({ action: 'import.begin', status: 200, patient, resources: [importResource(item.id)] });
  await runtime.store(permit, event, writes, (refused) => (refused.has('mrn') ? 'mrn-in-use' : 'conflict'));
  return { ...item, ...to, state: 'committing' };
}

/** Stores what is missing, a transaction at a time, each with its event; then shows all of it at once. */
async function storeAll(permit: Permit, item: Committing, prepared: PreparedImport, until: number): Promise<Answer> {
  const { patient, sequence } = item;
  const [{ missing }, ring] = await Promise.all([
    compareStored({ vault, store }, patient, prepared.pieces, sequence),
    vault.ring(patient),
  ]);
  if (ring?.state !== 'active') return runtime.refuse(permit, vault.absence(ring));
  const at = permit.access.now.toISOString();
  const author = permit.actor.sub;
  const sealed = await sealPieces(vault, ring, missing, { patient, sequence, at, author });
  for (const batch of batches(sealed)) {
    if (Date.now() > until) {
      const receipt = await runtime.outbox.record(
        permit.event({ status: 202, patient, resources: [importResource(item.id)] }),
      );
      return { status: 202, body: Released.facts({ id: item.id, state: 'committing', patient }, receipt) };
    }
    await storeBatch(permit, item, vault.newest(ring), batch);
  }
  await storeTasks(permit, item, prepared.tasks);
  const known = await store.patient(patient);
  if (!known) return runtime.refuse(permit, 'conflict');
  const now = runtime.clock().toISOString();
  const writes = transactions.commit(item.id, known, prepared.lookups, { sequence, at: now, key: vault.newest(ring) });
  const event = permit.event({ status: 200, patient, resources: [importResource(item.id)] });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('mrn') ? 'mrn-in-use' : 'conflict',
  );
  await parts.remove(item.id).catch(() => undefined); // they end with their key and their time to live as well
  return { status: 200, body: Released.facts(shownImport(item), receipt) };
}

function storeBatch(permit: Permit, item: Committing, key: TransactItem, batch: readonly RecordItem[]) {
  const event = permit.event({
    action: 'import.store',
    status: 200,
    patient: item.patient,
    categories: [...new Set(batch.map(({ category }) => category))],
    resources: batch.map(resourceOf),
  });
  return runtime.store(permit, event, transactions.entries(item.id, batch, key), () => 'conflict');
}

/** Visits and claims explain who uses the record. */
async function storeTasks(permit: Permit, item: Committing, planned: PreparedImport['tasks']): Promise<void> {
  const at = { patient: item.patient, by: permit.actor.sub, now: permit.access.now };
  const tasks = await importedTasks(documents, environment.GOVERNANCE_TABLE, planned, at);
  for (let first = 0; first < tasks.length; first += mostEntries) {
    const some = tasks.slice(first, first + mostEntries);
    const puts = some.map((task) => putTask(environment.GOVERNANCE_TABLE, task));
    const event = permit.event({
      action: 'import.tasks',
      status: 200,
      patient: item.patient,
      resources: some.map(({ id }) => ({ id, type: 'task', version: 1 })),
    });
    await runtime.store(permit, event, transactions.tasks(item.id, puts), () => 'conflict');
  }
}

/** The import is committed already: asking again changes nothing. */
async function committed(permit: Permit, item: ImportItem): Promise<Answer> {
  const event = permit.event({
    status: 200,
    patient: item.patient ?? null,
    reason: 'replay',
    resources: [importResource(item.id)],
  });
  return { status: 200, body: Released.facts(shownImport(item), await runtime.outbox.record(event)) };
}

/** Nothing of the bundle is stored; the staged parts go, and what was wrong is named. */
async function refuse(permit: Permit, item: ImportItem, { errors }: ImportRefused): Promise<never> {
  const problem = new Problem('import-refused', { errors });
  const writes = new Writes<'import'>().add('import', ...(item.state === 'staging' ? [states.refuse(item.id)] : []));
  const event = permit.event({
    status: problem.status,
    outcome: 'error',
    reason: problem.type,
    resources: [importResource(item.id)],
  });
  await runtime.store(permit, event, writes, () => 'import-state');
  await parts.remove(item.id).catch(() => undefined);
  throw runtime.told(problem);
}

export const handler = runtime.serve({ 'import.commit': commit });
