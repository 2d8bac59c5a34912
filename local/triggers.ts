import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as z from 'zod';
import { writeDurably } from './durable';
import { FunctionError } from './functions';
import type { Authorize } from './service';
import { compileFilter } from './triggers/event-filter';
import { parseSchedule } from './triggers/schedule-expression';
import { type Clock, ScheduleTrigger, systemClock } from './triggers/schedule-trigger';
import { StreamPosition } from './triggers/stream-position';
import { type SequencedRecord, StreamTrigger } from './triggers/stream-trigger';

interface TemplateResource {
  readonly stack: string;
  readonly id: string;
  readonly arn?: string | undefined;
  readonly properties: unknown;
}

export interface TriggerOptions {
  readonly assembly: { resources(type: string): Iterable<TemplateResource> };
  readonly region: string;
  readonly account: string;
  /** keeps a position for each trigger */
  readonly directory: string;
  readonly streams: {
    readStream(table: string, after: string | undefined, limit: number): Promise<readonly SequencedRecord[]>;
    onStream(listener: (table: string) => void): () => void;
  };
  /** JSON in, JSON out. @param functionId name or ARN @throws FunctionError */
  readonly invoke: (functionId: string, event: string) => Promise<string>;
  /** ARN of a function's role. @throws Error when there is no such function */
  readonly roleOf: (functionId: string) => string;
  readonly authorize: Authorize;
  readonly mayInvoke: (service: string, functionId: string, sourceArn: string) => boolean;
  readonly mayAssume: (service: string, roleArn: string, sourceArn: string) => boolean;
  /** takes one sentence for the user about something that went wrong; no contents of a record */
  readonly report: (sentence: string) => void;
  readonly clock?: Clock;
}

const mapping = z.object({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']),
  Enabled: z.boolean().default(true),
  BatchSize: z.number().default(100),
  MaximumBatchingWindowInSeconds: z.number().default(0),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.number().default(-1),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  FilterCriteria: z.object({ Filters: z.array(z.object({ Pattern: z.string() })).default([]) }).optional(),
  TumblingWindowInSeconds: z.literal(0).optional(),
  DestinationConfig: z
    .object({ OnFailure: z.object({ Destination: z.string().regex(/^arn:aws:sqs:/) }).optional() })
    .default({}),
});
const schedule = z.object({
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.literal('UTC').default('UTC'),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  StartDate: z.never().optional(),
  EndDate: z.never().optional(),
  Target: z.object({ Arn: z.string(), RoleArn: z.string(), Input: z.string().optional() }),
});
const eventRule = z.object({ ScheduleExpression: z.string().optional() });
const rule = z.object({
  ScheduleExpression: z.string(),
  State: z.string().default('ENABLED'),
  Targets: z
    .array(z.object({ Arn: z.string(), Input: z.string().optional(), InputTransformer: z.never().optional() }))
    .default([]),
});
const streamPosition = z.object({ after: z.string() });
const deadLetters = z.array(
  z.object({ at: z.string(), table: z.string(), first: z.string(), last: z.string(), attempts: z.number() }),
);
/** the newest; the queue of AWS keeps them for days instead */
const deadLettersKept = 1000;
const schedulePosition = z.object({ ranAt: z.number() });

/**
 * What calls functions by itself: DynamoDB streams (AWS::Lambda::EventSourceMapping), and schedules
 * (AWS::Scheduler::Schedule, AWS::Events::Rule). A rule with an event pattern alone waits for events of AWS services,
 * which the laptop has not. Batching windows and record ages are not kept: a batch leaves as soon as it has a record, and a
 * record never grows too old, since the laptop may have been off.
 */
export class Triggers {
  private readonly streams = new Map<string, StreamTrigger[]>();
  private readonly positions: StreamPosition[] = [];
  private readonly schedules: ScheduleTrigger[] = [];
  private unsubscribe: () => void = () => undefined;

  private constructor(private readonly options: TriggerOptions) {}

  /** @throws Error in one sentence naming the trigger that is not emulated or not permitted */
  static async start(options: TriggerOptions): Promise<Triggers> {
    const triggers = new Triggers(options);
    const { assembly, streams } = options;
    try {
      for (const each of assembly.resources('AWS::Lambda::EventSourceMapping')) await triggers.addMapping(each);
      for (const each of assembly.resources('AWS::Scheduler::Schedule')) triggers.addSchedule(each);
      for (const each of assembly.resources('AWS::Events::Rule')) triggers.addRule(each);
    } catch (error) {
      await triggers.stop();
      throw error;
    }
    triggers.unsubscribe = streams.onStream((table) => triggers.wake(table));
    for (const table of triggers.streams.keys()) triggers.wake(table);
    return triggers;
  }

  /** whether stream records may be waiting for a function; as long as they do, streams must not be trimmed */
  get busy(): boolean {
    return [...this.streams.values()].flat().some((trigger) => trigger.busy);
  }

  /** Resolves when every stream has been read to its end and no scheduled run is under way. */
  async settled(): Promise<void> {
    await Promise.all([...this.streams.values()].flat().map((trigger) => trigger.settled()));
    await Promise.all(this.schedules.map((trigger) => trigger.settled()));
    for (const position of this.positions) position.write();
  }

  async stop(): Promise<void> {
    this.unsubscribe();
    await Promise.all([...[...this.streams.values()].flat(), ...this.schedules].map((trigger) => trigger.stop()));
    for (const position of this.positions) position.write();
  }

  private wake(table: string): void {
    for (const trigger of this.streams.get(table) ?? []) trigger.wake();
  }

  private async addMapping(resource: TemplateResource): Promise<void> {
    const { id } = resource;
    const { EventSourceArn, FunctionName, ...settings } = parse(mapping, resource);
    const table = /^arn:aws:dynamodb:[^:]+:\d+:table\/([^/]+)\/stream\//.exec(EventSourceArn)?.[1];
    if (!table) throw new Error(`${id}: an event source other than a DynamoDB stream is not emulated`);
    if (!settings.Enabled) return;
    const { streams, report } = this.options;
    const role = { kind: 'role', arn: this.options.roleOf(FunctionName) } as const;
    // Lambda reads the stream as the function's role.
    for (const call of ['DescribeStream', 'GetShardIterator', 'GetRecords'])
      this.options.authorize(role, { action: `dynamodb:${call}`, resource: EventSourceArn });
    const queue = settings.DestinationConfig.OnFailure?.Destination;
    // Lambda sends there as the function's role, and only when something is given up: too late to learn that it may not.
    if (queue !== undefined) this.options.authorize(role, { action: 'sqs:SendMessage', resource: queue });
    const file = this.file(resource);
    const onFailed = (error: unknown) => report(`${id} could not go on reading ${table} (${nameOf(error)}).`);
    const position = new StreamPosition(file, onFailed);
    this.positions.push(position);
    let after = load(file, streamPosition)?.after;
    if (after === undefined && settings.StartingPosition === 'LATEST') {
      after = await lastOf(streams, table);
      if (after !== undefined) position.move(after);
      position.write();
    }
    const trigger = new StreamTrigger(
      {
        batchSize: settings.BatchSize,
        batchingWindowMilliseconds: settings.MaximumBatchingWindowInSeconds * 1000,
        maximumRetryAttempts: settings.MaximumRetryAttempts,
        bisectBatchOnFunctionError: settings.BisectBatchOnFunctionError,
        reportsItemFailures: settings.FunctionResponseTypes.length > 0,
        filters: (settings.FilterCriteria?.Filters ?? []).map(({ Pattern }) => compileFilter(Pattern, id)),
      },
      {
        read: (from, limit) => streams.readStream(table, from, limit),
        invoke: (event) => this.options.invoke(FunctionName, event),
        save: (sequenceNumber) => position.move(sequenceNumber),
        tooLarge: (error) => error instanceof FunctionError && error.code === 'request-too-large',
        wait,
        onDropped: (first, last, attempts) => {
          if (queue !== undefined) this.keepDeadLetter(queue, { table, first, last, attempts });
          report(`${id} gave up stream records ${first} to ${last} of ${table} after ${attempts} attempts.`);
        },
        onFailed,
      },
      after,
    );
    this.streams.set(table, [...(this.streams.get(table) ?? []), trigger]);
  }

  /** As Lambda's message does, it names the records and holds none of them. */
  private keepDeadLetter(
    queueArn: string,
    given: { readonly table: string; readonly first: string; readonly last: string; readonly attempts: number },
  ): void {
    const file = join(this.options.directory, `${queueArn.split(':').at(-1)}.dead-letters.json`);
    const kept = load(file, deadLetters) ?? [];
    const letter = { at: new Date().toISOString(), ...given };
    writeDurably(file, JSON.stringify([...kept, letter].slice(-deadLettersKept)));
  }

  private addSchedule(resource: TemplateResource): void {
    const { id, arn = id } = resource;
    const { Target, ScheduleExpression, State } = parse(schedule, resource);
    this.options.roleOf(Target.Arn);
    if (!this.options.mayAssume('scheduler.amazonaws.com', Target.RoleArn, arn))
      throw new Error(`${id}: the scheduler may not take on its role`);
    const caller = { kind: 'role', arn: Target.RoleArn } as const;
    this.options.authorize(caller, { action: 'lambda:InvokeFunction', resource: Target.Arn });
    if (State === 'ENABLED')
      this.addTimes(resource, ScheduleExpression, [Target], (time) => ({
        version: '0',
        id: crypto.randomUUID(),
        'detail-type': 'Scheduled Event',
        source: 'aws.scheduler',
        ...this.origin(time, arn),
        detail: '{}',
      }));
  }

  private addRule(resource: TemplateResource): void {
    const { id, arn = id } = resource;
    const waits = parse(eventRule, resource).ScheduleExpression === undefined;
    if (waits) return;
    const { ScheduleExpression, State, Targets } = parse(rule, resource);
    for (const { Arn } of Targets) {
      this.options.roleOf(Arn);
      if (!this.options.mayInvoke('events.amazonaws.com', Arn, arn))
        throw new Error(`${id}: EventBridge may not invoke its target`);
    }
    if (State === 'ENABLED')
      this.addTimes(resource, ScheduleExpression, Targets, (time) => ({
        version: '0',
        id: crypto.randomUUID(),
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        ...this.origin(time, arn),
        detail: {},
      }));
  }

  private addTimes(
    resource: TemplateResource,
    expression: string,
    targets: readonly { readonly Arn: string; readonly Input?: string | undefined }[],
    eventAt: (time: number) => object,
  ): void {
    const file = this.file(resource);
    const trigger = new ScheduleTrigger(parseSchedule(expression, resource.id), {
      clock: this.options.clock ?? systemClock,
      run: async (time) => {
        for (const { Arn, Input } of targets) await this.options.invoke(Arn, Input ?? JSON.stringify(eventAt(time)));
      },
      save: (ranAt) => writeDurably(file, JSON.stringify({ ranAt })),
      wait,
      onFailed: (error) => this.options.report(`${resource.id} failed at its time (${nameOf(error)}).`),
    });
    this.schedules.push(trigger);
    trigger.start(load(file, schedulePosition)?.ranAt);
  }

  private origin(time: number, arn: string) {
    const { account, region } = this.options;
    return { account, time: new Date(time).toISOString().replace(/\.\d+Z$/, 'Z'), region, resources: [arn] };
  }

  private file({ stack, id }: TemplateResource): string {
    return join(this.options.directory, `${stack}.${id}.json`);
  }
}

async function lastOf(streams: TriggerOptions['streams'], table: string): Promise<string | undefined> {
  let last: string | undefined;
  for (;;) {
    const page = await streams.readStream(table, last, 1000);
    if (page.length === 0) return last;
    last = page.at(-1)?.dynamodb.SequenceNumber;
  }
}

const wait = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  pause(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);

const nameOf = (error: unknown): string =>
  error instanceof FunctionError ? error.code : error instanceof Error ? error.name : 'unknown';

function load<Shape extends z.ZodType>(file: string, shape: Shape): z.output<Shape> | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  return shape.parse(JSON.parse(text));
}

function parse<Shape extends z.ZodType>(shape: Shape, { id, properties }: TemplateResource): z.output<Shape> {
  const result = shape.safeParse(properties);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new Error(`${id}: ${issue?.path.join('.')} is not emulated as it is (${issue?.message})`);
}
