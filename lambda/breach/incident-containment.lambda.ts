import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import { Accounts } from '../access/accounts';
import { Released } from '../audit/release';
import { type NarrativesEnvironment, narrativesVariables, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { dayOf } from './calendar';
import { Containment, freezeDays, frozenBy, measures, noted } from './containment';
import { IncidentDesk, resourceOf } from './incident-desk';
import { words } from './incident-model';
import { shownIncident } from './shown';

const environment = readEnvironment<NarrativesEnvironment>(...narrativesVariables);
const runtime = new Runtime(environment);
const desk = new IncidentDesk(runtime, environment, kms);
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);
const containment = new Containment(runtime, documents, environment.GOVERNANCE_TABLE, accounts);

const containing = z.strictObject({ measures, days: freezeDays, reason: words });

async function contain(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { measures: wished, days, reason } = exchange.body(containing);
  const { writes, people } = await containment.prepare(permit, wished, days);
  const after = await desk.take(permit, incident, { step: 'contain', measures: wished.map(noted) });
  const narratives = [await desk.seal(permit, 'containment', reason)];
  const resources = [
    ...people.map(({ sub, version }) => ({ id: sub, type: 'user', version })),
    ...wished.flatMap(frozenBy),
  ];
  const receipt = await desk.keep(permit, incident, after, { writes, narratives, resources });
  await containment.disableAccounts(permit, people, resourceOf(after));
  const shown = shownIncident(after, await desk.store.people(after.id), dayOf(exchange.access.now));
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shown, receipt) };
}

export const handler = runtime.serve({ 'incident.contain': contain });
