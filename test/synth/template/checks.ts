import { ownRules } from '../../../lib/checks/own-rules';
import type { TemplateResource } from '../../../lib/checks/template';
import type { Resource, Synthesized } from '../assembly';

/** Breaks a resource of the production stage, as a careless change would. */
type Break = readonly [rule: string, type: string, change: (resource: Mutable) => void];
// biome-ignore lint/suspicious/noExplicitAny: properties of a template
type Mutable = { Type: string; DeletionPolicy?: string | undefined; Properties: any };

const breaks: readonly Break[] = [
  ['eligible-service', 'AWS::SQS::Queue', (queue) => (queue.Type = 'AWS::GameLift::Fleet')],
  ['table-protected', 'AWS::DynamoDB::GlobalTable', (table) => (table.DeletionPolicy = 'Delete')],
  ['table-protected', 'AWS::DynamoDB::GlobalTable', (table) => delete table.Properties.SSESpecification],
  [
    'table-protected',
    'AWS::DynamoDB::GlobalTable',
    (table) => (table.Properties.Replicas[0].PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled = false),
  ],
  [
    'table-protected',
    'AWS::DynamoDB::GlobalTable',
    (table) => (table.Properties.Replicas[0].DeletionProtectionEnabled = false),
  ],
  ['pool-two-factors', 'AWS::Cognito::UserPool', (pool) => (pool.Properties.MfaConfiguration = 'OPTIONAL')],
  ['pool-two-factors', 'AWS::Cognito::UserPool', (pool) => delete pool.Properties.WebAuthnFactorConfiguration],
  ['key-rotated', 'AWS::KMS::Key', (key) => (key.Properties.EnableKeyRotation = false)],
  ['key-not-for-everyone', 'AWS::KMS::Key', (key) => (key.Properties.KeyPolicy.Statement[0].Action = 'kms:*')],
  ['logs-kept', 'AWS::Logs::LogGroup', (group) => (group.Properties.RetentionInDays = 30)],
  ['logs-kept', 'AWS::Logs::LogGroup', (group) => delete group.Properties.KmsKeyId],
  ['method-authorized', 'AWS::ApiGateway::Method', (method) => (method.Properties.AuthorizationType = 'NONE')],
  ['method-authorized', 'AWS::ApiGateway::Method', (method) => delete method.Properties.AuthorizationScopes],
  ['stage-without-copies', 'AWS::ApiGateway::Stage', (stage) => (stage.Properties.CacheClusterEnabled = true)],
  ['stage-without-copies', 'AWS::ApiGateway::Stage', (stage) => (stage.Properties.TracingEnabled = true)],
  [
    'stage-without-copies',
    'AWS::ApiGateway::Stage',
    (stage) => (stage.Properties.MethodSettings[0].DataTraceEnabled = true),
  ],
  [
    'stage-without-copies',
    'AWS::ApiGateway::Stage',
    (stage) => (stage.Properties.AccessLogSetting.Format = '{"path":"$context.path"}'),
  ],
  ['transport-strong', 'AWS::ApiGateway::RestApi', (api) => (api.Properties.SecurityPolicy = 'TLS_1_0')],
  [
    'bucket-private',
    'AWS::S3::Bucket',
    (bucket) => (bucket.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy = false),
  ],
  ['bucket-private', 'AWS::S3::Bucket', (bucket) => delete bucket.Properties.BucketEncryption],
  ['queue-encrypted', 'AWS::SQS::Queue', (queue) => delete queue.Properties.KmsMasterKeyId],
  ['queue-encrypted', 'AWS::SNS::Topic', (topic) => delete topic.Properties.KmsMasterKeyId],
  ['alarm-calls-somebody', 'AWS::CloudWatch::Alarm', (alarm) => (alarm.Properties.AlarmActions = [])],
  [
    'role-names-actions',
    'AWS::IAM::Role',
    (role) => {
      role.Properties.Policies = [
        { PolicyDocument: { Statement: [{ Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' }] } },
      ];
    },
  ],
  ['function-not-public', 'AWS::Lambda::Alias', (alias) => (alias.Type = 'AWS::Lambda::Url')],
];

const shaped = (id: string, { Type, Properties, DeletionPolicy }: Mutable | Resource): TemplateResource => ({
  id,
  type: Type,
  properties: Properties ?? {},
  deletionPolicy: DeletionPolicy,
});

export function describeChecks({ production }: { readonly production: Synthesized }): void {
  const everything = production.all.flatMap(({ json }) => Object.entries(json.Resources));
  const rule = (id: string) => {
    const found = ownRules.find((each) => each.id === id);
    if (!found) throw new Error(`no rule ${id}`);
    return found;
  };

  test('a production stage keeps every rule', () => {
    for (const { id, violates } of ownRules)
      expect([
        id,
        everything.filter(([name, resource]) => violates(shaped(name, resource)) !== undefined).map(([name]) => name),
      ]).toEqual([id, []]);
  });

  test.each(breaks)('%s: a careless change of an %s fails the synthesis', (id, type, change) => {
    // A preflight and a signing key have rules of their own.
    const usual = ([, { Type, Properties }]: (typeof everything)[number]) =>
      Type === type && Properties?.HttpMethod !== 'OPTIONS' && Properties?.KeyUsage !== 'SIGN_VERIFY';
    const [name, resource] = everything.find(usual) ?? [];
    if (name === undefined || resource === undefined) throw new Error(`no ${type}`);
    const broken: Mutable = structuredClone({ ...resource });
    change(broken);
    expect(rule(id).violates(shaped(name, resource))).toBeUndefined();
    expect(rule(id).violates(shaped(name, broken))).toEqual(expect.any(String));
  });

  test('each rule has a change that breaks it', () => {
    expect([...new Set(breaks.map(([id]) => id))].sort()).toEqual(ownRules.map(({ id }) => id).sort());
  });
}
