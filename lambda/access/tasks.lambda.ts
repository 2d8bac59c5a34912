import { v7 } from 'uuid';
import * as z from 'zod';
import { Released } from '../audit/release';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag, idempotencyToken } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { daysAfter, instant } from '../instant';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { governanceKeys } from './governance';
import type { Permit } from './guard';
import { rememberCreation } from './idempotency';
import { assigneeOf, department, kindsOf, longestTaskDays, putTask, type TaskItem, taskKinds, tasksOf } from './tasks';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const table = environment.GOVERNANCE_TABLE;

const ofPatient = z.object({ id: patientId });
const recording = z.strictObject({
  kind: z.enum(taskKinds),
  assignee: z.union(
    [
      z.strictObject({ user: z.uuid() }),
      z.strictObject({ role: z.enum(['clinician', 'billing']), department: department.optional() }),
    ],
    'must name a user, or a role and perhaps its department',
  ),
  from: instant.optional(),
  until: instant.optional(),
});
/** A task that is entered later than this explains nothing that anybody would still ask about. */
const backdatedDays = 30;
/** … and one further ahead is planned again. */
const aheadDays = 365;

/** 45 CFR 164.502(b): a role records the tasks that it works with, and nobody records one for themselves. */
async function record(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const token = idempotencyToken(exchange);
  const [permit, patient] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id, ...(token ? { idempotencyToken: token } : {}) }),
    store.known(id),
  ]);
  const created = permit.state.created;
  if (created) return recorded(permit, created.resource);
  const given = exchange.body(recording);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const now = exchange.access.now;
  const at = now.toISOString();
  const from = given.from ?? at;
  const until = given.until ?? daysAfter(from, longestTaskDays[given.kind]);
  const errors = [
    ...(kindsOf[permit.actor.role]?.includes(given.kind)
      ? []
      : [{ field: 'kind', message: 'is not recorded by this role' }]),
    ...('user' in given.assignee && given.assignee.user === permit.actor.sub
      ? [{ field: 'assignee', message: 'nobody records a task for themselves' }]
      : []),
    ...('role' in given.assignee && given.assignee.role !== assigneeOf[given.kind]
      ? [{ field: 'assignee', message: `must be a ${assigneeOf[given.kind]}` }]
      : []),
    ...(until <= from || until > daysAfter(from, longestTaskDays[given.kind])
      ? [{ field: 'until', message: `must be in the ${longestTaskDays[given.kind]} days after the beginning` }]
      : []),
    ...(from < daysAfter(at, -backdatedDays) || from > daysAfter(at, aheadDays)
      ? [{ field: 'from', message: `must be at most ${backdatedDays} days ago and ${aheadDays} days ahead` }]
      : []),
  ];
  if (errors.length > 0) return runtime.refuse(permit, 'not-allowed', { errors });
  const { user, ...role } = { user: undefined, ...given.assignee };
  const task: TaskItem = {
    id: v7(),
    patient: id,
    kind: given.kind,
    assignee: user === undefined ? { role: assigneeOf[given.kind], ...role } : { sub: user },
    from,
    until,
    createdBy: permit.actor.sub,
    createdAt: at,
    origin: 'entered',
    version: 1,
  };
  const writes = new Writes<'task' | 'patient' | 'assignee' | 'idempotency'>()
    .add('task', putTask(table, task))
    .add('patient', patients.exists(id))
    .add('assignee', ...(user === undefined ? [] : [isActive(user, assigneeOf[given.kind])]))
    .add('idempotency', ...(token ? [rememberCreation(table, token, task.id, now)] : []));
  const event = permit.event({ status: 201, reason: task.kind, resources: [told(task)] });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('assignee') ? 'not-allowed' : 'conflict',
  );
  return { status: 201, headers: entityTag(1), body: Released.facts(shown(task), receipt) };
}

/** The same creation again makes nothing. */
async function recorded(permit: Permit, id: string): Promise<Answer> {
  const receipt = await runtime.outbox.record(permit.event({ status: 201, reason: 'replay' }));
  return { status: 201, headers: entityTag(1), body: Released.facts({ id }, receipt) };
}

async function list(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, patient, tasks] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    store.known(id),
    tasksOf(documents, table, id),
  ]);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const kinds = kindsOf[permit.actor.role] ?? [];
  const visible = tasks.filter(({ kind }) => kinds.includes(kind));
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources: visible.map(told) }));
  return { status: 200, body: Released.facts({ tasks: visible.map(shown) }, receipt) };
}

/** @returns the check that a task is given to an active person of the role that does such tasks */
const isActive = (sub: string, role: string) => ({
  ConditionCheck: {
    TableName: table,
    Key: governanceKeys.actor(sub),
    ConditionExpression: '#status = :active AND #role = :role',
    ExpressionAttributeNames: { '#status': 'status', '#role': 'role' },
    ExpressionAttributeValues: { ':active': 'active', ':role': role },
  },
});

const told = ({ id }: TaskItem) => ({ id, type: 'task', version: 1 });
const shown = ({ id, kind, assignee, from, until, createdBy, createdAt, origin }: TaskItem) => ({
  id,
  kind,
  assignee: 'sub' in assignee ? { user: assignee.sub } : assignee,
  from,
  until,
  created_by: createdBy,
  created_at: createdAt,
  origin,
});

export const handler = runtime.serve({ 'task.record': record, 'task.list': list });
