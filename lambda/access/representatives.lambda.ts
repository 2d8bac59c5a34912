import * as z from 'zod';
import { Released } from '../audit/release';
import { blindly } from '../encryption/sealed';
import { Vault } from '../encryption/vault';
import { type RecordsEnvironment, readEnvironment, recordsVariables } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { instant } from '../instant';
import { consistentItem } from '../records/consistent-reads';
import { category, mainEntry, patientId, resourceOf } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { actorStands } from './actors';
import { readActor } from './actors-store';
import { governanceKeys, type RepresentativeItem, representativeItem, representativeKinds } from './governance';
import { evidenceKinds, majority, setRepresentative } from './representatives';

const environment = readEnvironment<RecordsEnvironment>(...recordsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const vault = new Vault({ documents, kms, environment, clock: runtime.clock, mayBind: false });
const table = environment.GOVERNANCE_TABLE;

const ofRepresentative = z.object({ id: patientId, userId: z.uuid() });
const recording = z.strictObject({
  scope: z.union([z.literal('all'), z.array(category).min(1)], 'must be all, or a list of categories').default('all'),
  relationship: z.enum(representativeKinds),
  evidence: z.enum(evidenceKinds),
  starts_at: instant.optional(),
  ends_at: instant.optional(),
});
const resource = ({ sub, version }: RepresentativeItem) => ({ id: sub, type: 'representative', version });

/** 45 CFR 164.502(g): who may act for somebody else, on evidence that a registrar has seen. */
async function record(exchange: Exchange): Promise<Answer> {
  const { id, userId } = check(ofRepresentative, exchange.parameters);
  const { now } = exchange.access;
  const [permit, found, ring, person, current] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.entry(id, 'demographics', mainEntry),
    vault.ring(id),
    readActor(documents, table, userId),
    read(id, userId),
  ]);
  const given = exchange.body(recording);
  if (!found.patient || !found.items || ring?.state !== 'active') return runtime.refuse(permit, vault.absence(ring));
  const ofMinor = given.relationship === 'parent-of-minor';
  const of = ofMinor ? blindly(await vault.open(ring, found.items, ['birthDate']), birthDateOf) : undefined;
  const comesOfAge = of === undefined ? undefined : majority(of);
  const startsAt = given.starts_at ?? now.toISOString();
  const endsAt = given.ends_at ?? comesOfAge;
  const errors = [
    ...(person?.role !== 'patient' || person.status !== 'active'
      ? [{ field: 'userId', message: 'must be an active account of the role patient' }]
      : []),
    ...(person?.patient === id ? [{ field: 'userId', message: 'nobody represents themselves' }] : []),
    ...(ofMinor && (comesOfAge === undefined || comesOfAge <= now.toISOString())
      ? [{ field: 'relationship', message: 'the patient is no minor, or has no birth date' }]
      : []),
    ...(comesOfAge !== undefined && endsAt !== undefined && endsAt > comesOfAge
      ? [{ field: 'ends_at', message: 'must not be after the 18th birthday' }]
      : []),
    ...(endsAt !== undefined && endsAt <= startsAt ? [{ field: 'ends_at', message: 'must be after the start' }] : []),
  ];
  const opened = ofMinor ? [resourceOf(found.items)] : [];
  if (!person || errors.length > 0) return runtime.refuse(permit, 'not-allowed', { errors }, opened);
  const item: RepresentativeItem = {
    sub: userId,
    patient: id,
    scope: given.scope,
    relationship: given.relationship,
    evidence: given.evidence,
    recordedBy: permit.actor.sub,
    startsAt,
    ...(endsAt ? { endsAt } : {}),
    version: (current?.version ?? 0) + 1,
  };
  const writes = new Writes<'representative' | 'patient' | 'person'>()
    .add('representative', ...setRepresentative(table, item))
    .add('patient', patients.exists(id))
    .add('person', actorStands(table, person));
  const status = current ? 200 : 201;
  const event = permit.event({ status, reason: given.relationship, resources: [resource(item), ...opened] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status, headers: entityTag(item.version), body: Released.facts(shown(item), receipt) };
}

/** Ended, never deleted: who acted for whom, and until when, stays known. */
async function end(exchange: Exchange): Promise<Answer> {
  const { id, userId } = check(ofRepresentative, exchange.parameters);
  const [permit, current] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    read(id, userId),
  ]);
  if (!current) return runtime.refuse(permit, 'not-found');
  const item = { ...current, endsAt: exchange.access.now.toISOString(), version: current.version + 1 };
  const writes = new Writes<'representative'>().add('representative', ...setRepresentative(table, item));
  const event = permit.event({ status: 200, reason: item.relationship, resources: [resource(item)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, headers: entityTag(item.version), body: Released.facts(shown(item), receipt) };
}

function read(patient: string, sub: string): Promise<RepresentativeItem | undefined> {
  const Key = governanceKeys.representative(patient, sub);
  return consistentItem(documents, table, Key, representativeItem);
}

function birthDateOf({ birthDate }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof birthDate === 'string' ? birthDate : undefined;
}

const shown = (item: RepresentativeItem) => ({
  user: item.sub,
  scope: item.scope,
  relationship: item.relationship,
  evidence: item.evidence,
  recorded_by: item.recordedBy,
  starts_at: item.startsAt,
  ends_at: item.endsAt,
});

export const handler = runtime.serve({ 'representative.record': record, 'representative.end': end });
