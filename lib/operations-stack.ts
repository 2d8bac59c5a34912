import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ArchiveStack } from './archive-stack';
import { AuditOperations } from './audit-operations';
import type { AuthenticationStack } from './authentication-stack';
import type { Config } from './config';
import { WardDashboard } from './dashboard';
import type { DataStack } from './data-stack';
import { Detection } from './detection';
import { alarmOnKeyFaults } from './key-faults';
import type { MonitoringStack } from './monitoring-stack';
import type { PhiNetwork } from './network';
import { Redrive } from './redrive';
import { RestoreOperations } from './restore-operations';
import { ServiceAlarms } from './service-alarms';
import { addSweeps } from './sweeps';
import { WardFunctions } from './ward-functions';

export interface OperationsStackProps extends StackProps {
  readonly config: Config;
  readonly archive: ArchiveStack;
  readonly data: DataStack;
  readonly monitoring: MonitoringStack;
  readonly network: PhiNetwork | undefined;
  readonly authentication: AuthenticationStack;
  readonly bundles: string;
}

/** What runs by itself: functions that streams and schedules start, and the alarms about what they find. */
export class OperationsStack extends Stack {
  readonly functions: WardFunctions;

  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    const { config, archive, data, monitoring: stack, authentication, network, bundles, ...own } = props;
    super(scope, id, { ...own, terminationProtection: config.kind === 'production' });
    const { monitoring } = stack;
    const functions = new WardFunctions(this, ['stream', 'schedule'], {
      config,
      archive,
      data,
      monitoring,
      network,
      bundles,
      authentication: authentication.authentication,
    });
    this.functions = functions;
    new AuditOperations(this, 'AuditOperations', { config, functions, outbox: data.tables.audit, monitoring });
    new Detection(this, 'Detection', { config, functions, outbox: data.tables.audit, monitoring });
    addSweeps(this, { config, functions, monitoring });
    new RestoreOperations(this, 'RestoreOperations', { config, functions, monitoring });
    new Redrive(this, 'Redrive', {
      config,
      functions: new Map([...functions.byName(), ...authentication.functions.byName()]),
      outbox: data.tables.audit,
      monitoring,
    });
    alarmOnKeyFaults(this, monitoring);
    new ServiceAlarms(this, 'ServiceAlarms', { config, functions, tables: data.tables, monitoring });
    new WardDashboard(this, 'Dashboard', { config, functions, tables: data.tables, monitoring });
  }
}
