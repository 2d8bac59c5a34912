import { v7 } from 'uuid';
import * as z from 'zod';
import { type Approval, consumeApproval, isGoodFor } from '../access/approvals';
import { readApproval } from '../access/approvals-store';
import type { Permit } from '../access/guard';
import { Released } from '../audit/release';
import { Vault } from '../encryption/vault';
import { type DisposalEnvironment, disposalVariables, readEnvironment, retentionSettings } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { type PatientItem, RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { certificate, type Disposal, readDisposal, writeDisposal } from './certificate';
import { noLegalHold, readLegalHold } from './legal-hold';
import { keptBy } from './retention';
import { disposalReason, retentionFacts } from './retention-facts';

const environment = readEnvironment<DisposalEnvironment>(...disposalVariables);
const runtime = new Runtime(environment);
const governance = environment.GOVERNANCE_TABLE;
const retention = retentionSettings(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });

const ofPatient = z.object({ id: patientId });
const request = z.strictObject({ approval: z.uuid() });
/** lookup items that one transaction removes beside the keys; more go before it */
const mostLookups = 18;

/**
 * Destroys every version of a patient's key in one transaction with its approval, its certificate and its event: all of it
 * or nothing. What was sealed under them is noise from then on, wherever a copy of it is. 45 CFR 164.310(d)(2)(i).
 */
async function dispose(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, patient, ring, hold] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.patient(id),
    vault.ring(id),
    readLegalHold(documents, governance, id),
  ]);
  const { approval: approvalId } = exchange.body(request);
  if (!patient || ring?.state !== 'active') return runtime.refuse(permit, vault.absence(ring));
  const approval = await readApproval(documents, governance, approvalId);
  const now = exchange.access.now;
  const use = { kind: 'disposal', subject: id, executor: permit.actor.sub, now } as const;
  if (!isGoodFor(approval, use)) return runtime.refuse(permit, 'approval-refused');
  if (hold?.state === 'held')
    return runtime.refuse(permit, 'legal-hold', {}, [{ id: hold.id, type: 'legal-hold', version: hold.version }]);
  const facts = await retentionFacts({ store, vault }, ring, retention);
  const kept = keptBy(facts, retention, disposalReason.parse(approval.reason), now);
  if (kept) return runtime.refuse(permit, 'retention', { detail: `${kept.rule}: not before ${kept.notBefore}` });

  const lookups = await removeSurplus(permit, patient);
  const event = v7();
  const disposal: Disposal = { ...given(approval), ...done(permit, now), patient: id, keyVersions: ring.newest, event };
  const writes = new Writes<'ring' | 'approval' | 'hold' | 'patient' | 'certificate' | 'lookups'>()
    .add('ring', ...vault.dispose(ring, now))
    .add('approval', ...consumeApproval(governance, approval, use))
    .add('hold', noLegalHold(governance, id))
    .add('patient', patients.dispose({ ...patient, lookups }, now.toISOString()))
    .add('certificate', writeDisposal(governance, disposal))
    .add('lookups', ...patients.forgetOf(lookups, id));
  const resources = [
    { id, type: 'key', version: ring.newest },
    { id: approval.id, type: 'approval', version: null },
  ];
  const receipt = await runtime.store(
    permit,
    permit.event({ status: 200, reason: approval.reason, resources }),
    writes,
    (refused) => (refused.has('hold') ? 'legal-hold' : refused.has('approval') ? 'approval-refused' : 'conflict'),
    [event],
  );
  return { status: 200, body: Released.facts(certificate(disposal, environment.ORGANIZATION, now), receipt) };
}

const given = (approval: Approval) => ({
  reason: approval.reason,
  approval: approval.id,
  requestedBy: approval.requestedBy,
  requestedAt: approval.requestedAt,
  approvedBy: approval.decidedBy ?? '',
  approvedAt: approval.decidedAt ?? '',
});
const done = (permit: Permit, now: Date) => ({ disposedBy: permit.actor.sub, disposedAt: now.toISOString() });

/** @returns the lookups that are left for the disposal's own transaction; who is disposed of need not be found until then */
async function removeSurplus(permit: Permit, patient: PatientItem): Promise<PatientItem['lookups']> {
  let left = patient.lookups;
  while (left.length > mostLookups) {
    const surplus = left.slice(mostLookups).slice(0, mostLookups);
    left = left.filter((item) => !surplus.includes(item));
    const writes = new Writes<'lookups'>().add('lookups', ...patients.forgetOf(surplus, patient.patient));
    const event = permit.event({ action: 'patient.dispose.lookups', status: 200 });
    await runtime.store(permit, event, writes, () => 'conflict');
  }
  return left;
}

/** The certificate of disposal: kept, as the events are, when nothing else of the patient is left. */
async function read(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, disposal] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    readDisposal(documents, governance, id),
  ]);
  if (!disposal) return runtime.refuse(permit, 'not-found');
  const receipt = await runtime.outbox.record(permit.event({ status: 200 }));
  const shown = certificate(disposal, environment.ORGANIZATION, exchange.access.now);
  return { status: 200, body: Released.facts(shown, receipt) };
}

export const handler = runtime.serve({ 'patient.dispose': dispose, 'disposal.read': read });
