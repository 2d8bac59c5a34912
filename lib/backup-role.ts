import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { testPrefix } from '../lambda/environment';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { OwnRole } from './own-role';
import type { WardTable } from './records';
import type { RecoveryNames } from './recovery-names';
import { restoredBuckets } from './restore-validation';

export interface BackupRoleProps {
  readonly config: Config;
  readonly tables: readonly WardTable[];
  readonly bucket: IBucket;
  readonly bucketKey: IKey;
  readonly vaultArns: readonly string[];
  readonly vaultKey: IKey;
  /** where copies go; absent: none are made */
  readonly recovery: RecoveryNames | undefined;
}

const chosenNames = 'AWS Backup chooses the names of what it makes: the policy names what they begin with';

/**
 * What AWS Backup may do, of Ward's own tables and one bucket: AWS's managed policies for it name every resource of the account.
 * It makes backups and test restores, and neither deletes a table that Ward uses or a recovery point nor writes into the bucket.
 */
export class BackupRole extends OwnRole {
  constructor(
    scope: Construct,
    id: string,
    { config, tables, bucket, bucketKey, vaultArns, vaultKey, recovery }: BackupRoleProps,
  ) {
    super(scope, id, {
      description: `Ward ${config.stage}: makes backups and test restores`,
      assumedBy: new ServicePrincipal('backup.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': config.account } },
      }),
    });
    const tested = Stack.of(this).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: `${testPrefix}*`,
    });
    const allow = (actions: string[], resources: string[], service?: string) =>
      this.addToPolicy(
        new PolicyStatement({
          actions,
          resources,
          ...(service && {
            conditions: { StringEquals: { 'kms:ViaService': `${service}.${config.region}.amazonaws.com` } },
          }),
        }),
      );
    const arns = tables.map(({ tableArn }) => tableArn);
    allow(['dynamodb:DescribeTable', 'dynamodb:ListTagsOfResource', 'dynamodb:StartAwsBackupJob'], arns);
    allow(
      [
        'dynamodb:BatchWriteItem',
        'dynamodb:DeleteTable',
        'dynamodb:DescribeTable',
        'dynamodb:PutItem',
        'dynamodb:RestoreTableFromAwsBackup',
        'dynamodb:UpdateItem',
      ],
      [tested],
    );
    allow(['backup:CopyFromBackupVault', 'backup:CopyIntoBackupVault', 'backup:DescribeBackupVault'], [...vaultArns]);
    allow(
      ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
      tables.map(({ key }) => key.keyArn),
      'dynamodb',
    );
    allow(
      ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptFrom', 'kms:ReEncryptTo'],
      [vaultKey.keyArn],
      'backup',
    );
    if (recovery) this.#copies(recovery);
    this.addToPolicy(
      new PolicyStatement({
        actions: ['kms:CreateGrant'],
        resources: [...tables.map(({ key }) => key.keyArn), vaultKey.keyArn],
        conditions: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
      }),
    );
    allow(
      [
        's3:GetBucketAcl',
        's3:GetBucketLocation',
        's3:GetBucketNotification',
        's3:GetBucketTagging',
        's3:GetBucketVersioning',
        's3:GetInventoryConfiguration',
        's3:ListBucket',
        's3:ListBucketVersions',
        's3:PutBucketNotification',
        's3:PutInventoryConfiguration',
      ],
      [bucket.bucketArn],
    );
    allow(
      [
        's3:GetObject',
        's3:GetObjectAcl',
        's3:GetObjectTagging',
        's3:GetObjectVersion',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionTagging',
      ],
      [bucket.arnForObjects('*')],
    );
    allow(['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'], [bucketKey.keyArn], 's3');
    this.#testBuckets(config);
    const rule = Stack.of(this).formatArn({
      service: 'events',
      resource: 'rule',
      resourceName: 'AwsBackupManagedRule*',
    });
    allow(
      [
        'events:DeleteRule',
        'events:DescribeRule',
        'events:DisableRule',
        'events:EnableRule',
        'events:ListTargetsByRule',
        'events:PutRule',
        'events:PutTargets',
        'events:RemoveTargets',
      ],
      [rule],
    );
    const named: unknown = Stack.of(this).resolve(Stack.of(bucket).exportValue(bucket.bucketArn));
    const imported =
      typeof named === 'object' && named !== null && 'Fn::ImportValue' in named ? String(named['Fn::ImportValue']) : '';
    acknowledge(this, {
      [`AwsSolutions-IAM5[Resource::${imported}/*]`]:
        'A backup of a bucket is one of all its objects, so that no prefix can be named',
      [`AwsSolutions-IAM5[Resource::arn:aws:dynamodb:${config.region}:${config.account}:table/${testPrefix}*]`]:
        chosenNames,
      [`AwsSolutions-IAM5[Resource::arn:aws:events:${config.region}:${config.account}:rule/AwsBackupManagedRule*]`]:
        chosenNames,
    });
  }
  /**
   * What AWS's managed policy AWSBackupServiceRolePolicyForS3Restore lists, on test buckets of this account alone: names of
   * buckets are global, so that somebody else's may begin like a test's.
   */
  #testBuckets({ account }: Config): void {
    const buckets = `${restoredBuckets}*`;
    const allow = (actions: string[], resources: string[], conditions = {}) =>
      this.addToPolicy(
        new PolicyStatement({ actions: actions.map((action) => `s3:${action}`), resources, conditions }),
      );
    const own = { StringEquals: { 'aws:ResourceAccount': account } };
    // Whose it will be, no bucket says that is not there yet.
    allow(['CreateBucket'], [buckets]);
    allow(
      [
        'GetBucketLocation',
        'GetBucketOwnershipControls',
        'GetBucketVersioning',
        'ListBucket',
        'ListBucketVersions',
        'PutBucketOwnershipControls',
        'PutBucketVersioning',
      ],
      [buckets],
      own,
    );
    allow(
      [
        'DeleteObject',
        'GetObject',
        'GetObjectAcl',
        'GetObjectTagging',
        'GetObjectVersion',
        'GetObjectVersionAcl',
        'ListMultipartUploadParts',
        'PutObject',
        'PutObjectAcl',
        'PutObjectTagging',
        'PutObjectVersionAcl',
      ],
      [`${buckets}/*`],
      own,
    );
    acknowledge(this, {
      [`AwsSolutions-IAM5[Resource::${buckets}]`]: chosenNames,
      [`AwsSolutions-IAM5[Resource::${buckets}/*]`]: chosenNames,
    });
  }
  /** into the vaults of another Region, under whose key AWS Backup seals what it copies */
  #copies({ region, account, vault, keysVault }: RecoveryNames): void {
    const keys = `arn:aws:kms:${region}:${account}:key/*`;
    this.addToPolicy(new PolicyStatement({ actions: ['backup:CopyIntoBackupVault'], resources: [vault, keysVault] }));
    this.addToPolicy(
      new PolicyStatement({
        actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey', 'kms:ReEncryptTo'],
        resources: [keys],
        conditions: { StringEquals: { 'kms:ViaService': `backup.${region}.amazonaws.com` } },
      }),
    );
    this.addToPolicy(
      new PolicyStatement({
        actions: ['kms:CreateGrant'],
        resources: [keys],
        conditions: {
          Bool: { 'kms:GrantIsForAWSResource': 'true' },
          StringEquals: { 'kms:ViaService': `backup.${region}.amazonaws.com` },
        },
      }),
    );
    acknowledge(this, {
      [`AwsSolutions-IAM5[Resource::${keys}]`]:
        'The key of the vaults is in another Region and its id is not known before it is made: AWS Backup alone may use it for the role',
    });
  }
}
