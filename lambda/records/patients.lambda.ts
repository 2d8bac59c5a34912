import * as z from 'zod';
import { Released } from '../audit/release';
import { lookupChanges, lookupsOf } from '../encryption/patient-lookups';
import { blindly, combine, transform } from '../encryption/sealed';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag, expectedVersion } from '../http/conditions';
import { mergePatch } from '../http/merge-patch';
import { Runtime } from '../http/runtime';
import { demandDemographics } from './demographics';
import { mainEntry, metadataOf, patientId, resourceOf, structuredCategories } from './model';
import { shownValue } from './opened-entry';
import { PatientStore } from './patient-store';
import { RecordStore } from './store';
import { Writes } from './transaction';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

async function read(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const [permit, found, ring] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id, categories: structuredCategories }),
    store.structured(id),
    vault.ring(id),
  ]);
  const items = found.items.filter((item) => permit.decision.categories.includes(item.category));
  if (!found.patient || !ring || items.length === 0) return runtime.refuse(permit, vault.absence(ring));
  const opened = await Promise.all(
    items.map(async (item) =>
      transform(
        await vault.open(ring, item),
        (value) =>
          [
            item.category,
            { version: item.version, updatedAt: item.updatedAt, value: shownValue(item.category, value) },
          ] as const,
      ),
    ),
  );
  const body = transform(combine(...opened), (entries) => ({ id, categories: Object.fromEntries(entries) }));
  const receipt = await runtime.outbox.record(
    ...permit.events({
      status: 200,
      categories: items.map(({ category }) => category),
      resources: items.map(resourceOf),
    }),
  );
  const demographics = items.find(({ category }) => category === 'demographics');
  return {
    status: 200,
    headers: demographics ? entityTag(demographics.version) : {},
    body: Released.release(body, receipt, exchange.access.request.id),
  };
}

async function correct(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const [permit, found, ring] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id, categories: ['demographics'] }),
    store.entry(id, 'demographics', mainEntry),
    vault.ring(id),
  ]);
  const expected = expectedVersion(exchange);
  const patch = exchange.body(z.record(z.string(), z.unknown()));
  if (!found.patient || !found.items || !ring) return runtime.refuse(permit, vault.absence(ring));
  const old = found.items;
  if (old.version !== expected) return runtime.refuse(permit, 'stale-version', {}, [resourceOf(old)]);
  const patched = transform(await vault.open(ring, old), (value) => {
    return demandDemographics(mergePatch(value, patch));
  });
  const lookups = await vault.withLookupKeys((keys) => blindly(patched, (value) => lookupsOf(keys, id, value)));
  const at = exchange.access.now.toISOString();
  const next = await vault.seal(
    ring,
    { ...metadataOf(old), version: old.version + 1, updatedAt: at, author: permit.actor.sub, patient: id },
    patched,
  );
  const changes = lookupChanges(found.patient, lookups);
  const writes = new Writes<'entry' | 'key' | 'patient' | 'mrn' | 'lookups'>()
    .add('entry', ...store.replace(old, next))
    .add('key', vault.newest(ring))
    .add('patient', patients.setLookups(found.patient, changes.all))
    .add(
      'mrn',
      ...patients.lookups(
        changes.added.filter(({ unique }) => unique),
        id,
      ),
    )
    .add(
      'lookups',
      ...patients.lookups(
        changes.added.filter(({ unique }) => !unique),
        id,
      ),
      ...patients.forget(changes.removed),
    );
  const receipt = await runtime.store(
    permit,
    permit.event({ status: 200, resources: [resourceOf(next)] }),
    writes,
    (refused) => (refused.has('mrn') ? 'mrn-in-use' : refused.has('key') ? 'conflict' : 'stale-version'),
  );
  return {
    status: 200,
    headers: entityTag(next.version),
    body: Released.facts({ id, categories: { demographics: { version: next.version, updatedAt: at } } }, receipt),
  };
}

export const handler = runtime.serve({ 'patient.read': read, 'patient.correct': correct });
