import * as z from 'zod';
import { Released } from '../audit/release';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { consistentQuery } from '../records/consistent-queries';
import { consistentItem } from '../records/consistent-reads';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { bindPatient } from './actors';
import { isCurrent } from './decide';
import { codeHash, enrollmentItem, identityChecks, issueCode, newCode, useCode } from './enrollment';
import { governanceKeys, representativeItem } from './governance';
import { endSession } from './sessions';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const table = environment.GOVERNANCE_TABLE;

async function read(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { sub, role, status, patient } = permit.actor;
  const represented = role === 'patient' ? await representedBy(sub, exchange.access.now) : [];
  const receipt = await runtime.outbox.record(
    permit.event({ status: 200, resources: [{ id: sub, type: 'user', version: null }] }),
  );
  return { status: 200, body: Released.facts({ id: sub, role, status, patient, represents: represented }, receipt) };
}

/** @returns for whom the person may act at this moment; each request asks for itself whether that is still so */
async function representedBy(sub: string, now: Date) {
  const items = await consistentQuery(documents, { table, PK: governanceKeys.represented(sub, '').PK });
  return items
    .map((item) => representativeItem.parse(item))
    .filter((item) => isCurrent(item, now))
    .map(({ patient, scope, relationship }) => ({ patient, scope, relationship }));
}

/** The session is over for every token of this sign-in, refreshed ones too. 45 CFR 164.312(a)(2)(iii). */
async function signOut(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  await runtime.guard.settled(exchange.access); // or the session's first row would come after its end
  const writes = new Writes<'session'>().add('session', endSession(table, exchange.access));
  const event = permit.event({ status: 200 });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, body: Released.facts({ signed_out: true }, receipt) };
}

/** A registrar who has checked who stands at the desk hands over a code. 45 CFR 164.514(h). */
async function invite(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const [permit, patient] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.known(id),
  ]);
  const { identity_check: identityCheck } = exchange.body(z.strictObject({ identity_check: z.enum(identityChecks) }));
  if (!patient) return runtime.refuse(permit, 'not-found');
  const code = newCode();
  const { item, write } = issueCode(
    table,
    code,
    { patient: id, identityCheck, issuedBy: permit.actor.sub },
    exchange.access.now,
  );
  const writes = new Writes<'code' | 'patient'>().add('code', write).add('patient', patients.exists(id));
  const event = permit.event({ status: 201, reason: identityCheck });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 201, body: Released.facts({ code, expires_at: item.expiresAt }, receipt) };
}

async function enroll(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { code } = exchange.body(z.strictObject({ code: z.string().min(1).max(40) }));
  const found = await consistentItem(documents, table, governanceKeys.enrollment(codeHash(code)), enrollmentItem);
  if (!found || found.usedBy) return runtime.refuse(permit, 'code-refused');
  const writes = new Writes<'code' | 'actor' | 'patient'>()
    .add('code', useCode(table, code, permit.actor.sub, exchange.access.now))
    .add('actor', bindPatient(table, permit.actor, found.patient))
    .add('patient', patients.exists(found.patient));
  const event = permit.event({ status: 200, patient: found.patient, reason: found.identityCheck });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('actor') ? 'conflict' : 'code-refused',
  );
  return { status: 200, body: Released.facts({ patient: found.patient }, receipt) };
}

export const handler = runtime.serve({
  'account.read': read,
  'account.sign-out': signOut,
  'account.invite': invite,
  'account.enroll': enroll,
});
