import * as z from 'zod';
import { Released } from '../audit/release';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { instant } from '../instant';
import { consistentQuery } from '../records/consistent-queries';
import { consistentItem } from '../records/consistent-reads';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { readActor } from './actors-store';
import { setMembership } from './care-team';
import { governanceKeys, type MemberItem, memberItem, memberPrefix } from './governance';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const table = environment.GOVERNANCE_TABLE;

const ofPatient = z.object({ id: patientId });
const ofMember = ofPatient.extend({ userId: z.uuid() });
const membership = z.strictObject({
  role_in_team: z.enum(['attending', 'consulting', 'nursing']).default('attending'),
  starts_at: instant.optional(),
  ends_at: instant.optional(),
});
const memberResource = ({ sub, version }: Pick<MemberItem, 'sub' | 'version'>) => ({
  id: sub,
  type: 'care-team-member',
  version,
});

async function list(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, patient] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.known(id),
  ]);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const { PK } = governanceKeys.member(id, '');
  const items = await consistentQuery(documents, { table, PK, prefix: memberPrefix });
  const members = items.map((item) => memberItem.parse(item));
  const receipt = await runtime.outbox.record(
    ...permit.events({ status: 200, resources: members.map(memberResource) }),
  );
  return { status: 200, body: Released.facts({ members: members.map(shown) }, receipt) };
}

/** 45 CFR 164.308(a)(4): who adds someone is on record, is not that person, and did not make their account. */
async function add(exchange: Exchange): Promise<Answer> {
  const { id, userId } = check(ofMember, exchange.parameters);
  const [permit, patient, target, current] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.known(id),
    readActor(documents, table, userId),
    readMember(id, userId),
  ]);
  const given = exchange.body(membership);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const errors = [
    ...(userId === permit.actor.sub ? [{ field: 'userId', message: 'nobody adds themselves to a care team' }] : []),
    ...(target?.role !== 'clinician' || target.status !== 'active'
      ? [{ field: 'userId', message: 'must be an active clinician' }]
      : []),
    ...(target?.createdBy === permit.actor.sub
      ? [{ field: 'userId', message: 'nobody adds an account that they created' }]
      : []),
    ...(given.ends_at && given.ends_at <= (given.starts_at ?? exchange.access.now.toISOString())
      ? [{ field: 'ends_at', message: 'must be after the start' }]
      : []),
  ];
  if (errors.length > 0) return runtime.refuse(permit, 'not-allowed', { errors });
  const item: MemberItem = {
    sub: userId,
    patient: id,
    roleInTeam: given.role_in_team,
    addedBy: permit.actor.sub,
    startsAt: given.starts_at ?? exchange.access.now.toISOString(),
    ...(given.ends_at ? { endsAt: given.ends_at } : {}),
    reviewDue: false,
    version: (current?.version ?? 0) + 1,
  };
  const writes = new Writes<'member' | 'patient'>()
    .add('member', ...setMembership(table, item))
    .add('patient', patients.exists(id));
  const status = current ? 200 : 201;
  const event = permit.event({ status, resources: [memberResource(item)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status, headers: entityTag(item.version), body: Released.facts(shown(item), receipt) };
}

/** A membership is ended, never deleted: who cared for whom, and until when, stays known. */
async function remove(exchange: Exchange): Promise<Answer> {
  const { id, userId } = check(ofMember, exchange.parameters);
  const [permit, current] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    readMember(id, userId),
  ]);
  if (!current) return runtime.refuse(permit, 'not-found');
  const next = {
    ...current,
    endsAt: exchange.access.now.toISOString(),
    reviewDue: false,
    version: current.version + 1,
  };
  const writes = new Writes<'member'>().add('member', ...setMembership(table, next));
  const event = permit.event({ status: 200, resources: [memberResource(next)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, headers: entityTag(next.version), body: Released.facts(shown(next), receipt) };
}

const shown = ({ sub, roleInTeam, addedBy, startsAt, endsAt, reviewDue }: MemberItem) => ({
  user: sub,
  role_in_team: roleInTeam,
  added_by: addedBy,
  starts_at: startsAt,
  ends_at: endsAt,
  review_due: reviewDue,
});

function readMember(patient: string, sub: string): Promise<MemberItem | undefined> {
  return consistentItem(documents, table, governanceKeys.member(patient, sub), memberItem);
}

export const handler = runtime.serve({ 'care-team.read': list, 'care-team.add': add, 'care-team.remove': remove });
