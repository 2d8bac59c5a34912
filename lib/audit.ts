import { StreamViewType } from 'aws-cdk-lib/aws-dynamodb';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from './config';
import { deploymentRole, roleArn, signingKey } from './encryption';
import { declarations } from './functions';
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
  /** where the log stands and which segments wait for it; rebuilt from the archive, never evidence */
  readonly log: WardTable;
  /** each the successor of the one before it */
  readonly signingKeys: readonly IKey[];

  constructor(scope: Construct, id: string, { config }: { readonly config: Config }) {
    super(scope, id);
    const props = { stage: config.stage };
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
    this.log = new WardTable(this, 'AuditLog', { stage: props.stage, holds: 'state of the audit log', expires: true });
    this.signingKeys = Array.from({ length: config.signingKeys }, (_, index) =>
      signingKey(this, `SigningKey${index === 0 ? '' : index + 1}`, config),
    );
  }
}

/**
 * Events are appended and expire: nobody updates or removes one, administrators included. That a Put meets no older event is
 * the writer's condition; IAM has none for it, so what shows a Put of somebody else that replaced one is the archive's chain.
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

/**
 * What holds in every stage: an object is written once, nobody overwrites it by its name, and only the functions write that
 * seal events and sign the log. They are named by condition, since the archive is deployed before them.
 */
export function writeOnce(bucket: Bucket, stage: string): void {
  const writers = (prefix: string) =>
    declarations
      .filter(([, { archive }]) => archive?.writes?.some((name) => name.startsWith(prefix)))
      .map(([name]) => roleArn(bucket, stage, name));
  for (const [sid, prefix] of [
    ['WritersOnly', ''],
    ['SegmentsBySealersOnly', 'v1/segments/'],
    ['LogByCheckpointerOnly', 'v1/log/'],
  ] as const)
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid,
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects(`${prefix}*`)],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': writers(prefix) } },
      }),
    );
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
      [
        's3:DeleteBucketPolicy',
        's3:PutBucketPolicy',
        's3:PutBucketPublicAccessBlock',
        's3:PutEncryptionConfiguration',
        's3:PutReplicationConfiguration', // also what ends it: without its copy, or with one elsewhere
      ],
      [bucket.bucketArn],
      { ArnNotEquals: { 'aws:PrincipalArn': deploymentRole(bucket) } },
    ),
  ];
  for (const statement of statements) bucket.addToResourcePolicy(statement);
}

/** Losing the key would destroy what the lock keeps, so nobody may end it. */
export const keyForever = (): PolicyStatement =>
  denyEveryone('Forever', ['kms:DisableKey', 'kms:ScheduleKeyDeletion'], ['*']);
