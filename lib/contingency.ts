import { Duration } from 'aws-cdk-lib';
import {
  BackupPlan,
  BackupPlanRule,
  BackupResource,
  BackupVault,
  CfnRestoreTestingPlan,
  CfnRestoreTestingSelection,
  type IBackupVault,
} from 'aws-cdk-lib/aws-backup';
import { CfnRule, Schedule } from 'aws-cdk-lib/aws-events';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { BackupRole } from './backup-role';
import { dailyBackupDays, keysBackupDays, LockedVault, monthlyBackupDays } from './backup-vault';
import type { Config } from './config';
import { storeKey } from './encryption';
import type { Table } from './functions';
import type { WardTable } from './records';
import { recoveryNames } from './recovery-names';
import { RestoreRole } from './restore-role';

export interface ContingencyProps {
  readonly config: Config;
  readonly tables: Readonly<Record<Table, WardTable>>;
  readonly documents: IBucket;
  readonly documentsKey: IKey;
  readonly topic: ITopic;
}

/**
 * 45 CFR 164.308(a)(7)(ii)(A), (B), (D): exact copies every day that nobody deletes, and a restore of them every month. The
 * archive is not among them: a backup would lose its locks. Its copy is a replica.
 */
export class Contingency extends Construct {
  constructor(
    scope: Construct,
    id: string,
    private readonly props: ContingencyProps,
  ) {
    super(scope, id);
    const { config, tables, documents, documentsKey, topic } = props;
    const vaultKey = storeKey(this, 'VaultKey', 'backup', `Ward ${config.stage}: backups`);
    // A vault's lock bounds what may be kept in it: no plan, of Ward or of the organization, keeps wrapped keys for longer.
    const locked = (name: string, longestDays: number) =>
      new LockedVault(this, name, {
        config,
        backupVaultName: `ward-${config.stage}-${name.toLowerCase()}`,
        encryptionKey: vaultKey,
        longestDays,
      });
    const keysVault = locked('Keys', keysBackupDays);
    const vault = locked('Vault', monthlyBackupDays);
    const recovery = recoveryNames(config);
    const copies = recovery && BackupVault.fromBackupVaultArn(this, 'Copies', recovery.vault);
    const keysCopies = recovery && BackupVault.fromBackupVaultArn(this, 'KeysCopies', recovery.keysVault);
    const role = new BackupRole(this, 'Role', {
      config,
      tables: Object.values(tables),
      bucket: documents,
      bucketKey: documentsKey,
      vaultArns: [vault.backupVaultArn, keysVault.backupVaultArn],
      vaultKey,
      recovery,
    });
    new RestoreRole(this, 'Restore', { config, tables: Object.values(tables), documents, vaultKey });
    const { keys, ...others } = tables;
    const plan = this.#plan('Plan', vault, [daily(dailyBackupDays, copies), monthly(copies)]);
    plan.addSelection('Everything', {
      backupSelectionName: `ward-${config.stage}`,
      role,
      disableDefaultBackupPolicy: true,
      resources: [
        ...Object.values(others).map(({ tableArn }) => BackupResource.fromArn(tableArn)),
        BackupResource.fromArn(documents.bucketArn),
      ],
    });
    const keysPlan = this.#plan('KeysPlan', keysVault, [daily(keysBackupDays, keysCopies)]);
    keysPlan.addSelection('Keys', {
      backupSelectionName: `ward-${config.stage}-keys`,
      role,
      disableDefaultBackupPolicy: true,
      resources: [BackupResource.fromArn(keys.tableArn)],
    });
    this.#drill(role.roleArn, [vault.backupVaultArn, keysVault.backupVaultArn]);
    this.#alarms(topic);
  }

  #plan(id: string, backupVault: BackupVault, rules: readonly ((vault: BackupVault) => BackupPlanRule)[]): BackupPlan {
    return new BackupPlan(this, id, {
      backupPlanName: `ward-${this.props.config.stage}-${id.toLowerCase()}`,
      backupPlanRules: rules.map((rule) => rule(backupVault)),
    });
  }

  /**
   * A restore of every table and of the documents each month. AWS Backup removes a table again a few hours later, and empties a
   * bucket by a lifecycle rule in the days after. 45 CFR 164.308(a)(7)(ii)(D).
   */
  #drill(iamRoleArn: string, includeVaults: string[]): void {
    const { config, tables, documents, documentsKey } = this.props;
    const name = `ward_${config.stage.replaceAll('-', '_')}`;
    const plan = new CfnRestoreTestingPlan(this, 'Drill', {
      restoreTestingPlanName: name,
      scheduleExpression: 'cron(0 6 ? * SUN#1 *)',
      startWindowHours: 4,
      recoveryPointSelection: {
        algorithm: 'RANDOM_WITHIN_WINDOW',
        includeVaults,
        recoveryPointTypes: ['SNAPSHOT'],
        selectionWindowDays: 30,
      },
    });
    const select = (
      store: string,
      protectedResourceType: 'DynamoDB' | 'S3',
      arn: string,
      restoreMetadataOverrides: Record<string, string>,
    ) => {
      const selection = new CfnRestoreTestingSelection(this, `Drill${store}`, {
        restoreTestingPlanName: name,
        restoreTestingSelectionName: `${name}_${store}`,
        protectedResourceType,
        protectedResourceArns: [arn],
        iamRoleArn,
        validationWindowHours: 4,
        restoreMetadataOverrides,
      });
      selection.addResourceDependency(plan);
    };
    for (const [table, { tableArn, key }] of Object.entries(tables))
      select(table, 'DynamoDB', tableArn, { encryptionType: 'KMS', kmsMasterKeyArn: key.keyArn });
    // Without these it would be under a key of AWS, and have access lists, which no bucket of Ward has.
    select('documents', 'S3', documents.bucketArn, {
      encryptionType: 'SSE-KMS',
      kmsKey: documentsKey.keyArn,
      restoreACLs: 'false',
    });
  }

  #alarms(topic: ITopic): void {
    const failed = ['ABORTED', 'EXPIRED', 'FAILED', 'PARTIAL'];
    this.#alarm(topic, 'Backup failure', ['Backup Job State Change', 'Copy Job State Change'], failed);
    this.#alarm(topic, 'Restore test failure', ['Restore Job State Change'], failed);
  }

  #alarm(topic: ITopic, heading: string, types: readonly string[], states: readonly string[]): void {
    const { stage } = this.props.config;
    const paths = {
      type: '$.detail-type',
      state: '$.detail.status',
      copy: '$.detail.state',
      time: '$.time',
      event: '$.id',
    };
    const lines = [
      `${heading} (ward-${stage})`,
      '<type>: <state><copy>',
      'at <time>, event <event>',
      `docs/runbook.md, ${heading}`,
    ];
    new CfnRule(this, heading.replaceAll(' ', ''), {
      name: `ward-${stage}-${heading.toLowerCase().replaceAll(' ', '-')}`,
      description: `docs/runbook.md, "${heading}"`,
      eventPattern: {
        source: ['aws.backup'],
        'detail-type': types,
        // A job says its state as `state`, a restore as `status`.
        detail: { $or: [{ state: states }, { status: states }] },
      },
      targets: [
        {
          id: 'Alarms',
          arn: topic.topicArn,
          inputTransformer: {
            inputPathsMap: paths,
            inputTemplate: lines.map((line) => JSON.stringify(line)).join('\n'),
          },
        },
      ],
    });
  }
}

const daily =
  (days: number, copies?: IBackupVault) =>
  (backupVault: BackupVault): BackupPlanRule =>
    new BackupPlanRule({
      ruleName: 'Daily',
      backupVault,
      scheduleExpression: Schedule.cron({ hour: '5', minute: '0' }),
      startWindow: Duration.hours(1),
      completionWindow: Duration.hours(8),
      deleteAfter: Duration.days(days),
      ...copiesTo(copies, days),
    });
const monthly =
  (copies?: IBackupVault) =>
  (backupVault: BackupVault): BackupPlanRule =>
    new BackupPlanRule({
      ruleName: 'Monthly',
      backupVault,
      scheduleExpression: Schedule.cron({ day: '1', hour: '3', minute: '0' }),
      startWindow: Duration.hours(1),
      completionWindow: Duration.hours(12),
      deleteAfter: Duration.days(monthlyBackupDays),
      ...copiesTo(copies, monthlyBackupDays),
    });
/** A copy in the recovery Region is kept as long as what it is a copy of, and no longer. */
const copiesTo = (destinationBackupVault: IBackupVault | undefined, days: number) =>
  destinationBackupVault && { copyActions: [{ destinationBackupVault, deleteAfter: Duration.days(days) }] };
