import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { parseFilter } from './filter';
import type { Logs } from './logs';

const subscription = z.strictObject({
  LogGroupName: z.string(),
  FilterPattern: z.string(),
  FilterName: z.string().optional(),
  DestinationArn: z.string(),
});

export interface SubscriptionOptions {
  readonly assembly: {
    resources(type: string): Iterable<{ readonly id: string; readonly ref: string; readonly properties: unknown }>;
  };
  readonly region: string;
  readonly account: string;
  readonly logs: Pick<Logs, 'subscribe'>;
  /** JSON in, JSON out. @throws when the function failed */
  readonly invoke: (functionArn: string, event: string) => Promise<string>;
  readonly mayInvoke: (service: string, functionArn: string, sourceArn: string) => boolean;
  /** takes one sentence; no contents of a log */
  readonly report: (sentence: string) => void;
}

const attempts = 3;
const pauseMilliseconds = 200;

/**
 * AWS::Logs::SubscriptionFilter: lines that match go to a function, gzipped as CloudWatch Logs sends them. A line that was
 * not delivered when the laptop stopped is not delivered later; in AWS deliveries are tried for a day.
 */
export class Subscriptions {
  #running: Promise<unknown> = Promise.resolve();
  #stopped = false;

  /** @throws Error naming the filter that is not emulated, or whose function Logs may not invoke */
  constructor(private readonly options: SubscriptionOptions) {
    const { assembly, region, account, logs, mayInvoke } = options;
    for (const { id, ref, properties } of assembly.resources('AWS::Logs::SubscriptionFilter')) {
      const parsed = subscription.safeParse(properties);
      if (!parsed.success) throw new Error(`${id}: the subscription filter is not emulated as declared`);
      const { LogGroupName: group, FilterPattern, DestinationArn } = parsed.data;
      const source = `arn:aws:logs:${region}:${account}:log-group:${group}:*`;
      if (!['logs.amazonaws.com', `logs.${region}.amazonaws.com`].some((by) => mayInvoke(by, DestinationArn, source)))
        throw new Error(`${id}: CloudWatch Logs may not invoke its function`);
      const matches = parseFilter(FilterPattern);
      logs.subscribe(group, (stream, events) => {
        const logEvents = events
          .filter(({ message }) => matches(message))
          .map(({ timestamp, message }, index) => ({
            id: `${timestamp}${index}`.padStart(56, '0'),
            timestamp,
            message,
          }));
        if (logEvents.length === 0) return;
        const data = {
          messageType: 'DATA_MESSAGE',
          owner: account,
          logGroup: group,
          logStream: stream,
          subscriptionFilters: [ref],
          logEvents,
        };
        this.#deliver(id, DestinationArn, gzipSync(JSON.stringify(data)).toString('base64'));
      });
    }
  }

  /** Resolves when everything has been delivered or given up. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  #deliver(id: string, functionArn: string, data: string): void {
    this.#running = this.#running.then(async () => {
      for (let attempt = 1; !this.#stopped; attempt++) {
        try {
          await this.options.invoke(functionArn, JSON.stringify({ awslogs: { data } }));
          return;
        } catch {
          if (attempt < attempts) {
            await pause(pauseMilliseconds * attempt);
            continue;
          }
          this.options.report(`${id} gave up lines of a log after ${attempts} attempts.`);
          return;
        }
      }
    });
  }
}
