import { causesOf } from './causes';
import { log } from './log';

type Handler<Event, Context, Result> = (event: Event, context: Context) => Promise<Result> | Result;

/** What Lambda is told of a failure: its runtime writes whatever is thrown into the log, message, stack and properties. */
export class InvocationFailed extends Error {
  constructor(error: unknown) {
    super('');
    this.name = causesOf(error)[0]?.split(':')[0] ?? 'Error';
    this.stack = this.name;
  }
}

/** @returns the handler, whose failures are logged in declared fields and thrown again without their words */
export function contained<Event, Context, Result>(
  handler: Handler<Event, Context, Result>,
): (event: Event, context: Context) => Promise<Result> {
  return async (event, context) => {
    try {
      return await handler(event, context);
    } catch (error) {
      log({ message: 'invocation failed', request: requestOf(context), error });
      throw new InvocationFailed(error);
    }
  };
}

function requestOf(context: unknown): string {
  const id = typeof context === 'object' && context !== null && 'awsRequestId' in context ? context.awsRequestId : '';
  return typeof id === 'string' ? id : '';
}

const printing = [
  'log',
  'info',
  'warn',
  'error',
  'debug',
  'trace',
  'dir',
  'dirxml',
  'table',
  'group',
  'assert',
] as const;

/**
 * Stands between everything that is not Ward's own and the log of the process: what dependencies and Lambda's runtime print,
 * Node's warnings, and errors that nobody caught.
 * @param end of the process; @default exits with 1, as Node does after an error that nobody caught
 */
export function containProcess(
  target: Pick<NodeJS.Process, 'on' | 'removeAllListeners'> = process,
  screen: Pick<Console, (typeof printing)[number]> = console,
  end: () => void = () => process.exit(1),
): void {
  for (const name of printing)
    screen[name] = (...words: readonly unknown[]) => log({ message: 'printed', by: 'console', text: words });
  target.removeAllListeners('warning');
  target.on('warning', (warning) => log({ message: 'printed', by: 'warning', text: warning }));
  for (const [event, why] of [
    ['uncaughtException', 'uncaught-exception'],
    ['unhandledRejection', 'unhandled-rejection'],
  ] as const) {
    // Lambda's runtime has a listener of its own, which would write the error as it is.
    target.removeAllListeners(event);
    target.on(event, (error: unknown) => {
      log({ message: 'function ended', why, error });
      end();
    });
  }
}
