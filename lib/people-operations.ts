import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import type { WardFunctions } from './ward-functions';

export interface PeopleOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

const sweep = 'people-sweep' satisfies FunctionName;

/** 45 CFR 164.308(a)(4)(ii)(C): suspensions end at their time, and everybody's access is reviewed each quarter. */
export class PeopleOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: PeopleOperationsProps) {
    super(scope, id);
    new FunctionSchedule(this, sweep, { config, target: functions.named(sweep), every: Duration.hours(1), monitoring });
    monitoring.alarm(this, 'OverdueAccessReviews', {
      heading: 'Overdue access reviews',
      metric: monitoring.ownMetric('OverdueAccessReviews', Duration.hours(3)),
      threshold: 0,
      silence: 'bad',
    });
  }
}
