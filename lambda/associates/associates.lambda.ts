import { v7 } from 'uuid';
import * as z from 'zod';
import type { Permit } from '../access/guard';
import { rememberCreation } from '../access/idempotency';
import { Released } from '../audit/release';
import { dayOf } from '../breach/calendar';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents } from '../http/clients';
import { entityTag, expectedVersion, idempotencyToken } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { type Associate, ended } from './associate';
import { agreementOf, checkDays, ending, recording, renewing } from './associate-input';
import { allAssociates, readAssociate, setAssociate } from './associate-store';
import { associateResource, associateResources, shownAssociate } from './shown-associate';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;

const ofAssociate = z.object({ associateId: z.uuid() });
/** more than anybody renews; an item of DynamoDB holds ten times as many */
const mostAgreements = 100;

/** 45 CFR 164.308(b)(3): the satisfactory assurances of an associate, documented in a written agreement. */
async function record(exchange: Exchange): Promise<Answer> {
  const token = idempotencyToken(exchange);
  const permit = await runtime.guard.permit(exchange.access, token ? { idempotencyToken: token } : {});
  const { now } = exchange.access;
  if (permit.state.created) {
    const made = await readAssociate(documents, table, permit.state.created.resource);
    return show(permit, made, { status: 201, reason: 'replay', now });
  }
  const { name, service, agreement } = exchange.body(recording);
  checkDays(agreement, 'agreement.', dayOf(now));
  const associate: Associate = {
    id: v7(),
    name,
    service,
    agreements: [agreementOf(agreement, permit.actor.sub, now)],
    version: 1,
  };
  const remembered = token ? [rememberCreation(table, token, associate.id, now)] : [];
  return keep(permit, associate, { status: 201, reason: service, now, remembered });
}

async function list(exchange: Exchange): Promise<Answer> {
  const [permit, associates] = await Promise.all([
    runtime.guard.permit(exchange.access),
    allAssociates(documents, table),
  ]);
  const receipt = await runtime.outbox.record(permit.event({ status: 200 }));
  const now = exchange.access.now;
  return {
    status: 200,
    body: Released.facts({ associates: associates.map((each) => shownAssociate(each, now)) }, receipt),
  };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { permit, associate } = await find(exchange);
  return show(permit, associate, { status: 200, now: exchange.access.now });
}

/** One more agreement: the ones before it stay on record. */
async function renew(exchange: Exchange): Promise<Answer> {
  const { permit, before } = await toChange(exchange);
  const { now } = exchange.access;
  const agreement = exchange.body(renewing);
  checkDays(agreement, '', dayOf(now));
  if (before.agreements.length >= mostAgreements)
    return runtime.refuse(permit, 'conflict', {}, [associateResource(before)]);
  const agreements = [...before.agreements, agreementOf(agreement, permit.actor.sub, now)];
  const after = { ...before, agreements, version: before.version + 1 };
  return keep(permit, after, { status: 200, reason: before.service, now });
}

/** 45 CFR 164.504(e)(2)(ii)(J): with it goes what became of the PHI that they had. */
async function end(exchange: Exchange): Promise<Answer> {
  const { permit, before } = await toChange(exchange);
  const { now } = exchange.access;
  const { reason, phi } = exchange.body(ending);
  const after = ended(before, { by: permit.actor.sub, at: now.toISOString(), reason, disposition: phi });
  return keep(permit, after, { status: 200, reason, now, disposition: phi });
}

async function find(exchange: Exchange) {
  const { associateId } = check(ofAssociate, exchange.parameters);
  const [permit, associate] = await Promise.all([
    runtime.guard.permit(exchange.access),
    readAssociate(documents, table, associateId),
  ]);
  return { permit, associate };
}

async function toChange(exchange: Exchange): Promise<{ readonly permit: Permit; readonly before: Associate }> {
  const { permit, associate: before } = await find(exchange);
  const expected = expectedVersion(exchange);
  if (!before) return runtime.refuse(permit, 'not-found');
  if (before.version !== expected) return runtime.refuse(permit, 'stale-version', {}, [associateResource(before)]);
  if (before.endedAt !== undefined) {
    const detail = 'The relationship with this associate is over; record a new one.';
    return runtime.refuse(permit, 'not-allowed', { detail }, [associateResource(before)]);
  }
  return { permit, before };
}

interface Keeping {
  readonly status: number;
  readonly reason: string;
  readonly now: Date;
  readonly remembered?: ReturnType<typeof rememberCreation>[];
  readonly disposition?: Associate['disposition'];
}

async function keep(permit: Permit, after: Associate, keeping: Keeping): Promise<Answer> {
  const { status, reason, now, remembered = [], disposition } = keeping;
  const writes = new Writes<'associate' | 'idempotency'>()
    .add('associate', setAssociate(table, after))
    .add('idempotency', ...remembered);
  const resources = associateResources(after, disposition);
  const receipt = await runtime.store(permit, permit.event({ status, reason, resources }), writes, (refused) =>
    refused.has('idempotency') ? 'conflict' : 'stale-version',
  );
  return { status, headers: entityTag(after.version), body: Released.facts(shownAssociate(after, now), receipt) };
}

async function show(
  permit: Permit,
  associate: Associate | undefined,
  { now, ...outcome }: { readonly status: number; readonly reason?: string; readonly now: Date },
): Promise<Answer> {
  if (!associate) return runtime.refuse(permit, 'not-found');
  const receipt = await runtime.outbox.record(permit.event({ ...outcome, resources: [associateResource(associate)] }));
  const body = Released.facts(shownAssociate(associate, now), receipt);
  return { status: outcome.status, headers: entityTag(associate.version), body };
}

export const handler = runtime.serve({
  'associate.record': record,
  'associate.list': list,
  'associate.read': read,
  'associate.renew': renew,
  'associate.end': end,
});
