import { type IncomingMessage, validateHeaderName, validateHeaderValue } from 'node:http';
import * as z from 'zod';
import { commonLogTime, type RequestContext } from './context';
import type { Answer } from './responses';
import type { Match } from './routing';

/** Hop-by-hop headers (RFC 9110, 7.6.1) and those that API Gateway keeps for itself. */
const dropped = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** What a function may not set; API Gateway hands them on under another name. */
const remapped = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-md5',
  'date',
  'host',
  'server',
  'transfer-encoding',
  'user-agent',
  'www-authenticate',
]);

const single = (values: ReadonlyMap<string, readonly string[]>) =>
  Object.fromEntries([...values].map(([name, all]) => [name, all.at(-1) ?? '']));

/** The headers of a request in their own casing, with what API Gateway adds; names are grouped whatever their casing. */
export function readHeaders(request: IncomingMessage, context: RequestContext): Map<string, string[]> {
  const casing = new Map<string, string>();
  const headers = new Map<string, string[]>();
  const add = (name: string, value: string) => {
    const key = name.toLowerCase();
    if (dropped.has(key)) return;
    const shown = casing.get(key) ?? name;
    casing.set(key, shown);
    headers.set(shown, [...(headers.get(shown) ?? []), value]);
  };
  for (let index = 0; index + 1 < request.rawHeaders.length; index += 2)
    add(request.rawHeaders[index] ?? '', request.rawHeaders[index + 1] ?? '');
  // A client's own X-Forwarded-For stays in front; the last address is the one that API Gateway saw.
  const [name = 'X-Forwarded-For', before = []] =
    [...headers].find(([each]) => each.toLowerCase() === 'x-forwarded-for') ?? [];
  headers.set(name, [[...before, context.sourceIp].join(', ')]);
  return headers;
}

/** The event of a REST API's Lambda proxy integration, payload format 1.0. */
export function proxyEvent(
  context: RequestContext,
  { method, pathParameters }: Match,
  headers: ReadonlyMap<string, readonly string[]>,
  query: URLSearchParams,
  body: { readonly text: string | null; readonly isBase64Encoded: boolean },
): object {
  const parameters = new Map<string, string[]>();
  for (const [name, value] of query) parameters.set(name, [...(parameters.get(name) ?? []), value]);
  return {
    resource: method.resourcePath,
    path: context.path,
    httpMethod: context.httpMethod,
    headers: single(headers),
    multiValueHeaders: Object.fromEntries(headers),
    queryStringParameters: parameters.size > 0 ? single(parameters) : null,
    multiValueQueryStringParameters: parameters.size > 0 ? Object.fromEntries(parameters) : null,
    pathParameters,
    stageVariables: null,
    requestContext: {
      resourceId: method.resourceId,
      resourcePath: method.resourcePath,
      httpMethod: context.httpMethod,
      extendedRequestId: context.extendedRequestId,
      requestTime: commonLogTime(context.requestTimeEpoch),
      requestTimeEpoch: context.requestTimeEpoch,
      path: `/${context.stage}${context.path}`,
      accountId: context.accountId,
      protocol: context.protocol,
      stage: context.stage,
      domainPrefix: context.domainName.split('.')[0],
      domainName: context.domainName,
      requestId: context.requestId,
      apiId: context.apiId,
      identity: {
        cognitoIdentityPoolId: null,
        accountId: null,
        cognitoIdentityId: null,
        caller: null,
        sourceIp: context.sourceIp,
        principalOrgId: null,
        accessKey: null,
        cognitoAuthenticationType: null,
        cognitoAuthenticationProvider: null,
        userArn: null,
        userAgent: context.userAgent ?? null,
        user: null,
      },
      ...(context.claims && { authorizer: { claims: context.claims } }),
    },
    body: body.text,
    isBase64Encoded: body.isBase64Encoded,
  };
}

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
// API Gateway refuses a member that it does not know, and a body that is not text.
const proxyResult = z.strictObject({
  statusCode: z.coerce.number().int().min(200).max(599),
  headers: z.record(z.string(), scalar).nullish(),
  multiValueHeaders: z.record(z.string(), z.array(scalar)).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/**
 * @param result JSON that the function answered
 * @param binary whether this client takes bytes (`binaryMediaTypes` against its `Accept`)
 * @returns undefined when it is malformed, which API Gateway answers with 502
 */
export function readProxyResult(result: string, binary: boolean): Answer | undefined {
  const parsed = proxyResult.safeParse(JSON.parse(result));
  if (!parsed.success) return undefined;
  const { statusCode, headers, multiValueHeaders, body, isBase64Encoded } = parsed.data;
  // Both forms are merged; the same name in both takes its values from multiValueHeaders.
  const merged = new Map<string, readonly (readonly [string, string])[]>();
  for (const [name, value] of Object.entries(headers ?? {})) merged.set(name.toLowerCase(), [[name, value]]);
  for (const [name, values] of Object.entries(multiValueHeaders ?? {}))
    merged.set(
      name.toLowerCase(),
      values.map((value) => [name, value] as const),
    );
  if (!merged.has('content-type')) merged.set('content-type', [['Content-Type', 'application/json']]);
  const lines = [...merged.values()].flat();
  if (!lines.every(([name, value]) => isHeader(name, value))) return undefined;
  return {
    status: statusCode,
    headers: lines.map(
      ([name, value]) => [remapped.has(name.toLowerCase()) ? `x-amzn-Remapped-${name}` : name, value] as const,
    ),
    body: Buffer.from(body ?? '', isBase64Encoded && binary ? 'base64' : 'utf8'),
  };
}

/** A line end in a value would let a function's input write headers of its own. */
function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    return false;
  }
}

/** @param mediaTypes the API's `BinaryMediaTypes` @param header of the request, `Content-Type` or `Accept` */
export function isBinary(mediaTypes: readonly string[], header: string | undefined): boolean {
  const first = header?.split(',')[0]?.split(';')[0]?.trim().toLowerCase();
  return mediaTypes.includes('*/*') || (first !== undefined && mediaTypes.includes(first));
}
