import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { Worker } from 'node:worker_threads';
import { transformSync } from 'esbuild';
import type { Span } from './traces/segments';
import type { Failure, Invocation, WorkerData, WorkerMessage } from './worker';

/** A Lambda function as the template declares it. */
export interface FunctionDefinition {
  /** logical id, the function's name on the laptop */
  readonly id: string;
  readonly arn: string;
  readonly roleArn: string;
  /** the unzipped bundle */
  readonly directory: string;
  /** `file.export` */
  readonly handler: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMegabytes: number;
  readonly logGroup: string;
  /** X-Ray keeps traces of it */
  readonly traced: boolean;
}

export type FunctionErrorCode =
  | 'unhandled' // the handler threw
  | 'unloadable' // the bundle failed while it was loaded
  | 'crashed' // the thread ended
  | 'timed-out'
  | 'request-too-large'
  | 'response-too-large'
  | 'stopped';

/** A failed invocation. The message is Lambda's own; what the handler said is in `errorType` and in its log group only. */
export class FunctionError extends Error {
  constructor(
    readonly code: FunctionErrorCode,
    message: string,
    readonly errorType: string = code,
  ) {
    super(message);
    this.name = 'FunctionError';
  }
}

/** Lambda's limit on loading a bundle; it does not count against the function's own timeout. */
const loadLimitSeconds = 10;

let compiled: string | undefined;
/** A `.ts` worker does not start under tsx on Node 20, so the thread gets JavaScript. */
function workerCode(): string {
  compiled ??= transformSync(readFileSync(join(__dirname, 'worker.ts'), 'utf8'), { loader: 'ts', format: 'cjs' }).code;
  return compiled;
}

export interface EnvironmentOptions {
  readonly definition: FunctionDefinition;
  /** all that the thread finds in `process.env` */
  readonly variables: Readonly<Record<string, string>>;
  readonly log: (lines: readonly string[]) => void;
  readonly onEnd: () => void;
}

/** What an environment knows of its newest invocation. */
export interface Run {
  /** where the invocation had to wait for the bundle */
  readonly loading?: Span;
  readonly handling?: Span;
  /** what the function's runtime told of a failure; a function that is cut off tells nothing */
  readonly failure?: Failure;
}

/** One Lambda execution environment: a worker thread that has loaded the bundle and answers one event at a time. */
export class ExecutionEnvironment {
  ended = false;
  run: Run = {};
  private readonly worker: Worker;
  private readonly loaded: Promise<void>;
  private finishLoading: { resolve(): void; reject(error: Error): void } = { resolve() {}, reject() {} };
  private current: { requestId: string; resolve(result: string): void; reject(error: Error): void } | undefined;
  private idleTimer: NodeJS.Timeout | undefined;
  private loadingSince: number | undefined = Date.now();

  constructor(private readonly options: EnvironmentOptions) {
    const { definition } = options;
    const data: WorkerData = {
      directory: definition.directory,
      handler: definition.handler,
      arn: definition.arn,
      memoryMegabytes: definition.memoryMegabytes,
    };
    this.worker = new Worker(workerCode(), {
      eval: true,
      execArgv: [], // or it would inherit --import tsx
      env: { ...options.variables },
      workerData: data,
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: definition.memoryMegabytes },
    });
    this.loaded = new Promise((resolve, reject) => {
      this.finishLoading = { resolve, reject };
    });
    this.loaded.catch(() => undefined); // the first invocation reports it
    forwardLines(this.worker.stdout, options.log);
    forwardLines(this.worker.stderr, options.log);
    this.worker.on('message', (message: WorkerMessage) => this.receive(message));
    this.worker.on('error', (error: Error) => {
      this.logFailure('Uncaught Exception', {
        errorType: error.name,
        errorMessage: error.message,
        stack: error.stack ?? '',
      });
      this.fail('crashed', `RequestId: ${this.current?.requestId ?? 'none'} Error: Runtime exited`);
    });
    this.worker.on('exit', () =>
      this.fail('crashed', `RequestId: ${this.current?.requestId ?? 'none'} Error: Runtime exited`),
    );
  }

  /**
   * @param event JSON
   * @param trace of a traced function: what its code finds in `_X_AMZN_TRACE_ID`
   * @returns JSON
   * @throws FunctionError; then look at `ended` to see whether this one can go on, and in any case at `run`
   */
  async invoke(requestId: string, event: string, trace?: string): Promise<string> {
    clearTimeout(this.idleTimer);
    const { loadingSince } = this;
    this.loadingSince = undefined;
    this.run = {};
    let handlingSince: number | undefined;
    try {
      await this.within(loadLimitSeconds, 'INIT', this.loaded);
      handlingSince = Date.now();
      return await this.handle({ requestId, event, trace });
    } finally {
      const now = Date.now();
      this.run = {
        ...this.run,
        ...(loadingSince !== undefined && { loading: { from: loadingSince, to: handlingSince ?? now } }),
        ...(handlingSince !== undefined && { handling: { from: handlingSince, to: now } }),
      };
    }
  }

  private async handle({ requestId, event, trace }: Omit<Invocation, 'deadline'>): Promise<string> {
    const { timeoutSeconds } = this.options.definition;
    const answer = new Promise<string>((resolve, reject) => {
      this.current = { requestId, resolve, reject };
    });
    const invocation: Invocation = { requestId, event, trace, deadline: Date.now() + timeoutSeconds * 1000 };
    if (this.ended) throw new FunctionError('crashed', `RequestId: ${requestId} Error: Runtime exited`);
    this.worker.postMessage(invocation);
    try {
      return await this.within(timeoutSeconds, requestId, answer);
    } finally {
      this.current = undefined;
    }
  }

  /** Ends the thread unless it is used again before. */
  endAfter(milliseconds: number): void {
    clearTimeout(this.idleTimer);
    this.idleTimer = setTimeout(() => void this.end('stopped'), milliseconds);
    this.idleTimer.unref();
  }

  async end(code: FunctionErrorCode): Promise<void> {
    this.fail(code, `${this.options.definition.id} was ended`);
    await this.worker.terminate();
  }

  private async within<Value>(seconds: number, requestId: string, work: Promise<Value>): Promise<Value> {
    let timer: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `${requestId} Task timed out after ${seconds.toFixed(2)} seconds`;
        this.options.log([message]);
        reject(new FunctionError('timed-out', message));
        void this.end('timed-out');
      }, seconds * 1000);
    });
    try {
      return await Promise.race([work, expired]);
    } finally {
      clearTimeout(timer);
    }
  }

  private receive(message: WorkerMessage): void {
    switch (message.kind) {
      case 'ready':
        this.finishLoading.resolve();
        break;
      case 'unloadable':
        this.logFailure('Init Error', message.failure);
        this.fail('unloadable', 'the bundle could not be loaded', message.failure.errorType);
        void this.worker.terminate();
        break;
      case 'result':
        if (message.requestId === this.current?.requestId) this.current.resolve(message.result);
        break;
      case 'failure':
        this.logFailure('Invoke Error', message.failure);
        if (message.requestId === this.current?.requestId)
          this.current.reject(new FunctionError('unhandled', 'the handler failed', message.failure.errorType));
        break;
    }
  }

  private fail(code: FunctionErrorCode, message: string, errorType?: string): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.idleTimer);
    const error = new FunctionError(code, message, errorType);
    this.finishLoading.reject(error);
    this.current?.reject(error);
    this.options.onEnd();
  }

  private logFailure(title: string, failure: Failure): void {
    this.run = { ...this.run, failure };
    const { errorType, errorMessage, stack } = failure;
    this.options.log([`ERROR ${title} ${JSON.stringify({ errorType, errorMessage, stack: stack.split('\n') })}`]);
  }
}

/** Hands over whole lines; what is left without a line end is a line when the stream ends. */
function forwardLines(stream: Readable, log: (lines: readonly string[]) => void): void {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    const complete = lines.filter((line) => line.length > 0);
    if (complete.length > 0) log(complete);
  });
  stream.on('end', () => {
    if (rest.length > 0) log([rest]);
  });
}
