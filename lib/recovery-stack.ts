import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ArchiveStack } from './archive-stack';
import type { Config } from './config';
import { Contingency } from './contingency';
import type { DataStack } from './data-stack';
import type { MonitoringStack } from './monitoring-stack';
import { recoveryNames } from './recovery-names';
import { alarmOnReplication } from './replication';

export interface RecoveryStackProps extends StackProps {
  readonly config: Config;
  readonly archive: ArchiveStack;
  readonly data: DataStack;
  readonly monitoring: MonitoringStack;
}

/** Copies of what Ward keeps. It needs the data and nothing needs it, so that it is added to a stage at any time. */
export class RecoveryStack extends Stack {
  constructor(scope: Construct, id: string, { config, archive, data, monitoring, ...props }: RecoveryStackProps) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    new Contingency(this, 'Contingency', {
      config,
      tables: data.tables,
      documents: data.documents,
      documentsKey: data.documentsKey,
      topic: monitoring.monitoring.topic,
    });
    const recovery = recoveryNames(config);
    // Metrics of an archive in another account are there: its people watch them.
    if (recovery && (config.archiveAccount ?? config.account) === config.account)
      alarmOnReplication(this, monitoring.monitoring, 'archive', {
        original: archive.bucket.bucketName,
        replica: recovery.archive.bucket,
      });
  }
}
