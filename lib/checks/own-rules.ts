import { serviceOf } from './eligible-services';
import type { TemplateResource } from './template';

export interface OwnRule {
  readonly id: string;
  /** what holds, and the rule that asks for it */
  readonly description: string;
  readonly fix: string;
  /** @returns the property that is wrong, or undefined where the resource keeps the rule or the rule is not about it */
  violates(resource: TemplateResource): string | undefined;
}

type Properties = TemplateResource['properties'];

/** six years with their leap days: 45 CFR 164.316(b)(2)(i) */
const leastRetentionDays = 2192;

/** @returns the value at a path of names and indexes; undefined where something is missing */
function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, name) => (typeof found === 'object' && found !== null ? Object(found)[name] : undefined),
    value,
  );
}

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const list = (value: unknown): readonly unknown[] => (value === undefined ? [] : isList(value) ? value : [value]);

function about(type: string, test: (properties: Properties, resource: TemplateResource) => string | undefined) {
  return (resource: TemplateResource) => (resource.type === type ? test(resource.properties, resource) : undefined);
}

/** @returns the first property that does not have the value it must have */
const wrong = (properties: Properties, expected: Readonly<Record<string, unknown>>): string | undefined =>
  Object.entries(expected).find(([path, value]) => at(properties, ...path.split('.')) !== value)?.[0];

function statementsOf(policy: unknown): readonly unknown[] {
  return list(at(policy, 'Statement'));
}

export const ownRules: readonly OwnRule[] = [
  {
    id: 'eligible-service',
    description: 'PHI is held by services alone that AWS lists as HIPAA eligible - 45 CFR 164.308(b)',
    fix: 'Use a service of the list in lib/checks/eligible-services.ts, or add one that AWS has added',
    violates: ({ type }) => (serviceOf(type) === undefined ? 'Type' : undefined),
  },
  {
    id: 'table-protected',
    description:
      'A table is under a key of ours, restorable to any second and not deleted by mistake - 45 CFR 164.312(a)(2)(iv), 164.308(a)(7)(ii)(A)',
    fix: 'Make it with WardTable of lib/records.ts',
    violates: about('AWS::DynamoDB::GlobalTable', (properties, { deletionPolicy }) => {
      if (deletionPolicy !== 'Retain') return 'DeletionPolicy';
      const table = wrong(properties, { 'SSESpecification.SSEEnabled': true, 'SSESpecification.SSEType': 'KMS' });
      const replicas = list(at(properties, 'Replicas'));
      if (table !== undefined || replicas.length === 0) return table ?? 'Replicas';
      for (const replica of replicas) {
        if (at(replica, 'SSESpecification', 'KMSMasterKeyId') === undefined) return 'Replicas.SSESpecification';
        if (at(replica, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled') !== true)
          return 'Replicas.PointInTimeRecoverySpecification';
        if (at(replica, 'DeletionProtectionEnabled') !== true) return 'Replicas.DeletionProtectionEnabled';
      }
      return undefined;
    }),
  },
  {
    id: 'pool-two-factors',
    description: 'Nobody signs in with one factor, nobody signs themselves up - 45 CFR 164.312(d)',
    fix: 'Keep the user pool as lib/authentication.ts makes it',
    violates: about('AWS::Cognito::UserPool', (properties) =>
      wrong(properties, {
        MfaConfiguration: 'ON',
        WebAuthnFactorConfiguration: 'MULTI_FACTOR_WITH_USER_VERIFICATION',
        'AdminCreateUserConfig.AllowAdminCreateUserOnly': true,
        DeletionProtection: 'ACTIVE',
      }),
    ),
  },
  {
    id: 'key-rotated',
    description: 'A symmetric key of ours rotates every year - 45 CFR 164.312(a)(2)(iv)',
    fix: 'Make it with a function of lib/encryption.ts',
    violates: about('AWS::KMS::Key', (properties) =>
      properties['KeyUsage'] === 'SIGN_VERIFY' || properties['EnableKeyRotation'] === true
        ? undefined
        : 'EnableKeyRotation',
    ),
  },
  {
    id: 'key-not-for-everyone',
    description: 'A key’s policy gives nobody every action: administering a key and using it are two things',
    fix: 'Name the actions, as lib/encryption.ts does',
    violates: about('AWS::KMS::Key', ({ KeyPolicy }) =>
      statementsOf(KeyPolicy).some(
        (statement) => at(statement, 'Effect') === 'Allow' && list(at(statement, 'Action')).includes('kms:*'),
      )
        ? 'KeyPolicy'
        : undefined,
    ),
  },
  {
    id: 'logs-kept',
    description: 'A log group is under a key of ours and kept six years - 45 CFR 164.316(b)(2)(i)',
    fix: 'Give it encryptionKey and RetentionDays.SIX_YEARS',
    violates: about('AWS::Logs::LogGroup', ({ KmsKeyId, RetentionInDays }) => {
      if (KmsKeyId === undefined) return 'KmsKeyId';
      return typeof RetentionInDays === 'number' && RetentionInDays >= leastRetentionDays
        ? undefined
        : 'RetentionInDays';
    }),
  },
  {
    id: 'method-authorized',
    description: 'No method without the authorizer and its scope, but the preflight of browsers - 45 CFR 164.312(a)(1)',
    fix: 'Add the route to lambda/http/routes/ and nowhere else',
    violates: about('AWS::ApiGateway::Method', (properties) => {
      const { HttpMethod, AuthorizationType, AuthorizerId, AuthorizationScopes } = properties;
      if (HttpMethod === 'OPTIONS')
        return at(properties, 'Integration', 'Type') === 'MOCK' ? undefined : 'Integration.Type';
      if (AuthorizationType !== 'COGNITO_USER_POOLS' || AuthorizerId === undefined) return 'AuthorizationType';
      return list(AuthorizationScopes).length > 0 ? undefined : 'AuthorizationScopes';
    }),
  },
  {
    id: 'stage-without-copies',
    description: 'No answer is cached and no path or body logged: a copy passes by the decision and the audit log',
    fix: 'Keep the stage as lib/api.ts makes it',
    violates: about('AWS::ApiGateway::Stage', (properties) => {
      if (properties['CacheClusterEnabled'] === true) return 'CacheClusterEnabled';
      if (properties['TracingEnabled'] === true) return 'TracingEnabled';
      const careless = list(properties['MethodSettings']).find(
        (setting) =>
          at(setting, 'CachingEnabled') === true ||
          at(setting, 'DataTraceEnabled') === true ||
          !['OFF', undefined].some((level) => at(setting, 'LoggingLevel') === level),
      );
      if (careless !== undefined) return 'MethodSettings';
      const format = at(properties, 'AccessLogSetting', 'Format');
      if (typeof format !== 'string') return 'AccessLogSetting';
      return /\$context\.(path|authorizer\.claims|identity\.user)/.test(format) ? 'AccessLogSetting.Format' : undefined;
    }),
  },
  {
    id: 'transport-strong',
    description: 'TLS 1.3, or 1.2 with forward secrecy, and nothing older - 45 CFR 164.312(e)(1)',
    fix: 'Name a policy of the TLS13_1_2_PFS generation',
    violates: (resource) =>
      ['AWS::ApiGateway::RestApi', 'AWS::ApiGateway::DomainName'].includes(resource.type) &&
      !/^SecurityPolicy_TLS13_1_[23]_PFS_/.test(String(resource.properties['SecurityPolicy']))
        ? 'SecurityPolicy'
        : undefined,
  },
  {
    id: 'bucket-private',
    description:
      'A bucket is encrypted under a key of ours, versioned where it keeps, and public to nobody - 45 CFR 164.312(a)(1)',
    fix: 'Make it with wardBucket of lib/documents.ts',
    violates: about('AWS::S3::Bucket', (properties) => {
      const open = wrong(properties, {
        'PublicAccessBlockConfiguration.BlockPublicAcls': true,
        'PublicAccessBlockConfiguration.BlockPublicPolicy': true,
        'PublicAccessBlockConfiguration.IgnorePublicAcls': true,
        'PublicAccessBlockConfiguration.RestrictPublicBuckets': true,
      });
      if (open !== undefined) return open;
      const [rule] = list(at(properties, 'BucketEncryption', 'ServerSideEncryptionConfiguration'));
      if (at(rule, 'ServerSideEncryptionByDefault', 'SSEAlgorithm') !== 'aws:kms') return 'BucketEncryption';
      if (at(rule, 'ServerSideEncryptionByDefault', 'KMSMasterKeyID') === undefined) return 'BucketEncryption';
      return undefined;
    }),
  },
  {
    id: 'queue-encrypted',
    description: 'A queue or topic is under a key of ours - 45 CFR 164.312(a)(2)(iv)',
    fix: 'Give it a key made by storeKey of lib/encryption.ts',
    violates: ({ type, properties }) =>
      ['AWS::SQS::Queue', 'AWS::SNS::Topic'].includes(type) && properties['KmsMasterKeyId'] === undefined
        ? 'KmsMasterKeyId'
        : undefined,
  },
  {
    id: 'alarm-calls-somebody',
    description: 'An alarm has somebody to call - 45 CFR 164.308(a)(1)(ii)(D)',
    fix: 'Make it with Monitoring.alarm of lib/monitoring.ts',
    violates: about('AWS::CloudWatch::Alarm', ({ AlarmActions }) =>
      list(AlarmActions).length > 0 ? undefined : 'AlarmActions',
    ),
  },
  {
    id: 'role-names-actions',
    description: 'No role may do every action of a service - 45 CFR 164.308(a)(4)(ii)(B)',
    fix: 'Declare what the function does in lib/functions',
    violates: (resource) => {
      if (!['AWS::IAM::Role', 'AWS::IAM::Policy'].includes(resource.type)) return undefined;
      const documents =
        resource.type === 'AWS::IAM::Policy'
          ? [resource.properties['PolicyDocument']]
          : list(resource.properties['Policies']).map((policy) => at(policy, 'PolicyDocument'));
      return documents
        .flatMap(statementsOf)
        .some(
          (statement) =>
            at(statement, 'Effect') === 'Allow' &&
            list(at(statement, 'Action')).some((action) => /^(\*|[\w-]+:\*)$/.test(String(action))),
        )
        ? 'Policies'
        : undefined;
    },
  },
  {
    id: 'function-not-public',
    description: 'No function has a URL of its own: every call comes through the API, its authorizer and its log',
    fix: 'Add a route to lambda/http/routes/',
    violates: ({ type }) => (type === 'AWS::Lambda::Url' ? 'Type' : undefined),
  },
];
