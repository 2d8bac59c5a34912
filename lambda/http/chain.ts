import middy from '@middy/core';
import httpHeaderNormalizer from '@middy/http-header-normalizer';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import type * as z from 'zod';
import type { AccessRequest } from '../access/guard';
import type { Action } from '../access/policy';
import { type Released, serialize } from '../audit/release';
import type { AccessTokens } from '../authentication/token';
import { parseJson } from './json';
import { type InputError, Problem, type ProblemType } from './problem';
import { problemOf } from './problem-of';
import { type Route, routes } from './routes';
import { securityHeaders } from './security-headers';

/** What an operation gets: who asks, for what, and the request's parts, each parsed when it is needed. */
export interface Exchange {
  readonly access: AccessRequest;
  /** path parameters as the route's template names them, not validated yet */
  readonly parameters: Readonly<Record<string, string>>;
  /** of the URL, where nothing of a person may stand: cursors and the like */
  readonly query: Readonly<Record<string, string>>;
  /** names in lower case */
  readonly headers: Readonly<Record<string, string>>;
  /** @throws Problem naming the field and what it must be */
  body<S extends z.ZodType>(schema: S): z.infer<S>;
}
export interface Answer {
  readonly status: number;
  /** only released values leave */
  readonly body: Released<unknown>;
  readonly headers?: Readonly<Record<string, string>>;
}
export type Operation = (exchange: Exchange) => Promise<Answer>;

export interface ApiOptions {
  readonly tokens: AccessTokens;
  readonly clock: () => Date;
  /** whose pages may read answers */
  readonly webOrigins: readonly string[];
  /** told of what went wrong, never of what was in the request */
  readonly report: (failure: { readonly requestId: string; readonly route: string; readonly error: unknown }) => void;
}

/**
 * The one chain of middleware in front of every operation of a function:
 * headers → route → token → operation → problem details.
 * The audit write is no middleware: an early return would skip it, so the operations make it and `Released` demands it.
 */
export function api(
  operations: Partial<Record<Action, Operation>>,
  options: ApiOptions,
): (event: APIGatewayProxyEvent, context: Context) => Promise<APIGatewayProxyResult> {
  const handler = middy<APIGatewayProxyEvent, APIGatewayProxyResult>()
    .use(httpHeaderNormalizer())
    .handler(async (event) => {
      const requestId = event.requestContext.requestId;
      const common = { ...securityHeaders, ...crossOrigin(event.headers['origin'], options.webOrigins) };
      try {
        const { route, operation } = find(event, operations);
        const identity = await options.tokens.verify(once(event, 'authorization', 'unauthorized'));
        const answer = await operation({
          access: {
            action: route.action,
            identity,
            request: {
              id: requestId,
              ip: event.requestContext.identity.sourceIp || null,
              method: route.method,
              route: route.path,
            },
            now: options.clock(),
          },
          parameters: canonical(event.pathParameters),
          query: (event.queryStringParameters as Record<string, string> | null) ?? {},
          // Read by the operation after its decision, so that what is refused here is on record.
          get headers() {
            for (const name of unrepeatable) once(event, name, 'invalid-input');
            return event.headers as Record<string, string>;
          },
          body: (schema) => parseBody(event, route, schema),
        });
        return {
          statusCode: answer.status,
          headers: { 'content-type': 'application/json', ...common, ...answer.headers },
          body: serialize(answer.body),
        };
      } catch (error) {
        const problem = problemOf(error);
        if (problem.status >= 500) options.report({ requestId, route: event.resource, error });
        return {
          statusCode: problem.status,
          headers: { 'content-type': 'application/problem+json', ...common, ...challenge(problem) },
          body: problem.body(requestId),
        };
      }
    });
  return (event, context) => handler(event, context) as Promise<APIGatewayProxyResult>;
}

/** What a browser asks for before a page of another origin sees an answer (the Fetch standard); nobody else needs it. */
function crossOrigin(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (origin === undefined || !allowed.includes(origin)) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'etag, x-amzn-requestid',
    vary: 'origin',
  };
}

/** API Gateway keeps the last value of a header that came twice; whoever looked at the first decided on something else. */
function once(event: APIGatewayProxyEvent, name: string, type: ProblemType): string | undefined {
  const values = Object.entries(event.multiValueHeaders ?? {}).flatMap(([each, found]) =>
    each.toLowerCase() === name ? (found ?? []) : [],
  );
  if (values.length > 1)
    throw new Problem(
      type,
      type === 'invalid-input' ? { errors: [{ field: name, message: 'must be there once' }] } : {},
    );
  return event.headers[name];
}
const unrepeatable = ['if-match', 'idempotency-key', 'content-type'];

/** An id means the same in capital letters (RFC 9562, section 4); tables and events know one form of it. */
function canonical(parameters: APIGatewayProxyEvent['pathParameters']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(parameters ?? {}).map(([name, value = '']) => [
      name,
      /^[0-9a-f-]{36}$/i.test(value) ? value.toLowerCase() : value,
    ]),
  );
}

function find(event: APIGatewayProxyEvent, operations: Partial<Record<Action, Operation>>) {
  const route = routes.find(({ method, path }) => method === event.httpMethod && path === event.resource);
  const operation = route && operations[route.action];
  if (!operation) throw new Problem('not-found');
  return { route: route as Route, operation };
}

function parseBody<S extends z.ZodType>(event: APIGatewayProxyEvent, route: Route, schema: S): z.infer<S> {
  const text = event.isBase64Encoded ? Buffer.from(event.body ?? '', 'base64').toString('utf8') : (event.body ?? '');
  if (Buffer.byteLength(text) > route.bodyLimit)
    throw new Problem('body-too-large', { detail: `at most ${route.bodyLimit} bytes` });
  const type = (event.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (text !== '' && type !== 'application/json' && type !== 'application/merge-patch+json')
    throw new Problem('unsupported-media-type');
  return check(schema, text === '' ? {} : parseJson(text));
}

/** @throws Problem invalid-input that names each field that is wrong, and what it must be, without its value */
export function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value, { reportInput: false });
  if (parsed.success) return parsed.data;
  throw new Problem('invalid-input', { errors: parsed.error.issues.slice(0, 50).map(inputError) });
}

function inputError(issue: z.core.$ZodIssue): InputError {
  const field = issue.path.map(String).join('.') || 'body';
  // An unknown name is the sender's own text: it is counted, not repeated.
  if (issue.code === 'unrecognized_keys') return { field, message: `has ${issue.keys.length} unknown member(s)` };
  return { field, message: issue.message };
}

function challenge(problem: Problem): Record<string, string> {
  return problem.status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {};
}
