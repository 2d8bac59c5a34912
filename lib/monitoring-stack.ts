import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Config } from './config';
import { Monitoring } from './monitoring';

/** Where alarms of every stack go, and what was given up: there before anything that could need it. */
export class MonitoringStack extends Stack {
  readonly monitoring: Monitoring;

  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    super(scope, id, { ...props, terminationProtection: config.kind === 'production' });
    this.monitoring = new Monitoring(this, 'Monitoring', { config });
  }
}
