import { GetCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { type AccessLogEnvironment, accessLogVariables, predecessor, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { instant } from '../instant';
import { s3 } from './archive-client';
import { Archives } from './archives';
import { type EventDraft, uuid } from './event';
import { evidenceOf, type Found } from './evidence';
import { indexKeys } from './index-entry';
import { decodeCursor, encodeCursor, IndexReader } from './index-reader';
import { Released } from './release';

const environment = readEnvironment<AccessLogEnvironment>(...accessLogVariables);
const runtime = new Runtime(environment);
const before = predecessor();
const index = new IndexReader(documents, environment.AUDIT_INDEX_TABLE, before?.archive);
const archive = new Archives(s3, environment.ARCHIVE_BUCKET, before);

const id = uuid.describe('a UUID');
const question = z.strictObject({
  patient: id.optional(),
  actor: id.optional(),
  from: instant.optional(),
  to: instant.optional(),
  action: z
    .string()
    .regex(/^[a-z][a-z0-9.-]{0,63}$/, 'must be the name of an action')
    .optional(),
  limit: z.int('must be a number').min(1, 'must be 1 to 100').max(100, 'must be 1 to 100').default(50),
  cursor: z.string().max(200, 'must be the cursor of an answer').optional(),
});

/** ONC 170.315(d)(3): events by patient or actor, time and action, each held against its sealed line before it is shown. */
async function search(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const asked = exchange.body(question);
  const after = asked.cursor === undefined ? undefined : decodeCursor(asked.cursor);
  const partition = asked.patient
    ? indexKeys.patient(asked.patient)
    : asked.actor
      ? indexKeys.actor(asked.actor)
      : undefined;
  const errors = [
    ...(partition ? [] : [{ field: 'body', message: 'must name a patient or an actor' }]),
    ...(asked.cursor !== undefined && after === undefined
      ? [{ field: 'cursor', message: 'must be the cursor of an answer' }]
      : []),
  ];
  if (errors.length > 0 || !partition) return runtime.refuse(permit, 'invalid-input', { errors });
  const page = await index.page(
    {
      partition,
      from: asked.from ?? new Date(0).toISOString(),
      to: asked.to ?? exchange.access.now.toISOString(),
      ...(asked.action && { action: asked.action }),
      ...(asked.patient && asked.actor && { actor: asked.actor }),
      ...(after && { after }),
    },
    asked.limit,
  );
  const found = await evidenceOf(page.entries, { segment: (key) => archive.get(key), outbox });
  const proven = found.filter((each) => each.evidence !== 'missing');
  const missing = found.filter((each) => each.evidence === 'missing');
  const receipt = await runtime.outbox.record(...searchEvents(permit, asked.patient ?? null, proven, missing.length));
  return {
    status: 200,
    body: Released.facts(
      {
        events: proven.map(({ event, evidence, entry }) => ({ ...event, evidence, segment: entry.segment })),
        missing: missing.map(({ entry: { SK, lane, seq, hash, segment } }) => ({
          at: SK.slice(0, SK.indexOf('#')),
          id: SK.slice(SK.indexOf('#') + 1),
          lane,
          seq,
          hash,
          segment,
        })),
        next: page.next === undefined ? null : encodeCursor(page.next),
      },
      receipt,
    ),
  };
}

/** One event for each patient whose events were shown, and which ones those were. ONC 170.315(d)(2). */
function searchEvents(
  permit: Permit,
  asked: string | null,
  shown: readonly Extract<Found, { event: unknown }>[],
  missing: number,
): EventDraft[] {
  const reason = missing > 0 ? { reason: 'evidence-missing' } : shown.length === 0 ? { reason: 'no-match' } : {};
  const byPatient = new Map<string | null, string[]>(asked === null ? [] : [[asked, []]]);
  for (const { event } of shown) byPatient.set(event.patient, [...(byPatient.get(event.patient) ?? []), event.id]);
  if (byPatient.size === 0) byPatient.set(null, []);
  return [...byPatient].flatMap(([patient, ids]) =>
    permit.events({
      status: 200,
      patient,
      ...reason,
      resources: ids.map((each) => ({ id: each, type: 'audit-event', version: null })),
    }),
  );
}

async function outbox(lane: string, seq: number): Promise<string | undefined> {
  const { Item } = await documents.send(
    new GetCommand({
      TableName: environment.AUDIT_TABLE,
      Key: { PK: `LANE#${lane}`, SK: String(seq).padStart(12, '0') },
      ConsistentRead: true,
    }),
  );
  const line: unknown = Item?.['line'];
  return typeof line === 'string' ? line : undefined;
}

export const handler = runtime.serve({ 'audit.search': search });
