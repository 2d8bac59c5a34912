import { createHash } from 'node:crypto';
import { z } from 'zod';
import {
  type Authorize,
  awsJson,
  type Call,
  type Caller,
  type Operations,
  type Reply,
  type Service,
  ServiceError,
} from '../service';
import { parseFilter } from './filter';
import { Groups, type LogEvent, type LogListener } from './groups';
import { Insights } from './insights';

const HOUR_MS = 3_600_000;
const MAXIMUM_PAGE = 10_000;

const groupName = z.string().min(1).max(512);
const streamName = z
  .string()
  .min(1)
  .max(512)
  .regex(/^[^:*]*$/);
const limit = z.int().min(1).max(MAXIMUM_PAGE).default(MAXIMUM_PAGE);
const token = z.string().min(1).max(256).optional();
const instant = z.int().min(0).optional();

const createStreamInput = z.strictObject({ logGroupName: groupName, logStreamName: streamName });
const putInput = z.strictObject({
  logGroupName: groupName,
  logStreamName: streamName,
  /** no longer heeded by AWS */
  sequenceToken: z.string().optional(),
  logEvents: z
    .array(z.strictObject({ timestamp: z.int().min(0), message: z.string().min(1) }))
    .min(1)
    .max(10_000),
});
const getInput = z.strictObject({
  logGroupName: groupName,
  logStreamName: streamName,
  startTime: instant,
  endTime: instant,
  limit,
  nextToken: token,
  startFromHead: z.boolean().default(false),
});
const filterInput = z.strictObject({
  logGroupName: groupName,
  logStreamNames: z.array(streamName).min(1).max(100).optional(),
  logStreamNamePrefix: streamName.optional(),
  startTime: instant,
  endTime: instant,
  filterPattern: z.string().max(1024).default(''),
  limit,
  nextToken: token,
  interleaved: z.boolean().optional(),
});
const describeInput = z.strictObject({
  logGroupNamePrefix: groupName.optional(),
  limit: z.int().min(1).max(50).default(50),
  nextToken: token,
});

const startQueryInput = z.strictObject({
  logGroupNames: z.array(groupName).min(1).max(50),
  /** epoch seconds, both inclusive */
  startTime: z.int().min(0),
  endTime: z.int().min(0),
  queryString: z.string().min(1).max(10_000),
  limit: z.int().min(1).max(MAXIMUM_PAGE).optional(),
});
const queryResultsInput = z.strictObject({ queryId: z.uuid() });

export interface LogsOptions {
  readonly directory: string;
  readonly authorize: Authorize;
  /** epoch milliseconds */
  readonly clock?: () => number;
  readonly region: string;
  readonly account: string;
}

/** CloudWatch Logs for the laptop: what functions print, kept as JSON lines and searched with plain terms. */
export class Logs implements Service {
  readonly name = 'CLOUDWATCH_LOGS';
  readonly #groups: Groups;
  readonly #clock: () => number;
  readonly #insights = new Insights();
  readonly #serve: (call: Call) => Promise<Reply>;

  constructor(private readonly options: LogsOptions) {
    this.#clock = options.clock ?? Date.now;
    this.#groups = new Groups(options.directory, this.#clock);
    this.#serve = awsJson('CloudWatch Logs', '1.1', this.#operations());
  }

  handle(call: Call): Promise<Reply> {
    return this.#serve(call);
  }

  async close(): Promise<void> {}

  /** @param properties a resolved `AWS::Logs::LogGroup`; without `RetentionInDays` nothing expires */
  ensureGroup(name: string, properties: unknown): void {
    this.#groups.ensure(name, properties);
  }

  /**
   * What a function printed, a line an event; makes the stream when it is new.
   *
   * @throws ServiceError ResourceNotFoundException when no template declares the group
   */
  append(group: string, stream: string, lines: readonly string[]): void {
    const now = this.#clock();
    this.#groups.createStream(group, stream);
    const events = lines.map((message) => ({ timestamp: now, ingestionTime: now, message }));
    this.#groups.append(group, stream, events);
  }

  /** Hears of every line of a group from now on. @throws ServiceError when no template declares the group */
  subscribe(group: string, listener: LogListener): void {
    this.#groups.subscribe(group, listener);
  }

  /** Removes what is older than its group's retention. */
  sweep(): void {
    this.#groups.sweep();
  }

  #operations(): Operations {
    return {
      CreateLogStream: async (input, caller) => {
        const { logGroupName, logStreamName } = parse(createStreamInput, input);
        this.#authorize(caller, 'CreateLogStream', logGroupName, logStreamName);
        if (!this.#groups.createStream(logGroupName, logStreamName))
          throw new ServiceError('ResourceAlreadyExistsException', 'The specified log stream already exists');
      },
      PutLogEvents: async (input, caller) => this.#put(parse(putInput, input), caller),
      GetLogEvents: async (input, caller) => this.#get(parse(getInput, input), caller),
      FilterLogEvents: async (input, caller) => this.#filter(parse(filterInput, input), caller),
      StartQuery: async (input, caller) => this.#startQuery(parse(startQueryInput, input), caller),
      GetQueryResults: async (input, caller) => {
        const { queryId } = parse(queryResultsInput, input);
        this.options.authorize(caller, { action: 'logs:GetQueryResults', resource: '*' });
        return { status: 'Complete', results: this.#insights.results(queryId), statistics: {} };
      },
      DescribeLogGroups: async (input, caller) => this.#describe(parse(describeInput, input), caller),
    };
  }

  #put(input: z.output<typeof putInput>, caller: Caller) {
    const { logGroupName, logStreamName, logEvents } = input;
    this.#authorize(caller, 'PutLogEvents', logGroupName, logStreamName);
    if (logEvents.some((event, index) => event.timestamp < (logEvents[index - 1]?.timestamp ?? 0)))
      throw new ServiceError('InvalidParameterException', 'Log events in a batch must be in chronological order.');
    const now = this.#clock();
    const tooNew = now + 2 * HOUR_MS;
    const tooOld = now - 14 * 24 * HOUR_MS;
    const expired = this.#groups.oldestKept(logGroupName);
    const accepted = logEvents.filter(({ timestamp: at }) => at <= tooNew && at >= tooOld && at >= expired);
    this.#groups.append(
      logGroupName,
      logStreamName,
      accepted.map((event) => ({ ...event, ingestionTime: now })),
    );
    if (accepted.length === logEvents.length) return {};
    const firstIndex = (matches: (at: number) => boolean) => {
      const index = logEvents.findIndex(({ timestamp }) => matches(timestamp));
      return index < 0 ? undefined : index;
    };
    const endOf = (oldest: number) => {
      const count = logEvents.filter(({ timestamp }) => timestamp < oldest).length;
      return count === 0 ? undefined : count;
    };
    return {
      rejectedLogEventsInfo: {
        tooNewLogEventStartIndex: firstIndex((at) => at > tooNew),
        tooOldLogEventEndIndex: endOf(tooOld),
        expiredLogEventEndIndex: endOf(expired),
      },
    };
  }

  #get(input: z.output<typeof getInput>, caller: Caller) {
    const { logGroupName, logStreamName, startTime = 0, endTime = Number.POSITIVE_INFINITY } = input;
    this.#authorize(caller, 'GetLogEvents', logGroupName, logStreamName);
    const events = this.#groups
      .events(logGroupName, logStreamName)
      .filter(({ timestamp }) => timestamp >= startTime && timestamp < endTime);
    const [, direction, index] = /^([fb])\/(\d{1,12})$/.exec(input.nextToken ?? '') ?? [];
    if (input.nextToken !== undefined && index === undefined) throw invalidToken();
    const forward = direction === undefined ? input.startFromHead : direction === 'f';
    const at = Math.min(index === undefined ? (forward ? 0 : events.length) : Number(index), events.length);
    const first = forward ? at : Math.max(0, at - input.limit);
    const end = forward ? Math.min(at + input.limit, events.length) : at;
    return {
      events: events.slice(first, end),
      nextForwardToken: `f/${end}`,
      nextBackwardToken: `b/${first}`,
    };
  }

  #filter(input: z.output<typeof filterInput>, caller: Caller) {
    const { logGroupName, startTime = 0, endTime = Number.POSITIVE_INFINITY } = input;
    this.#authorize(caller, 'FilterLogEvents', logGroupName, '');
    if (input.logStreamNames && input.logStreamNamePrefix !== undefined)
      throw new ServiceError('InvalidParameterException', 'give names of streams or a prefix, not both');
    const matches = parseFilter(input.filterPattern);
    const streams = (input.logStreamNames ?? this.#groups.streams(logGroupName)).filter((name) =>
      name.startsWith(input.logStreamNamePrefix ?? ''),
    );
    const found = streams
      .flatMap((stream) => this.#groups.events(logGroupName, stream).map((event, index) => ({ stream, event, index })))
      .filter(({ event }) => event.timestamp >= startTime && event.timestamp <= endTime && matches(event.message))
      .sort((a, b) => a.event.timestamp - b.event.timestamp);
    const { start, next } = page(input.nextToken, input.limit, found.length);
    return {
      events: found.slice(start, start + input.limit).map(({ stream, event, index }) => ({
        logStreamName: stream,
        ...event,
        eventId: eventId(stream, index, event),
      })),
      nextToken: next,
      searchedLogStreams: [],
    };
  }

  #startQuery(input: z.output<typeof startQueryInput>, caller: Caller) {
    for (const group of input.logGroupNames) this.#authorize(caller, 'StartQuery', group, '');
    const events = input.logGroupNames
      .flatMap((group) => this.#groups.streams(group).flatMap((stream) => this.#groups.events(group, stream)))
      .filter(({ timestamp }) => timestamp >= input.startTime * 1000 && timestamp <= input.endTime * 1000);
    return { queryId: this.#insights.start(input.queryString, events) };
  }

  #describe(input: z.output<typeof describeInput>, caller: Caller) {
    this.#authorize(caller, 'DescribeLogGroups', '', '');
    const groups = this.#groups.list().filter(({ name }) => name.startsWith(input.logGroupNamePrefix ?? ''));
    const { start, next } = page(input.nextToken, input.limit, groups.length);
    return {
      logGroups: groups.slice(start, start + input.limit).map(({ name, createdAt, retentionDays, kmsKeyId }) => ({
        logGroupName: name,
        creationTime: createdAt,
        retentionInDays: retentionDays,
        kmsKeyId,
        arn: `${this.#arn(name)}:*`,
        logGroupArn: this.#arn(name),
        logGroupClass: 'STANDARD',
      })),
      nextToken: next,
    };
  }

  /** AWS asks about a stream even where a call names none: a grant on `<group>:*` covers both. */
  #authorize(caller: Caller, operation: string, group: string, stream: string): void {
    const resource = `${this.#arn(group)}:log-stream:${stream}`;
    this.options.authorize(caller, { action: `logs:${operation}`, resource });
  }

  #arn(group: string): string {
    return `arn:aws:logs:${this.options.region}:${this.options.account}:log-group:${group}`;
  }
}

/** @throws ServiceError InvalidParameterException naming the parameter, never its value */
function parse<Output>(schema: z.ZodType<Output>, input: unknown): Output {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const names = issue?.code === 'unrecognized_keys' ? issue.keys : [String(issue?.path[0] ?? 'input')];
  throw new ServiceError('InvalidParameterException', `not valid, or not emulated: ${names.join(', ')}`);
}

/** A page's token is the index at which the next begins. */
function page(nextToken: string | undefined, limit: number, total: number): { start: number; next?: string } {
  if (nextToken !== undefined && !/^\d{1,12}$/.test(nextToken)) throw invalidToken();
  const start = Number(nextToken ?? 0);
  return start + limit < total ? { start, next: String(start + limit) } : { start };
}

function invalidToken(): ServiceError {
  return new ServiceError('InvalidParameterException', 'The specified nextToken is invalid.');
}

function eventId(stream: string, index: number, event: LogEvent): string {
  return createHash('sha256')
    .update(JSON.stringify([stream, index, event]))
    .digest('hex')
    .slice(0, 56);
}
