import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks } from 'cdk-nag';
import { ApiStack } from '../lib/api-stack';
import { ArchiveStack } from '../lib/archive-stack';
import { AuditQueriesStack } from '../lib/audit-queries';
import { AuthenticationStack } from '../lib/authentication-stack';
import { bundleDirectory, bundleFunctions } from '../lib/bundle';
import { GuardChecks } from '../lib/checks/guard';
import { OwnChecks } from '../lib/checks/own';
import { readConfig } from '../lib/config';
import { DataStack } from '../lib/data-stack';
import { HandlersStack } from '../lib/handlers-stack';
import { MonitoringStack } from '../lib/monitoring-stack';
import { NetworkStack } from '../lib/network-stack';
import { OperationsStack } from '../lib/operations-stack';
import { bound } from '../lib/permissions-boundary';
import { RecoveryKeysStack } from '../lib/recovery-keys-stack';
import { recoveryNames } from '../lib/recovery-names';
import { RecoveryRegionStack } from '../lib/recovery-region-stack';
import { RecoveryStack } from '../lib/recovery-stack';
import { restoredBuckets } from '../lib/restore-validation';
import { predecessorNames } from '../lib/succession';
import { globalRegion } from '../lib/trail-alarms';
import { GlobalEventsStack, TrailStack } from '../lib/trail-stack';

/**
 * Puts the stacks of one stage into an app, in the order in which they are deployed, with the rule packs that check them.
 * @param options `guard`: false where a test needs the templates alone
 */
export function compose(app: App, bundles: string, { guard = true }: { guard?: boolean | GuardChecks } = {}): void {
  const config = readConfig(app.node);
  const { account, region, archiveAccount = account } = config;
  const props = (name: string, env = { account, region }) => ({
    config,
    env,
    stackName: `ward-${config.stage}-${name}`,
  });
  const apart = { account: archiveAccount, region };
  const recovery = recoveryNames(config);
  const copies =
    recovery &&
    new RecoveryRegionStack(app, 'WardRecoveryRegion', {
      ...props('recovery-region', { account: recovery.account, region: recovery.region }),
      recovery,
    });
  if (config.recovery?.keys)
    new RecoveryKeysStack(app, 'WardRecoveryKeys', props('recovery-keys', { account, region: config.recovery.region }));
  const archive = new ArchiveStack(app, 'WardArchive', props('archive', apart));
  const data = new DataStack(app, 'WardData', props('data'));
  const monitoring = new MonitoringStack(app, 'WardMonitoring', props('monitoring'));
  const { bucketArn: archiveArn } = archive;
  const network =
    config.network === 'isolated'
      ? new NetworkStack(app, 'WardNetwork', { ...props('network'), archiveArn, data }).network
      : undefined;
  const common = { archive, data, monitoring, network, bundles };
  const authentication = new AuthenticationStack(app, 'WardAuthentication', { ...props('authentication'), ...common });
  const operations = new OperationsStack(app, 'WardOperations', { ...props('operations'), ...common, authentication });
  const handlers = new HandlersStack(app, 'WardHandlers', {
    ...props('handlers'),
    ...common,
    authentication,
    operations,
  });
  new ApiStack(app, 'WardApi', { ...props('api'), data, authentication, handlers });
  new AuditQueriesStack(app, 'WardAuditQueries', { ...props('audit-queries', apart), archive });
  const backups = new RecoveryStack(app, 'WardRecovery', { ...props('recovery'), archive, data, monitoring });
  const before = predecessorNames(config);
  const replicasIn = (owner: string) =>
    [
      ...(recovery?.account === owner ? [recovery.archive] : []),
      ...(before?.account === owner ? [before.archive, before.trail] : []),
    ].map(({ bucket }) => `arn:aws:s3:::${bucket}/`);
  const trail = new TrailStack(app, 'WardTrail', {
    ...props('trail'),
    objects: [`${archiveArn}/`, `${data.documents.bucketArn}/`, ...replicasIn(account), restoredBuckets],
    tables: Object.values(data.tables).map(({ tableArn }) => tableArn),
    monitoring: monitoring.monitoring,
  });
  if (region !== globalRegion)
    new GlobalEventsStack(app, 'WardGlobalEvents', props('global-events', { account, region: globalRegion }));
  // Whoever uses the archive with rights of its own account is seen by a trail of that account alone.
  const archiveTrail =
    archiveAccount !== account &&
    new TrailStack(app, 'WardArchiveTrail', {
      ...props('archive-trail', apart),
      objects: [`${archiveArn}/`, ...replicasIn(archiveAccount)],
      tables: [],
    });
  // They copy into it.
  if (copies) for (const stack of [archive, backups, trail, archiveTrail]) if (stack) stack.addStackDependency(copies);
  bound(app);
  Tags.of(app).add('ward:stage', config.stage);
  Validations.of(app).addPlugins(new HIPAASecurityChecks(app), new AwsSolutionsChecks(app), new OwnChecks());
  // The laptop starts without them: they take longer than all else, and run on Linux and macOS alone.
  if (guard && config.stage !== 'local') Validations.of(app).addPlugins(guard === true ? new GuardChecks() : guard);
}

async function main(): Promise<void> {
  const app = new App();
  readConfig(app.node); // a wrong setting is told before time goes into bundles
  await bundleFunctions();
  compose(app, bundleDirectory);
}

if (require.main === module)
  main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
