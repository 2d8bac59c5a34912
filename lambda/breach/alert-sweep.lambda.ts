import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { emit } from '../audit/metrics';
import { roles } from '../authentication/actor';
import { type DetectionEnvironment, detectionVariables, readEnvironment } from '../environment';
import { documents } from '../http/clients';
import { roleBaseline } from './detect/baseline';
import type { ActorState, Facts } from './detect/model';
import { due, nextDueAt, settle } from './detect/settle';
import { detectionParts } from './detection-parts';

const environment = readEnvironment<DetectionEnvironment>(...detectionVariables);
const { settings, clock, facts, states, desk, deliveries, alerts } = detectionParts(environment);
const attempts = 5;
const baselineHours = 24;
const atOnce = 16;

/**
 * Decides about accesses that have waited for an explanation, makes the averages of roles once a day, sends what could not be
 * sent at once, and says which alerts nobody has reviewed in time. 45 CFR 164.308(a)(1)(ii)(D).
 */
export async function handler(): Promise<void> {
  const now = clock();
  facts.forget();
  for (const subject of await states.dueSubjects(now.toISOString())) await decide(subject, now);
  await learn(now);
  const unsent = await deliveries.sendAll(now);
  const overdue = (await alerts.open()).filter(({ reviewDueAt }) => reviewDueAt <= now.toISOString());
  emit(environment.STAGE, now, { OverdueAlertReviews: overdue.length, UnsentAlertDeliveries: unsent });
}

async function decide(subject: string, now: Date): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = await states.read(subject);
    const { state } = before;
    if (!state) return;
    const baseline = state.role ? await states.baseline(state.role) : undefined;
    const context = { settings, ...(baseline && { baseline }) };
    const looked = new Map<string, Facts>();
    for (const { key, patient, at } of due(state, now.toISOString(), context))
      looked.set(key, await facts.of({ actor: subject, role: state.role, at, patient, basis: null }));
    const result = settle(state, looked, context);
    await desk.take(result.findings);
    if (await states.write(before, result.state, nextDueAt(result.state, context))) return;
  }
}

async function learn(now: Date): Promise<void> {
  const stale = new Date(now.getTime() - baselineHours * 60 * 60 * 1000).toISOString();
  const known = await Promise.all(roles.map((role) => states.baseline(role)));
  if (known.some((baseline) => baseline !== undefined && baseline.madeAt > stale)) return;
  const found: ActorState[] = [];
  const waiting = await states.subjects();
  const read = async () => {
    for (let subject = waiting.pop(); subject !== undefined; subject = waiting.pop()) {
      const { state } = await states.read(subject);
      if (state) found.push(state);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, read));
  const made = roles.flatMap((role) => roleBaseline(role, found) ?? []);
  if (made.length === 0) return;
  await documents.send(new TransactWriteCommand({ TransactItems: made.map((each) => states.putBaseline(each, now)) }));
}
