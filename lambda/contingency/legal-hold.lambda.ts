import { v4 } from 'uuid';
import * as z from 'zod';
import { consumeApproval, isGoodFor } from '../access/approvals';
import { readApproval } from '../access/approvals-store';
import { Released } from '../audit/release';
import { checkActiveKey, readKeyRing } from '../encryption/key-store';
import { type HoldEnvironment, holdVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { Writes } from '../records/transaction';
import { type LegalHold, legalHoldReasons, placeLegalHold, readLegalHold, releaseLegalHold } from './legal-hold';

const environment = readEnvironment<HoldEnvironment>(...holdVariables);
const runtime = new Runtime(environment);
const governance = environment.GOVERNANCE_TABLE;

const ofPatient = z.object({ id: patientId });
const placing = z.strictObject({
  reason: z.enum(legalHoldReasons, `must be one of ${legalHoldReasons.join(', ')}`),
});
const releasing = z.strictObject({ approval: z.uuid() });

async function read(exchange: Exchange) {
  const { id } = check(ofPatient, exchange.parameters);
  const [permit, hold, ring] = await Promise.all([
    runtime.guard.permit(exchange.access, { patient: id }),
    readLegalHold(documents, governance, id),
    readKeyRing(documents, environment.KEYS_TABLE, id),
  ]);
  return { id, permit, hold, ring };
}

/** Preserves a record: no disposal while it stands. */
async function place(exchange: Exchange): Promise<Answer> {
  const { id, permit, hold: before, ring } = await read(exchange);
  const { reason } = exchange.body(placing);
  if (ring?.state !== 'active') return runtime.refuse(permit, ring ? 'gone' : 'not-found');
  if (before?.state === 'held') {
    // It is held, which is what was asked for; by whom and why first stays.
    const receipt = await runtime.outbox.record(
      permit.event({ status: 200, reason: 'replay', resources: [told(before)] }),
    );
    return { status: 200, body: Released.facts(shown(before), receipt) };
  }
  const hold: LegalHold = {
    id: v4(),
    patient: id,
    state: 'held',
    reason,
    placedBy: permit.actor.sub,
    placedAt: exchange.access.now.toISOString(),
    version: (before?.version ?? 0) + 1,
  };
  const writes = new Writes<'hold' | 'ring'>()
    .add('hold', placeLegalHold(governance, hold, before))
    .add('ring', checkActiveKey(environment.KEYS_TABLE, id));
  const event = permit.event({ status: 201, reason, resources: [told(hold)] });
  const receipt = await runtime.store(permit, event, writes, (refused) => (refused.has('ring') ? 'gone' : 'conflict'));
  return { status: 201, body: Released.facts(shown(hold), receipt) };
}

/** Ends a hold with a second person's approval, which names this hold and no later one. */
async function release(exchange: Exchange): Promise<Answer> {
  const { permit, hold } = await read(exchange);
  const { approval: approvalId } = exchange.body(releasing);
  if (hold?.state !== 'held') return runtime.refuse(permit, 'not-found');
  const approval = await readApproval(documents, governance, approvalId);
  const now = exchange.access.now;
  const use = { kind: 'legal-hold-release', subject: hold.id, executor: permit.actor.sub, now } as const;
  if (!isGoodFor(approval, use)) return runtime.refuse(permit, 'approval-refused', {}, [told(hold)]);
  const after: LegalHold = {
    ...hold,
    state: 'released',
    releasedBy: permit.actor.sub,
    releasedAt: now.toISOString(),
    version: hold.version + 1,
  };
  const writes = new Writes<'hold' | 'approval'>()
    .add('hold', releaseLegalHold(governance, hold, permit.actor.sub, now))
    .add('approval', ...consumeApproval(governance, approval, use));
  const resources = [told(after), { id: approval.id, type: 'approval', version: null }];
  const event = permit.event({ status: 200, reason: approval.reason, resources });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('hold') ? 'conflict' : 'approval-refused',
  );
  return { status: 200, body: Released.facts(shown(after), receipt) };
}

const told = ({ id, version }: LegalHold) => ({ id, type: 'legal-hold', version });
const shown = (hold: LegalHold) => ({
  id: hold.id,
  patient: hold.patient,
  state: hold.state,
  reason: hold.reason,
  placed_by: hold.placedBy,
  placed_at: hold.placedAt,
  released_by: hold.releasedBy,
  released_at: hold.releasedAt,
});

export const handler = runtime.serve({ 'legal-hold.place': place, 'legal-hold.release': release });
