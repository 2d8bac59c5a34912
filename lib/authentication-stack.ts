import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { ArchiveStack } from './archive-stack';
import { Authentication } from './authentication';
import type { Config } from './config';
import type { DataStack } from './data-stack';
import { preToken } from './functions';
import type { MonitoringStack } from './monitoring-stack';
import type { PhiNetwork } from './network';
import { PhiFunction } from './phi-function';
import { SignInEvidence } from './sign-in-evidence';
import { WardFunctions } from './ward-functions';

export interface AuthenticationStackProps extends StackProps {
  readonly config: Config;
  readonly archive: ArchiveStack;
  readonly data: DataStack;
  readonly monitoring: MonitoringStack;
  readonly network: PhiNetwork | undefined;
  /** the folder that holds `<name>/index.js` of every function */
  readonly bundles: string;
}

/** Who signs in: the user pool, its triggers, and what makes evidence of every sign-in. */
export class AuthenticationStack extends Stack {
  readonly authentication: Authentication;
  readonly functions: WardFunctions;

  constructor(scope: Construct, id: string, props: AuthenticationStackProps) {
    const { config, archive, data, monitoring, network, bundles, ...stack } = props;
    super(scope, id, { ...stack, terminationProtection: config.kind === 'production' });
    const trigger = new PhiFunction(this, 'PreToken', {
      stage: config.stage,
      bundles,
      logsKey: data.logsKey,
      logProtection: data.logProtection,
      network,
      name: preToken,
      concern: 'adds the scope of the API to access tokens',
      environment: {},
      timeoutSeconds: 5, // Cognito waits no longer
    });
    this.authentication = new Authentication(this, 'Authentication', { config, preToken: trigger });
    this.functions = new WardFunctions(this, ['user-pool', 'logs'], {
      config,
      archive,
      data,
      monitoring: monitoring.monitoring,
      network,
      bundles,
    });
    new SignInEvidence(this, 'SignInEvidence', {
      config,
      authentication: this.authentication,
      functions: this.functions,
      logsKey: data.logsKey,
    });
  }
}
