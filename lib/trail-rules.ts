import { DefaultStackSynthesizer } from 'aws-cdk-lib';

/**
 * What an administrator would do first who wanted to take Ward's safeguards off. Each is an event that CloudTrail sees, an alarm
 * to whoever is on call, and a heading of docs/runbook.md. Deployments make some of these too: an alarm says that it happened,
 * the runbook how to tell whether it was one.
 */
export interface Watch {
  /** id of the construct */
  readonly id: string;
  /** heading of docs/runbook.md */
  readonly heading: string;
  /** of EventBridge, such as `aws.kms` */
  readonly source: string;
  readonly calls: readonly string[];
  /** of the stage's own resources alone: an event pattern under `requestParameters`. Without it: of the account's */
  readonly of?: Readonly<Record<string, readonly unknown[]>>;
}

/** Roles and policies of `cdk bootstrap`, which docs/policies/guard-rails.json leaves to the organization alone. */
const deploymentPrefix = `cdk-${DefaultStackSynthesizer.DEFAULT_QUALIFIER}-`;
/** Roles that the guard rails name: who bootstraps, and who deploys. */
const guarded = ['OrganizationAccountAccessRole', 'WardPipeline'];

/** @param stage of the settings: names of Ward's resources begin with `ward-<stage>-` */
export function watches(stage: string): readonly Watch[] {
  const named = [{ wildcard: `*ward-${stage}-*` }];
  return [
    {
      id: 'Keys',
      heading: 'Key changed',
      source: 'aws.kms',
      calls: [
        'DeleteImportedKeyMaterial',
        'DisableKey',
        'DisableKeyRotation',
        'PutKeyPolicy',
        'ReplicateKey',
        'ScheduleKeyDeletion',
        'UpdatePrimaryRegion',
      ],
    },
    {
      id: 'Buckets',
      heading: 'Bucket lock or policy changed',
      source: 'aws.s3',
      calls: [
        'DeleteBucket',
        'DeleteBucketEncryption',
        'DeleteBucketLifecycle',
        'DeleteBucketPolicy',
        'DeleteBucketPublicAccessBlock',
        'DeleteBucketReplication',
        'PutBucketAcl',
        'PutBucketEncryption',
        'PutBucketLifecycle',
        'PutBucketObjectLockConfiguration',
        'PutBucketOwnershipControls',
        'PutBucketPolicy',
        'PutBucketPublicAccessBlock',
        'PutBucketReplication',
        'PutBucketVersioning',
      ],
      of: { bucketName: named },
    },
    {
      id: 'Tables',
      heading: 'Table protection changed',
      source: 'aws.dynamodb',
      calls: [
        'DeleteResourcePolicy',
        'DeleteTable',
        'PutResourcePolicy',
        'UpdateContinuousBackups',
        'UpdateTable',
        'UpdateTimeToLive',
      ],
    },
    {
      id: 'TableCopies',
      heading: 'Table copied',
      source: 'aws.dynamodb',
      calls: [
        'EnableKinesisStreamingDestination',
        'ExportTableToPointInTime',
        'RestoreTableFromBackup',
        'RestoreTableToPointInTime',
      ],
    },
    {
      id: 'Backups',
      heading: 'Backup protection changed',
      source: 'aws.backup',
      calls: [
        'DeleteBackupPlan',
        'DeleteBackupSelection',
        'DeleteBackupVault',
        'DeleteBackupVaultAccessPolicy',
        'DeleteBackupVaultLockConfiguration',
        'DeleteRecoveryPoint',
        'DisassociateRecoveryPoint',
        'PutBackupVaultAccessPolicy',
        'PutBackupVaultLockConfiguration',
        'StopBackupJob',
        'UpdateBackupPlan',
        'UpdateRecoveryPointLifecycle',
      ],
    },
    {
      id: 'Pool',
      heading: 'Sign-in rules changed',
      source: 'aws.cognito-idp',
      calls: [
        'AddCustomAttributes',
        'AdminSetUserMFAPreference',
        'AdminSetUserPassword',
        'CreateIdentityProvider',
        'CreateUserPoolClient',
        'DeleteUserPool',
        'SetRiskConfiguration',
        'SetUserPoolMfaConfig',
        'UpdateUserPool',
        'UpdateUserPoolClient',
      ],
    },
    {
      id: 'Trail',
      heading: 'Trail changed',
      source: 'aws.cloudtrail',
      calls: ['DeleteTrail', 'PutEventSelectors', 'StopLogging', 'UpdateTrail'],
    },
    {
      id: 'Roles',
      heading: 'Role changed',
      source: 'aws.iam',
      calls: [
        'AttachRolePolicy',
        'CreateRole',
        'DeleteRole',
        'DeleteRolePermissionsBoundary',
        'DeleteRolePolicy',
        'DetachRolePolicy',
        'PutRolePermissionsBoundary',
        'PutRolePolicy',
        'UpdateAssumeRolePolicy',
      ],
      // Those that deploy too: whoever takes one on changes whatever a deployment alone may change.
      of: { roleName: [{ prefix: `ward-${stage}-` }, { prefix: deploymentPrefix }, ...guarded] },
    },
    {
      id: 'RolePolicies',
      heading: 'Role policy changed',
      source: 'aws.iam',
      calls: ['CreatePolicyVersion', 'DeletePolicy', 'DeletePolicyVersion', 'SetDefaultPolicyVersion'],
      of: {
        policyArn: [`ward-${stage}-`, deploymentPrefix].map((prefix) => ({
          wildcard: `arn:aws:iam::*:policy/${prefix}*`,
        })),
      },
    },
    {
      id: 'Api',
      heading: 'API changed',
      source: 'aws.apigateway',
      // What changes an API that is there: data traces and logs of a stage, who is let in, where a request goes.
      calls: ['PutRestApi', 'UpdateAuthorizer', 'UpdateIntegration', 'UpdateMethod', 'UpdateRestApi', 'UpdateStage'],
    },
    {
      id: 'Edge',
      heading: 'Web ACL changed',
      source: 'aws.wafv2',
      calls: [
        'DeleteLoggingConfiguration',
        'DeleteWebACL',
        'DisassociateWebACL',
        'PutLoggingConfiguration',
        'UpdateWebACL',
      ],
    },
    {
      id: 'Network',
      heading: 'Network changed',
      source: 'aws.ec2',
      calls: [
        'AttachInternetGateway',
        'AuthorizeSecurityGroupEgress',
        'AuthorizeSecurityGroupIngress',
        'CreateNatGateway',
        'CreateRoute',
        'CreateTransitGatewayVpcAttachment',
        'CreateVpcPeeringConnection',
        'DeleteFlowLogs',
        'ModifyVpcEndpoint',
        'ReplaceRoute',
      ],
    },
    {
      id: 'Resolver',
      heading: 'Resolver changed',
      source: 'aws.route53resolver',
      calls: [
        'AssociateFirewallRuleGroup',
        'CreateFirewallRule',
        'DeleteFirewallRule',
        'DisassociateFirewallRuleGroup',
        'DisassociateResolverQueryLogConfig',
        'ImportFirewallDomains',
        'UpdateFirewallConfig',
        'UpdateFirewallDomains',
        'UpdateFirewallRule',
        'UpdateFirewallRuleGroupAssociation',
      ],
    },
    {
      id: 'Functions',
      heading: 'Function changed',
      source: 'aws.lambda',
      // As CloudTrail spells them, with the version of the API.
      calls: ['AddPermission20150331v2', 'UpdateFunctionCode20150331v2', 'UpdateFunctionConfiguration20150331v2'],
      of: { functionName: named },
    },
    {
      id: 'Logs',
      heading: 'Logs shortened or opened',
      source: 'aws.logs',
      calls: [
        'DeleteDataProtectionPolicy',
        'DeleteLogGroup',
        'DeleteLogStream',
        'DeleteRetentionPolicy',
        'DisassociateKmsKey',
        'PutRetentionPolicy',
        'PutSubscriptionFilter',
      ],
      of: { logGroupName: named },
    },
    {
      id: 'Alarms',
      heading: 'Alarm switched off',
      source: 'aws.monitoring',
      calls: ['DeleteAlarms', 'DisableAlarmActions', 'PutCompositeAlarm', 'PutMetricAlarm', 'SetAlarmState'],
    },
    {
      id: 'Topics',
      heading: 'Alarm topic changed',
      source: 'aws.sns',
      calls: [
        'AddPermission',
        'DeleteTopic',
        'RemovePermission',
        'SetSubscriptionAttributes',
        'SetTopicAttributes',
        'Unsubscribe',
      ],
    },
    {
      id: 'Rules',
      heading: 'Watch switched off',
      source: 'aws.events',
      calls: ['DeleteRule', 'DisableRule', 'PutRule', 'PutTargets', 'RemoveTargets'],
      // AWS Backup makes rules of its own. A call on a rule says its name, one on its targets says `rule`.
      of: { $or: ['name', 'rule'].map((parameter) => ({ [parameter]: [{ prefix: `ward-${stage}-` }] })) },
    },
  ];
}
