import { Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type Bucket, CfnBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import type { Monitoring } from './monitoring';
import { type RecoveryNames, type ReplicatedStore, replicationRoleName, replicationRule } from './recovery-names';

export interface ReplicationProps {
  readonly config: Config;
  readonly store: ReplicatedStore;
  /** the original */
  readonly bucket: Bucket;
  readonly recovery: RecoveryNames;
}

const withinMinutes = 15;

/**
 * Copies each object of a locked bucket, with its lock, to the second locked bucket within fifteen minutes. What is deleted here
 * is deleted there never: no delete markers go along. 45 CFR 164.308(a)(7)(ii)(A), 164.312(c)(1).
 */
export class Replication extends Construct {
  constructor(scope: Construct, id: string, { config, store, bucket, recovery }: ReplicationProps) {
    super(scope, id);
    const { account, region } = Stack.of(this);
    const { bucket: replicaName, alias, originals } = recovery[store];
    const original = originals.find((each) => each.account === account);
    if (!original) throw new Error(`the recovery Region expects no ${store} of this account`);
    const objects = `${original.folder}*`;
    // The bucket names the role and the policy names the bucket, so that the policy is a resource of its own.
    const role = new Role(this, 'Role', {
      roleName: replicationRoleName(config, store),
      description: `Ward ${config.stage}: copies the ${store} to ${recovery.region}`,
      assumedBy: new ServicePrincipal('s3.amazonaws.com', {
        conditions: { StringEquals: { 'aws:SourceAccount': account } },
      }),
    });
    const allow = (actions: string[], resources: string[], conditions = {}) =>
      role.addToPolicy(new PolicyStatement({ actions, resources, conditions }));
    const [replica, foreign] = [`arn:aws:s3:::${replicaName}`, recovery.account !== account];
    allow(['s3:GetReplicationConfiguration', 's3:ListBucket'], [bucket.bucketArn]);
    allow(
      [
        's3:GetObjectLegalHold',
        's3:GetObjectRetention',
        's3:GetObjectVersionAcl',
        's3:GetObjectVersionForReplication',
        's3:GetObjectVersionTagging',
      ],
      [bucket.arnForObjects(objects)],
    );
    allow(['s3:ReplicateObject', 's3:ReplicateTags'], [`${replica}/${objects}`]);
    if (foreign) allow(['s3:ObjectOwnerOverrideToBucketOwner'], [`${replica}/${objects}`]);
    const through = (where: string) => ({ StringEquals: { 'kms:ViaService': `s3.${where}.amazonaws.com` } });
    if (bucket.encryptionKey) allow(['kms:Decrypt'], [bucket.encryptionKey.keyArn], through(region));
    const keys = `arn:aws:kms:${recovery.region}:${recovery.account}`;
    const { StringEquals } = through(recovery.region);
    allow(['kms:Encrypt', 'kms:GenerateDataKey'], [`${keys}:key/*`], {
      StringEquals,
      ArnLike: { 'kms:EncryptionContext:aws:s3:arn': [replica, `${replica}/*`] },
    });
    const resource = bucket.node.defaultChild;
    if (!(resource instanceof CfnBucket)) throw new Error(`the ${store} is no bucket`);
    resource.replicationConfiguration = {
      role: role.roleArn,
      rules: [
        {
          id: replicationRule[store],
          status: 'Enabled',
          priority: 1,
          filter: { prefix: '' },
          deleteMarkerReplication: { status: 'Disabled' },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
          destination: {
            bucket: replica,
            ...(foreign && { account: recovery.account, accessControlTranslation: { owner: 'Destination' } }),
            encryptionConfiguration: { replicaKmsKeyId: `${keys}:${alias}` },
            replicationTime: { status: 'Enabled', time: { minutes: withinMinutes } },
            metrics: { status: 'Enabled', eventThreshold: { minutes: withinMinutes } },
          },
        },
      ],
    };
    const all = `Every object of the ${store} is copied, so that none can be named`;
    const logicalId = Stack.of(this).getLogicalId(resource);
    acknowledge(role, {
      'HIPAA.Security-IAMNoInlinePolicy':
        'One role and its one policy, which lives and dies with it: nobody can attach it elsewhere',
      [`AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/${objects}]`]: all,
      [`AwsSolutions-IAM5[Resource::${replica}/${objects}]`]: all,
      [`AwsSolutions-IAM5[Resource::${keys}:key/*]`]:
        'The key is in another Region and its id is not known before it is made: S3 alone may use it for the role, for this one bucket',
    });
  }
}

/** Tells whoever is on call what was not copied. The metrics are in the Region and the account of the original. */
export function alarmOnReplication(
  scope: Construct,
  monitoring: Monitoring,
  store: ReplicatedStore,
  { original, replica }: { readonly original: string; readonly replica: string },
): void {
  const metric = (metricName: string, statistic: string) =>
    new Metric({
      namespace: 'AWS/S3',
      metricName,
      dimensionsMap: { SourceBucket: original, DestinationBucket: replica, RuleId: replicationRule[store] },
      statistic,
      period: Duration.minutes(5),
    });
  const what = replicationRule[store];
  monitoring.alarm(scope, 'ReplicationLatency', {
    heading: `${what} replication latency`,
    metric: metric('ReplicationLatency', 'Maximum'),
    threshold: withinMinutes * 60,
    periods: 2,
    silence: 'good',
  });
  monitoring.alarm(scope, 'ReplicationFailures', {
    heading: `${what} replication failures`,
    metric: metric('OperationsFailedReplication', 'Sum'),
    threshold: 0,
    silence: 'good',
  });
}
