import { Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import type { Monitoring } from './monitoring';
import { type RecoveryNames, replicationRoleName, replicationRule } from './recovery-names';

export interface ArchiveReplicationProps {
  readonly config: Config;
  readonly archive: Bucket;
  readonly recovery: RecoveryNames;
}

const withinMinutes = 15;

/**
 * Copies each object of the archive, with its lock, to the second locked bucket within fifteen minutes. What is deleted here
 * is deleted there never: no delete markers go along. 45 CFR 164.308(a)(7)(ii)(A), 164.312(c)(1).
 */
export class ArchiveReplication extends Construct {
  constructor(scope: Construct, id: string, { config, archive, recovery }: ArchiveReplicationProps) {
    super(scope, id);
    const { account, region } = Stack.of(this);
    // The bucket names the role and the policy names the bucket, so that the policy is a resource of its own.
    const role = new Role(this, 'Role', {
      roleName: replicationRoleName(config),
      description: `Ward ${config.stage}: copies the archive to ${recovery.region}`,
      assumedBy: new ServicePrincipal('s3.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    });
    const allow = (actions: string[], resources: string[], conditions = {}) =>
      role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
    const [replica, foreign] = [`arn:aws:s3:::${recovery.bucket}`, recovery.account !== account];
    allow(['s3:GetReplicationConfiguration', 's3:ListBucket'], [archive.bucketArn]);
    allow(
      [
        's3:GetObjectLegalHold',
        's3:GetObjectRetention',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTagging',
      ],
      [archive.arnForObjects('*')],
    );
    allow(['s3:ReplicateObject', 's3:ReplicateTags'], [`${replica}/*`]);
    if (foreign) allow(['s3:ObjectOwnerOverrideToBucketOwner'], [`${replica}/*`]);
    const through = (where: string) => ({ StringEquals: { 'kms:ViaService': `s3.${where}.amazonaws.com` } });
    if (archive.encryptionKey) allow(['kms:Decrypt'], [archive.encryptionKey.keyArn], through(region));
    const replicaKeys = `arn:aws:kms:${recovery.region}:${recovery.account}:key/*`;
    const { StringEquals } = through(recovery.region);
    allow(['kms:Encrypt', 'kms:GenerateDataKey'], [replicaKeys], {
      StringEquals,
      ArnLike: { 'kms:EncryptionContext:aws:s3:arn': [replica, `${replica}/*`] },
    });
    const bucket = archive.node.defaultChild;
    if (!(bucket instanceof CfnBucket)) throw new Error('the archive is no bucket');
    bucket.replicationConfiguration = {
      role: role.roleArn,
      rules: [
        {
          id: replicationRule,
          status: 'Enabled',
          priority: 1,
          filter: { prefix: '' },
          deleteMarkerReplication: { status: 'Disabled' },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
          destination: {
            bucket: replica,
            ...(foreign && { account: recovery.account, accessControlTranslation: { owner: 'Destination' } }),
            encryptionConfiguration: { replicaKmsKeyId: recovery.bucketKeyAlias },
            replicationTime: { status: 'Enabled', time: { minutes: withinMinutes } },
            metrics: { status: 'Enabled', eventThreshold: { minutes: withinMinutes } },
          },
        },
      ],
    };
    const objects = 'Every object of the archive is copied, so that no prefix can be named';
    const logicalId = Stack.of(this).getLogicalId(bucket);
    acknowledge(role, {
      'HIPAA.Security-IAMNoInlinePolicy':
        'One role and its one policy, which lives and dies with it: nobody can attach it elsewhere',
      [`AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/*]`]: objects,
      [`AwsSolutions-IAM5[Resource::${replica}/*]`]: objects,
      [`AwsSolutions-IAM5[Resource::${replicaKeys}]`]:
        'The key is in another Region and its id is not known before it is made: S3 alone may use it for the role, for this one bucket',
    });
  }
}

/** Tells whoever is on call what was not copied. The metrics are in the Region and the account of the archive. */
export function alarmOnReplication(scope: Construct, monitoring: Monitoring, archive: string, replica: string): void {
  const metric = (metricName: string, statistic: string) =>
    new Metric({
      namespace: 'AWS/S3',
      metricName,
      dimensionsMap: { SourceBucket: archive, DestinationBucket: replica, RuleId: replicationRule },
      statistic,
      period: Duration.minutes(5),
    });
  monitoring.alarm(scope, 'ReplicationLatency', {
    heading: 'Archive replication latency',
    metric: metric('ReplicationLatency', 'Maximum'),
    threshold: withinMinutes * 60,
    periods: 2,
    silence: 'good',
  });
  monitoring.alarm(scope, 'ReplicationFailures', {
    heading: 'Archive replication failures',
    metric: metric('OperationsFailedReplication', 'Sum'),
    threshold: 0,
    silence: 'good',
  });
}
