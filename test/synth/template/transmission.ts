import { type Route, routes } from '../../../lambda/http/routes';
import { bodyClasses, throttleOf } from '../../../lib/request-limits';
import type { Stages, Synthesized } from '../assembly';

const everyRoute: readonly Route[] = routes;

export function describeTransmission({
  production,
  apart,
  cheap,
}: Pick<Stages, 'production' | 'apart' | 'cheap'>): void {
  const acl = (stage: Synthesized) => stage.api.only('AWS::WAFv2::WebACL').Properties;
  interface Rule {
    readonly Name: string;
    readonly Priority: number;
    readonly Action?: unknown;
    readonly OverrideAction?: unknown;
    readonly Statement: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    readonly VisibilityConfig: Readonly<Record<string, unknown>>;
  }
  const rules = (stage: Synthesized): readonly Rule[] => acl(stage).Rules;
  const rule = (name: string, stage = production): Rule => {
    const found = rules(stage).find(({ Name }) => Name === name);
    if (!found) throw new Error(`no rule ${name}`);
    return found;
  };

  test('a domain speaks TLS 1.3, or 1.2 with forward secrecy, and is the only name of the API - 45 CFR 164.312(e)(1)', () => {
    const { api } = production;
    expect(api.resources('AWS::ApiGateway::DomainName')).toEqual([]);
    expect(api.only('AWS::ApiGateway::RestApi').Properties.DisableExecuteApiEndpoint).toBe(false);
    expect(apart.api.only('AWS::ApiGateway::RestApi').Properties).toMatchObject({
      DisableExecuteApiEndpoint: true,
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
    });
    expect(apart.api.only('AWS::ApiGateway::BasePathMapping').Properties.DomainName).toBeDefined();
    expect(JSON.stringify(apart.api.json.Outputs)).toContain('https://api.example.org/');
  });

  test('without mutual TLS a domain has the strong policy - 45 CFR 164.312(e)(1)', () => {
    const { Properties } = cheap.api.only('AWS::ApiGateway::DomainName');
    expect(Properties).toMatchObject({
      DomainName: 'api.example.org',
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointAccessMode: 'STRICT',
    });
    expect(Properties.MutualTlsAuthentication).toBeUndefined();
  });

  test('with mutual TLS the domain asks for certificates that the truststore vouches for, under the policy that can', () => {
    const { Properties } = apart.api.only('AWS::ApiGateway::DomainName');
    expect(Properties).toMatchObject({
      DomainName: 'api.example.org',
      SecurityPolicy: 'TLS_1_2', // API Gateway has no newer one for client certificates
      MutualTlsAuthentication: { TruststoreUri: 's3://example-truststore/clients.pem', TruststoreVersion: 'v1' },
    });
    expect(Properties.EndpointAccessMode).toBeUndefined();
  });

  test('the web ACL is in front of the stage of the API', () => {
    const { Properties } = production.api.only('AWS::WAFv2::WebACLAssociation');
    expect(JSON.stringify(Properties.ResourceArn)).toMatch(/apigateway:us-east-1::\/restapis\/.*ApiRest.*\/stages\//);
    expect(Properties.WebACLArn).toEqual({ 'Fn::GetAtt': [expect.stringMatching(/WebAcl/), 'Arn'] });
  });

  test('it asks reputation, rates, body sizes and known attacks, in this order', () => {
    expect(rules(production).map(({ Name }) => Name)).toEqual([
      'AWSManagedRulesAmazonIpReputationList',
      'RequestsPerAddress',
      'RequestsPerToken',
      'BodySize',
      ...bodyClasses().map(({ limit }) => `BodySize${limit / 1024}KiB`),
      'AWSManagedRulesCommonRuleSet',
      'AWSManagedRulesKnownBadInputsRuleSet',
    ]);
    expect(rules(production).map(({ Priority }) => Priority)).toEqual(rules(production).map((_, index) => index));
    for (const each of rules(production)) expect(each.Action ?? each.OverrideAction).toBeDefined();
  });

  test('of the common rules those that refuse narratives and imports count alone; no other is weakened', () => {
    expect(rule('AWSManagedRulesCommonRuleSet')).toMatchObject({
      OverrideAction: { None: {} },
      Statement: {
        ManagedRuleGroupStatement: {
          RuleActionOverrides: [
            { Name: 'SizeRestrictions_BODY', ActionToUse: { Count: {} } },
            { Name: 'CrossSiteScripting_BODY', ActionToUse: { Count: {} } },
          ],
        },
      },
    });
    for (const name of ['AWSManagedRulesAmazonIpReputationList', 'AWSManagedRulesKnownBadInputsRuleSet'])
      expect(rule(name).Statement['ManagedRuleGroupStatement']).not.toHaveProperty('RuleActionOverrides');
  });

  test('one address and one token may ask so often in five minutes, by the settings', () => {
    expect(rule('RequestsPerAddress').Statement['RateBasedStatement']).toEqual({
      AggregateKeyType: 'IP',
      EvaluationWindowSec: 300,
      Limit: 6000,
    });
    expect(rule('RequestsPerToken', apart).Statement['RateBasedStatement']).toMatchObject({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ Header: { Name: 'authorization' } }],
      Limit: 500,
    });
    expect(rule('RequestsPerAddress').Action).toMatchObject({ Block: { CustomResponse: { ResponseCode: 429 } } });
  });

  test('where countries are listed, everywhere else is turned away first', () => {
    expect(rules(production).some(({ Name }) => Name === 'Countries')).toBe(false);
    expect(rules(apart)[0]).toMatchObject({
      Name: 'Countries',
      Action: { Block: {} },
      Statement: { NotStatement: { Statement: { GeoMatchStatement: { CountryCodes: ['DE', 'US'] } } } },
    });
  });

  test('a body of more than 16 KB gets to the routes that take one, and none larger than its route takes', () => {
    expect(rule('BodySize')).toMatchObject({
      Action: { Block: { CustomResponse: { ResponseCode: 413 } } },
      Statement: {
        AndStatement: {
          Statements: [
            { NotStatement: expect.anything() },
            {
              SizeConstraintStatement: {
                ComparisonOperator: 'GT',
                Size: 16384,
                FieldToMatch: { Body: { OversizeHandling: 'MATCH' } },
              },
            },
          ],
        },
      },
    });
    for (const each of rules(production))
      for (const [pattern = ''] of JSON.stringify(each).matchAll(/"RegexString":"[^"]*"/g))
        expect(pattern.length - '"RegexString":""'.length).toBeLessThanOrEqual(512);
  });

  test('what was turned away is kept six years, without path, query, token and body, and never sampled - 45 CFR 164.514(b)(2)', () => {
    const { api } = production;
    const group = api.resources('AWS::Logs::LogGroup').find(([, { Properties }]) => Properties.LogGroupName);
    expect(group?.[1]).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        LogGroupName: 'aws-waf-logs-ward-prod',
        RetentionInDays: 2192,
        KmsKeyId: { 'Fn::ImportValue': expect.stringContaining('LogsKey') },
      },
    });
    expect(JSON.stringify(production.data.only('AWS::KMS::Key', 'LogsKey'))).toContain(
      'log-group:aws-waf-logs-ward-prod',
    );
    expect(api.only('AWS::WAFv2::LoggingConfiguration').Properties.RedactedFields).toEqual([
      { UriPath: {} },
      { QueryString: {} },
      { SingleHeader: { Name: 'authorization' } },
    ]);
    const protection = acl(production).DataProtectionConfig.DataProtections;
    expect(protection.map((each: { readonly Field: { readonly FieldType: string } }) => each.Field.FieldType)).toEqual([
      'BODY',
      'QUERY_STRING',
      'SINGLE_HEADER',
    ]);
    for (const { VisibilityConfig } of [acl(production), ...rules(production)])
      expect(VisibilityConfig.SampledRequestsEnabled).toBe(false);
  });

  test('every method has a rate of its own, from the route table', () => {
    const settings: readonly Readonly<Record<string, unknown>>[] =
      production.api.only('AWS::ApiGateway::Stage').Properties.MethodSettings;
    for (const route of everyRoute) {
      const { throttlingRateLimit, throttlingBurstLimit } = throttleOf(route);
      expect(settings).toContainEqual(
        expect.objectContaining({
          HttpMethod: route.method,
          ResourcePath: `/${route.path.replaceAll('/', '~1')}`,
          ThrottlingRateLimit: throttlingRateLimit,
          ThrottlingBurstLimit: throttlingBurstLimit,
        }),
      );
    }
  });

  test('preflight has the headers of every other answer', () => {
    const preflight = production.api
      .resources('AWS::ApiGateway::Method')
      .filter(([, { Properties }]) => Properties.HttpMethod === 'OPTIONS');
    expect(preflight.length).toBeGreaterThan(0);
    for (const [, { Properties }] of preflight) {
      const header = 'method.response.header.Strict-Transport-Security';
      expect(Properties.Integration.IntegrationResponses[0].ResponseParameters[header]).toMatch(/max-age=63072000/);
      expect(Properties.MethodResponses[0].ResponseParameters[header]).toBe(true);
    }
  });
}
