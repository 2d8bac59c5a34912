import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BackupVault } from 'aws-cdk-lib/aws-backup';
import { AccountPrincipal, AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Config } from './config';
import { deploymentRole } from './encryption';

/** of the keys table, always: a disposal is complete when the last backup that could undo it is gone */
export const keysBackupDays = 35;
export const dailyBackupDays = 35;
export const monthlyBackupDays = 366;
/** of a vault's lock, which must be below the longest */
const leastBackupDays = 30;

export interface LockedVaultProps {
  readonly config: Config;
  readonly backupVaultName: string;
  readonly encryptionKey: IKey;
  readonly longestDays: number;
  /** an account that may copy into it; absent: its own alone */
  readonly copiesFrom?: string;
}

/** A vault from which nobody deletes, and whose lock bounds how long anything is kept in it. 45 CFR 164.308(a)(7)(ii)(A). */
export class LockedVault extends BackupVault {
  constructor(
    scope: Construct,
    id: string,
    { config, backupVaultName, encryptionKey, longestDays, copiesFrom }: LockedVaultProps,
  ) {
    const production = config.kind === 'production';
    super(scope, id, {
      backupVaultName,
      encryptionKey,
      // Compliance mode begins when `changeableFor` ends, and then nobody ends it, root included. Without it: governance.
      lockConfiguration: {
        minRetention: Duration.days(production ? leastBackupDays : 1),
        maxRetention: Duration.days(longestDays),
        ...(production && { changeableFor: Duration.days(7) }),
      },
      accessPolicy: new PolicyDocument({
        statements: [
          new PolicyStatement({
            sid: 'NobodyDeletes',
            effect: Effect.DENY,
            principals: [new AnyPrincipal()],
            actions: [
              'backup:DeleteBackupVault',
              'backup:DeleteBackupVaultAccessPolicy',
              'backup:DeleteRecoveryPoint',
              'backup:UpdateRecoveryPointLifecycle',
            ],
            resources: ['*'],
          }),
          new PolicyStatement({
            sid: 'PolicyByDeploymentOnly',
            effect: Effect.DENY,
            principals: [new AnyPrincipal()],
            actions: ['backup:PutBackupVaultAccessPolicy'],
            resources: ['*'],
            conditions: { ArnNotEquals: { 'aws:PrincipalArn': deploymentRole(scope) } },
          }),
          ...(copiesFrom
            ? [
                new PolicyStatement({
                  sid: 'TheStageCopies',
                  principals: [new AccountPrincipal(copiesFrom)],
                  actions: ['backup:CopyIntoBackupVault'],
                  resources: ['*'],
                }),
              ]
            : []),
        ],
      }),
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }
}
