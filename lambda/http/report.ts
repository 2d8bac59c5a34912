import { KeyError } from '../encryption/key-error';
import type { ApiEnvironment } from '../environment';
import { log } from '../logging/log';
import { keyFaultLine } from './key-fault';

/**
 * Says in the log that a request failed, with declared fields alone. The request id joins this line with the access log and
 * the audit log. 45 CFR 164.514(b)(2).
 */
export function report(failure: { readonly requestId: string; readonly route: string; readonly error: unknown }): void {
  log({ message: 'request failed', request: failure.requestId, route: failure.route, error: failure.error });
  const fault = keyErrorIn(failure.error);
  if (fault) process.stdout.write(`${keyFaultLine(stage(), new Date(), fault.code)}\n`);
}

/** the last part of the log's name, which every function of the API knows */
const stage = (): string => (process.env['AUDIT_ORIGIN' satisfies keyof ApiEnvironment] ?? '').split('/').at(-1) ?? '';

function keyErrorIn(error: unknown, depth = 0): KeyError | undefined {
  if (error instanceof KeyError) return error;
  return error instanceof Error && depth < 5 ? keyErrorIn(error.cause, depth + 1) : undefined;
}
