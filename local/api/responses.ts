import * as z from 'zod';
import { compileTemplate, compileVariable, type RequestContext } from './context';

/** What API Gateway answers by itself: types, statuses and messages of its gateway responses. */
const defaults = {
  MISSING_AUTHENTICATION_TOKEN: [403, 'Missing Authentication Token', 'MissingAuthenticationTokenException'],
  ACCESS_DENIED: [403, 'Forbidden', 'ForbiddenException'],
  UNAUTHORIZED: [401, 'Unauthorized', 'UnauthorizedException'],
  BAD_REQUEST_BODY: [400, 'Invalid request body', 'BadRequestException'],
  BAD_REQUEST_PARAMETERS: [400, 'Missing required request parameters', 'BadRequestException'],
  REQUEST_TOO_LARGE: [413, 'Request Too Long', 'RequestTooLargeException'],
  INTEGRATION_TIMEOUT: [504, 'Endpoint request timed out', 'InternalServerErrorException'],
  API_CONFIGURATION_ERROR: [500, 'Internal server error', 'InternalServerErrorException'],
  DEFAULT_4XX: [400, 'Bad Request', 'BadRequestException'],
  DEFAULT_5XX: [502, 'Internal server error', 'InternalServerErrorException'],
} as const satisfies Record<string, readonly [status: number, message: string, error: string]>;
export type GatewayResponseType = keyof typeof defaults;

/** Types that AWS knows and the laptop never answers; a template may still shape them. */
const silent = [
  'AUTHORIZER_CONFIGURATION_ERROR',
  'AUTHORIZER_FAILURE',
  'EXPIRED_TOKEN',
  'INTEGRATION_FAILURE',
  'INVALID_API_KEY',
  'INVALID_SIGNATURE',
  'QUOTA_EXCEEDED',
  'RESOURCE_NOT_FOUND',
  'THROTTLED',
  'UNSUPPORTED_MEDIA_TYPE',
  'WAF_FILTERED',
];

interface Shape {
  readonly status?: number;
  readonly headers: readonly (readonly [string, (context: RequestContext) => string])[];
  readonly contentType: string;
  readonly body: (context: RequestContext) => string;
}
export type GatewayResponses = ReadonlyMap<string, Shape>;

export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Buffer;
}

const properties = z.object({
  ResponseType: z.string(),
  StatusCode: z.string().optional(),
  ResponseParameters: z.record(z.string(), z.string()).default({}),
  ResponseTemplates: z.record(z.string(), z.string()).default({}),
});

/** @throws Error naming a response, parameter or variable that is not emulated */
export function readGatewayResponses(
  resources: Iterable<{ readonly id: string; readonly properties: unknown }>,
): GatewayResponses {
  const found = new Map<string, Shape>();
  for (const { id, properties: raw } of resources) {
    const { ResponseType, StatusCode, ResponseParameters, ResponseTemplates } = properties.parse(raw);
    if (!(ResponseType in defaults) && !silent.includes(ResponseType))
      throw new Error(`${id}: gateway response ${ResponseType} is not emulated`);
    const [template, another] = Object.entries(ResponseTemplates);
    if (another) throw new Error(`${id}: a gateway response has one template on the laptop`);
    found.set(ResponseType, {
      ...(StatusCode !== undefined && { status: Number(StatusCode) }),
      headers: Object.entries(ResponseParameters).map(([name, value]) => readHeader(id, name, value)),
      contentType: template?.[0] ?? 'application/json',
      body: compileTemplate(template?.[1] ?? plainTemplate, id),
    });
  }
  return found;
}

const plainTemplate = '{"message":$context.error.messageString}';
const plain: Shape = { headers: [], contentType: 'application/json', body: compileTemplate(plainTemplate, 'default') };

/**
 * Answers for API Gateway itself. The type's own shape wins over DEFAULT_4XX or DEFAULT_5XX, and that over AWS's.
 * Sets `context.error`, which the templates and the access log show.
 */
export function gatewayAnswer(
  responses: GatewayResponses,
  type: GatewayResponseType,
  context: RequestContext,
  details: { readonly message?: string; readonly validation?: string } = {},
): Answer {
  const [defaultStatus, defaultMessage, error] = defaults[type];
  const family = defaultStatus < 500 ? 'DEFAULT_4XX' : 'DEFAULT_5XX';
  const shape = responses.get(type) ?? responses.get(family) ?? plain;
  context.error = {
    type,
    message: details.message ?? defaultMessage,
    ...(details.validation !== undefined && { validation: details.validation }),
  };
  const status = shape.status ?? defaultStatus;
  context.status = status;
  const headers = new Map([
    ['content-type', ['Content-Type', shape.contentType] as const],
    ['x-amzn-errortype', ['x-amzn-ErrorType', error] as const],
    ...shape.headers.map(([name, value]) => [name.toLowerCase(), [name, value(context)] as const] as const),
  ]);
  return { status, headers: [...headers.values()], body: Buffer.from(shape.body(context)) };
}

function readHeader(id: string, name: string, value: string): readonly [string, (context: RequestContext) => string] {
  const header = /^gatewayresponse\.header\.([\w-]+)$/.exec(name)?.[1];
  const literal = /^'(.*)'$/.exec(value)?.[1];
  const variable = /^context\.(.+)$/.exec(value)?.[1];
  if (header && literal !== undefined) return [header, () => literal];
  if (header && variable) return [header, compileVariable(variable, id)];
  throw new Error(`${id}: the mapping of ${name} is not emulated`);
}
