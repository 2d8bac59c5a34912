import * as z from 'zod';
import { type AccessLogEnvironment, accessLogVariables, predecessor, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { s3 } from './archive-client';
import { Archives } from './archives';
import { evidenceOf } from './evidence';
import { inWords } from './in-words';
import { indexKeys } from './index-entry';
import { decodeCursor, encodeCursor, IndexReader } from './index-reader';
import { Released } from './release';

const environment = readEnvironment<AccessLogEnvironment>(...accessLogVariables);
const runtime = new Runtime(environment);
const before = predecessor();
const index = new IndexReader(documents, environment.AUDIT_INDEX_TABLE, before?.archive);
const archive = new Archives(s3, environment.ARCHIVE_BUCKET, before);

const entriesPerPage = 50;
const query = z.strictObject({ cursor: z.string().max(200).optional() });

/** Who was given something of one's own record, when, in which role, and what. Refusals are no access and are left out. */
async function accessLog(exchange: Exchange): Promise<Answer> {
  const { id } = check(z.object({ id: patientId }), exchange.parameters);
  const permit = await runtime.guard.permit(exchange.access, { patient: id });
  const { cursor } = check(query, exchange.query);
  const after = cursor === undefined ? undefined : decodeCursor(cursor);
  if (cursor !== undefined && after === undefined)
    return runtime.refuse(permit, 'invalid-input', {
      errors: [{ field: 'cursor', message: 'must be the cursor of an answer' }],
    });
  const page = await index.page(
    {
      partition: indexKeys.patient(id),
      from: new Date(0).toISOString(),
      to: exchange.access.now.toISOString(),
      ...(after && { after }),
    },
    entriesPerPage,
  );
  const found = await evidenceOf(page.entries, { segment: (key) => archive.get(key) });
  const accesses = found.flatMap((each) =>
    each.evidence !== 'missing' && each.event.outcome === 'permit' ? [inWords(each.event, permit.actor.sub)] : [],
  );
  const unproven = found.filter(({ evidence }) => evidence === 'missing').length;
  const receipt = await runtime.outbox.record(
    permit.event({ status: 200, ...(unproven > 0 && { reason: 'evidence-missing' }) }),
  );
  return {
    status: 200,
    body: Released.facts(
      {
        accesses: accesses.map((each) => ({ ...each })),
        /** entries that are being checked and are not shown until then */
        unproven,
        next: page.next === undefined ? null : encodeCursor(page.next),
      },
      receipt,
    ),
  };
}

export const handler = runtime.serve({ 'access-log.read': accessLog });
