import type { Context, DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { auditEvent } from '../audit/event';
import { emit } from '../audit/metrics';
import type { Role } from '../authentication/actor';
import { type DetectionEnvironment, detectionVariables, readEnvironment } from '../environment';
import { report } from '../http/report';
import type { Context as DetectionContext } from './detect/context';
import { detect } from './detect/engine';
import type { Finding, Observation, RoleBaseline } from './detect/model';
import { needsFacts, observe } from './detect/observe';
import { nextDueAt } from './detect/settle';
import { detectionParts } from './detection-parts';

const environment = readEnvironment<DetectionEnvironment>(...detectionVariables);
const { settings, clock, facts, states, desk, deliveries } = detectionParts(environment);

/** Averages of roles change once a day. */
const baselineMilliseconds = 10 * 60 * 1000;
const baselines = new Map<Role, { readonly baseline: Promise<RoleBaseline | undefined>; readonly until: number }>();
const attempts = 8;

interface Placed {
  readonly sequence: string;
  readonly observation: Observation;
}

/**
 * Looks at streamed events, a subject at a time. 45 CFR 164.308(a)(1)(ii)(D). Alerts are stored before what is remembered, and
 * both are the same when a batch comes again; the batch goes on behind the first event that failed.
 */
export async function handler({ Records }: DynamoDBStreamEvent, context?: Context): Promise<DynamoDBBatchResponse> {
  const tell = (error: unknown) => report({ requestId: context?.awsRequestId ?? '', route: 'stream', error });
  facts.forget();
  const failed: string[] = [];
  const subjects = new Map<string, Placed[]>();
  for (const record of Records) {
    const sequence = record.dynamodb?.SequenceNumber ?? '';
    try {
      const observation = observationOf(record);
      if (observation)
        subjects.set(observation.subject, [...(subjects.get(observation.subject) ?? []), { sequence, observation }]);
    } catch (error) {
      tell(error);
      failed.push(sequence);
    }
  }
  for (const placed of subjects.values()) {
    try {
      await look(placed.map(({ observation }) => observation));
    } catch (error) {
      tell(error);
      failed.push(...placed.slice(0, 1).map(({ sequence }) => sequence));
    }
  }
  if (Records.length > 0) emit(environment.STAGE, clock(), { DetectionLagSeconds: lagSeconds(Records) });
  // What cannot be sent now is sent by the sweep: it must not keep the events behind it from being looked at.
  if (alerted)
    await deliveries.sendAll(clock()).then((unsent) => {
      alerted = unsent > 0;
    }, tell);
  return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };
}
/** whether this instance has raised an alert that may wait to be sent */
let alerted = false;

/** @throws when a part does not answer, or others write to the same subject all the time */
async function look(observations: readonly Observation[]): Promise<void> {
  const [first] = observations;
  if (!first) return;
  const looked = await Promise.all(observations.map((each) => (needsFacts(each) ? facts.of(each) : undefined)));
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const before = await states.read(first.subject);
    let state = before.state;
    let context: DetectionContext = { settings };
    const findings: Finding[] = [];
    for (const [index, observation] of observations.entries()) {
      const baseline = observation.role ? await baselineOf(observation.role) : undefined;
      context = { settings, ...(baseline && { baseline }) };
      const result = detect(state, observation, looked[index], context);
      state = result.state;
      findings.push(...result.findings);
    }
    if (findings.length > 0) {
      await desk.take(newestOf(findings));
      alerted = true;
    }
    if (!state || (await states.write(before, state, nextDueAt(state, context)))) return;
  }
  throw new Error('the state of a subject changes all the time');
}

/** A window tells its finding again with each event; the last one says all. */
function newestOf(findings: readonly Finding[]): Finding[] {
  return [
    ...new Map(
      findings.map((finding) => [`${finding.window} ${finding.rule} ${finding.patients.join()}`, finding]),
    ).values(),
  ];
}

function baselineOf(role: Role): Promise<RoleBaseline | undefined> {
  const now = clock().getTime();
  const known = baselines.get(role);
  if (known && now < known.until) return known.baseline;
  const baseline = states.baseline(role);
  baselines.set(role, { baseline, until: now + baselineMilliseconds });
  baseline.catch(() => baselines.delete(role));
  return baseline;
}

/** @throws ZodError, SyntaxError for an item that is no event */
function observationOf({ dynamodb }: DynamoDBRecord): Observation | undefined {
  return observe(auditEvent.parse(JSON.parse(dynamodb?.NewImage?.['line']?.S ?? '')));
}

function lagSeconds(records: readonly DynamoDBRecord[]): number {
  const made = records.map(({ dynamodb }) => dynamodb?.ApproximateCreationDateTime ?? 0).filter((at) => at > 0);
  return made.length === 0 ? 0 : Math.max(0, clock().getTime() / 1000 - Math.min(...made));
}
