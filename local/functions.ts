import { randomBytes, randomUUID } from 'node:crypto';
import { devNull } from 'node:os';
import {
  ExecutionEnvironment,
  type FunctionDefinition,
  FunctionError,
  type FunctionErrorCode,
} from './execution-environment';
import { newTrace, type SegmentDocument, segmentsOf, type Thrown, traceHeader } from './traces/segments';

export { type FunctionDefinition, FunctionError };

export interface FunctionOptions {
  /** what every function gets: region, endpoints, credentials */
  readonly environment: Readonly<Record<string, string>>;
  /** receives what the function prints, a line each */
  readonly log: (group: string, stream: string, lines: readonly string[]) => void;
  /** receives the trace of each invocation of a function that is traced */
  readonly trace: (name: string, documents: readonly SegmentDocument[]) => void;
  /** @default 2 */
  readonly environmentLimit?: number;
  /** @default 60 */
  readonly idleLimitSeconds?: number;
}

/** Lambda's limit on the JSON of a synchronous request and of a response, in bytes (Lambda quotas). */
export const payloadLimitBytes = 6 * 1024 * 1024;

/** One Lambda function: a queue in front of at most two execution environments, started when needed, ended when idle. */
export class LocalFunction {
  private readonly idle: ExecutionEnvironment[] = [];
  private readonly environments = new Set<ExecutionEnvironment>();
  private readonly waiting: { resolve(next: ExecutionEnvironment): void; reject(error: Error): void }[] = [];
  private stopped = false;

  constructor(
    readonly definition: FunctionDefinition,
    private readonly options: FunctionOptions,
  ) {}

  /** how many threads run now */
  get running(): number {
    return this.environments.size;
  }

  /**
   * @param event JSON
   * @returns JSON of what the handler answered
   * @throws FunctionError
   */
  async invoke(event: string): Promise<string> {
    if (this.stopped) throw new FunctionError('stopped', `${this.definition.id} is stopped`);
    if (Buffer.byteLength(event) > payloadLimitBytes)
      throw new FunctionError('request-too-large', `${payloadLimitBytes} byte payload limit exceeded`);
    const requestId = randomUUID();
    const from = Date.now();
    const ids = this.definition.traced ? newTrace(from) : undefined;
    const environment = await this.take();
    let failed: unknown;
    try {
      const result = await environment.invoke(requestId, event, ids && traceHeader(ids));
      if (Buffer.byteLength(result) > payloadLimitBytes)
        throw new FunctionError('response-too-large', 'Response payload size exceeded maximum allowed payload size');
      return result;
    } catch (error) {
      failed = error;
      throw error;
    } finally {
      if (ids) {
        const { loading, handling, failure } = environment.run;
        const whole = { from, to: Date.now() };
        const thrown = failed === undefined ? undefined : (failure ?? cutOff(failed));
        const invoked = { requestId, whole, loading, handling, thrown };
        this.options.trace(this.definition.id, segmentsOf(this.definition, invoked, ids));
      }
      this.release(environment);
    }
  }

  /** Ends every thread; what waits or runs fails with `stopped`. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const { reject } of this.waiting.splice(0))
      reject(new FunctionError('stopped', `${this.definition.id} is stopped`));
    await Promise.all([...this.environments].map((environment) => environment.end('stopped')));
  }

  private take(): Promise<ExecutionEnvironment> {
    const idle = this.idle.pop();
    if (idle) return Promise.resolve(idle);
    if (this.environments.size < (this.options.environmentLimit ?? 2)) return Promise.resolve(this.start());
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject }));
  }

  /** As Lambda does: a handler that threw keeps its environment, one that crashed or ran out of time is replaced. */
  private release(environment: ExecutionEnvironment): void {
    if (environment.ended) this.environments.delete(environment);
    const next = this.waiting.shift();
    if (next) next.resolve(environment.ended ? this.start() : environment);
    else if (!environment.ended) {
      this.idle.push(environment);
      environment.endAfter((this.options.idleLimitSeconds ?? 60) * 1000);
    }
  }

  private start(): ExecutionEnvironment {
    const { definition, options } = this;
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '/');
    const stream = `${day}/[$LATEST]${randomBytes(16).toString('hex')}`;
    const environment = new ExecutionEnvironment({
      definition,
      variables: {
        ...definition.environment,
        ...options.environment,
        // A developer's own AWS profile must never be what a function signs with.
        AWS_CONFIG_FILE: devNull,
        AWS_SHARED_CREDENTIALS_FILE: devNull,
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
        AWS_LAMBDA_FUNCTION_NAME: definition.id,
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(definition.memoryMegabytes),
        AWS_LAMBDA_LOG_GROUP_NAME: definition.logGroup,
        AWS_LAMBDA_LOG_STREAM_NAME: stream,
        LAMBDA_TASK_ROOT: definition.directory,
        _HANDLER: definition.handler,
      },
      log: (lines) => options.log(definition.logGroup, stream, lines),
      onEnd: () => {
        this.environments.delete(environment);
        const position = this.idle.indexOf(environment);
        if (position >= 0) this.idle.splice(position, 1);
      },
    });
    this.environments.add(environment);
    return environment;
  }
}

const errorTypes: Partial<Record<FunctionErrorCode, string>> = {
  'timed-out': 'Sandbox.Timedout',
  crashed: 'Runtime.ExitError',
  'response-too-large': 'Function.ResponseSizeTooLarge',
};

/** @returns what Lambda says of a function that could not say what happened to it: the words are Lambda's own */
function cutOff(error: unknown): Thrown {
  if (!(error instanceof FunctionError)) return { errorType: 'Unknown', errorMessage: '', stack: '' };
  return { errorType: errorTypes[error.code] ?? error.errorType, errorMessage: error.message, stack: '' };
}
