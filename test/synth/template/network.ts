import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BackupClient } from '@aws-sdk/client-backup';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import * as cognito from '@aws-sdk/client-cognito-identity-provider';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import { calledServices } from '../../../lib/endpoint-policies';
import { declarations, entryPoints } from '../../../lib/functions';
import type { Stages, Synthesized, Template } from '../assembly';
import { type Statement, statementsOf } from '../policy';

const lambda = join(__dirname, '../../../lambda');
const sources = readdirSync(lambda, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(lambda, name), 'utf8'));

export function describeNetwork({
  production,
  local,
  apart,
  cheap,
}: Pick<Stages, 'production' | 'local' | 'apart' | 'cheap'>): void {
  const network = ({ network: found }: Synthesized): Template => {
    if (!found) throw new Error('the stage has no network');
    return found;
  };
  const isolated = network(production);
  const endpoint = (service: string) => {
    const found = isolated
      .resources('AWS::EC2::VPCEndpoint')
      .find(([, { Properties }]) => JSON.stringify(Properties.ServiceName).includes(`.${service}"`));
    if (!found) throw new Error(`no endpoint of ${service}`);
    return found[1].Properties;
  };
  const allowed = (service: string): Statement[] => statementsOf(service, endpoint(service).PolicyDocument);

  test('there is no way out: no gateway, no NAT, no public subnet, no route of our own - 45 CFR 164.312(a)(1)', () => {
    for (const stage of [local, production, apart])
      for (const type of [
        'InternetGateway',
        'EgressOnlyInternetGateway',
        'NatGateway',
        'Route',
        'VPCPeeringConnection',
      ])
        expect([type, network(stage).resources(`AWS::EC2::${type}`)]).toEqual([type, []]);
    const subnets = isolated.resources('AWS::EC2::Subnet').map(([, { Properties }]) => Properties);
    expect(subnets.map(({ AvailabilityZone }) => AvailabilityZone)).toEqual(['us-east-1a', 'us-east-1b']);
    for (const { MapPublicIpOnLaunch } of subnets) expect(MapPublicIpOnLaunch).toBe(false);
    expect(network(apart).resources('AWS::EC2::Subnet')).toHaveLength(3);
  });

  test('every function is in those subnets, in one group that speaks HTTPS to endpoints, DynamoDB and S3 alone', () => {
    const functions = production.running.resources('AWS::Lambda::Function');
    expect(functions).toHaveLength(entryPoints.length);
    for (const [, { Properties }] of functions)
      expect(Properties.VpcConfig).toMatchObject({
        SubnetIds: [expect.anything(), expect.anything()],
        SecurityGroupIds: [{ 'Fn::ImportValue': expect.stringContaining('NetworkFunctions') }],
      });
    expect(isolated.resources('AWS::EC2::SecurityGroup')).toHaveLength(2);
    const inline = isolated
      .resources('AWS::EC2::SecurityGroup')
      .flatMap(([, { Properties }]) => [
        ...(Properties.SecurityGroupEgress ?? []),
        ...(Properties.SecurityGroupIngress ?? []),
      ]);
    const rules = ['Egress', 'Ingress'].flatMap((way) =>
      isolated.resources(`AWS::EC2::SecurityGroup${way}`).map(([, { Properties }]) => Properties),
    );
    const open = [...inline, ...rules].filter(({ CidrIp }) => CidrIp !== '255.255.255.255/32'); // CDK's way to say none
    expect(open.map(({ CidrIp }) => CidrIp)).toEqual(open.map(() => undefined));
    for (const { FromPort, ToPort, IpProtocol } of open)
      expect([FromPort, ToPort, IpProtocol]).toEqual([443, 443, 'tcp']);
    expect(open.flatMap(({ DestinationPrefixListId }) => DestinationPrefixListId ?? []).sort()).toEqual([
      'pl-02cd2c6b',
      'pl-63a5400a',
    ]);
  });

  test('the resolver answers for names of those services and blocks every other, also where it cannot tell - 45 CFR 164.312(e)(1)', () => {
    for (const stage of [production, local, apart]) {
      const only = (type: string) => network(stage).only(`AWS::Route53Resolver::${type}`).Properties;
      const vpc = { Ref: network(stage).resources('AWS::EC2::VPC')[0]?.[0] };
      const domains = ({ FirewallDomainListId: id }: { readonly FirewallDomainListId: Record<string, string[]> }) =>
        network(stage).json.Resources[id['Fn::GetAtt']?.[0] ?? '']?.Properties.Domains;
      const rules = only('FirewallRuleGroup').FirewallRules;
      expect(rules).toHaveLength(2);
      const [allow, block] = rules;
      expect(allow).toMatchObject({ Action: 'ALLOW', FirewallDomainRedirectionAction: 'TRUST_REDIRECTION_DOMAIN' });
      expect(block).toMatchObject({ Action: 'BLOCK', BlockResponse: 'NODATA' });
      expect(allow.Priority).toBeLessThan(block.Priority);
      expect(domains(block)).toEqual(['*']);
      for (const name of domains(allow))
        expect(name).toMatch(/^(\*\.s3|[a-z0-9-]+(\.ddb)?)\.[a-z0-9-]+\.amazonaws\.com$/);
      expect(only('FirewallRuleGroupAssociation').VpcId).toEqual(vpc);
      expect(only('FirewallConfig')).toEqual({ FirewallFailOpen: 'DISABLED', ResourceId: vpc });
      expect(only('ResolverQueryLoggingConfigAssociation').ResourceId).toEqual(vpc);
    }
  });

  test('the names that the SDK looks up are those', () => {
    const lists = isolated.resources('AWS::Route53Resolver::FirewallDomainList');
    const allowed: string[] = lists.find(([id]) => id.includes('Needed'))?.[1].Properties.Domains;
    const region = 'us-east-1';
    const at = { Region: region };
    const urls = [
      new BackupClient({ region }).config.endpointProvider(at),
      new CloudWatchLogsClient({ region }).config.endpointProvider(at),
      new CognitoIdentityProviderClient({ region }).config.endpointProvider(at),
      new DynamoDBClient({ region }).config.endpointProvider(at),
      new DynamoDBClient({ region }).config.endpointProvider({
        ...at,
        AccountId: '123456789012',
        AccountIdEndpointMode: 'preferred',
      }),
      new KMSClient({ region }).config.endpointProvider(at),
      new S3Client({ region }).config.endpointProvider({ ...at, Bucket: 'a-bucket' }),
      new S3Client({ region }).config.endpointProvider({ ...at, Bucket: 'a.bucket', ForcePathStyle: true }),
      new SESv2Client({ region }).config.endpointProvider(at),
      new SNSClient({ region }).config.endpointProvider(at),
    ].map(({ url }) => url.hostname);
    const looked = urls.map((host) => host.replace(/^.+\.s3\./, '*.s3.')).sort();
    expect(allowed).toEqual(looked);
  });

  test('every service that code of a function calls has an endpoint, and none beside them', () => {
    const imported = sources.flatMap((source) =>
      [...source.matchAll(/'@aws-sdk\/(client-[a-z0-9-]+)'/g)].map(([, name]) => name),
    );
    expect(new Set(imported)).toEqual(new Set(Object.keys(calledServices)));
    const names = isolated
      .resources('AWS::EC2::VPCEndpoint')
      .map(([, { Properties }]) => /\.([a-z0-9-]+)"/.exec(JSON.stringify(Properties.ServiceName))?.[1]);
    expect(names.sort()).toEqual(['backup', 'cognito-idp', 'dynamodb', 'email', 'kms', 'logs', 's3', 'sns']);
  });

  test('interfaces answer to the names that the SDK calls, in every zone', () => {
    for (const service of ['backup', 'cognito-idp', 'email', 'kms', 'logs', 'sns'])
      expect(endpoint(service)).toMatchObject({
        VpcEndpointType: 'Interface',
        PrivateDnsEnabled: true,
        SubnetIds: [expect.anything(), expect.anything()],
      });
    for (const service of ['dynamodb', 's3']) expect(endpoint(service).VpcEndpointType).toBe('Gateway');
  });

  test.each(['dynamodb', 's3', 'kms', 'logs', 'email'])(
    'through the endpoint of %s Ward’s roles call what is Ward’s own, and credentials from elsewhere open nothing',
    (service) => {
      expect(allowed(service).length).toBeGreaterThan(0);
      for (const { effect, actions, resources, condition } of allowed(service)) {
        expect(effect).toBe('Allow');
        expect(actions.filter((action) => action.includes('*'))).toEqual([]);
        const anybodys = JSON.stringify(resources).includes('arn:aws:s3:::awsbackup');
        expect(condition).toEqual({
          ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/ward-prod-*' },
          StringEquals: {
            'aws:PrincipalAccount': '123456789012',
            ...(anybodys && { 'aws:ResourceAccount': '123456789012' }),
          },
        });
        if (actions.join() !== 'logs:GetQueryResults') expect(resources).not.toContain('*');
      }
    },
  );

  test('the endpoints of the stores lead to the tables, the buckets and the keys of the stage', () => {
    const tables = production.data.resources('AWS::DynamoDB::GlobalTable').length;
    expect(allowed('dynamodb')[0]?.resources).toHaveLength(tables);
    const buckets = allowed('s3').find(({ actions }) => actions.includes('s3:ListBucketVersions'));
    expect(buckets?.resources).toHaveLength(2);
    expect(
      allowed('s3')
        .flatMap(({ actions }) => actions)
        .filter((action) => /Delete|Bypass/.test(action)),
    ).toEqual([]);
    expect(JSON.stringify(allowed('kms')[0]?.resources)).toMatch(/AuditSigningKey.*PatientKey/);
    expect(allowed('kms')[0]?.resources).toHaveLength(2);
  });

  test('the endpoint of Cognito takes the signed calls of Ward’s roles; without a signature no call of the API, but the keys of tokens', () => {
    const pools = ['arn:aws:cognito-idp:us-east-1:123456789012:userpool/*'];
    const [signed, unsigned, ...more] = endpoint('cognito-idp').PolicyDocument.Statement;
    const called = declarations.flatMap(([, { userPool = [] }]) => userPool.map((action) => `cognito-idp:${action}`));
    expect(more).toEqual([]);
    expect(signed).toMatchObject({
      Effect: 'Allow',
      Action: [...new Set(called)].sort(),
      Condition: {
        ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::123456789012:role/ward-prod-*' },
        StringEquals: { 'aws:PrincipalAccount': '123456789012' },
      },
    });
    expect([signed.Resource].flat()).toEqual(pools);
    const { httpAuthSchemeProvider } = new CognitoIdentityProviderClient({ region: 'us-east-1' }).config;
    const operations = Object.keys(cognito).flatMap((name) => /^(\w+)Command$/.exec(name)?.[1] ?? []);
    const open = operations.filter((operation) =>
      httpAuthSchemeProvider({ operation, region: 'us-east-1' }).some(
        ({ schemeId }) => schemeId === 'smithy.api#noAuth',
      ),
    );
    expect(open).toContain('SignUp');
    expect(unsigned).toMatchObject({ Effect: 'Allow', Condition: { Null: { 'aws:PrincipalArn': 'true' } } });
    expect(Object.keys(unsigned)).not.toContain('Action');
    expect([unsigned.Resource].flat()).toEqual(pools);
    expect(unsigned.NotAction).toEqual(open.map((operation) => `cognito-idp:${operation}`).sort());
  });

  test('Lambda connects functions, and their own code has all of EC2 denied', () => {
    const statements = statementsOf(
      'Connection',
      isolated.only('AWS::IAM::ManagedPolicy', 'NetworkConnection').Properties.PolicyDocument,
    );
    const denied = statements.filter(({ effect }) => effect === 'Deny');
    expect(denied).toEqual([
      expect.objectContaining({
        actions: ['ec2:*'],
        resources: ['*'],
        condition: { Null: { 'lambda:SourceFunctionArn': 'false' } },
      }),
    ]);
    const wide = statements.filter(({ effect, resources }) => effect === 'Allow' && resources.includes('*'));
    expect(wide.map(({ actions }) => actions)).toEqual([['ec2:DescribeNetworkInterfaces', 'ec2:DescribeSubnets']]);
  });

  test('who spoke to whom, and who asked for which name, is kept six years under our key - 45 CFR 164.312(b)', () => {
    expect(isolated.only('AWS::EC2::FlowLog').Properties).toMatchObject({ TrafficType: 'ALL', ResourceType: 'VPC' });
    const groups = isolated.resources('AWS::Logs::LogGroup');
    expect(groups.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'NetworkFlows',
      'NetworkNamesQueries',
    ]);
    for (const [, group] of groups)
      expect(group).toMatchObject({
        DeletionPolicy: 'Retain',
        Properties: { RetentionInDays: 2192, KmsKeyId: { 'Fn::ImportValue': expect.stringContaining('LogsKey') } },
      });
    expect(JSON.stringify(isolated.only('AWS::Route53Resolver::ResolverQueryLoggingConfig').Properties)).toContain(
      groups.find(([id]) => id.startsWith('NetworkNamesQueries'))?.[0],
    );
  });

  test('a development stage may do without, and its acknowledgements say so; a production stage has none', () => {
    const inside = (stage: Synthesized) =>
      stage.acknowledgements.filter(({ rule }) => rule === 'HIPAA.Security-LambdaInsideVPC');
    expect(cheap.network).toBeUndefined();
    for (const [, { Properties }] of cheap.running.resources('AWS::Lambda::Function'))
      expect(Properties.VpcConfig).toBeUndefined();
    expect(inside(cheap)).toHaveLength(entryPoints.length);
    expect(inside(production)).toEqual([]);
  });
}
