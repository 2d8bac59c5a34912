import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Accounts } from '../access/accounts';
import { actorStands, changeActor, countHolders } from '../access/actors';
import { readActor } from '../access/approvals-store';
import { type ControlTarget, controlKey, freezableRole, longestDays, placed, setControl } from '../access/controls';
import { type ActorItem, controlItem } from '../access/governance';
import type { Permit } from '../access/guard';
import { suspended } from '../access/people';
import type { EventResource } from '../audit/event';
import { Released } from '../audit/release';
import { type NarrativesEnvironment, narrativesVariables, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, kms, patience } from '../http/clients';
import { entityTag } from '../http/conditions';
import { Runtime } from '../http/runtime';
import { patientId } from '../records/model';
import { Writes } from '../records/transaction';
import { dayOf } from './calendar';
import { IncidentDesk, resourceOf, words } from './incident-desk';
import { shownIncident } from './shown';

const environment = readEnvironment<NarrativesEnvironment>(...narrativesVariables);
const runtime = new Runtime(environment);
const desk = new IncidentDesk(runtime, environment, kms);
const table = environment.GOVERNANCE_TABLE;
const accounts = new Accounts(new CognitoIdentityProviderClient(patience), environment.USER_POOL_ID);

const dayMilliseconds = 24 * 60 * 60 * 1000;
const measure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('suspend-user'), user: z.uuid() }),
  z.strictObject({ kind: z.literal('freeze-patient'), patient: patientId }),
  z.strictObject({ kind: z.literal('freeze-role'), role: freezableRole }),
  z.strictObject({ kind: z.literal('lockdown') }),
  /** where nothing goes on that could be ended: a laptop that is gone */
  z.strictObject({ kind: z.literal('none-needed') }),
]);
const containment = z.strictObject({
  measures: z.array(measure).min(1).max(10),
  /** how long freezes stand, unless they are released; days */
  days: z.int().min(1).max(30).default(30),
  reason: words,
});
type Measure = z.infer<typeof measure>;

/**
 * Everything at once or nothing: suspensions and freezes are the same items as everywhere, so they count from the next
 * request of anybody on. 45 CFR 164.308(a)(6)(ii).
 */
async function contain(exchange: Exchange): Promise<Answer> {
  const { permit, incident } = await desk.at(exchange);
  const { measures, days, reason } = exchange.body(containment);
  const writes = new Writes<string>();
  const people: ActorItem[] = [];
  for (const each of measures) {
    const person = await write(permit, each, days, writes);
    if (person) people.push(person);
  }
  const after = await desk.take(permit, incident, {
    step: 'contain',
    measures: measures.map((each) => ({ kind: each.kind, target: targetOf(each) })),
  });
  if (people.length > 0) writes.add('executor', actorStands(table, permit.actor));
  const narratives = [await desk.seal(permit, 'containment', reason)];
  const resources = [
    ...people.map(({ sub, version }) => ({ id: sub, type: 'user', version })),
    ...measures.flatMap(frozenBy),
  ];
  const receipt = await desk.keep(permit, incident, after, { writes, narratives, resources });
  for (const { account, sub } of people) await disabled(permit, account ?? sub, incident.id, after.version);
  const shown = shownIncident(after, await desk.store.people(after.id), dayOf(exchange.access.now));
  return { status: 200, headers: entityTag(after.version), body: Released.facts(shown, receipt) };
}

async function write(
  permit: Permit,
  each: Measure,
  days: number,
  writes: Writes<string>,
): Promise<ActorItem | undefined> {
  const { now } = permit.access;
  const by = permit.actor.sub;
  if (each.kind === 'none-needed') return undefined;
  if (each.kind === 'suspend-user') {
    const before = await readActor(documents, table, each.user);
    if (!before) return runtime.refuse(permit, 'not-found');
    if (before.sub === by) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' });
    const after = suspended(before, { by, reason: 'investigation', expiresAt: undefined, now });
    writes.add('measure', changeActor(table, before, after), ...countHolders(table, before, after));
    return after;
  }
  const target = controlOf(each);
  const { Item } = await documents.send(
    new GetCommand({ TableName: table, Key: controlKey(target), ConsistentRead: true }),
  );
  const current = Item && controlItem.parse(Item);
  const wished = new Date(now.getTime() + Math.min(days, longestDays[target.kind]) * dayMilliseconds).toISOString();
  // What stands longer already stays as it is: containment never shortens one.
  const expiresAt = current && !current.releasedAt && current.expiresAt > wished ? current.expiresAt : wished;
  writes.add(
    'measure',
    ...setControl(table, placed(target, current, { reason: 'suspected-breach', author: by, expiresAt, now })),
  );
  return undefined;
}

/** What is frozen, as the event names it: a restore of older tables freezes it again. */
function frozenBy(each: Measure): EventResource[] {
  if (each.kind === 'freeze-patient') return [{ id: each.patient, type: 'freeze-patient', version: null }];
  return each.kind === 'freeze-role' ? [{ id: 'main', type: `freeze-role:${each.role}`, version: null }] : [];
}

/** The governance table has ended the access already; Cognito keeps them from signing in anew. */
async function disabled(permit: Permit, account: string, id: string, version: number): Promise<void> {
  try {
    await accounts.disable(account);
  } catch {
    await runtime.refuse(permit, 'sign-in-service', {}, [resourceOf({ id, version })]);
  }
}

function controlOf(each: Exclude<Measure, { kind: 'suspend-user' | 'none-needed' }>): ControlTarget {
  if (each.kind === 'lockdown') return { kind: 'lockdown' };
  return each.kind === 'freeze-role' ? { kind: 'role', target: each.role } : { kind: 'patient', target: each.patient };
}

function targetOf(each: Measure): string {
  switch (each.kind) {
    case 'suspend-user':
      return each.user;
    case 'freeze-patient':
      return each.patient;
    case 'freeze-role':
      return each.role;
    default:
      return 'system';
  }
}

export const handler = runtime.serve({ 'incident.contain': contain });
