import { ownRules } from '../../../lib/checks/own-rules';
import type { TemplateResource } from '../../../lib/checks/template';
import type { Resource, Stages } from '../assembly';

/** Breaks a resource of the production stage, as a careless change would. */
type Break = readonly [rule: string, type: string, change: (resource: Mutable) => void];
// biome-ignore lint/suspicious/noExplicitAny: properties of a template
type Mutable = { Type: string; DeletionPolicy?: string | undefined; Properties: any };

const allow = (statement: object) => ({ Statement: [{ Effect: 'Allow', ...statement }] });
function grant(role: Mutable, statement: object): void {
  role.Properties.Policies = [{ PolicyDocument: allow(statement) }];
}

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
  ['transport-strong', 'AWS::ApiGateway::RestApi', (api) => (api.Properties.EndpointAccessMode = 'BASIC')],
  [
    'bucket-private',
    'AWS::S3::Bucket',
    (bucket) => (bucket.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy = false),
  ],
  ['bucket-private', 'AWS::S3::Bucket', (bucket) => delete bucket.Properties.BucketEncryption],
  ['bucket-private', 'AWS::S3::Bucket', (bucket) => (bucket.Properties.VersioningConfiguration.Status = 'Suspended')],
  [
    'bucket-private',
    'AWS::S3::BucketPolicy',
    (policy) => policy.Properties.PolicyDocument.Statement.splice(0, 1), // TLS alone
  ],
  ['evidence-locked', 'AWS::S3::Bucket', (bucket) => (bucket.Properties.ObjectLockEnabled = false)],
  ['evidence-locked', 'AWS::S3::Bucket', (bucket) => delete bucket.Properties.ObjectLockConfiguration],
  ['stage-behind-web-acl', 'AWS::WAFv2::WebACLAssociation', (it) => (it.Properties.ResourceArn = 'another')],
  ['trail-proves-itself', 'AWS::CloudTrail::Trail', (trail) => (trail.Properties.EnableLogFileValidation = false)],
  ['trail-proves-itself', 'AWS::CloudTrail::Trail', (trail) => (trail.Properties.IsLogging = false)],
  ['trail-proves-itself', 'AWS::CloudTrail::Trail', (trail) => delete trail.Properties.KMSKeyId],
  [
    'table-backed-up',
    'AWS::Backup::BackupSelection',
    (selection) => selection.Properties.BackupSelection.Resources.splice(0, 1),
  ],
  ['queue-encrypted', 'AWS::SQS::Queue', (queue) => delete queue.Properties.KmsMasterKeyId],
  ['queue-encrypted', 'AWS::SNS::Topic', (topic) => delete topic.Properties.KmsMasterKeyId],
  ['alarm-calls-somebody', 'AWS::CloudWatch::Alarm', (alarm) => (alarm.Properties.AlarmActions = [])],
  ['role-names-actions', 'AWS::IAM::Role', (role) => grant(role, { Action: 'dynamodb:*', Resource: 'arn' })],
  ['role-names-actions', 'AWS::IAM::Role', (role) => grant(role, { Action: ['dynamodb:Get*'], Resource: 'arn' })],
  ['role-names-actions', 'AWS::IAM::Role', (role) => grant(role, { NotAction: 'iam:PassRole', Resource: 'arn' })],
  [
    'role-names-actions',
    'AWS::SQS::Queue',
    (queue) => {
      queue.Type = 'AWS::IAM::ManagedPolicy';
      queue.Properties = { PolicyDocument: allow({ Action: 's3:Get*', Resource: 'arn' }) };
    },
  ],
  ['role-names-resources', 'AWS::IAM::Role', (role) => grant(role, { Action: 'dynamodb:GetItem', Resource: '*' })],
  ['role-names-resources', 'AWS::IAM::Role', (role) => grant(role, { Action: 's3:GetObject', NotResource: 'arn' })],
  ['role-bounded', 'AWS::IAM::Role', (role) => delete role.Properties.PermissionsBoundary],
  ['function-not-public', 'AWS::Lambda::Alias', (alias) => (alias.Type = 'AWS::Lambda::Url')],
];

const shaped = (id: string, { Type, Properties, DeletionPolicy }: Mutable | Resource): TemplateResource => ({
  id,
  type: Type,
  properties: Properties ?? {},
  deletionPolicy: DeletionPolicy,
});

export function describeChecks({ production }: Pick<Stages, 'production'>): void {
  type World = readonly (readonly TemplateResource[])[];
  const everything = production.all.flatMap(({ json }) => Object.entries(json.Resources));
  /** @param other in place of a resource of that name */
  const world = (other?: { readonly name: string; readonly resource: Mutable }): World =>
    production.all.map(({ json }) =>
      Object.entries(json.Resources).map(([name, resource]) =>
        shaped(name, name === other?.name ? other.resource : resource),
      ),
    );
  const violators = ({ violates }: (typeof ownRules)[number], templates: World): string[] => {
    const stage = templates.flat();
    return templates.flatMap((stack) =>
      stack.filter((resource) => violates(resource, { stack, stage }) !== undefined).map(({ id }) => id),
    );
  };
  const rule = (id: string) => {
    const found = ownRules.find((each) => each.id === id);
    if (!found) throw new Error(`no rule ${id}`);
    return found;
  };

  test('a production stage keeps every rule', () => {
    const whole = world();
    for (const each of ownRules) expect([each.id, violators(each, whole)]).toEqual([each.id, []]);
  });

  test.each(breaks)('%s: a careless change of an %s fails the synthesis', (id, type, change) => {
    // A preflight and a signing key have rules of their own.
    const usual = ([, { Type, Properties }]: (typeof everything)[number]) =>
      Type === type && Properties?.HttpMethod !== 'OPTIONS' && Properties?.KeyUsage !== 'SIGN_VERIFY';
    const [name, resource] = everything.find(usual) ?? [];
    if (name === undefined || resource === undefined) throw new Error(`no ${type}`);
    const broken: Mutable = structuredClone({ ...resource });
    change(broken);
    expect(violators(rule(id), world({ name, resource: broken }))).not.toEqual([]);
  });

  test('each rule has a change that breaks it', () => {
    expect([...new Set(breaks.map(([id]) => id))].sort()).toEqual(ownRules.map(({ id }) => id).sort());
  });
}
