import * as z from 'zod';
import { Released } from '../audit/release';
import { isReleasable, readRestore, releasedRestore, setRestore } from '../contingency/restore';
import { type PatientsEnvironment, patientsVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { daysAfter } from '../instant';
import { patientId } from '../records/model';
import { RecordStore } from '../records/store';
import { Writes } from '../records/transaction';
import { consumeApproval, isGoodFor } from './approvals';
import { readApproval } from './approvals-store';
import {
  type ControlTarget,
  freezableRole,
  lockdownRelease,
  longestDays,
  placed,
  placing,
  reasonCode,
  released,
  setControl,
  shownControl,
} from './controls';
import { allControls, readControl } from './controls-store';
import { isInForce } from './decide';
import type { ControlItem } from './governance';
import type { Permit } from './guard';

const environment = readEnvironment<PatientsEnvironment>(...patientsVariables);
const runtime = new Runtime(environment);
const store = new RecordStore(documents, environment.RECORDS_TABLE, runtime.clock);
const table = environment.GOVERNANCE_TABLE;

const ofRole = z.object({ role: freezableRole });
const ofPatient = z.object({ id: patientId });

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const [found, restore] = await Promise.all([allControls(documents, table), readRestore(documents, table)]);
  const controls = found.map((item) => shownControl(item, exchange.access.now, restore));
  const receipt = await runtime.outbox.record(permit.event({ status: 200 }));
  return { status: 200, body: Released.facts({ controls }, receipt) };
}

/** 45 CFR 164.308(a)(6)(ii): counts from the next request of anybody on, however valid their token. */
async function place(exchange: Exchange, target: ControlTarget): Promise<Answer> {
  const { now } = exchange.access;
  const [permit, current, patient] = await Promise.all([
    permitFor(exchange, target),
    readControl(documents, table, target),
    target.kind === 'patient' ? store.known(target.target) : undefined,
  ]);
  const { reason, expires_at: expiresAt } = exchange.body(placing);
  if (target.kind === 'patient' && !patient) return runtime.refuse(permit, 'not-found');
  if (expiresAt <= now.toISOString() || expiresAt > daysAfter(now, longestDays[target.kind]))
    return runtime.refuse(permit, 'invalid-input', {
      errors: [{ field: 'expires_at', message: `must be in the next ${longestDays[target.kind]} days` }],
    });
  // Its release takes two people, and to let it end sooner is a release.
  if (target.kind === 'lockdown' && current && isInForce(current, now) && expiresAt < current.expiresAt)
    return runtime.refuse(permit, 'approval-required');
  const item = placed(target, current, { reason, author: permit.actor.sub, expiresAt, now });
  const writes = new Writes<'control'>().add('control', ...setControl(table, item));
  const event = permit.event({ status: 200, reason: reasonCode(item) });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, headers: entityTag(item.version), body: Released.facts(shownControl(item, now), receipt) };
}

async function release(exchange: Exchange, target: ControlTarget): Promise<Answer> {
  const [permit, current] = await Promise.all([permitFor(exchange, target), readControl(documents, table, target)]);
  if (!current || !isInForce(current, exchange.access.now)) return runtime.refuse(permit, 'not-found');
  return end(permit, current, new Writes());
}

/** Nobody ends a lockdown alone: whoever stole an officer's session would. */
async function releaseLockdown(exchange: Exchange): Promise<Answer> {
  const { now } = exchange.access;
  const [permit, current] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readControl(documents, table, lockdown),
  ]);
  const { approval: id } = exchange.body(z.strictObject({ approval: z.uuid() }));
  if (!current || !isInForce(current, now)) return runtime.refuse(permit, 'not-found');
  const approval = await readApproval(documents, table, id);
  const use = { ...lockdownRelease(current), executor: permit.actor.sub, now };
  if (!isGoodFor(approval, use)) return runtime.refuse(permit, 'approval-refused');
  const spent = new Writes<'control' | 'approval'>().add('approval', ...consumeApproval(table, approval, use));
  if (current.restore) {
    const restore = await readRestore(documents, table);
    if (!isReleasable(restore, current.restore, approval.reason)) return runtime.refuse(permit, 'approval-refused');
    spent.add('control', setRestore(table, releasedRestore(restore)));
  }
  return end(permit, current, spent);
}

async function end(permit: Permit, current: ControlItem, writes: Writes<'control' | 'approval'>): Promise<Answer> {
  const { now } = permit.access;
  const item = released(current, permit.actor.sub, now);
  writes.add('control', ...setControl(table, item));
  const event = permit.event({ status: 200, reason: reasonCode(current) });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('approval') ? 'approval-refused' : 'conflict',
  );
  return { status: 200, headers: entityTag(item.version), body: Released.facts(shownControl(item, now), receipt) };
}

const lockdown: ControlTarget = { kind: 'lockdown' };
const roleIn = ({ parameters }: Exchange): ControlTarget => ({ kind: 'role', target: check(ofRole, parameters).role });
const patientIn = ({ parameters }: Exchange): ControlTarget => ({
  kind: 'patient',
  target: check(ofPatient, parameters).id,
});

const permitFor = ({ access }: Exchange, target: ControlTarget): Promise<Permit> =>
  runtime.guard.permit(access, target.kind === 'patient' ? { patient: target.target } : {});

export const handler = runtime.serve({
  'control.list': list,
  'control.lockdown': (exchange) => place(exchange, lockdown),
  'control.lockdown-release': releaseLockdown,
  'control.freeze-role': async (exchange) => place(exchange, roleIn(exchange)),
  'control.release-role': async (exchange) => release(exchange, roleIn(exchange)),
  'control.freeze-patient': async (exchange) => place(exchange, patientIn(exchange)),
  'control.release-patient': async (exchange) => release(exchange, patientIn(exchange)),
});
