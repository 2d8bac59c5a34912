import { Stack, type StackProps } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { keysBackupDays, LockedVault, monthlyBackupDays } from './backup-vault';
import type { Config } from './config';
import { storeKey } from './encryption';
import { type RecoveryNames, recoveryVaultName } from './recovery-names';
import { replicaBucket } from './replica-bucket';
import { EventsHome, sourcesOfCopies } from './trail-alarms';

export interface RecoveryRegionProps extends StackProps {
  readonly config: Config;
  readonly recovery: RecoveryNames;
}

/**
 * What is left when a Region is lost: a second locked archive, the trails, and copies of the backups, under keys of that Region. Deployed
 * before whatever copies into it. 45 CFR 164.308(a)(7)(ii)(A), (B).
 */
export class RecoveryRegionStack extends Stack {
  constructor(scope: Construct, id: string, { config, recovery, ...props }: RecoveryRegionProps) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    replicaBucket(this, { config, store: 'archive', recovery });
    replicaBucket(new Construct(this, 'Trail'), { config, store: 'trail', recovery });
    this.#vaults(config, recovery);
    // EventBridge hears of calls where a trail is: in an account of its own there is none (docs/deploy.md).
    if ([config.account, config.archiveAccount].includes(recovery.account))
      new EventsHome(this, 'Events', { config, sources: sourcesOfCopies });
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
