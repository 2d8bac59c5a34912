import { CfnOutput, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { OwnRole } from './own-role';
import type { WardTable } from './records';

export interface RestoreRoleProps {
  readonly config: Config;
  /** whose keys the restored ones are under */
  readonly tables: readonly WardTable[];
  readonly documents: IBucket;
  /** of the stage's own vaults */
  readonly vaultKey: IKey;
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
 * What AWS Backup may do when a person restores: tables, to others beside the stage's own, from its vaults or from those that the
 * stage that it succeeds has in this Region; and of that one the documents. It deletes nothing, writes to no table that Ward uses, and
 * sets no ACL, of which Ward's buckets have none; it reads what AWS's managed policy for restores of S3 lists. 45 CFR 164.308(a)(7)(ii)(B).
 */
export class RestoreRole extends OwnRole {
  constructor(scope: Construct, id: string, { config, tables, documents, vaultKey }: RestoreRoleProps) {
    super(scope, id, {
      roleName: `ward-${config.stage}-restore`,
      description: `Ward ${config.stage}: restores what AWS Backup keeps`,
      assumedBy: new ServicePrincipal('backup.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': config.account } },
      }),
    });
    const through = (service: string) => ({ 'kms:ViaService': `${service}.${config.region}.amazonaws.com` });
    const beside = Stack.of(this).formatArn({
      service: 'dynamodb',
      resource: 'table',
      resourceName: `${restoredPrefix}*`,
    });
    this.#allow(
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
    this.#allow(sealing, tableKeys, { StringEquals: through('dynamodb') });
    // The ids of keys of another stage are not known here.
    const anyKey = `arn:aws:kms:${config.region}:${config.account}:key/*`;
    const vaultKeys = [config.predecessor ? anyKey : vaultKey.keyArn];
    this.#allow(['kms:Decrypt', 'kms:DescribeKey'], vaultKeys, { StringEquals: through('backup') });
    this.#allow(['kms:CreateGrant'], tableKeys, { Bool: { 'kms:GrantIsForAWSResource': 'true' } });
    if (config.predecessor) this.#documents(documents, through('s3'));
    acknowledge(this, {
      [`AwsSolutions-IAM5[Resource::arn:aws:dynamodb:${config.region}:${config.account}:table/${restoredPrefix}*]`]:
        'Whoever restores chooses the rest of the name: the policy names what it begins with',
      ...(config.predecessor && {
        [`AwsSolutions-IAM5[Resource::${anyKey}]`]:
          'The key of the vaults is of another stage and its id is not known here: AWS Backup alone may use it for the role',
      }),
    });
    new CfnOutput(Stack.of(this), 'RestoreRole', { value: this.roleArn });
  }

  /** Into a bucket that holds none yet. In its own stage documents are versioned and locked, and nothing is restored over them. */
  #documents(documents: IBucket, through: Readonly<Record<string, string>>): void {
    this.#allow(
      [
        's3:GetBucketLocation',
        's3:GetBucketOwnershipControls',
        's3:GetBucketVersioning',
        's3:ListBucket',
        's3:ListBucketVersions',
      ],
      [documents.bucketArn],
    );
    this.#allow(
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
      this.#allow(['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'], [documents.encryptionKey.keyArn], {
        StringEquals: through,
      });
    const named: unknown = Stack.of(this).resolve(Stack.of(documents).exportValue(documents.bucketArn));
    const imported =
      typeof named === 'object' && named !== null && 'Fn::ImportValue' in named ? String(named['Fn::ImportValue']) : '';
    acknowledge(this, {
      [`AwsSolutions-IAM5[Resource::${imported}/*]`]:
        'Documents come back under the names that they had, so that no prefix can be named',
    });
  }

  #allow(actions: string[], resources: string[], conditions: object = {}): void {
    this.addToPolicy(new PolicyStatement({ actions, resources, conditions: { ...conditions } }));
  }
}
