import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Who signed a call to an emulated service. A function's credentials name its role. */
export interface Caller {
  readonly kind: 'role' | 'root' | 'anonymous';
  /** of the role, or of the account's root */
  readonly arn: string;
  /** the logical id of the function, for logs */
  readonly session?: string;
  /** a test that calls in a function's place: with its code, or to see what somebody could do who took it over */
  readonly rehearsed?: 'code' | 'attack';
}

/** One permission that a call needs, as IAM would evaluate it. */
export interface Access {
  /** such as `dynamodb:PutItem` */
  readonly action: string;
  /** ARN, or `*` where the action has no resource */
  readonly resource: string;
  /** condition keys of the call, such as `dynamodb:LeadingKeys` */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
  /** the call is served without it, with less in its answer: a refusal is no failure */
  readonly optional?: true;
}

/** @throws ServiceError AccessDeniedException when the synthesized policies do not allow it */
export type Authorize = (caller: Caller, access: Access) => void;

/** A request whose signature has been verified, or that came unsigned (`caller.kind` is `anonymous`). */
export interface Call {
  readonly caller: Caller;
  readonly method: string;
  /** path and query as they came on the wire */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | string;
}

/** One emulated AWS service. The HTTP front, the signatures and the Host check are not its business. */
export interface Service {
  /** as in `AWS_ENDPOINT_URL_<NAME>`: DYNAMODB, KMS, S3, COGNITO_IDENTITY_PROVIDER, CLOUDWATCH_LOGS, SESV2, SNS */
  readonly name: string;
  handle(call: Call): Promise<Reply>;
  /** ends timers and closes files; what was acknowledged is on disk before that */
  close(): Promise<void>;
}

/** An error that the AWS SDK shows to its caller under `code`. */
export class ServiceError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 400,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = code;
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each operation narrows its own input
export type Operations = Readonly<Record<string, (input: any, caller: Caller) => Promise<unknown>>>;

/** Answers the AWS JSON protocol: the operation is named by `X-Amz-Target`, an unknown one is refused by name. */
export function awsJson(
  service: string,
  version: '1.0' | '1.1',
  operations: Operations,
): (call: Call) => Promise<Reply> {
  const headers = () => ({ 'content-type': `application/x-amz-json-${version}`, 'x-amzn-requestid': randomUUID() });
  return async (call) => {
    const name = String(call.headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    try {
      const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
      if (!operation)
        throw new ServiceError('UnknownOperationException', `${service} ${name || 'without a target'} is not emulated`);
      const result = await operation(parseInput(call.body), call.caller);
      return { status: 200, headers: headers(), body: JSON.stringify(result ?? {}) };
    } catch (error) {
      const known = error instanceof ServiceError;
      if (!known) process.stderr.write(`${service} ${name} failed: ${(error as Error).stack}\n`);
      const body = known
        ? { __type: error.code, message: error.message, ...error.details }
        : { __type: 'InternalServerError', message: 'internal error' };
      return { status: known ? error.status : 500, headers: headers(), body: JSON.stringify(body) };
    }
  };
}

/** Node's own message would quote the input. */
function parseInput(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8') || '{}');
  } catch {
    throw new ServiceError('SerializationException', 'the body is not JSON');
  }
}
