import { bucketRules } from './bucket-rules';
import { serviceOf } from './eligible-services';
import { roleRules } from './role-rules';
import { about, at, list, names, type OwnRule, statementsOf, wrong } from './rule';

/** six years with their leap days: 45 CFR 164.316(b)(2)(i) */
const leastRetentionDays = 2192;

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
    violates: ({ type, properties }) => {
      if (!['AWS::ApiGateway::RestApi', 'AWS::ApiGateway::DomainName'].includes(type)) return undefined;
      if (!/^SecurityPolicy_TLS13_1_[23]_PFS_/.test(String(properties['SecurityPolicy']))) return 'SecurityPolicy';
      // BASIC lets a caller name another host in the handshake than in the request.
      return properties['EndpointAccessMode'] === 'STRICT' ? undefined : 'EndpointAccessMode';
    },
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
    id: 'function-not-public',
    description: 'No function has a URL of its own: every call comes through the API, its authorizer and its log',
    fix: 'Add a route to lambda/http/routes/',
    violates: ({ type }) => (type === 'AWS::Lambda::Url' ? 'Type' : undefined),
  },
  {
    id: 'stage-behind-web-acl',
    description:
      'The API’s stage has a web ACL: floods and known attacks do not reach it - 45 CFR 164.308(a)(5)(ii)(B)',
    fix: 'Keep the association that lib/web-acl.ts makes',
    violates: about('AWS::ApiGateway::Stage', (_, { id }, { stack }) =>
      stack.some(
        ({ type, properties }) => type === 'AWS::WAFv2::WebACLAssociation' && names(properties['ResourceArn'], id),
      )
        ? undefined
        : 'WebACLAssociation',
    ),
  },
  {
    id: 'trail-proves-itself',
    description:
      'The trail goes on, of every Region, under a key of ours, and signs what it wrote - 45 CFR 164.312(b), (c)(1)',
    fix: 'Keep the trail as lib/trail.ts makes it',
    violates: about('AWS::CloudTrail::Trail', (properties) =>
      properties['KMSKeyId'] === undefined
        ? 'KMSKeyId'
        : wrong(properties, { EnableLogFileValidation: true, IsLogging: true, IsMultiRegionTrail: true }),
    ),
  },
  {
    id: 'table-backed-up',
    description: 'Each table is in a selection of a backup plan - 45 CFR 164.308(a)(7)(ii)(A)',
    fix: 'Give it to Contingency of lib/contingency.ts',
    violates: about('AWS::DynamoDB::GlobalTable', (_, { id }, { stage }) =>
      stage.some(
        ({ type, properties }) =>
          type === 'AWS::Backup::BackupSelection' && names(at(properties, 'BackupSelection', 'Resources'), id),
      )
        ? undefined
        : 'BackupSelection',
    ),
  },
  ...bucketRules,
  ...roleRules,
];
