import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { routes } from '../../../lambda/http/routes';
import type { Stages, Synthesized } from '../assembly';

export function describeApi({ local, production }: Pick<Stages, 'local' | 'production'>): void {
  const { api } = production;
  const methods = (stage: Synthesized) =>
    stage.api.resources('AWS::ApiGateway::Method').map(([, method]) => method.Properties);

  test('there is one method for each route and none beside them but preflight', () => {
    const real = methods(production).filter(({ HttpMethod }) => HttpMethod !== 'OPTIONS');
    expect(real.map(({ HttpMethod, OperationName }) => [HttpMethod, OperationName]).sort()).toEqual(
      routes.map(({ method, action }) => [method, action]).sort(),
    );
  });

  test('every method asks for an access token with the scope ward/api - 45 CFR 164.312(a)(1)', () => {
    for (const method of methods(production)) {
      if (method.HttpMethod === 'OPTIONS') continue;
      expect(method).toMatchObject({
        AuthorizationType: 'COGNITO_USER_POOLS',
        AuthorizerId: { Ref: expect.stringMatching(/^ApiAuthorizer/) },
        AuthorizationScopes: [
          { 'Fn::Join': ['', [{ 'Fn::ImportValue': expect.stringMatching(/AuthenticationPoolServer/) }, '/api']] },
        ],
      });
    }
    expect(api.only('AWS::ApiGateway::Authorizer').Properties).toMatchObject({
      Type: 'COGNITO_USER_POOLS',
      AuthorizerResultTtlInSeconds: 0,
      IdentitySource: 'method.request.header.Authorization',
    });
  });

  test('preflight is answered by the gateway itself, for the origins of the stage alone', () => {
    const preflight = methods(production).filter(({ HttpMethod }) => HttpMethod === 'OPTIONS');
    expect(preflight.length).toBeGreaterThan(0);
    for (const { AuthorizationType, AuthorizationScopes, Integration } of preflight) {
      expect({ AuthorizationType, AuthorizationScopes }).toEqual({ AuthorizationType: 'NONE' });
      expect(Integration.Type).toBe('MOCK');
      expect(Integration.IntegrationResponses[0].ResponseParameters).toMatchObject({
        'method.response.header.Access-Control-Allow-Origin': "'https://app.example.org'",
      });
    }
    expect(methods(local).filter(({ HttpMethod }) => HttpMethod === 'OPTIONS')).toEqual([]);
  });

  test('a route that takes a body takes a JSON object and nothing else', () => {
    expect(api.only('AWS::ApiGateway::Model').Properties.Schema).toMatchObject({ type: 'object' });
    expect(api.only('AWS::ApiGateway::RequestValidator').Properties).toMatchObject({
      ValidateRequestBody: true,
      ValidateRequestParameters: true,
    });
    for (const { method, action, bodyLimit, path } of routes) {
      const found = methods(production).find(({ OperationName }) => OperationName === action);
      expect([method, Object.keys(found.RequestModels ?? {})]).toEqual([
        method,
        bodyLimit > 0 ? ['application/json', 'application/merge-patch+json'] : [],
      ]);
      expect(found.RequestValidatorId).toBeDefined();
      expect(Object.keys(found.RequestParameters ?? {})).toHaveLength(path.split('{').length - 1);
    }
  });

  test('nobody invokes a method for a test, with claims that they made up', () => {
    for (const [, { Properties }] of api.resources('AWS::Lambda::Permission'))
      expect(JSON.stringify(Properties.SourceArn ?? '')).not.toMatch(/test-invoke-stage|execute-api.*\/\*\/\*\/\*/);
  });

  test('the gateway refuses with problem details that repeat nothing of the request - RFC 9457', () => {
    const responses = api.resources('AWS::ApiGateway::GatewayResponse').map(([, { Properties }]) => Properties);
    const byType = new Map(responses.map((response) => [response.ResponseType, response]));
    const expected: readonly (readonly [string, string, string])[] = [
      ['UNAUTHORIZED', '401', 'unauthorized'],
      ['EXPIRED_TOKEN', '401', 'unauthorized'],
      ['ACCESS_DENIED', '403', 'access-denied'],
      ['MISSING_AUTHENTICATION_TOKEN', '403', 'unknown-route'],
      ['BAD_REQUEST_BODY', '400', 'malformed-body'],
      ['REQUEST_TOO_LARGE', '413', 'body-too-large'],
      ['THROTTLED', '429', 'throttled'],
      ['UNSUPPORTED_MEDIA_TYPE', '415', 'unsupported-media-type'],
      ['INTEGRATION_FAILURE', '502', 'unavailable'],
      ['INTEGRATION_TIMEOUT', '504', 'unavailable'],
      ['DEFAULT_4XX', '400', 'malformed-request'],
      ['DEFAULT_5XX', '500', 'unavailable'],
    ];
    for (const [type, status, code] of expected) {
      const { StatusCode, ResponseTemplates } = byType.get(type);
      expect(StatusCode).toBe(status);
      expect(JSON.parse(ResponseTemplates['application/json'])).toMatchObject({
        type: `urn:ward:problem:${code}`,
        status: Number(status),
      });
    }
    for (const { ResponseTemplates, ResponseParameters } of responses) {
      const variables = JSON.stringify(ResponseTemplates).match(/\$[\w.]+/g);
      expect(variables).toEqual(['$context.requestId']);
      expect(ResponseParameters).toMatchObject({
        'gatewayresponse.header.Content-Type': "'application/problem+json'",
        'gatewayresponse.header.Cache-Control': "'no-store'",
        'gatewayresponse.header.X-Content-Type-Options': "'nosniff'",
        'gatewayresponse.header.Strict-Transport-Security': expect.stringContaining('max-age=63072000'),
      });
    }
    expect(byType.get('UNAUTHORIZED').ResponseParameters).toHaveProperty(
      ['gatewayresponse.header.WWW-Authenticate'],
      "'Bearer'",
    );
  });

  test('access logs know requests by route, and hold no path, query, header or person', () => {
    const { AccessLogSetting } = api.only('AWS::ApiGateway::Stage').Properties;
    const variables = String(AccessLogSetting.Format).match(/\$context\.[\w.]+/g);
    expect(variables).toContain('$context.resourcePath');
    expect(variables?.join(' ')).not.toMatch(
      /\$context\.(path|protocol|customDomain)\b|userAgent|claims|principalId|user\b/,
    );
    expect(AccessLogSetting.DestinationArn).toBeDefined();
  });

  test('of identifiers an access log holds the address alone, for six years; docs/operations.md says why - 45 CFR 164.514(b)(2)(i)(O)', () => {
    const { AccessLogSetting } = api.only('AWS::ApiGateway::Stage').Properties;
    expect(String(AccessLogSetting.Format).match(/\$context\.(identity|authorizer\.claims)\.\w+/g)).toEqual([
      '$context.identity.sourceIp',
    ]);
    expect(api.only('AWS::Logs::LogGroup', 'ApiAccessLogs').Properties.RetentionInDays).toBe(2192);
    expect(readFileSync(join(__dirname, '../../../docs/operations.md'), 'utf8')).toContain('164.514(b)(2)(i)(O)');
  });

  test('the stage traces no URL, caches no answer, logs no data and limits the rate', () => {
    expect(api.only('AWS::ApiGateway::Stage').Properties).toMatchObject({
      TracingEnabled: false,
    });
    const settings = api.only('AWS::ApiGateway::Stage').Properties.MethodSettings;
    expect(settings).toHaveLength(routes.length + 1);
    for (const each of settings)
      expect(each).toMatchObject({
        CachingEnabled: false,
        DataTraceEnabled: false,
        LoggingLevel: 'OFF',
        MetricsEnabled: true,
        ThrottlingRateLimit: expect.any(Number),
        ThrottlingBurstLimit: expect.any(Number),
      });
    expect(api.only('AWS::ApiGateway::Stage').Properties.CacheClusterEnabled ?? false).toBe(false);
  });

  test('the endpoint speaks TLS 1.3, or 1.2 with forward secrecy, under its own name alone - 45 CFR 164.312(e)(1)', () => {
    expect(api.only('AWS::ApiGateway::RestApi').Properties).toMatchObject({
      EndpointConfiguration: { Types: ['REGIONAL'] },
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointAccessMode: 'STRICT',
    });
  });
}
