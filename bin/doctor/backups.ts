import {
  type BackupClient,
  DescribeBackupVaultCommand,
  DescribeProtectedResourceCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-backup';
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { inWords } from './audit-log';
import { allOf, type Finding, red, unseen } from './finding';
import { ofDeployed, output, type Place } from './place';
import { idsOf } from './stacks';

export interface VaultFacts {
  readonly name: string;
  readonly locked: boolean;
  /** until then the lock can be taken off again; absent for a lock in governance mode */
  readonly lockDate?: Date;
}
export interface RecoveryFacts {
  /** of the output that names it */
  readonly name: string;
  /** of the newest recovery point; absent when there is none */
  readonly newest?: Date;
}

const hour = 3_600_000;
/** 90 FR 898 (proposed): copies at most 48 hours old */
const oldest = 48 * hour;
const backedUp = ['RecordsTable', 'KeysTable', 'GovernanceTable', 'AuditTable', 'AuditIndexTable'] as const;

/** 45 CFR 164.308(a)(7)(ii)(A): copies that are new enough, and that nobody can delete. */
export const backups = ofDeployed(['recovery points and vaults: npx ward backup keeps the copies of a laptop'], {
  name: 'Backups',
  rule: '45 CFR 164.308(a)(7)(ii)(A), 90 FR 898 (proposed)',
  look: async (place) => {
    const { deployed, kind, now } = place;
    const vaults = idsOf(deployed.stacks, 'AWS::Backup::BackupVault');
    if (vaults.length === 0) return [noVault(kind)];
    const facts = await Promise.all(vaults.map((name) => vaultOf(deployed.backup, name)));
    const points = await Promise.all(backedUp.map((name) => newestPoint(place, deployed.backup, name)));
    return [...judgeVaults(facts, kind, now), ...judgePoints(points, now)];
  },
});

export const noVault = (kind: Place['kind']): Finding =>
  kind === 'production'
    ? red('vaults', 'there is none', 'deploy the backup stack before anybody’s record is in this stage')
    : unseen('vaults', 'this development stage has none');

export function judgeVaults(facts: readonly VaultFacts[], kind: Place['kind'], now: Date): readonly Finding[] {
  return allOf(facts, {
    subject: 'vaults',
    nameOf: ({ name }) => name,
    well: kind === 'production' ? 'locked in compliance mode' : 'locked',
    faultsOf: ({ locked, lockDate }) => [
      ...(locked ? [] : [['is not locked', 'deploy the stage again'] as const]),
      ...(locked && kind === 'production' && lockDate === undefined
        ? [['is locked in governance mode, which an administrator can lift', 'deploy the stage again'] as const]
        : []),
      ...(kind === 'production' && lockDate !== undefined && lockDate > now
        ? [
            [
              `can still be unlocked for ${inWords(lockDate.getTime() - now.getTime())}`,
              'wait until the grace time is over',
            ] as const,
          ]
        : []),
    ],
  });
}

export function judgePoints(facts: readonly RecoveryFacts[], now: Date): readonly Finding[] {
  return allOf(facts, {
    subject: 'recovery points',
    nameOf: ({ name }) => name,
    well: 'the newest is less than 48 h old',
    faultsOf: ({ newest }) =>
      newest === undefined
        ? [['has none', 'see the jobs of the backup plan; AWS Backup says why one failed']]
        : now.getTime() - newest.getTime() > oldest
          ? [
              [
                `the newest is ${inWords(now.getTime() - newest.getTime())} old`,
                'see the jobs of the backup plan; AWS Backup says why one failed',
              ],
            ]
          : [],
  });
}

async function vaultOf(client: BackupClient, name: string): Promise<VaultFacts> {
  const { Locked, LockDate } = await client.send(new DescribeBackupVaultCommand({ BackupVaultName: name }));
  return { name, locked: Locked === true, ...(LockDate && { lockDate: LockDate }) };
}

async function newestPoint(place: Place, client: BackupClient, name: string): Promise<RecoveryFacts> {
  const { Table } = await place.tables.send(new DescribeTableCommand({ TableName: output(place, name) }));
  try {
    const found = await client.send(new DescribeProtectedResourceCommand({ ResourceArn: Table?.TableArn }));
    return { name, ...(found.LastBackupTime && { newest: found.LastBackupTime }) };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return { name };
    throw error;
  }
}
