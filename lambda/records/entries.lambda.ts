import * as z from 'zod';
import { type Permit, withheld } from '../access/guard';
import { Released } from '../audit/release';
import { readHeader } from '../encryption/envelope';
import { combine, type Sealed, transform } from '../encryption/sealed';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { category, entryId, patientId, type RecordItem, resourceOf } from './model';
import { shownValue } from './opened-entry';
import { RecordStore } from './store';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

const ofCategory = z.object({ id: patientId, category });
const ofEntry = ofCategory.extend({ entryId });
const ofVersion = ofEntry.extend({ version: z.coerce.number().int().positive() });
type Ring = NonNullable<Awaited<ReturnType<Vault['ring']>>>;

const permitFor = (exchange: Exchange, { id, category }: z.infer<typeof ofCategory>): Promise<Permit> =>
  runtime.guard.permit(exchange.access, { patient: id, categories: [category] });

/** An opened entry as the API shows it. */
async function show(ring: Ring, item: RecordItem): Promise<Sealed<object>> {
  return transform(await vault.open(ring, item), (value) => ({
    id: item.entry,
    version: item.version,
    createdAt: item.createdAt,
    updatedAt: item.updatedAt,
    author: item.author,
    value: shownValue(item.category, value),
  }));
}

async function list(exchange: Exchange): Promise<Answer> {
  const subject = check(ofCategory, exchange.parameters);
  const [permit, found, ring] = await Promise.all([
    permitFor(exchange, subject),
    store.entries(subject.id, subject.category),
    vault.ring(subject.id),
  ]);
  if (!found.patient || ring?.state !== 'active') return runtime.refuse(permit, vault.absence(ring));
  const items = found.items.filter((item) => !withheld(permit, item));
  const opened = await Promise.all(items.map((item) => show(ring, item)));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources: items.map(resourceOf) }));
  const entries =
    opened.length > 0
      ? Released.release(combine(...opened), receipt, exchange.access.request.id)
      : Released.facts([], receipt);
  return { status: 200, body: Released.object({}, { entries }, receipt) };
}

async function read(exchange: Exchange): Promise<Answer> {
  const subject = check(ofEntry, exchange.parameters);
  const [permit, found, ring] = await Promise.all([
    permitFor(exchange, subject),
    store.entry(subject.id, subject.category, subject.entryId),
    vault.ring(subject.id),
  ]);
  return answer(exchange, permit, ring, found.patient ? found.items : undefined);
}

async function readVersion(exchange: Exchange): Promise<Answer> {
  const subject = check(ofVersion, exchange.parameters);
  const [permit, current, earlier, ring] = await Promise.all([
    permitFor(exchange, subject),
    store.entry(subject.id, subject.category, subject.entryId),
    store.version(subject.id, subject.category, subject.entryId, subject.version),
    vault.ring(subject.id),
  ]);
  // Earlier versions are as visible as the entry is.
  const item = current.items?.version === subject.version ? current.items : current.items && earlier;
  return answer(exchange, permit, ring, current.patient ? item : undefined);
}

async function answer(
  exchange: Exchange,
  permit: Permit,
  ring: Ring | undefined,
  item: RecordItem | undefined,
): Promise<Answer> {
  if (!item || ring?.state !== 'active' || withheld(permit, item)) return runtime.refuse(permit, vault.absence(ring));
  const opened = await show(ring, item);
  const receipt = await runtime.outbox.record(permit.event({ status: 200, resources: [resourceOf(item)] }));
  return {
    status: 200,
    headers: entityTag(item.version),
    body: Released.release(opened, receipt, exchange.access.request.id),
  };
}

async function history(exchange: Exchange): Promise<Answer> {
  const subject = check(ofEntry, exchange.parameters);
  const [permit, current, earlier, ring] = await Promise.all([
    permitFor(exchange, subject),
    store.entry(subject.id, subject.category, subject.entryId),
    store.versions(subject.id, subject.category, subject.entryId),
    vault.ring(subject.id),
  ]);
  const item = current.items;
  if (!current.patient || !item || ring?.state !== 'active' || withheld(permit, item))
    return runtime.refuse(permit, vault.absence(ring));
  const versions = [...earlier.items, item].filter((each) => !withheld(permit, each));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources: versions.map(resourceOf) }));
  const facts = versions.map(({ version, updatedAt, author }) => ({ version, updatedAt, author }));
  return { status: 200, body: Released.facts({ versions: facts }, receipt) };
}

/** Which version of each entry is stored, for whoever holds it against the audit log. Nothing is opened. 45 CFR 164.312(c)(2). */
async function versions(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const [permit, patient, stored] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.patient(id),
    store.currentVersions(id),
  ]);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const entries = stored.map(({ category, entry, version, header }) => ({
    category,
    entry,
    version,
    sealed: readHeader(header).recordVersion,
  }));
  // The event names no versions: it would be a witness of what this is to be held against.
  const receipt = await runtime.outbox.record(permit.event({ status: 200 }));
  return { status: 200, body: Released.facts({ id, entries }, receipt) };
}

export const handler = runtime.serve({
  'record.versions': versions,
  'record.list': list,
  'record.read': read,
  'record.version': readVersion,
  'record.history': history,
});
