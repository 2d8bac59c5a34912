import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { v7 } from 'uuid';
import * as z from 'zod';
import { Released } from '../audit/release';
import { Narratives } from '../encryption/narratives';
import { type AlertingEnvironment, alertingVariables, mailFrom, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms, patience } from '../http/clients';
import { report } from '../http/report';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { actorStands } from './actors';
import { readActor } from './actors-store';
import { ComplianceAlerts } from './compliance-alerts';
import { isInForce } from './decide';
import * as emergency from './emergency-access';
import { EmergencyStore } from './emergency-store';

const environment = readEnvironment<AlertingEnvironment>(...alertingVariables);
const runtime = new Runtime(environment);
const { clock, guard, outbox } = runtime;
const table = environment.GOVERNANCE_TABLE;
const records = new RecordStore(documents, environment.RECORDS_TABLE, clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const store = new EmergencyStore(documents, table);
const narratives = new Narratives({
  kms,
  keyId: environment.PATIENT_KEY,
  organization: environment.ORGANIZATION,
  clock,
});
const alerts = new ComplianceAlerts({
  documents,
  cognito: new CognitoIdentityProviderClient(patience),
  mail: new SESv2Client(patience),
  table,
  userPoolId: environment.USER_POOL_ID,
  from: mailFrom(),
});

const ofPatient = z.object({ id: patientId });
const ofAccess = ofPatient.extend({ accessId: z.uuid() });
const asking = z.strictObject({
  reason: z.enum(emergency.emergencyReasons),
  text: z.string().trim().min(10, 'must say in words what the emergency is').max(2000),
  minutes: z.int().min(1).max(emergency.longestMinutes).default(emergency.longestMinutes),
});
/** how often an access counts anew after another one of the same clinician came first */
const attempts = 6;
const resource = (id: string) => ({ id, type: 'emergency-access', version: 1 });

/** 45 CFR 164.312(a)(2)(ii): opens at once, for one patient and one clinician, and never quietly. */
async function open(exchange: Exchange): Promise<Answer> {
  const { id: patient } = check(ofPatient, exchange.parameters);
  const { access } = exchange;
  const [permit, known] = await Promise.all([guard.permit(access, { patient }), records.known(patient)]);
  const { reason, text, minutes } = exchange.body(asking);
  // Whoever guesses ids is told no more than that it is not permitted.
  if (!known) return runtime.refuse(permit, 'forbidden');
  const { sub } = permit.actor;
  const id = v7();
  const narrative = await narratives.seal({ patient, type: 'emergency-access', id }, text);
  const lockdown = permit.state.controls.some(
    ({ kind, ...control }) => kind === 'lockdown' && isInForce(control, access.now),
  );
  const item = emergency.requested({ id, sub, patient, reason, minutes, narrative }, { now: access.now, lockdown });
  const status = item.state === 'opened' ? 201 : 202;
  const event = permit.event({ status, reason, resources: [resource(id)] });
  for (let attempt = 1; ; attempt++) {
    const quota = emergency.takeQuota(await store.quota(sub), item, access.now);
    if (!quota) return runtime.refuse(permit, 'emergency-limit');
    const writes = new Writes<'quota' | 'access' | 'patient' | 'person'>()
      .add('quota', emergency.setQuota(table, sub, quota))
      .add('access', emergency.setEmergency(table, item), emergency.reviewTask(table, item))
      .add('access', emergency.queueAlert(table, item))
      .add('access', ...(item.state === 'opened' ? [emergency.standing(table, item)] : []))
      .add('person', actorStands(table, permit.actor))
      .add('patient', patients.exists(patient));
    try {
      const receipt = await outbox.recordWith([event], writes.items);
      await alert(access.request.id, item);
      return { status, body: Released.facts(emergency.shown(item, access.now), receipt) };
    } catch (error) {
      if (!(error instanceof TransactionCanceledException)) throw error;
      if (attempt < attempts && writes.refused(error).has('quota')) continue;
      return runtime.refuse(permit, 'conflict');
    }
  }
}

/** What cannot be sent now is sent by the sweep: the care of the patient does not wait for a mail. */
async function alert(request: string, { id, requestedAt: at }: emergency.EmergencyItem): Promise<void> {
  try {
    await alerts.send({ id, kind: 'emergency-access', at });
  } catch (error) {
    report({ requestId: request, route: 'alert', error });
  }
}

/** Under a lockdown somebody's account is in the wrong hands, so no single account opens a record. */
async function second(exchange: Exchange): Promise<Answer> {
  const { id, accessId } = check(ofAccess, exchange.parameters);
  const { now } = exchange.access;
  const [permit, item] = await Promise.all([guard.permit(exchange.access, { patient: id }), store.read(id, accessId)]);
  if (!item || !emergency.waitsForSecond(item, now)) return runtime.refuse(permit, 'forbidden');
  const requester = await readActor(documents, table, item.sub);
  const owed = [permit.actor.createdBy, requester?.createdBy];
  if (item.sub === permit.actor.sub || owed.includes(item.sub) || owed.includes(permit.actor.sub))
    return runtime.refuse(permit, 'not-allowed', {}, [resource(accessId)]);
  if (requester?.role !== 'clinician' || requester.status !== 'active') return runtime.refuse(permit, 'forbidden');
  const next = { ...emergency.opened(item, now), secondedBy: permit.actor.sub, version: item.version + 1 };
  const writes = new Writes<'access' | 'person'>()
    .add('access', emergency.setEmergency(table, next), emergency.standing(table, next))
    .add('person', actorStands(table, permit.actor), actorStands(table, requester));
  const event = permit.event({ status: 200, reason: item.reason, resources: [resource(accessId)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, body: Released.facts(emergency.shown(next, now), receipt) };
}

export const handler = runtime.serve({ 'emergency.open': open, 'emergency.second': second });
