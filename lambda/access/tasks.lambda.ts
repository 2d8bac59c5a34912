import { v7 } from 'uuid';
import * as z from 'zod';
import { Released } from '../audit/release';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag, idempotencyToken } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { actorHolds } from './actors';
import type { Permit } from './guard';
import { rememberCreation } from './idempotency';
import { shownTask, taskFaults, taskOf, taskRequest } from './task-request';
import { assigneeOf, kindsOf, putTask, type TaskItem, tasksOf } from './tasks';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const patients = new PatientStore(environment.RECORDS_TABLE);
const table = environment.GOVERNANCE_TABLE;

const ofPatient = z.object({ id: patientId });

async function record(exchange: Exchange): Promise<Answer> {
  const { id } = check(ofPatient, exchange.parameters);
  const token = idempotencyToken(exchange);
  const [permit, patient] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id, ...(token ? { idempotencyToken: token } : {}) }),
    store.known(id),
  ]);
  const created = permit.state.created;
  if (created) return recorded(permit, created.resource);
  const given = exchange.body(taskRequest);
  if (!patient) return runtime.refuse(permit, 'not-found');
  const now = exchange.access.now;
  const task = taskOf(given, { id: v7(), patient: id, by: permit.actor.sub, now });
  const errors = taskFaults(task, permit.actor.role);
  if (errors.length > 0) return runtime.refuse(permit, 'not-allowed', { errors });
  const { assignee, kind } = task;
  const writes = new Writes<'task' | 'patient' | 'assignee' | 'idempotency'>()
    .add('task', putTask(table, task))
    .add('patient', patients.exists(id))
    .add('assignee', ...('sub' in assignee ? [actorHolds(table, assignee.sub, assigneeOf[kind])] : []))
    .add('idempotency', ...(token ? [rememberCreation(table, token, task.id, now)] : []));
  const event = permit.event({ status: 201, reason: kind, resources: [told(task)] });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('assignee') ? 'not-allowed' : 'conflict',
  );
  return { status: 201, headers: entityTag(1), body: Released.facts(shownTask(task), receipt) };
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
  return { status: 200, body: Released.facts({ tasks: visible.map(shownTask) }, receipt) };
}

const told = ({ id }: TaskItem) => ({ id, type: 'task', version: 1 });

export const handler = runtime.serve({ 'task.record': record, 'task.list': list });
