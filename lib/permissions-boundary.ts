import { Stack } from 'aws-cdk-lib';
import { CfnRole, Effect, ManagedPolicy, PermissionsBoundary, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IConstruct } from 'constructs';
import { testPrefix } from '../lambda/environment';
import { acknowledge } from './acknowledgements';
import { restoredBuckets } from './restore-validation';

const of = (service: string, ...actions: readonly string[]): string[] =>
  actions.map((action) => `${service}:${action}`);

/** What no role of Ward ever does, whatever its own policies come to say. Each list is a statement, by what it protects. */
const never: Readonly<Record<string, readonly string[]>> = {
  NobodyGetsMore: ['account:*', 'iam:*', 'identitystore:*', 'organizations:*', 'sso:*', 'sts:AssumeRole'],
  EvidenceStays: of(
    's3',
    'BypassGovernanceRetention',
    'DeleteBucket',
    'DeleteBucketPolicy',
    'DeleteObjectVersion',
    'PutBucketAcl',
    'PutBucketObjectLockConfiguration',
    'PutBucketPolicy',
    'PutBucketPublicAccessBlock',
    'PutEncryptionConfiguration',
    'PutLifecycleConfiguration',
    'PutObjectLegalHold',
    'PutReplicationConfiguration',
  ),
  KeysStay: of(
    'kms',
    'DeleteAlias',
    'DeleteImportedKeyMaterial',
    'DisableKey',
    'DisableKeyRotation',
    'PutKeyPolicy',
    'ReplicateKey',
    'ScheduleKeyDeletion',
    'UpdateAlias',
    'UpdatePrimaryRegion',
  ),
  StoresAndTheirBackupsStay: [
    ...of(
      'dynamodb',
      'DeleteBackup',
      'DeleteResourcePolicy',
      'PutResourcePolicy',
      'UpdateContinuousBackups',
      'UpdateTable',
      'UpdateTimeToLive',
    ),
    ...of(
      'backup',
      'DeleteBackupVault',
      'DeleteBackupVaultAccessPolicy',
      'DeleteBackupVaultLockConfiguration',
      'DeleteRecoveryPoint',
      'DisassociateRecoveryPoint',
      'PutBackupVaultAccessPolicy',
      'PutBackupVaultLockConfiguration',
      'UpdateRecoveryPointLifecycle',
    ),
  ],
  TrailAndLogsStay: [
    ...of('cloudtrail', 'DeleteTrail', 'PutEventSelectors', 'StopLogging', 'UpdateTrail'),
    ...of('guardduty', 'DeleteDetector', 'UpdateDetector'),
    ...of(
      'logs',
      'DeleteDataProtectionPolicy',
      'DeleteLogGroup',
      'DeleteLogStream',
      'DeleteRetentionPolicy',
      'DisassociateKmsKey',
      'PutDataProtectionPolicy',
      'PutRetentionPolicy',
      'Unmask',
    ),
  ],
  SignInStays: of(
    'cognito-idp',
    'AdminInitiateAuth',
    'AdminRespondToAuthChallenge',
    'AdminSetUserMFAPreference',
    'AdminSetUserPassword',
    'DeleteUserPool',
    'DeleteUserPoolClient',
    'SetUserPoolMfaConfig',
    'UpdateUserPool',
    'UpdateUserPoolClient',
  ),
  FunctionsStay: of(
    'lambda',
    'AddPermission',
    'CreateFunction',
    'DeleteFunction',
    'PutFunctionConcurrency',
    'RemovePermission',
    'UpdateFunctionCode',
    'UpdateFunctionConfiguration',
  ),
};

const grantsNothing =
  'A permissions boundary grants nothing by itself: a role may do what both this and its own policy allow, and its own names each action and resource';

/**
 * Sets a permissions boundary on every role of every stack, also on those that the CDK makes by itself. A boundary grants
 * nothing: its adversary is a later change that grants too much, or whoever makes one. 45 CFR 164.308(a)(4)(ii)(B).
 */
export function bound(app: IConstruct): void {
  for (const stack of app.node.children.filter((child) => Stack.isStack(child))) {
    if (!stack.node.findAll().some((child) => child instanceof CfnRole)) continue;
    const boundary = new ManagedPolicy(stack, `${stack.node.id}Boundary`, {
      description: 'What no role of this stack ever does, whatever its own policy says',
      statements: [
        new PolicyStatement({ sid: 'AtMost', actions: ['*'], resources: ['*'] }),
        new PolicyStatement({
          sid: 'TablesAndObjectsStay',
          effect: Effect.DENY,
          actions: ['dynamodb:DeleteTable', ...of('s3', 'DeleteObject', 'PutBucketVersioning', 'PutObjectAcl')],
          // AWS Backup makes and removes what it restores for a test.
          notResources: [`arn:aws:dynamodb:*:*:table/${testPrefix}*`, `${restoredBuckets}*`],
        }),
        ...Object.entries(never).map(
          ([sid, actions]) =>
            new PolicyStatement({ sid, effect: Effect.DENY, actions: [...actions], resources: ['*'] }),
        ),
      ],
    });
    const ids = [
      'HIPAA.Security-IAMPolicyNoStatementsWithAdminAccess',
      'HIPAA.Security-IAMPolicyNoStatementsWithFullAccess',
      'AwsSolutions-IAM5[Action::*]',
      'AwsSolutions-IAM5[Resource::*]',
    ];
    acknowledge(boundary, Object.fromEntries(ids.map((id) => [id, grantsNothing])));
    PermissionsBoundary.of(stack).apply(boundary);
  }
}
