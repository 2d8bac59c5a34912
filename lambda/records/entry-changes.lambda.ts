import { v4 } from 'uuid';
import * as z from 'zod';
import { withheld } from '../access/guard';
import { rememberCreation } from '../access/idempotency';
import type { Receipt } from '../audit/outbox';
import { Released } from '../audit/release';
import { blindly } from '../encryption/sealed';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag, expectedVersion, idempotencyToken } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { entryValue, placeOf } from './entry';
import { category, entryId, isStructured, mainEntry, metadataOf, patientId, resourceOf } from './model';
import { PatientStore } from './patient-store';
import { RecordStore } from './store';
import { Writes } from './transaction';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

const ofCategory = z.object({ id: patientId, category });
const ofEntry = ofCategory.extend({ entryId });
const object = z.record(z.string(), z.unknown());

async function create(exchange: Exchange): Promise<Answer> {
  const subject = check(ofCategory, exchange.parameters);
  const token = idempotencyToken(exchange);
  const [permit, patient, ring] = await Promise.all([
    runtime.guard.permit(exchange.access, {
      patient: subject.id,
      categories: [subject.category],
      ...(token ? { idempotencyToken: token } : {}),
    }),
    store.known(subject.id),
    vault.ring(subject.id),
  ]);
  const created = permit.state.created;
  if (created) {
    const resources = [{ id: created.resource, type: subject.category, version: created.version }];
    const receipt = await runtime.outbox.record(permit.event({ status: 201, reason: 'replay', resources }));
    return made(created.resource, created.version, receipt);
  }
  const value = entryValue(subject.category, exchange.body(object), { patientId: subject.id });
  if (!patient || ring?.state !== 'active') return runtime.refuse(permit, vault.absence(ring));
  const entry = isStructured(subject.category) ? mainEntry : v4();
  const at = exchange.access.now.toISOString();
  const metadata = {
    category: subject.category,
    entry,
    version: 1,
    createdAt: at,
    updatedAt: at,
    author: permit.actor.sub,
  };
  const item = await vault.seal(ring, { ...metadata, patient: subject.id }, value);
  const writes = new Writes<'entry' | 'key' | 'patient' | 'idempotency'>()
    .add('entry', store.create(item))
    .add('key', vault.newest(ring))
    .add('patient', patients.exists(subject.id))
    .add(
      'idempotency',
      ...(token ? [rememberCreation(environment.GOVERNANCE_TABLE, token, entry, exchange.access.now)] : []),
    );
  const event = permit.event({ status: 201, resources: [resourceOf(item)] });
  return made(entry, 1, await runtime.store(permit, event, writes, () => 'conflict'));
}

const made = (id: string, version: number, receipt: Receipt): Answer => ({
  status: 201,
  headers: entityTag(version),
  body: Released.facts({ id, version }, receipt),
});

async function update(exchange: Exchange): Promise<Answer> {
  const subject = check(ofEntry, exchange.parameters);
  const [permit, found, ring] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: subject.id, categories: [subject.category] }),
    store.entry(subject.id, subject.category, subject.entryId),
    vault.ring(subject.id),
  ]);
  const expected = expectedVersion(exchange);
  const body = exchange.body(object);
  const old = found.items;
  if (!found.patient || !old || ring?.state !== 'active' || withheld(permit, old))
    return runtime.refuse(permit, vault.absence(ring));
  if (old.version !== expected) return runtime.refuse(permit, 'stale-version', {}, [resourceOf(old)]);
  const place = blindly(await vault.open(ring, old), (value) => placeOf(value, subject.id));
  const value = { ...entryValue(subject.category, body, place.subject), ...place.kept };
  const at = exchange.access.now.toISOString();
  const metadata = { ...metadataOf(old), version: old.version + 1, updatedAt: at, author: permit.actor.sub };
  const next = await vault.seal(ring, { ...metadata, patient: subject.id }, value);
  const writes = new Writes<'entry' | 'key'>().add('entry', ...store.replace(old, next)).add('key', vault.newest(ring));
  const event = permit.event({ status: 200, resources: [resourceOf(next)] });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('key') ? 'conflict' : 'stale-version',
  );
  const facts = Released.facts({ id: next.entry, version: next.version, updatedAt: at }, receipt);
  return { status: 200, headers: entityTag(next.version), body: facts };
}

export const handler = runtime.serve({ 'record.create': create, 'record.update': update });
