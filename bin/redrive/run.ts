import { InvokeCommand, type LambdaClient } from '@aws-sdk/client-lambda';
import type { DynamoDBRecord } from 'aws-lambda';
import * as z from 'zod';
import type { OutboxReader } from '../../lambda/audit/outbox-reader';
import { asStreamed, pastEvents } from './past-events';
import type { Job } from './plan';

export interface Hands {
  readonly lambda: LambdaClient;
  readonly outbox: OutboxReader;
  /** @returns the function's name in AWS. @throws Error when the stage has none of that name */
  nameOf(declared: Job['function']): string;
}

/** as many as the mapping of the stream gives the detector at once */
const recordsAtOnce = 100;
const tick = JSON.stringify({ source: 'aws.scheduler' });

const failed = z.object({ errorType: z.string().regex(/^[A-Za-z]\w{0,60}$/) });
const partly = z.object({ batchItemFailures: z.array(z.unknown()).min(1) });

/**
 * Does a job, and waits for its end.
 * @returns undefined when all of it succeeded, or a code that says why not: words of a function or service are never shown
 */
export async function run(job: Job, hands: Hands): Promise<string | undefined> {
  try {
    if (job.kind === 'replay') return await replay(job, hands);
    return await invoke(job.function, job.kind === 'run' ? tick : job.payload, hands);
  } catch (error) {
    return error instanceof Error ? error.name : 'unknown';
  }
}

/** Goes on behind what is refused, so that one event does not keep the others from being looked at. */
async function replay(job: Job & { readonly kind: 'replay' }, hands: Hands): Promise<string | undefined> {
  let why: string | undefined;
  for await (const events of pastEvents(hands.outbox, job.from, job.to))
    for (let first = 0; first < events.length; first += recordsAtOnce) {
      const Records: DynamoDBRecord[] = events.slice(first, first + recordsAtOnce).map(asStreamed);
      why = (await invoke(job.function, JSON.stringify({ Records }), hands)) ?? why;
    }
  return why;
}

async function invoke(declared: Job['function'], payload: string, { lambda, nameOf }: Hands) {
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: nameOf(declared), InvocationType: 'RequestResponse', Payload: payload }),
  );
  const answer: unknown = JSON.parse(new TextDecoder().decode(Payload) || 'null');
  if (FunctionError !== undefined) return failed.safeParse(answer).data?.errorType ?? 'FunctionError';
  return partly.safeParse(answer).success ? 'events-refused' : undefined;
}
