import { Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { AccountPrincipal, AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { archiveRetentionDays, denyTampering, keyForever } from './audit';
import { keysBackupDays, LockedVault, monthlyBackupDays } from './backup-vault';
import type { Config } from './config';
import { wardBucket } from './documents';
import { storeKey } from './encryption';
import { type RecoveryNames, recoveryVaultName, replicaAlias } from './recovery-names';
import { EventsHome, sourcesOfCopies } from './trail-alarms';

export interface RecoveryRegionProps extends StackProps {
  readonly config: Config;
  readonly recovery: RecoveryNames;
}

/**
 * What is left when a Region is lost: a second locked archive and copies of the backups, under keys of that Region. Deployed
 * before whatever copies into it. 45 CFR 164.308(a)(7)(ii)(A), (B).
 */
export class RecoveryRegionStack extends Stack {
  constructor(scope: Construct, id: string, { config, recovery, ...props }: RecoveryRegionProps) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    this.#replica(config, recovery);
    this.#vaults(config, recovery);
    // EventBridge hears of calls where a trail is: in an account of its own there is none (docs/deploy.md).
    if ([config.account, recovery.archiveAccount].includes(recovery.account))
      new EventsHome(this, 'Events', { config, sources: sourcesOfCopies });
  }

  #replica(
    config: Config,
    { bucket: bucketName, replicationRole, region, account, archiveAccount }: RecoveryNames,
  ): void {
    const production = config.kind === 'production';
    // By condition, not as a principal: the role comes later, and S3 and KMS refuse a policy whose principals do not exist.
    const byReplication = { ArnEquals: { 'aws:PrincipalArn': replicationRole } };
    const key = storeKey(this, 'Key', 's3', `Ward ${config.stage}: replica of the audit archive`, [
      ...(production ? [keyForever()] : []),
      ...(archiveAccount === account
        ? []
        : [
            new PolicyStatement({
              sid: 'ReplicationUsesItThroughTheStore',
              principals: [new AccountPrincipal(archiveAccount)],
              actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
              resources: ['*'],
              conditions: { ...byReplication, StringEquals: { 'kms:ViaService': `s3.${region}.amazonaws.com` } },
            }),
          ]),
    ]);
    key.addAlias(replicaAlias(config));
    const bucket = wardBucket(this, 'Replica', key, {
      bucketName,
      // An object comes with the lock that it has in the archive; this is of one that came without.
      objectLockDefaultRetention: production
        ? ObjectLockRetention.compliance(Duration.days(archiveRetentionDays))
        : ObjectLockRetention.governance(Duration.days(1)),
    });
    const deny = (sid: string, actions: string[], conditions = {}) =>
      bucket.addToResourcePolicy(
        new PolicyStatement({
          sid,
          effect: Effect.DENY,
          principals: [new AnyPrincipal()],
          actions,
          resources: [bucket.arnForObjects('*')],
          conditions,
        }),
      );
    const copies = ['s3:ObjectOwnerOverrideToBucketOwner', 's3:ReplicateObject', 's3:ReplicateTags'];
    bucket.addToResourcePolicy(
      new PolicyStatement({
        sid: 'ReplicationWrites',
        principals: [new AccountPrincipal(archiveAccount)],
        actions: copies,
        resources: [bucket.arnForObjects('*')],
        conditions: byReplication,
      }),
    );
    deny('ReplicationOnly', copies, { ArnNotEquals: { 'aws:PrincipalArn': replicationRole } });
    deny('NobodyPuts', ['s3:PutObject', 's3:ReplicateDelete']);
    if (production) denyTampering(bucket);
  }

  #vaults(config: Config, { account }: RecoveryNames): void {
    const encryptionKey = storeKey(this, 'VaultKey', 'backup', `Ward ${config.stage}: copies of backups`);
    const common = { config, encryptionKey, ...(account !== config.account && { copiesFrom: config.account }) };
    new LockedVault(this, 'Vault', {
      ...common,
      backupVaultName: recoveryVaultName(config),
      longestDays: monthlyBackupDays,
    });
    new LockedVault(this, 'Keys', {
      ...common,
      backupVaultName: recoveryVaultName(config, '-keys'),
      longestDays: keysBackupDays,
    });
  }
}
