import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { archiveRetentionDays, denyTampering, keyForever, writeOnce } from './audit';
import type { Config } from './config';
import { wardBucket } from './documents';
import { roleArn, storeKey } from './encryption';
import { type ArchiveGrant, declarations, type FunctionDeclaration } from './functions';
import { recoveryNames } from './recovery-names';
import { Replication } from './replication';

/**
 * The sealed audit log. A stack of its own, so that it can be deployed first, and to an account of other people, whom no
 * administrator of the stage can give orders.
 */
export class ArchiveStack extends Stack {
  readonly bucket: Bucket;
  readonly bucketArn: string;
  readonly #config: Config;

  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    const production = config.kind === 'production';
    super(scope, id, { ...props, terminationProtection: production });
    this.#config = config;
    const name = nameElsewhere(config);
    const key = storeKey(this, 'Key', 's3', `Ward ${config.stage}: audit archive`, [
      ...(production ? [keyForever()] : []),
      ...(name ? [this.#keyUse()] : []),
    ]);
    this.bucket = wardBucket(this, 'Bucket', key, {
      ...(name && { bucketName: name }),
      // Compliance mode cannot be undone, even by root: a development stage must be able to end.
      objectLockDefaultRetention: production
        ? ObjectLockRetention.compliance(Duration.days(archiveRetentionDays))
        : ObjectLockRetention.governance(Duration.days(1)),
    });
    this.bucketArn = name ? `arn:aws:s3:::${name}` : this.bucket.bucketArn;
    writeOnce(this.bucket, config.stage);
    if (name) for (const statement of this.#bucketUse()) this.bucket.addToResourcePolicy(statement);
    if (production) denyTampering(this.bucket);
    const recovery = recoveryNames(config);
    if (recovery) new Replication(this, 'Replication', { config, store: 'archive', bucket: this.bucket, recovery });
    new CfnOutput(this, 'ArchiveBucket', { value: this.bucket.bucketName });
  }

  /** @returns the bucket as a stack of the stage's own account refers to it: by name, where the archive is in another one */
  seenFrom(scope: Construct): IBucket {
    const bucketName = nameElsewhere(this.#config);
    if (!bucketName) return this.bucket;
    return Bucket.fromBucketAttributes(scope, 'Archive', {
      bucketName,
      // The id of a key is known when it is made. Its own policy says who uses it, and the context of a call which bucket it is for.
      encryptionKey: Key.fromKeyArn(scope, 'ArchiveKey', `arn:aws:kms:${this.region}:${this.account}:key/*`),
    });
  }

  /** Between accounts both sides must allow a call: here the archive allows what lib/functions.ts declares, to those roles alone. */
  #bucketUse(): readonly PolicyStatement[] {
    const allow = (sid: string, action: string, resource: string, users: readonly string[]) =>
      new PolicyStatement({
        sid,
        principals: [new AccountPrincipal(this.#config.account)],
        actions: [action],
        resources: [resource],
        conditions: { ArnEquals: { 'aws:PrincipalArn': [...users] } },
      });
    const objects = (action: string, names: (grant: ArchiveGrant) => readonly string[] | undefined) =>
      [...new Set(grants.flatMap(([, grant]) => names(grant) ?? []))].map((name) =>
        allow(
          `${action.slice(3)}${name.replaceAll(/[^a-z0-9]/g, '')}`,
          action,
          this.bucket.arnForObjects(name),
          this.#roles((grant) => names(grant)?.includes(name) === true),
        ),
      );
    return [
      ...objects('s3:GetObject', ({ reads }) => reads),
      ...objects('s3:GetObjectVersion', ({ reads, lists }) =>
        lists?.includes('ListBucketVersions') ? reads : undefined,
      ),
      ...objects('s3:PutObject', ({ writes }) => writes),
      ...(['ListBucket', 'ListBucketVersions'] as const).map((action) =>
        allow(
          action,
          `s3:${action}`,
          this.bucket.bucketArn,
          this.#roles(({ lists }) => lists?.includes(action) === true),
        ),
      ),
    ];
  }

  #keyUse(): PolicyStatement {
    return new PolicyStatement({
      sid: 'TheStageUsesItThroughTheStore',
      principals: [new AccountPrincipal(this.#config.account)],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      resources: ['*'],
      conditions: {
        ArnEquals: { 'aws:PrincipalArn': [...this.#roles(() => true)] },
        StringEquals: { 'kms:ViaService': `s3.${this.region}.amazonaws.com` },
      },
    });
  }

  #roles(uses: (grant: ArchiveGrant) => boolean): readonly string[] {
    return grants.filter(([, grant]) => uses(grant)).map(([name]) => roleArn(this, this.#config.stage, name));
  }
}

const grants = declarations.flatMap(([name, { archive }]: readonly [string, FunctionDeclaration]) =>
  archive ? [[name, archive] as const] : [],
);

/** Another account cannot look the bucket's name up: there it has one that both sides know. */
function nameElsewhere({ stage, region, archiveAccount }: Config): string | undefined {
  return archiveAccount && `ward-${stage}-archive-${archiveAccount}-${region}`;
}
