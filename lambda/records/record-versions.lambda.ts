import * as z from 'zod';
import { Released } from '../audit/release';
import { readHeader } from '../encryption/envelope';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { patientId } from './model';
import { RecordStore } from './store';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);

/** Which version of each entry the table has, for whoever holds it against the audit log. Opens nothing, and has no key. */
async function list(exchange: Exchange): Promise<Answer> {
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

export const handler = runtime.serve({ 'record.versions': list });
