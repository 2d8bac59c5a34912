import { Logger } from '@aws-lambda-powertools/logger';
import { KeyError } from '../encryption/key-error';
import type { ApiEnvironment } from '../environment';
import { keyFaultLine } from './key-fault';

const logger = new Logger({ serviceName: process.env['AWS_LAMBDA_FUNCTION_NAME'] ?? 'ward' });

/**
 * Says in the log that a request failed, with declared fields alone: no message, no stack, no input, because each of
 * them can quote a record. The request id joins this line with the access log and the audit log. 45 CFR 164.514(b)(2).
 */
export function report(failure: { readonly requestId: string; readonly route: string; readonly error: unknown }): void {
  const chain = causes(failure.error);
  logger.error('request failed', { request: failure.requestId, route: failure.route, causes: chain });
  const fault = keyErrorIn(failure.error);
  if (fault) process.stdout.write(`${keyFaultLine(stage(), new Date(), fault.code)}\n`);
}

/** the last part of the log's name, which every function of the API knows */
const stage = (): string => (process.env['AUDIT_ORIGIN' satisfies keyof ApiEnvironment] ?? '').split('/').at(-1) ?? '';

function keyErrorIn(error: unknown, depth = 0): KeyError | undefined {
  if (error instanceof KeyError) return error;
  return error instanceof Error && depth < 5 ? keyErrorIn(error.cause, depth + 1) : undefined;
}

/** @returns class and code of an error and of what caused it, outermost first; of a refusal by IAM the action as well */
function causes(error: unknown, depth = 0): string[] {
  if (!(error instanceof Error) || depth > 5) return [];
  const code = 'code' in error && typeof error.code === 'string' ? `:${error.code}` : '';
  // A missing grant is found by this name; what else IAM says may hold a partition key.
  const action = /not authorized to perform: ([a-z0-9-]+:[A-Za-z]+)/.exec(error.message)?.[1];
  return [
    `${error.name}${code}`.replace(/[^\w:.-]/g, '').slice(0, 80),
    ...(action ? [action] : []),
    ...causes(error.cause, depth + 1),
  ];
}
