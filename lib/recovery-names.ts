import type { Config } from './config';

/** What the stacks of two Regions know of each other: names that both can tell, since no stack reads another Region's. */
export interface RecoveryNames {
  readonly region: string;
  readonly account: string;
  /** where the archive is, which is copied */
  readonly archiveAccount: string;
  readonly bucket: string;
  /** ARN of the alias of the key of the bucket */
  readonly bucketKeyAlias: string;
  /** ARNs of the vaults */
  readonly vault: string;
  readonly keysVault: string;
  /** ARN of the role that S3 copies the archive with */
  readonly replicationRole: string;
}

/** @returns undefined where the stage has no recovery Region */
export function recoveryNames(config: Omit<Config, 'predecessor'>): RecoveryNames | undefined {
  if (!config.recovery) return undefined;
  const { stage, account: own, archiveAccount = own } = config;
  const { region, account = own } = config.recovery;
  const vault = (name: string) => `arn:aws:backup:${region}:${account}:backup-vault:${name}`;
  return {
    region,
    account,
    archiveAccount,
    bucket: `ward-${stage}-replica-${account}-${region}`,
    bucketKeyAlias: `arn:aws:kms:${region}:${account}:${replicaAlias(config)}`,
    vault: vault(recoveryVaultName(config)),
    keysVault: vault(recoveryVaultName(config, '-keys')),
    replicationRole: `arn:aws:iam::${archiveAccount}:role/${replicationRoleName(config)}`,
  };
}

export const replicaAlias = ({ stage }: Pick<Config, 'stage'>): string => `alias/ward-${stage}-replica`;
export const recoveryVaultName = ({ stage }: Pick<Config, 'stage'>, more: '' | '-keys' = ''): string =>
  `ward-${stage}-recovery${more}`;
export const replicationRoleName = ({ stage }: Pick<Config, 'stage'>): string => `ward-${stage}-archive-replication`;
export const replicationRule = 'Archive';
