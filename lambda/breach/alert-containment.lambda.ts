import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import { Accounts } from '../access/accounts';
import { Released } from '../audit/release';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import { type Answer, check, type Exchange } from '../http/chain';
import { documents, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { shownAlert } from './alert';
import { AlertStore } from './alert-store';
import { Containment, freezeDays, frozenBy, measures, noted } from './containment';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const table = environment.GOVERNANCE_TABLE;
const alerts = new AlertStore(documents, table);
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);
const containment = new Containment(runtime, documents, table, accounts);

/** Words about it belong to the incident; an alert has none. */
const containing = z.strictObject({ measures, days: freezeDays });

async function contain(exchange: Exchange): Promise<Answer> {
  const { alertId } = check(z.object({ alertId: z.uuid() }), exchange.parameters);
  const [permit, alert] = await Promise.all([runtime.guard.permit(exchange.access), alerts.read(alertId)]);
  const { measures: wished, days } = exchange.body(containing);
  if (!alert) return runtime.refuse(permit, 'not-found');
  const { writes, people } = await containment.prepare(permit, wished, days);
  const on = { by: permit.actor.sub, at: exchange.access.now.toISOString() };
  const after = {
    ...alert,
    measures: [...alert.measures, ...wished.map((each) => ({ ...noted(each), ...on }))],
    version: alert.version + 1,
  };
  const resource = { id: alert.id, type: 'alert', version: after.version };
  const resources = [
    resource,
    ...people.map(({ sub, version }) => ({ id: sub, type: 'user', version })),
    ...wished.flatMap(frozenBy),
  ];
  const all = new Writes<string>().add('alert', ...alerts.replace(alert, after));
  for (const name of ['measure', 'last', 'executor']) all.add(name, ...writes.named(name));
  const event = permit.event({ status: 200, reason: alert.rule, resources });
  const receipt = await runtime.store(permit, event, all, (refused) =>
    refused.has('last') ? 'last-of-role' : 'conflict',
  );
  await containment.disableAccounts(permit, people, resource);
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shownAlert(after, false), receipt) };
}

export const handler = runtime.serve({ 'alert.contain': contain });
