import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { Released } from '../audit/release';
import { lookupKeySeconds, type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Problem } from '../http/problem';
import { Runtime } from '../http/runtime';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { type TransactItem, Writes } from '../records/transaction';
import { KeyError } from './key-error';
import { listKeyRings } from './key-store';
import { LookupKeys } from './lookup-key';
import { type LookupRotation, readRotation, readyAt, writeRotation } from './lookup-rotation';
import { reindex } from './reindex';
import { Vault } from './vault';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const governance = environment.GOVERNANCE_TABLE;
const { clock } = runtime;
const store = new RecordStore(documents, environment.RECORDS_TABLE, clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock, mayBind: false });
const lookupKeys = new LookupKeys({
  kms,
  keyId: environment.PATIENT_KEY,
  documents,
  table: environment.KEYS_TABLE,
  organization: environment.ORGANIZATION,
  clock,
});

const request = z.strictObject({ begin: z.boolean().default(false) });
/** patients at once, and how often one who is written to meanwhile is tried again */
const atOnce = 8;
const attempts = 5;

/**
 * Does the next piece of a rotation of the lookup key. Where it is lies in the governance table, so that it can be called
 * from anywhere, after any interruption, and each order of calls is the right one.
 */
async function advance(exchange: Exchange): Promise<Answer> {
  const [permit, rotation] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readRotation(documents, governance),
  ]);
  const { begin } = exchange.body(request);
  if (!rotation || rotation.step === 'done') {
    if (begin) return start(permit, rotation);
    return rotation ? answer(permit, rotation) : runtime.refuse(permit, 'not-found');
  }
  if (rotation.step === 'settle' || rotation.step === 'switch') {
    if (clock() < readyAt(rotation, lookupKeySeconds())) return answer(permit, rotation);
    return goOn(permit, rotation, { step: rotation.step === 'settle' ? 'write' : 'remove', done: 0 });
  }
  return walk(permit, rotation);
}

async function start(permit: Permit, before: LookupRotation | undefined): Promise<Answer> {
  // A table without a key is one without patients: there is nothing to move.
  const known = await lookupKeys.states();
  if (known.length === 0) return runtime.refuse(permit, 'not-found');
  const to = Math.max(...known.map(({ version }) => version)) + 1;
  const at = clock().toISOString();
  const next = { step: 'settle', to, startedAt: at, since: at, done: 0, version: (before?.version ?? 0) + 1 } as const;
  return save(permit, next, [await unlessOvertaken(permit, lookupKeys.prepareNext())]);
}

/** One page of patients. After the last one the next step begins, in the same transaction. */
async function walk(permit: Permit, rotation: LookupRotation): Promise<Answer> {
  const { rings, next } = await listKeyRings(documents, environment.KEYS_TABLE, rotation.after);
  const waiting = rings.filter(({ state }) => state === 'active').map(({ patient }) => patient);
  const done = rotation.done + waiting.length;
  const work = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await reindexPatient(permit, id);
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (next !== undefined) return goOn(permit, rotation, { step: rotation.step, after: next, done });
  if (rotation.step === 'remove') return goOn(permit, rotation, { step: 'done', done });
  return goOn(permit, rotation, { step: 'switch', done }, await unlessOvertaken(permit, lookupKeys.promoteNext()));
}

/** Somebody else who rotates may have been faster: that is no fault, and their next answer says where it is. */
function unlessOvertaken<T>(permit: Permit, prepared: Promise<T>): Promise<T> {
  return prepared.catch((error: unknown) => {
    if (error instanceof KeyError && error.code === 'invalid') return runtime.refuse(permit, 'conflict');
    throw error;
  });
}

/** @throws Problem when the patient was written to each time */
async function reindexPatient(permit: Permit, id: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const writes = await reindex({ store, patients, vault }, id);
    if (!writes) return;
    try {
      const event = permit.event({ action: 'lookup.reindex', status: 200, patient: id });
      await runtime.outbox.recordWith([event], writes.items);
      return;
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      if (attempt === attempts) throw new Problem('unavailable', {}, { cause: error });
    }
  }
}

function goOn(
  permit: Permit,
  { to, startedAt, since, step, version }: LookupRotation,
  change: Pick<LookupRotation, 'step' | 'after' | 'done'>,
  more: readonly TransactItem[] = [],
): Promise<Answer> {
  const begins = change.step === step ? since : clock().toISOString();
  return save(permit, { to, startedAt, since: begins, version: version + 1, ...change }, more);
}

async function save(permit: Permit, next: LookupRotation, more: readonly TransactItem[]): Promise<Answer> {
  const writes = new Writes<'rotation' | 'keys'>()
    .add('rotation', writeRotation(governance, next))
    .add('keys', ...more);
  const event = permit.event({ status: 200, reason: next.step });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, body: Released.facts(shown(next), receipt) };
}

async function answer(permit: Permit, rotation: LookupRotation): Promise<Answer> {
  const receipt = await runtime.outbox.record(permit.event({ status: 200, reason: rotation.step }));
  return { status: 200, body: Released.facts(shown(rotation), receipt) };
}

const shown = (rotation: LookupRotation) => ({
  step: rotation.step,
  to: rotation.to,
  started_at: rotation.startedAt,
  done: rotation.done,
  ...(rotation.step === 'settle' || rotation.step === 'switch'
    ? { ready_at: readyAt(rotation, lookupKeySeconds()).toISOString() }
    : {}),
});

export const handler = runtime.serve({ 'lookup.rotate': advance });
