import * as z from 'zod';
import { currentMemberships, withoutFrozen } from '../access/memberships';
import { Released } from '../audit/release';
import { lookupToken } from '../encryption/lookup';
import { type Sealed, transform } from '../encryption/sealed';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Runtime } from '../http/runtime';
import { mainEntry, type RecordItem, resourceOf } from './model';
import { lookupPartition } from './patient-store';
import { RecordStore } from './store';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

const text = z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters');
const question = z.union(
  [
    z.strictObject({ mrn: text }),
    z.strictObject({ family: text, birth_date: z.iso.date('must be a date, YYYY-MM-DD') }),
  ],
  'must have either mrn, or family and birth_date',
);
/** DynamoDB answers for at most this many memberships at once. */
const mostCandidates = 100;
/** More is no search but a listing. */
const mostHits = 20;
/** what it takes to tell two people apart */
const summary = ['name', 'birthDate', 'gender'] as const;

interface Hit {
  readonly patient: string;
  readonly item: RecordItem;
  readonly opened: Sealed<object>;
}

async function search(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access, { categories: ['demographics'] });
  const asked = exchange.body(question);
  const partition = await vault.withLookupKeyIfAny((key) =>
    'mrn' in asked
      ? lookupPartition('mrn', lookupToken(key, 'mrn', asked.mrn))
      : lookupPartition('family-birth-date', lookupToken(key, 'family-birth-date', asked.family, asked.birth_date)),
  );
  const found = partition ? await store.lookup(partition, mostCandidates) : [];
  // A clinician finds their own patients only; whether there are others is not told.
  const own =
    permit.actor.role === 'clinician'
      ? await currentMemberships(documents, environment.GOVERNANCE_TABLE, permit.actor.sub, found, exchange.access.now)
      : found;
  const visible = await withoutFrozen(documents, environment.GOVERNANCE_TABLE, own, exchange.access.now);
  if (visible.length > mostHits)
    return runtime.refuse(permit, 'invalid-input', {
      errors: [{ field: 'body', message: `finds more than ${mostHits} patients; ask more precisely` }],
    });
  const hits = (await Promise.all(visible.map(open))).filter((hit) => hit !== undefined);
  const categories = hits.length > 0 ? permit.decision.categories : [];
  const events =
    hits.length > 0
      ? hits.map(({ patient, item }) => permit.event({ status: 200, patient, resources: [resourceOf(item)] }))
      : [permit.event({ status: 200, categories, reason: 'no-match' })];
  const receipt = await runtime.outbox.record(...events);
  const patients = hits.map(({ opened }) => Released.release(opened, receipt, exchange.access.request.id));
  return {
    status: 200,
    body: Released.object({}, { patients: Released.list(patients, receipt) }, receipt),
  };
}

async function open(patient: string): Promise<Hit | undefined> {
  const [{ patient: known, items: item }, ring] = await Promise.all([
    store.entry(patient, 'demographics', mainEntry),
    vault.ring(patient),
  ]);
  if (!known || !item || ring?.state !== 'active') return undefined;
  const opened = transform(await vault.open(ring, item, summary), (demographics) => ({ id: patient, demographics }));
  return { patient, item, opened };
}

export const handler = runtime.serve({ 'patient.search': search });
