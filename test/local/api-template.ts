import type { ResourceSource } from '../../local/api/definition';

export const pool = 'us-east-1_POOL12345';
export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:Patients';

const uri = `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn}/invocations`;
const problem = (type: string) => `{"type":"https://ward.dev/problems/${type}","detail":$context.error.messageString}`;
const gatewayResponse = (ResponseType: string, type: string) => ({
  ResponseType,
  ResponseTemplates: { 'application/json': problem(type) },
  ResponseParameters: {
    'gatewayresponse.header.Content-Type': "'application/problem+json'",
    'gatewayresponse.header.Access-Control-Allow-Origin': "'https://app.example.org'",
  },
});
const method = (HttpMethod: string, ResourceId: string, more: object = {}) => ({
  HttpMethod,
  ResourceId,
  AuthorizationType: 'COGNITO_USER_POOLS',
  AuthorizerId: 'Authorizer',
  AuthorizationScopes: ['ward/api'],
  Integration: { Type: 'AWS_PROXY', IntegrationHttpMethod: 'POST', Uri: uri },
  ...more,
});
const originTemplate = `#set($origin = $input.params().header.get("Origin"))
#if($origin == "")
  #set($origin = $input.params().header.get("origin"))
#end
#if($origin == "https://b.example")
  #set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end`;
const corsHeaders = {
  'method.response.header.Access-Control-Allow-Origin': "'https://a.example'",
  'method.response.header.Access-Control-Allow-Headers': "'Authorization'",
};

const resources: Record<string, Record<string, object>> = {
  RestApi: { Api: { BinaryMediaTypes: ['application/pdf'] } },
  Stage: {
    Stage: {
      StageName: 'local',
      AccessLogSetting: {
        DestinationArn: 'arn:aws:logs:us-east-1:000000000000:log-group:access',
        Format:
          '{"id":"$context.requestId","ip":"$context.identity.sourceIp","route":"$context.httpMethod $context.resourcePath","status":"$context.status","who":"$context.authorizer.claims.sub","agent":"$context.identity.userAgent","why":"$context.error.responseType"}',
      },
    },
  },
  Resource: {
    V1: { ParentId: 'root', PathPart: 'v1' },
    Patients: { ParentId: 'V1', PathPart: 'patients' },
    Patient_: { ParentId: 'Patients', PathPart: '{id}' },
    Search: { ParentId: 'Patients', PathPart: 'search' },
    Unscoped: { ParentId: 'V1', PathPart: 'unscoped' },
    Slow: { ParentId: 'V1', PathPart: 'slow' },
  },
  Authorizer: {
    Authorizer: {
      Type: 'COGNITO_USER_POOLS',
      IdentitySource: 'method.request.header.Authorization',
      ProviderARNs: [`arn:aws:cognito-idp:us-east-1:000000000000:userpool/${pool}`],
    },
  },
  RequestValidator: { Validator: { ValidateRequestBody: true, ValidateRequestParameters: true } },
  Model: {
    Patient: {
      ContentType: 'application/json',
      Schema: {
        $schema: 'http://json-schema.org/draft-04/schema#',
        type: 'object',
        properties: {
          family: { type: 'string' },
          age: { type: 'integer', minimum: 0, exclusiveMinimum: true },
        },
        required: ['family'],
        additionalProperties: false,
      },
    },
  },
  Method: {
    GetPatient: method('GET', 'Patient_'),
    GetSearch: method('GET', 'Search'),
    GetUnscoped: method('GET', 'Unscoped', { AuthorizationScopes: [] }),
    GetSlow: method('GET', 'Slow', { Integration: { Type: 'AWS_PROXY', Uri: uri, TimeoutInMillis: 50 } }),
    PutPatient: method('PUT', 'Patient_', {
      RequestValidatorId: 'Validator',
      RequestParameters: { 'method.request.header.If-Match': true, 'method.request.header.X-Maybe': false },
    }),
    PostPatient: method('POST', 'Patients', {
      RequestValidatorId: 'Validator',
      RequestModels: { 'application/json': 'Patient', $default: 'Patient' },
    }),
    Preflight: {
      HttpMethod: 'OPTIONS',
      ResourceId: 'Patient_',
      AuthorizationType: 'NONE',
      Integration: {
        Type: 'MOCK',
        RequestTemplates: { 'application/json': '{ statusCode: 200 }' },
        IntegrationResponses: [
          {
            StatusCode: '204',
            ResponseParameters: corsHeaders,
            ResponseTemplates: { 'application/json': originTemplate },
          },
        ],
      },
      MethodResponses: [
        {
          StatusCode: '204',
          ResponseParameters: Object.fromEntries(Object.keys(corsHeaders).map((name) => [name, true])),
        },
      ],
    },
  },
  GatewayResponse: {
    Missing: gatewayResponse('MISSING_AUTHENTICATION_TOKEN', 'missing-authentication-token'),
    Unauthorized: gatewayResponse('UNAUTHORIZED', 'unauthorized'),
    BadBody: gatewayResponse('BAD_REQUEST_BODY', 'bad-request-body'),
    Any4xx: gatewayResponse('DEFAULT_4XX', 'refused'),
    Any5xx: gatewayResponse('DEFAULT_5XX', 'internal'),
  },
};

/** A template of the shape that the CDK writes, resolved. @param changes properties to replace, by logical id */
export function template(changes: Readonly<Record<string, object>> = {}): ResourceSource {
  return {
    resources: (type) =>
      Object.entries(resources[type.replace('AWS::ApiGateway::', '')] ?? {}).map(([id, properties]) => ({
        id,
        ref: id,
        properties: { ...properties, ...changes[id] },
      })),
  };
}
