import * as z from 'zod';
import { Released } from '../audit/release';
import { type KeysEnvironment, keysVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { Writes } from '../records/transaction';
import { isPlace, listKeyRings, maximumVersions } from './key-store';
import { Vault } from './vault';

const environment = readEnvironment<KeysEnvironment>(...keysVariables);
const runtime = new Runtime(environment);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

/** `from`: the version that the caller knows as the newest, so that a rotation sent twice is made once */
const rotation = z.strictObject({ from: z.int().positive().optional() });
const page = z.strictObject({ after: z.string().max(1024).refine(isPlace, 'must be the next of a page').optional() });

/** Gives a patient a next key: writes use it from now on, what is stored stays readable under the earlier ones. */
async function rotate(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const [permit, ring] = await Promise.all([runtime.guard.permit(exchange.access, { patient: id }), vault.ring(id)]);
  const { from } = exchange.body(rotation);
  if (ring?.state !== 'active') return runtime.refuse(permit, vault.absence(ring));
  const resources = [{ id, type: 'key', version: ring.newest }];
  if (from !== undefined && from !== ring.newest) return runtime.refuse(permit, 'conflict', {}, resources);
  if (ring.newest >= maximumVersions)
    return runtime.refuse(permit, 'conflict', { detail: `a patient has at most ${maximumVersions} keys` }, resources);
  const version = ring.newest + 1;
  const writes = new Writes<'ring'>().add('ring', ...(await vault.rotate(ring)));
  const event = permit.event({ status: 201, resources: [{ id, type: 'key', version }] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 201, body: Released.facts({ id, version }, receipt) };
}

/** One page of patients with the version and age of their newest key, for a rotation of all of them. */
async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { after } = exchange.body(page);
  const { rings, next } = await listKeyRings(documents, environment.KEYS_TABLE, after);
  const active = rings.filter(({ state }) => state === 'active');
  const resources = active.map(({ patient, newest }) => ({ id: patient, type: 'key', version: newest }));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources }));
  const patients = active.map(({ patient, newest, newestSince }) => ({
    id: patient,
    version: newest,
    since: newestSince,
  }));
  return { status: 200, body: Released.facts({ patients, next }, receipt) };
}

export const handler = runtime.serve({ 'key.rotate': rotate, 'key.list': list });
