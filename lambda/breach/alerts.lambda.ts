import { v7 } from 'uuid';
import * as z from 'zod';
import { Released } from '../audit/release';
import { type NarrativesEnvironment, narrativesVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, kms } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { type Alert, alertStates, precisionOf, shownAlert } from './alert';
import { dismissed, dismissing, incidentFrom, listing, madeIncident, openingFromAlert } from './alert-review';
import { AlertStore } from './alert-store';
import { open } from './incident';
import { authorOf, IncidentDesk, narrativeResource, resourceOf } from './incident-desk';
import { openIncident } from './incident-store';
import { summaryOf } from './shown';

const environment = readEnvironment<NarrativesEnvironment>(...narrativesVariables);
const runtime = new Runtime(environment);
const desk = new IncidentDesk(runtime, environment, kms);
const table = environment.GOVERNANCE_TABLE;
const alerts = new AlertStore(documents, table);

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { state, limit, after } = check(listing, exchange.query);
  const page = await alerts.page(state, limit, after);
  const receipt = await runtime.outbox.record(...permit.events({ status: 200, resources: page.alerts.map(told) }));
  const body = { alerts: page.alerts.map((alert) => shownAlert(alert, false)), next: page.next };
  return { status: 200, body: Released.facts(body, receipt) };
}

/** Whose records were used is PHI: an event for each patient that the alert names. */
async function read(exchange: Exchange): Promise<Answer> {
  const { permit, alert } = await at(exchange);
  const resources = [told(alert)];
  const events = alert.patients.map((patient) => permit.event({ status: 200, patient, resources }));
  const receipt = await runtime.outbox.record(
    ...(events.length > 0 ? events : [permit.event({ status: 200, resources })]),
  );
  return { status: 200, headers: entityTag(alert.version), body: Released.facts(shownAlert(alert, true), receipt) };
}

async function dismiss(exchange: Exchange): Promise<Answer> {
  const { permit, alert } = await at(exchange);
  const { reason } = exchange.body(dismissing);
  await unlessDone(permit, alert);
  if (alert.actor === permit.actor.sub)
    return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' }, [told(alert)]);
  const after = dismissed(alert, reason, authorOf(permit));
  const writes = new Writes<'alert'>().add('alert', ...alerts.replace(alert, after));
  const event = permit.event({ status: 200, reason, resources: [told(after)] });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shownAlert(after, false), receipt) };
}

async function openFrom(exchange: Exchange): Promise<Answer> {
  const { permit, alert } = await at(exchange);
  const { description, type, locations } = exchange.body(openingFromAlert);
  await unlessDone(permit, alert);
  const author = authorOf(permit);
  const opening = { id: v7(), ...incidentFrom(alert, { type, locations }) };
  const incident = await desk.judged(permit, undefined, () => open(opening, author));
  const narrative = await desk.seal(permit, 'description', description);
  const after = madeIncident(alert, incident.id, author);
  const writes = new Writes<'alert' | 'incident'>()
    .add('alert', ...alerts.replace(alert, after))
    .add('incident', ...openIncident(table, incident))
    .add('incident', desk.store.addNarrative(incident.id, narrative));
  const resources = [told(after), resourceOf(incident), narrativeResource(narrative)];
  const event = permit.event({ status: 201, reason: alert.rule, resources });
  const receipt = await runtime.store(permit, event, writes, () => 'conflict');
  return {
    status: 201,
    headers: entityTag(1),
    body: Released.facts({ ...summaryOf(incident), alert: alert.id }, receipt),
  };
}

/** What people found out about its alerts says whether a rule is worth their time. */
async function precision(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const found = await Promise.all(
    alertStates.map(async (state) => (await alerts.rulesIn(state)).map((rule) => ({ rule, state }))),
  );
  const receipt = await runtime.outbox.record(permit.event({ status: 200 }));
  return {
    status: 200,
    body: Released.facts({ rules: precisionOf(found.flat()).map((each) => ({ ...each })) }, receipt),
  };
}

async function at(exchange: Exchange) {
  const { alertId } = check(z.object({ alertId: z.uuid() }), exchange.parameters);
  const [permit, alert] = await Promise.all([runtime.guard.permit(exchange.access), alerts.read(alertId)]);
  return { permit, alert: alert ?? (await runtime.refuse(permit, 'not-found')) };
}
type Permit = Awaited<ReturnType<typeof at>>['permit'];

/** A review is done once; an alert that grows opens again by itself. */
async function unlessDone(permit: Permit, alert: Alert): Promise<void> {
  if (alert.state !== 'open') await runtime.refuse(permit, 'conflict', {}, [told(alert)]);
}

const told = ({ id, version }: Alert) => ({ id, type: 'alert', version });

export const handler = runtime.serve({
  'alert.list': list,
  'alert.read': read,
  'alert.dismiss': dismiss,
  'alert.open-incident': openFrom,
  'alert.precision': precision,
});
