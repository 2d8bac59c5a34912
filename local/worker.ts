import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';

// The body of a function's worker thread. functions.ts compiles this file and starts it as plain JavaScript, so it
// imports nothing of the project but types.

export interface WorkerData {
  /** the unzipped bundle */
  readonly directory: string;
  /** `file.export` */
  readonly handler: string;
  readonly arn: string;
  readonly memoryMegabytes: number;
}
export interface Invocation {
  readonly requestId: string;
  /** JSON */
  readonly event: string;
  /** milliseconds since 1970 */
  readonly deadline: number;
  /** of a traced function: `_X_AMZN_TRACE_ID` */
  readonly trace?: string | undefined;
}
export interface Failure {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly stack: string;
}
export type WorkerMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'unloadable'; readonly failure: Failure }
  | { readonly kind: 'result'; readonly requestId: string; readonly result: string }
  | { readonly kind: 'failure'; readonly requestId: string; readonly failure: Failure };

type Handler = (event: unknown, context: unknown) => unknown;

const data: WorkerData = workerData;
const post = (message: WorkerMessage): void => parentPort?.postMessage(message);

function describe(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown), stack: '' };
  return { errorType: thrown.name, errorMessage: thrown.message, stack: thrown.stack ?? '' };
}

function load(): Handler {
  const [file = '', name = ''] = data.handler.split('.');
  const exported: Record<string, unknown> = require(join(data.directory, `${file}.js`));
  const handler = exported[name];
  if (typeof handler !== 'function') throw new Error(`the bundle exports no function ${data.handler}`);
  return (event, context) => handler(event, context);
}

function serve(handler: Handler): void {
  parentPort?.on('message', async ({ requestId, event, deadline, trace }: Invocation) => {
    try {
      if (trace !== undefined) process.env['_X_AMZN_TRACE_ID'] = trace;
      const context = {
        awsRequestId: requestId,
        functionName: process.env['AWS_LAMBDA_FUNCTION_NAME'],
        functionVersion: '$LATEST',
        invokedFunctionArn: data.arn,
        memoryLimitInMB: String(data.memoryMegabytes),
        logGroupName: process.env['AWS_LAMBDA_LOG_GROUP_NAME'],
        logStreamName: process.env['AWS_LAMBDA_LOG_STREAM_NAME'],
        callbackWaitsForEmptyEventLoop: true,
        getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
      };
      const result = JSON.stringify(await handler(JSON.parse(event), context)) ?? 'null';
      post({ kind: 'result', requestId, result });
    } catch (thrown) {
      post({ kind: 'failure', requestId, failure: describe(thrown) });
    }
  });
}

try {
  serve(load());
  post({ kind: 'ready' });
} catch (thrown) {
  post({ kind: 'unloadable', failure: describe(thrown) });
}
