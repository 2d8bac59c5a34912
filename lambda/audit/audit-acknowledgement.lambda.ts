import * as z from 'zod';
import { consumeApproval, isGoodFor } from '../access/approvals';
import { readApproval } from '../access/approvals-store';
import { type AcknowledgementEnvironment, acknowledgementVariables, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { acknowledgementOf, type GapRefusal, gapRefusal } from './acknowledgement';
import { enqueue } from './leaf-queue';
import { furthest } from './log-state';
import { LogStore } from './log-store';
import { OutboxReader } from './outbox-reader';
import { Released } from './release';

const environment = readEnvironment<AcknowledgementEnvironment>(...acknowledgementVariables);
const runtime = new Runtime(environment);
const { GOVERNANCE_TABLE: governance, AUDIT_LOG_TABLE: logTable } = environment;
const outbox = new OutboxReader(documents, environment.AUDIT_TABLE);
const log = new LogStore(documents, logTable, runtime.clock);

const acknowledging = z.strictObject({ approval: z.uuid() });
const refusals: Readonly<Record<GapRefusal, string>> = {
  'lane-forgotten':
    'is for a lane that neither the outbox nor the state of the log knows: how far it went cannot be told',
  'beyond-head': 'is for events that the lane has not had yet: none is acknowledged in advance',
};

/** Two people name events that are lost, and the log says so with its next checkpoint. 45 CFR 164.312(c)(1). */
async function acknowledge(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { approval: id } = exchange.body(acknowledging);
  const approval = await readApproval(documents, governance, id);
  const now = exchange.access.now;
  const leaf = approval && acknowledgementOf(approval, now);
  const use = {
    kind: 'audit-acknowledgement',
    subject: approval?.subject ?? '',
    executor: permit.actor.sub,
    now,
  } as const;
  if (!leaf || !isGoodFor(approval, use)) return runtime.refuse(permit, 'approval-refused');
  const resources = [
    { id: approval.id, type: 'approval', version: null },
    { id: approval.subject, type: 'lane', version: null },
  ];
  const [[lane, from, to]] = leaf.gaps;
  const newest = await outbox.newest(lane);
  const head = newest >= to ? newest : Math.max(newest, furthest((await log.read()).state, lane));
  const refusal = gapRefusal(to, head);
  if (refusal)
    return runtime.refuse(
      permit,
      'not-allowed',
      { errors: [{ field: 'approval', message: refusals[refusal] }] },
      resources,
    );
  const writes = new Writes<'approval' | 'leaf'>()
    .add('approval', ...consumeApproval(governance, approval, use))
    .add('leaf', enqueue(logTable, leaf, now));
  const event = permit.event({ status: 202, reason: approval.reason, resources });
  const receipt = await runtime.store(permit, event, writes, (refused) =>
    refused.has('approval') ? 'approval-refused' : 'conflict',
  );
  const body = { approval: approval.id, lane, from, to, reason: leaf.reason, by: leaf.by, acknowledged_at: leaf.at };
  return { status: 202, body: Released.facts(body, receipt) };
}

export const handler = runtime.serve({ 'audit.acknowledge': acknowledge });
