import { Duration } from 'aws-cdk-lib';
import { AccountPrincipal, AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type Bucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { archiveRetentionDays, denyTampering, keyForever } from './audit';
import type { Config } from './config';
import { wardBucket } from './documents';
import { storeKey } from './encryption';
import type { Original, RecoveryNames, ReplicatedStore } from './recovery-names';

export interface ReplicaBucketProps {
  readonly config: Config;
  readonly store: ReplicatedStore;
  readonly recovery: RecoveryNames;
}

const holds: Readonly<Record<ReplicatedStore, string>> = { archive: 'audit archive', trail: 'trail' };
const copies = ['s3:ObjectOwnerOverrideToBucketOwner', 's3:ReplicateObject', 's3:ReplicateTags'];

/**
 * The second of a locked bucket, under a key of its own. What S3 copies into it, in the name of one role for each original, is all
 * that is ever written there. 45 CFR 164.308(a)(7)(ii)(A), 164.312(c)(1).
 */
export function replicaBucket(scope: Construct, { config, store, recovery }: ReplicaBucketProps): Bucket {
  const production = config.kind === 'production';
  const { bucket: bucketName, alias, originals } = recovery[store];
  const key = storeKey(scope, 'Key', 's3', `Ward ${config.stage}: replica of the ${holds[store]}`, [
    ...(production ? [keyForever()] : []),
    ...originals
      .filter(({ account }) => account !== recovery.account)
      .map(
        (original, index) =>
          new PolicyStatement({
            sid: numbered('ReplicationUsesItThroughTheStore', index),
            principals: [new AccountPrincipal(original.account)],
            actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
            resources: ['*'],
            conditions: {
              ...by(original),
              StringEquals: { 'kms:ViaService': `s3.${recovery.region}.amazonaws.com` },
            },
          }),
      ),
  ]);
  key.addAlias(alias);
  const bucket = wardBucket(scope, 'Replica', key, {
    bucketName,
    // An object comes with the lock that it has in the original; this is of one that came without.
    objectLockDefaultRetention: production
      ? ObjectLockRetention.compliance(Duration.days(archiveRetentionDays))
      : ObjectLockRetention.governance(Duration.days(1)),
  });
  const objects = ({ folder }: Original) => bucket.arnForObjects(`${folder}*`);
  const deny = { effect: Effect.DENY, principals: [new AnyPrincipal()] };
  const add = (...statements: readonly PolicyStatement[]) => {
    for (const statement of statements) bucket.addToResourcePolicy(statement);
  };
  for (const [index, original] of originals.entries())
    add(
      new PolicyStatement({
        sid: numbered('ReplicationWrites', index),
        principals: [new AccountPrincipal(original.account)],
        actions: copies,
        resources: [objects(original)],
        conditions: by(original),
      }),
      new PolicyStatement({
        sid: numbered('ReplicationOnly', index),
        ...deny,
        actions: copies,
        resources: [objects(original)],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': original.role } },
      }),
    );
  if (originals.every(({ folder }) => folder !== ''))
    add(new PolicyStatement({ sid: 'NowhereElse', ...deny, actions: copies, notResources: originals.map(objects) }));
  add(
    new PolicyStatement({
      sid: 'NobodyPuts',
      ...deny,
      actions: ['s3:PutObject', 's3:ReplicateDelete'],
      resources: [bucket.arnForObjects('*')],
    }),
  );
  if (production) denyTampering(bucket);
  return bucket;
}

/** By condition, not as a principal: the role comes later, and S3 and KMS refuse a policy whose principals do not exist. */
const by = ({ role }: Original) => ({ ArnEquals: { 'aws:PrincipalArn': role } });

/** @returns an id of a statement that the policy has not yet */
const numbered = (sid: string, index: number): string => (index === 0 ? sid : `${sid}${index + 1}`);
