import { App, type Stack, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, HIPAASecurityChecks } from 'cdk-nag';
import { ApiStack } from '../lib/api-stack';
import { ArchiveStack } from '../lib/archive-stack';
import { AuditQueriesStack } from '../lib/audit-queries';
import { bundleDirectory, bundleFunctions } from '../lib/bundle';
import { readConfig } from '../lib/config';
import { DataStack } from '../lib/data-stack';

/**
 * Puts the stacks of one stage into an app, with the rule packs that check them.
 * @returns the stacks in the order in which they are deployed
 */
export function compose(app: App, bundles: string): readonly [archive: Stack, data: Stack, api: Stack] {
  const config = readConfig(app.node);
  const props = (name: string) => ({
    config,
    env: { account: config.account, region: config.region },
    stackName: `ward-${config.stage}-${name}`,
  });
  const archive = new ArchiveStack(app, 'WardArchive', props('archive'));
  const data = new DataStack(app, 'WardData', props('data'));
  const api = new ApiStack(app, 'WardApi', { ...props('api'), archive, data, bundles });
  new AuditQueriesStack(app, 'WardAuditQueries', { ...props('audit-queries'), archive });
  Tags.of(app).add('ward:stage', config.stage);
  Validations.of(app).addPlugins(new HIPAASecurityChecks(app), new AwsSolutionsChecks(app));
  return [archive, data, api];
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
