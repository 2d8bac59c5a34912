import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import type { WardFunctions } from './ward-functions';

export interface AccessOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

const sweep = 'emergency-sweep' satisfies FunctionName;
const everyMinutes = 5;

/** 45 CFR 164.312(a)(2)(ii), 164.308(a)(1)(ii)(D): what follows an emergency access, and says so when it does not happen. */
export class AccessOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: AccessOperationsProps) {
    super(scope, id);
    const target = functions.named(sweep);
    new FunctionSchedule(this, sweep, { config, target, every: Duration.minutes(everyMinutes), monitoring });
    const metric = (name: string) => monitoring.ownMetric(name, Duration.minutes(15));
    monitoring.alarm(this, 'OverdueReviews', {
      heading: 'Overdue emergency reviews',
      metric: metric('OverdueEmergencyReviews'),
      threshold: 0,
      silence: 'bad',
    });
    monitoring.alarm(this, 'UnsentAlerts', {
      heading: 'Unsent alerts',
      metric: metric('UnsentAlerts'),
      threshold: 0,
      silence: 'bad',
    });
  }
}
