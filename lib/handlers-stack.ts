import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Alias } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { ArchiveStack } from './archive-stack';
import type { AuthenticationStack } from './authentication-stack';
import type { Config } from './config';
import type { DataStack } from './data-stack';
import { mayQueryLogs } from './log-queries';
import type { MonitoringStack } from './monitoring-stack';
import type { PhiNetwork } from './network';
import type { OperationsStack } from './operations-stack';
import { StagedDeployment } from './staged-deployment';
import { WardFunctions } from './ward-functions';

export interface HandlersStackProps extends StackProps {
  readonly config: Config;
  readonly archive: ArchiveStack;
  readonly data: DataStack;
  readonly monitoring: MonitoringStack;
  readonly network: PhiNetwork | undefined;
  readonly authentication: AuthenticationStack;
  readonly operations: OperationsStack;
  readonly bundles: string;
}

/** The functions that the API calls, each deployed in stages and taken back when requests fail. */
export class HandlersStack extends Stack {
  /** what the API calls, by the name of the function: the version that is live, or about to be */
  readonly live: ReadonlyMap<string, Alias>;

  constructor(scope: Construct, id: string, props: HandlersStackProps) {
    const { config, archive, data, monitoring: stack, authentication, operations, network, bundles, ...own } = props;
    super(scope, id, { ...own, terminationProtection: config.kind === 'production' });
    const { monitoring } = stack;
    const functions = new WardFunctions(this, ['api'], {
      config,
      archive,
      data,
      monitoring,
      network,
      bundles,
      authentication: authentication.authentication,
    });
    mayQueryLogs(functions, [functions, authentication.functions, operations.functions]);
    this.live = new StagedDeployment(this, 'StagedDeployment', { config, functions, monitoring }).live;
  }
}
