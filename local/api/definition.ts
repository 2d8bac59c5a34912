import * as z from 'zod';
import { type MockResponse, readMock } from './mock';
import { type GatewayResponses, readGatewayResponses } from './responses';
import { type BodyValidator, compileModel } from './validation';

interface TemplateResource {
  /** logical id, for messages */
  readonly id: string;
  /** what `Ref` gives, which is how resources name each other */
  readonly ref: string;
  readonly properties: unknown;
}
/** The synthesized stacks, as far as an API needs them: resources of a type with every intrinsic resolved. */
export interface ResourceSource {
  resources(type: string): Iterable<TemplateResource>;
}

export interface CognitoAuthorizer {
  /** user pools whose tokens are taken */
  readonly poolIds: readonly string[];
  /** request header that carries the token */
  readonly header: string;
}
export type Integration =
  | { readonly kind: 'lambda'; readonly functionArn: string; readonly timeoutMilliseconds: number }
  | { readonly kind: 'mock'; readonly response: MockResponse };
export interface MethodDefinition {
  /** logical id */
  readonly id: string;
  readonly resourceId: string;
  readonly httpMethod: string;
  /** such as `/v1/patients/{id}` */
  readonly resourcePath: string;
  readonly authorizer?: CognitoAuthorizer;
  /** empty: an ID token is asked for, as API Gateway does */
  readonly scopes: readonly string[];
  /** by media type; `$default` is for every other */
  readonly bodyValidators?: ReadonlyMap<string, BodyValidator>;
  /** such as `method.request.header.If-Match` */
  readonly requiredParameters: readonly string[];
  readonly integration: Integration;
}
export interface ApiDefinition {
  readonly id: string;
  readonly binaryMediaTypes: readonly string[];
  readonly stage: string;
  readonly accessLog?: { readonly destinationArn: string; readonly format: string };
  readonly methods: readonly MethodDefinition[];
  readonly gatewayResponses: GatewayResponses;
}

const restApi = z.object({ BinaryMediaTypes: z.array(z.string()).default([]) });
const resource = z.object({ ParentId: z.string(), PathPart: z.string() });
const stage = z.object({
  StageName: z.string(),
  AccessLogSetting: z.object({ DestinationArn: z.string(), Format: z.string() }).optional(),
});
const authorizer = z.object({
  Type: z.string(),
  ProviderARNs: z.array(z.string()).default([]),
  IdentitySource: z.string().default('method.request.header.Authorization'),
});
const validator = z.object({
  ValidateRequestBody: z.boolean().default(false),
  ValidateRequestParameters: z.boolean().default(false),
});
const model = z.object({ Schema: z.unknown() });
const method = z.object({
  HttpMethod: z.string(),
  ResourceId: z.string(),
  ApiKeyRequired: z.boolean().default(false),
  AuthorizationType: z.string().default('NONE'),
  AuthorizerId: z.string().optional(),
  AuthorizationScopes: z.array(z.string()).default([]),
  RequestValidatorId: z.string().optional(),
  RequestModels: z.record(z.string(), z.string()).default({}),
  RequestParameters: z.record(z.string(), z.unknown()).default({}),
  Integration: z.looseObject({
    Type: z.string(),
    Uri: z.string().optional(),
    TimeoutInMillis: z.number().default(29_000),
  }),
  MethodResponses: z
    .array(z.looseObject({ StatusCode: z.string(), ResponseParameters: z.record(z.string(), z.unknown()).default({}) }))
    .default([]),
});
type Method = z.infer<typeof method>;

/**
 * Reads the one REST API of the templates.
 * @returns undefined when there is none
 * @throws Error naming what API Gateway would do and the laptop does not
 */
export function readApi(source: ResourceSource): ApiDefinition | undefined {
  const apis = [...source.resources('AWS::ApiGateway::RestApi')];
  const [api] = apis;
  if (!api) return undefined;
  if (apis.length > 1) throw new Error(`${apis[1]?.id}: a second REST API is not emulated`);
  const [staged, otherStage] = all(source, 'AWS::ApiGateway::Stage', stage).values();
  if (!staged || otherStage) throw new Error(`${api.id}: an API has exactly one stage on the laptop`);
  const tables = {
    resources: all(source, 'AWS::ApiGateway::Resource', resource),
    authorizers: all(source, 'AWS::ApiGateway::Authorizer', authorizer),
    validators: all(source, 'AWS::ApiGateway::RequestValidator', validator),
    models: new Map(
      [...source.resources('AWS::ApiGateway::Model')].map((each) => [
        each.ref,
        compileModel(each.id, parse(model, each).Schema),
      ]),
    ),
  };
  return {
    id: api.ref,
    binaryMediaTypes: parse(restApi, api).BinaryMediaTypes,
    stage: staged.StageName,
    ...(staged.AccessLogSetting && {
      accessLog: { destinationArn: staged.AccessLogSetting.DestinationArn, format: staged.AccessLogSetting.Format },
    }),
    methods: [...source.resources('AWS::ApiGateway::Method')].map((each) =>
      readMethod(each.id, parse(method, each), tables),
    ),
    gatewayResponses: readGatewayResponses(source.resources('AWS::ApiGateway::GatewayResponse')),
  };
}

interface Tables {
  readonly resources: ReadonlyMap<string, z.infer<typeof resource>>;
  readonly authorizers: ReadonlyMap<string, z.infer<typeof authorizer>>;
  readonly validators: ReadonlyMap<string, z.infer<typeof validator>>;
  readonly models: ReadonlyMap<string, BodyValidator>;
}

function readMethod(id: string, properties: Method, tables: Tables): MethodDefinition {
  if (properties.ApiKeyRequired) throw new Error(`${id}: API keys are not emulated`);
  const validation = properties.RequestValidatorId
    ? named(tables.validators, properties.RequestValidatorId, id)
    : undefined;
  const path = (resourceId: string): string => {
    const part = tables.resources.get(resourceId);
    return part ? `${path(part.ParentId)}/${part.PathPart}` : '';
  };
  const authorized = readAuthorizer(id, properties, tables);
  return {
    id,
    resourceId: properties.ResourceId,
    httpMethod: properties.HttpMethod,
    resourcePath: path(properties.ResourceId) || '/',
    ...(authorized && { authorizer: authorized }),
    scopes: properties.AuthorizationScopes,
    ...(validation?.ValidateRequestBody && {
      bodyValidators: new Map(
        Object.entries(properties.RequestModels).map(([type, name]) => [
          type.toLowerCase(),
          named(tables.models, name, id),
        ]),
      ),
    }),
    requiredParameters: validation?.ValidateRequestParameters
      ? Object.entries(properties.RequestParameters).flatMap(([name, required]) => (required === true ? [name] : []))
      : [],
    integration: readIntegration(id, properties),
  };
}

function readAuthorizer(id: string, properties: Method, tables: Tables): CognitoAuthorizer | undefined {
  if (properties.AuthorizationType === 'NONE') return undefined;
  if (properties.AuthorizationType !== 'COGNITO_USER_POOLS')
    throw new Error(`${id}: authorization type ${properties.AuthorizationType} is not emulated`);
  const found = named(tables.authorizers, properties.AuthorizerId ?? 'without an id', id);
  const header = /^method\.request\.header\.([\w-]+)$/.exec(found.IdentitySource)?.[1];
  if (found.Type !== 'COGNITO_USER_POOLS' || !header || found.ProviderARNs.length === 0)
    throw new Error(`${id}: its authorizer is not emulated`);
  return { poolIds: found.ProviderARNs.map((arn) => arn.split('/').at(-1) ?? ''), header: header.toLowerCase() };
}

function readIntegration(id: string, { Integration, MethodResponses }: Method): Integration {
  if (Integration.Type === 'MOCK') return { kind: 'mock', response: readMock(id, Integration, MethodResponses) };
  if (Integration.Type !== 'AWS_PROXY') throw new Error(`${id}: integration type ${Integration.Type} is not emulated`);
  const functionArn = /\/functions\/(arn:[^/]+)\/invocations$/.exec(Integration.Uri ?? '')?.[1];
  if (!functionArn) throw new Error(`${id}: its integration names no function`);
  return { kind: 'lambda', functionArn, timeoutMilliseconds: Integration.TimeoutInMillis };
}

function all<Shape extends z.ZodType>(
  source: ResourceSource,
  type: string,
  shape: Shape,
): Map<string, z.output<Shape>> {
  return new Map([...source.resources(type)].map((each) => [each.ref, parse(shape, each)]));
}

function parse<Shape extends z.ZodType>(
  shape: Shape,
  { id, properties }: { readonly id: string; readonly properties: unknown },
): z.output<Shape> {
  const result = shape.safeParse(properties);
  if (!result.success) throw new Error(`${id}: ${z.prettifyError(result.error).replaceAll(/\s+/g, ' ')}`);
  return result.data;
}

function named<Value>(table: ReadonlyMap<string, Value>, name: string, wanted: string): Value {
  const found = table.get(name);
  if (found === undefined) throw new Error(`${wanted}: the template has no ${name}`);
  return found;
}

/** @returns the web pages that the template lets call the API; the user pool answers the same ones */
export function webOrigins({ methods }: ApiDefinition): string[] {
  const origins = methods.flatMap(({ integration }) =>
    integration.kind === 'mock'
      ? [integration.response.headers.get('Access-Control-Allow-Origin') ?? '', ...integration.response.otherOrigins]
      : [],
  );
  return [...new Set(origins)].filter((origin) => origin !== '');
}
