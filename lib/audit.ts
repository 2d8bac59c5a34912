import { Stack } from 'aws-cdk-lib';
import { StreamViewType } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { WardTable } from './records';

/** 45 CFR 164.316(b)(2)(i): six years, leap days included; 6 x 365 would be short. */
export const archiveRetentionDays = 2192;

type Conditions = Readonly<Record<string, Readonly<Record<string, string | number>>>>;
const denyEveryone = (sid: string, actions: string[], resources: string[], conditions: Conditions = {}) =>
  new PolicyStatement({
    sid,
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions,
    resources,
    conditions: { ...conditions },
  });

/** 45 CFR 164.312(b): the outbox, from which events are sealed into the archive, and the index to find them by. */
export class Audit extends Construct {
  /** the outbox, append-only */
  readonly outbox: WardTable;
  /** who and whom over sealed events; rebuilt from the archive, never evidence */
  readonly index: WardTable;

  constructor(scope: Construct, id: string, props: { readonly stage: string }) {
    super(scope, id);
    this.outbox = new WardTable(this, 'Audit', {
      stage: props.stage,
      holds: 'audit events before they are sealed',
      expires: true,
      stream: StreamViewType.NEW_IMAGE,
      resourcePolicy: appendOnly(),
    });
    this.index = new WardTable(this, 'AuditIndex', {
      stage: props.stage,
      holds: 'index of the audit log',
      expires: true,
    });
  }
}

/**
 * Events are appended and expire: not even an administrator changes or removes one. That a Put meets no older event is
 * the writer's condition; IAM has none for it, so the archive's chain shows a Put that replaced one.
 */
function appendOnly(): PolicyDocument {
  return new PolicyDocument({
    statements: [
      denyEveryone(
        'AppendOnly',
        [
          'dynamodb:BatchWriteItem',
          'dynamodb:DeleteItem',
          'dynamodb:PartiQLDelete',
          'dynamodb:PartiQLInsert',
          'dynamodb:PartiQLUpdate',
          'dynamodb:UpdateItem',
        ],
        ['*'], // in the policy of a table: that table
      ),
    ],
  });
}

/** What holds in every stage: an object is written once, and nobody overwrites it by its name. */
export function writeOnce(bucket: Bucket): void {
  bucket.addToResourcePolicy(
    denyEveryone('OnlyNewNames', ['s3:PutObject'], [bucket.arnForObjects('*')], {
      Null: { 's3:if-none-match': 'true' },
    }),
  );
}

/**
 * What holds against administrators too, in production: nothing is deleted, hidden by a delete marker, unlocked or kept for
 * less than the retention, and the policy changes only by a deployment. Root could still remove a policy: an SCP of the
 * organization closes that (docs/deploy.md). 45 CFR 164.312(c)(1).
 */
export function denyTampering(bucket: Bucket): void {
  const objects = [bucket.arnForObjects('*')];
  const weaker = { 's3:object-lock-remaining-retention-days': archiveRetentionDays };
  const otherMode = { 's3:object-lock-mode': 'COMPLIANCE' };
  const statements = [
    denyEveryone('NoDeletes', ['s3:DeleteObject', 's3:DeleteObjectVersion', 's3:BypassGovernanceRetention'], objects),
    denyEveryone(
      'NoLooserBucket',
      [
        's3:DeleteBucket',
        's3:PutBucketObjectLockConfiguration',
        's3:PutBucketVersioning',
        's3:PutLifecycleConfiguration',
      ],
      [bucket.bucketArn],
    ),
    // An explicit mode or date on a put replaces the bucket's default. A key that is absent would match StringNotEquals.
    denyEveryone('NoWeakerMode', ['s3:PutObject', 's3:PutObjectRetention'], objects, {
      Null: { 's3:object-lock-mode': 'false' },
      StringNotEquals: otherMode,
    }),
    denyEveryone('NoShorterRetention', ['s3:PutObject', 's3:PutObjectRetention'], objects, {
      NumericLessThan: weaker,
    }),
    denyEveryone(
      'PolicyByDeploymentOnly',
      ['s3:DeleteBucketPolicy', 's3:PutBucketPolicy', 's3:PutBucketPublicAccessBlock', 's3:PutEncryptionConfiguration'],
      [bucket.bucketArn],
      { ArnNotEquals: { 'aws:PrincipalArn': deploymentRole(bucket) } },
    ),
  ];
  for (const statement of statements) bucket.addToResourcePolicy(statement);
}

/** Losing the key would destroy what the lock keeps, so nobody may end it. */
export const keyForever = (): PolicyStatement =>
  denyEveryone('Forever', ['kms:DisableKey', 'kms:ScheduleKeyDeletion'], ['*']);

/** the role of `cdk bootstrap` by which CloudFormation changes the stack */
function deploymentRole(scope: Construct): string {
  const stack = Stack.of(scope);
  const qualifier = stack.synthesizer.bootstrapQualifier ?? 'hnb659fds';
  return stack.formatArn({
    service: 'iam',
    region: '',
    resource: 'role',
    resourceName: `cdk-${qualifier}-cfn-exec-role-${stack.account}-${stack.region}`,
  });
}
