import * as z from 'zod';
import { Released } from '../audit/release';
import { Narratives } from '../encryption/narratives';
import { type NarrativesEnvironment, narrativesVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { Writes } from '../records/transaction';
import * as emergency from './emergency-access';
import { EmergencyStore } from './emergency-store';

const environment = readEnvironment<NarrativesEnvironment>(...narrativesVariables);
const runtime = new Runtime(environment);
const { clock, guard, outbox } = runtime;
const table = environment.GOVERNANCE_TABLE;
const store = new EmergencyStore(documents, table);
const narratives = new Narratives({
  kms,
  keyId: environment.PATIENT_KEY,
  organization: environment.ORGANIZATION,
  clock,
});

const ofAccess = z.object({ id: patientId, accessId: z.uuid() });
const reviewing = z.strictObject({
  outcome: z.enum(['justified', 'incident']),
  reason: z.enum(emergency.reviewReasons),
});
const resource = (id: string) => ({ id, type: 'emergency-access', version: 1 });

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await guard.permit(exchange.access);
  const items = await store.newest();
  // Which record was opened is PHI like any other: an event for each patient that the list names.
  const events = items.map(({ id, patient }) => permit.event({ status: 200, patient, resources: [resource(id)] }));
  const receipt = await outbox.record(...(events.length > 0 ? events : [permit.event({ status: 200 })]));
  const accesses = items.map((item) => emergency.shown(item, exchange.access.now));
  return { status: 200, body: Released.facts({ accesses }, receipt) };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { id, accessId } = check(ofAccess, exchange.parameters);
  const [permit, item] = await Promise.all([guard.permit(exchange.access, { patient: id }), store.read(id, accessId)]);
  if (!item) return runtime.refuse(permit, 'not-found');
  const text = await narratives.open({ patient: id, type: 'emergency-access', id: accessId }, item.narrative);
  const receipt = await outbox.record(permit.event({ status: 200, resources: [resource(accessId)] }));
  const released = { text: Released.release(text, receipt, exchange.access.request.id) };
  return { status: 200, body: Released.object(emergency.shown(item, exchange.access.now), released, receipt) };
}

async function review(exchange: Exchange): Promise<Answer> {
  const { id, accessId } = check(ofAccess, exchange.parameters);
  const { now } = exchange.access;
  const [permit, item] = await Promise.all([guard.permit(exchange.access, { patient: id }), store.read(id, accessId)]);
  const { outcome, reason } = exchange.body(reviewing);
  if (!item) return runtime.refuse(permit, 'not-found');
  if (item.reviewedAt !== undefined) return runtime.refuse(permit, 'conflict', {}, [resource(accessId)]);
  const reviewed = { reviewedAt: now.toISOString(), reviewedBy: permit.actor.sub, outcome, reviewReason: reason };
  const next = { ...item, ...reviewed, version: item.version + 1 };
  const writes = new Writes<'access'>()
    .add('access', emergency.setEmergency(table, next), emergency.reviewDone(table, item))
    .add('access', ...(outcome === 'incident' ? [emergency.nameInIncident(table, item, now)] : []));
  const event = permit.event({ status: 200, reason: `${outcome}:${reason}`, resources: [resource(accessId)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, body: Released.facts(emergency.shown(next, now), receipt) };
}

export const handler = runtime.serve({
  'emergency.list': list,
  'emergency.read': read,
  'emergency.review': review,
});
