import { v7 } from 'uuid';
import { consumeApproval, isGoodFor } from '../access/approvals';
import { readApproval } from '../access/approvals-store';
import { Released } from '../audit/release';
import { type NarrativesEnvironment, narrativesVariables, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { assess, assessmentWords, safeHarbourFacts } from './assessment';
import { dayOf } from './calendar';
import { open as opened } from './incident';
import { conclude } from './incident-closing';
import { authorOf, IncidentDesk, narrativeResource, resourceOf } from './incident-desk';
import { assessing, determining, ending, holding, opening, openingOf } from './incident-input';
import type { Incident } from './incident-model';
import { nameSubjects, openIncident } from './incident-store';
import { noticesOf, shownIncident, summaryOf } from './shown';

const environment = readEnvironment<NarrativesEnvironment>(...narrativesVariables);
const runtime = new Runtime(environment);
const desk = new IncidentDesk(runtime, environment, kms);
const table = environment.GOVERNANCE_TABLE;

/** 45 CFR 164.308(a)(6)(ii). Discovery is day 0 of every deadline, and its basis is kept. */
async function open(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const body = exchange.body(opening);
  const incident = await desk.judged(permit, undefined, () =>
    opened({ id: v7(), ...openingOf(body) }, authorOf(permit)),
  );
  const narrative = await desk.seal(permit, 'description', body.description);
  const writes = new Writes<'incident'>()
    .add('incident', ...openIncident(table, incident))
    .add('incident', desk.store.addNarrative(incident.id, narrative));
  const resources = [resourceOf(incident), narrativeResource(narrative)];
  const event = permit.event({ status: 201, reason: body.discovery_basis, resources });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return {
    status: 201,
    headers: entityTag(1),
    body: Released.facts(shownIncident(incident, [], dayOf(exchange.access.now)), receipt),
  };
}

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const incidents = await desk.store.all();
  const receipt = await runtime.outbox.record(
    ...permit.events({ status: 200, resources: incidents.map((incident) => resourceOf(incident)) }),
  );
  return { status: 200, body: Released.facts({ incidents: incidents.map(summaryOf) }, receipt) };
}

async function read(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const people = await desk.store.people(incident.id);
  return desk.answer(permit, incident, shownIncident(incident, people, dayOf(exchange.access.now)));
}

/** 45 CFR 164.402(2). Every question has an answer and every factor a reason. */
async function makeAssessment(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { safe_harbour: evidence, ...input } = exchange.body(assessing);
  const assessment = await desk.judged(permit, incident, () => assess(input, permit.actor.sub, exchange.access.now));
  const safeHarbour = evidence && { safeHarbour: safeHarbourFacts(evidence) };
  const after = await desk.take(permit, incident, { step: 'assess', assessment, ...safeHarbour });
  const text = assessmentWords(input, evidence?.reason);
  return changed(permit, incident, after, await desk.seal(permit, 'assessment', text), {
    reason: `probability-${assessment.probability}`,
  });
}

/** Two people whom it is not about: the officer who asks and acts, and another who agrees to just this outcome. */
async function determine(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { outcome, approval: id, reason } = exchange.body(determining);
  const approval = await readApproval(documents, table, id);
  const [mine, theirs] = [permit.actor.sub, approval?.decidedBy ?? ''].map((sub) => incident.subjects.includes(sub));
  if (mine || theirs) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' }, [resourceOf(incident)]);
  const { now } = exchange.access;
  const use = { kind: 'breach-determination', subject: incident.id, executor: permit.actor.sub, now } as const;
  if (!isGoodFor(approval, use) || approval.details['outcome'] !== outcome)
    return runtime.refuse(permit, 'approval-refused', {}, [resourceOf(incident)]);
  const after = await desk.take(permit, incident, {
    step: 'determine',
    outcome,
    approval: approval.id,
    approvedBy: approval.decidedBy ?? '',
  });
  const writes = new Writes<'approval'>().add('approval', ...consumeApproval(table, approval, use));
  return changed(permit, incident, after, await desk.seal(permit, 'determination', reason), {
    reason: outcome,
    writes,
    resources: [{ id: approval.id, type: 'approval', version: null }],
  });
}

/** 45 CFR 164.412: what a law-enforcement official said, and until when it delays. */
async function hold(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { statement, ...given } = exchange.body(holding);
  const after = await desk.take(permit, incident, { step: 'hold', hold: given });
  return changed(permit, incident, after, await desk.seal(permit, 'hold', statement), { reason: given.kind });
}

async function close(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { reason } = exchange.body(ending);
  const people = await desk.store.people(incident.id);
  const after = await desk.judged(permit, incident, () =>
    conclude(incident, { step: 'close', people: noticesOf(people) }, authorOf(permit)),
  );
  const writes = new Writes<'subject'>().add('subject', ...(await desk.store.release(incident)));
  return changed(permit, incident, after, await desk.seal(permit, 'closing', reason), { writes });
}

async function reopen(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { reason } = exchange.body(ending);
  const after = await desk.take(permit, incident, { step: 'reopen' });
  const writes = new Writes<'subject'>().add('subject', ...nameSubjects(table, incident));
  return changed(permit, incident, after, await desk.seal(permit, 'closing', reason), { writes });
}

async function changed(
  permit: Parameters<typeof desk.keep>[0],
  before: Incident,
  after: Incident,
  narrative: Awaited<ReturnType<typeof desk.seal>>,
  more: Omit<Parameters<typeof desk.keep>[3], 'narratives'>,
): Promise<Answer> {
  const people = await desk.store.people(after.id);
  const receipt = await desk.keep(permit, before, after, { ...more, narratives: [narrative] });
  const shown = shownIncident(after, people, dayOf(permit.access.now));
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shown, receipt) };
}

export const handler = runtime.serve({
  'incident.open': open,
  'incident.list': list,
  'incident.read': read,
  'incident.assess': makeAssessment,
  'incident.determine': determine,
  'incident.hold': hold,
  'incident.close': close,
  'incident.reopen': reopen,
});
