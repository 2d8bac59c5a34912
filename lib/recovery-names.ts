import type { Config } from './config';

/** What is copied object by object, with its locks: a backup would lose them. */
export type ReplicatedStore = 'archive' | 'trail';

/** A bucket that is copied. */
export interface Original {
  readonly account: string;
  /** ARN of the role that S3 copies it with */
  readonly role: string;
  /** what the names of its objects begin with; empty: they begin in any way */
  readonly folder: string;
}
/** The locked bucket that originals are copied to. */
export interface Replica {
  readonly bucket: string;
  /** of the key of the bucket, such as `alias/ward-prod-replica` */
  readonly alias: string;
  /** one of each account that has such a store */
  readonly originals: readonly Original[];
}

/** What the stacks of two Regions know of each other: names that both can tell, since no stack reads another Region's. */
export interface RecoveryNames extends Readonly<Record<ReplicatedStore, Replica>> {
  readonly region: string;
  readonly account: string;
  /** ARNs of the vaults */
  readonly vault: string;
  readonly keysVault: string;
}

type Stage = Pick<Config, 'stage'>;

/** @returns undefined where the stage has no recovery Region */
export function recoveryNames(
  config: Stage & Pick<Config, 'account' | 'archiveAccount' | 'recovery'>,
): RecoveryNames | undefined {
  if (!config.recovery) return undefined;
  const { stage, account: own, archiveAccount = own } = config;
  const { region, account = own } = config.recovery;
  const vault = (name: string) => `arn:aws:backup:${region}:${account}:backup-vault:${name}`;
  const original = (store: ReplicatedStore, owner: string, folder = ''): Original => ({
    account: owner,
    role: `arn:aws:iam::${owner}:role/${replicationRoleName(config, store)}`,
    folder,
  });
  return {
    region,
    account,
    archive: {
      bucket: `ward-${stage}-replica-${account}-${region}`,
      alias: `alias/ward-${stage}-replica`,
      originals: [original('archive', archiveAccount)],
    },
    // Of both accounts, where the archive has one of its own: CloudTrail begins its names with the account.
    trail: {
      bucket: `ward-${stage}-trails-${account}-${region}`,
      alias: `alias/ward-${stage}-trails`,
      originals: [...new Set([own, archiveAccount])].map((owner) => original('trail', owner, trailFolder(owner))),
    },
    vault: vault(recoveryVaultName(config)),
    keysVault: vault(recoveryVaultName(config, '-keys')),
  };
}

/** Where CloudTrail puts what it has of an account. */
export const trailFolder = (account: string): string => `AWSLogs/${account}/`;
export const recoveryVaultName = ({ stage }: Stage, more: '' | '-keys' = ''): string => `ward-${stage}-recovery${more}`;
export const replicationRoleName = ({ stage }: Stage, store: ReplicatedStore): string =>
  `ward-${stage}-${store}-replication`;
export const replicationRule: Readonly<Record<ReplicatedStore, string>> = { archive: 'Archive', trail: 'Trail' };
