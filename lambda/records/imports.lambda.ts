import { v4 } from 'uuid';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { Released } from '../audit/release';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Runtime } from '../http/runtime';
import { ImportParts } from './import-parts';
import { type ImportItem, ImportStates, mostParts } from './import-state';
import { Writes } from './transaction';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: true });
const states = new ImportStates(documents, environment.GOVERNANCE_TABLE);
const parts = new ImportParts(documents, environment.RECORDS_TABLE);

const ofImport = z.object({ importId: z.uuid() });
const ofPart = ofImport.extend({ part: z.coerce.number().int().min(1).max(mostParts) });
const beginning = z.strictObject({ parts: z.int().min(1).max(mostParts) });
/** the entries of a bundle as they are; they are validated when all of them are there */
const staging = z.strictObject({
  entries: z
    .array(z.looseObject({ fullUrl: z.string().max(2048).optional(), resource: z.record(z.string(), z.unknown()) }))
    .min(1)
    .max(100),
});

async function begin(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const given = exchange.body(beginning);
  const id = v4();
  const item: ImportItem = {
    id,
    createdBy: permit.actor.sub,
    createdAt: exchange.access.now.toISOString(),
    parts: given.parts,
    state: 'staging',
    wrapped: await vault.newStagingKey(id),
  };
  const writes = new Writes<'import'>().add('import', states.create(item, exchange.access.now));
  const event = permit.event({ status: 201, resources: [importResource(id)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 201, body: Released.facts({ id, state: item.state, parts: item.parts, staged: [] }, receipt) };
}

async function stage(exchange: Exchange): Promise<Answer> {
  const { importId, part } = check(ofPart, exchange.parameters);
  const [permit, found] = await Promise.all([runtime.guard.permit(exchange.access), states.read(importId)]);
  const given = exchange.body(staging);
  const item = await own(permit, found);
  if (item.state !== 'staging' || part > item.parts)
    return runtime.refuse(permit, 'import-state', {}, [importResource(importId)]);
  const sealed = await vault.sealPart(importId, item.wrapped, part, given.entries);
  const writes = new Writes<'part' | 'import'>()
    .add('part', parts.put(sealed, exchange.access.now))
    .add('import', states.inState(importId, 'staging'));
  const event = permit.event({ status: 200, resources: [importResource(importId)] });
  const receipt = await runtime.store(permit, event, writes, () => 'import-state');
  return { status: 200, body: Released.facts({ id: importId, part }, receipt) };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { importId } = check(ofImport, exchange.parameters);
  const [permit, found] = await Promise.all([runtime.guard.permit(exchange.access), states.read(importId)]);
  const { id, state, parts: count, patient, stored, unchanged } = await own(permit, found);
  const staged = state === 'staging' ? await parts.numbers(id) : [];
  const receipt = await runtime.outbox.record(
    permit.event({ status: 200, patient: patient ?? null, resources: [importResource(id)] }),
  );
  return {
    status: 200,
    body: Released.facts({ id, state, parts: count, staged, patient, stored, unchanged }, receipt),
  };
}

/** An import belongs to the registrar who began it. */
async function own(permit: Permit, item: ImportItem | undefined): Promise<ImportItem> {
  if (item?.createdBy !== permit.actor.sub) return runtime.refuse(permit, 'not-found');
  return item;
}

const importResource = (id: string) => ({ id, type: 'import', version: null });

export const handler = runtime.serve({ 'import.create': begin, 'import.stage': stage, 'import.read': read });
