import { CfnOutput, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { OwnRole } from './own-role';
import type { WardTable } from './records';

export interface TakeOverRoleProps {
  readonly config: Config;
  /** whose keys the restored ones are under */
  readonly tables: readonly WardTable[];
  readonly documents: IBucket;
}

/** How a table is called that is restored beside the stage's own, for `ward put-back` (docs/contingency.md). */
const restoredPrefix = 'ward-restored-';
const sealing = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:GenerateDataKey',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
];

/**
 * What AWS Backup may do when a stage takes over: restore the copies in this Region of the stage that it succeeds, to tables beside
 * the stage's own and into its documents bucket. It deletes nothing, writes to no table that Ward uses, and sets no ACL, of
 * which Ward's buckets have none; it reads what AWS's managed policy for restores of S3 lists. 45 CFR 164.308(a)(7)(ii)(B).
 */
export class TakeOverRole extends OwnRole {
  constructor(scope: Construct, id: string, { config, tables, documents }: TakeOverRoleProps) {
    super(scope, id, {
      roleName: `ward-${config.stage}-take-over`,
      description: `Ward ${config.stage}: restores copies of the stage that it succeeds`,
      assumedBy: new ServicePrincipal('backup.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': config.account } },
      }),
    });
    const through = (service: string) => ({ 'kms:ViaService': `${service}.${config.region}.amazonaws.com` });
    const allow = (actions: string[], resources: string[], conditions: object = {}) =>
      this.addToPolicy(new PolicyStatement({ actions, resources, conditions: { ...conditions } }));
    const beside = Stack.of(this).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: `${restoredPrefix}*`,
    });
    allow(
      [
        'dynamodb:BatchWriteItem',
        'dynamodb:DescribeTable',
        'dynamodb:PutItem',
        'dynamodb:RestoreTableFromAwsBackup',
        'dynamodb:UpdateItem',
      ],
      [beside],
    );
    const tableKeys = tables.map(({ key }) => key.keyArn);
    allow(sealing, tableKeys, { StringEquals: through('dynamodb') });
    // Of the vaults of the stage that is succeeded; their ids are not known here.
    const vaultKeys = `arn:aws:kms:${config.region}:${config.account}:key/*`;
    allow(['kms:Decrypt', 'kms:DescribeKey'], [vaultKeys], { StringEquals: through('backup') });
    allow(['kms:CreateGrant'], tableKeys, { Bool: { 'kms:GrantIsForAWSResource': 'true' } });
    allow(
      [
        's3:GetBucketLocation',
        's3:GetBucketOwnershipControls',
        's3:GetBucketVersioning',
        's3:ListBucket',
        's3:ListBucketVersions',
      ],
      [documents.bucketArn],
    );
    allow(
      [
        's3:GetObject',
        's3:GetObjectAcl',
        's3:GetObjectTagging',
        's3:GetObjectVersion',
        's3:GetObjectVersionAcl',
        's3:ListMultipartUploadParts',
        's3:PutObject',
        's3:PutObjectTagging',
      ],
      [documents.arnForObjects('*')],
    );
    if (documents.encryptionKey)
      allow(['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'], [documents.encryptionKey.keyArn], {
        StringEquals: through('s3'),
      });
    const named: unknown = Stack.of(this).resolve(Stack.of(documents).exportValue(documents.bucketArn));
    const imported =
      typeof named === 'object' && named !== null && 'Fn::ImportValue' in named ? String(named['Fn::ImportValue']) : '';
    acknowledge(this, {
      [`AwsSolutions-IAM5[Resource::${imported}/*]`]:
        'Documents come back under the names that they had, so that no prefix can be named',
      [`AwsSolutions-IAM5[Resource::arn:aws:dynamodb:${config.region}:${config.account}:table/${restoredPrefix}*]`]:
        'Whoever restores chooses the rest of the name: the policy names what it begins with',
      [`AwsSolutions-IAM5[Resource::${vaultKeys}]`]:
        'The key of the vaults is of another stage and its id is not known here: AWS Backup alone may use it for the role',
    });
    new CfnOutput(Stack.of(this), 'TakeOverRole', { value: this.roleArn });
  }
}
