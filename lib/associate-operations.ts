import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import type { WardFunctions } from './ward-functions';

export interface AssociateOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

const sweep = 'agreement-sweep' satisfies FunctionName;

/** 45 CFR 164.308(b), 164.314(a): somebody is called before the agreement with a business associate ends. */
export class AssociateOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: AssociateOperationsProps) {
    super(scope, id);
    new FunctionSchedule(this, sweep, { config, target: functions.named(sweep), every: Duration.hours(1), monitoring });
    monitoring.alarm(this, 'ExpiringAgreements', {
      heading: 'Expiring agreements',
      metric: monitoring.ownMetric('ExpiringAgreements', Duration.hours(3)),
      threshold: 0,
      silence: 'bad',
    });
  }
}
