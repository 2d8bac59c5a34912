import * as z from 'zod';
import { Released } from '../audit/release';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { ConsistentReads } from '../records/consistent-reads';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { governanceKeys } from './governance';
import type { Permit } from './guard';
import { setVip, type VipItem, vipItem, vipReasons } from './vip';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const table = environment.GOVERNANCE_TABLE;

const ofPatient = z.object({ id: patientId });
const marking = z.strictObject({ reason: z.enum(vipReasons) });

/**
 * The compliance officer alone: who reviews accesses decides which are watched. That somebody is a patient of note is PHI,
 * so no role that could use the flag to find them sees it, and who gives out roles cannot take the watch away.
 */
async function mark(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, patient, before] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.known(id),
    read(id),
  ]);
  const { reason } = exchange.body(marking);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const item: VipItem = {
    patient: id,
    reason,
    markedBy: permit.actor.sub,
    markedAt: exchange.access.now.toISOString(),
    version: (before?.version ?? 0) + 1,
  };
  return keep(permit, item, reason);
}

async function clear(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, before] = await Promise.all([runtime.guard.permit(exchange.access, { patient: id }), read(id)]);
  if (!before || before.clearedAt !== undefined) return runtime.refuse(permit, 'not-found');
  const cleared = { clearedBy: permit.actor.sub, clearedAt: exchange.access.now.toISOString() };
  return keep(permit, { ...before, ...cleared, version: before.version + 1 }, before.reason);
}

async function keep(permit: Permit, item: VipItem, reason: string): Promise<Answer> {
  const writes = new Writes<'vip' | 'patient'>()
    .add('vip', setVip(table, item))
    .add('patient', ...(item.clearedAt === undefined ? [patients.exists(item.patient)] : []));
  const event = permit.event({ status: 200, reason });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, headers: entityTag(item.version), body: Released.facts(shown(item), receipt) };
}

async function read(patient: string): Promise<VipItem | undefined> {
  const item = await ConsistentReads.of(documents).get(table, governanceKeys.vip(patient));
  return item && vipItem.parse(item);
}

const shown = (item: VipItem) => ({
  patient: item.patient,
  reason: item.reason,
  marked_by: item.markedBy,
  marked_at: item.markedAt,
  cleared_by: item.clearedBy,
  cleared_at: item.clearedAt,
});

export const handler = runtime.serve({ 'vip.mark': mark, 'vip.clear': clear });
