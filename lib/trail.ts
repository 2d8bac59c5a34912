import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { CfnTrail } from 'aws-cdk-lib/aws-cloudtrail';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { type Bucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import { archiveRetentionDays, denyTampering, keyForever } from './audit';
import type { Config } from './config';
import { wardBucket } from './documents';
import { storeKey } from './encryption';
import { recoveryNames, trailFolder } from './recovery-names';
import { Replication } from './replication';

export interface TrailProps {
  readonly config: Config;
  /** how the ARNs of objects begin whose every use is recorded */
  readonly objects: readonly string[];
  /** ARNs of tables whose items' every use is recorded */
  readonly tables: readonly string[];
}

/**
 * 45 CFR 164.312(b): who used AWS itself on what Ward keeps, past Ward's own code. Its adversary is an administrator: the trail is
 * locked as the archive is. Keys of items and names of objects are in it, so it is PHI and has a key of its own.
 */
export class Trail extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { config, objects, tables }: TrailProps) {
    super(scope, id);
    const name = `ward-${config.stage}`;
    const { account } = Stack.of(this);
    const arn = Stack.of(this).formatArn({ service: 'cloudtrail', resource: 'trail', resourceName: name });
    const service = new ServicePrincipal('cloudtrail.amazonaws.com');
    const ofTheTrail = { StringEquals: { 'aws:SourceArn': arn } };
    const production = config.kind === 'production';
    const key = storeKey(this, 'Key', 's3', `Ward ${config.stage}: trail`, [
      new PolicyStatement({
        sid: 'TheTrailIsWritten',
        principals: [service],
        actions: ['kms:DescribeKey', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: ofTheTrail,
      }),
      ...(production ? [keyForever()] : []),
    ]);
    this.bucket = wardBucket(this, 'Bucket', key, {
      objectLockDefaultRetention: production
        ? ObjectLockRetention.compliance(Duration.days(archiveRetentionDays))
        : ObjectLockRetention.governance(Duration.days(1)),
    });
    const statement = (sid: string, action: string, resource: string) =>
      this.bucket.addToResourcePolicy(
        new PolicyStatement({
          sid,
          principals: [service],
          actions: [action],
          resources: [resource],
          conditions: ofTheTrail,
        }),
      );
    statement('TheTrailLooks', 's3:GetBucketAcl', this.bucket.bucketArn);
    statement('TheTrailWrites', 's3:PutObject', this.bucket.arnForObjects(`${trailFolder(account)}*`));
    if (production) denyTampering(this.bucket);
    const recovery = recoveryNames(config);
    if (recovery) new Replication(this, 'Replication', { config, store: 'trail', bucket: this.bucket, recovery });
    const replica = recovery?.account === account ? [`arn:aws:s3:::${recovery.trail.bucket}/`] : [];

    const trail = new CfnTrail(this, 'Trail', {
      trailName: name,
      isLogging: true,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      s3BucketName: this.bucket.bucketName,
      kmsKeyId: key.keyArn,
      advancedEventSelectors: [
        // No exclusions: calls on keys are management events, and they are why somebody opened what.
        selector('Management', { eventCategory: ['Management'] }),
        dataEvents('Objects', 'AWS::S3::Object', { startsWith: [...objects] }),
        ...(tables.length > 0 ? [dataEvents('Items', 'AWS::DynamoDB::Table', { equalTo: [...tables] })] : []),
        // Reads alone: what the trail writes would be recorded for ever.
        dataEvents(
          'TheTrailItself',
          'AWS::S3::Object',
          { startsWith: [`${this.bucket.bucketArn}/`, ...replica] },
          { readOnly: ['true'] },
        ),
      ],
    });
    const policy = this.bucket.policy;
    if (policy) trail.node.addDependency(policy);
    acknowledge(this, {
      'HIPAA.Security-CloudTrailCloudWatchLogsEnabled':
        'The trail has keys of items and is PHI: a copy in CloudWatch Logs would be a second store of it. What must alarm at ' +
        'once are management events, and those come by EventBridge',
    });
  }
}

type FieldSelector = CfnTrail.AdvancedFieldSelectorProperty;

const selector = (
  name: string,
  equal: Readonly<Record<string, string[]>>,
  more: readonly FieldSelector[] = [],
): CfnTrail.AdvancedEventSelectorProperty => ({
  name,
  fieldSelectors: [...Object.entries(equal).map(([field, equalTo]) => ({ field, equalTo })), ...more],
});

const dataEvents = (
  name: string,
  type: string,
  resources: Omit<FieldSelector, 'field'>,
  more: Readonly<Record<string, string[]>> = {},
) =>
  selector(name, { eventCategory: ['Data'], 'resources.type': [type], ...more }, [
    { field: 'resources.ARN', ...resources },
  ]);

/** @returns ARN of the event bus to which EventBridge brings what CloudTrail sees, in the stage's own Region and account */
export const defaultBus = (scope: Construct, { account, region }: Config): string =>
  Stack.of(scope).formatArn({
    service: 'events',
    account,
    region,
    resource: 'event-bus',
    resourceName: 'default',
    arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
  });
