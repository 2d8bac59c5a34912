import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import type { WardFunctions } from './ward-functions';

export interface BreachOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

const sweep = 'breach-sweep' satisfies FunctionName;

/** 45 CFR 164.404-412: what looks at the deadlines of incidents, and says so when one has passed. */
export class BreachOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: BreachOperationsProps) {
    super(scope, id);
    new FunctionSchedule(this, sweep, {
      config,
      target: functions.named(sweep),
      every: Duration.minutes(15),
      monitoring,
    });
    const alarm = (id: string, heading: string, metricName: string) =>
      monitoring.alarm(this, id, {
        heading,
        metric: monitoring.ownMetric(metricName, Duration.minutes(30)),
        threshold: 0,
        silence: 'bad',
      });
    alarm('OverdueBreachDuties', 'Overdue breach duties', 'OverdueBreachDuties');
    alarm('UnsentBreachReminders', 'Unsent breach reminders', 'UnsentBreachReminders');
    alarm('WaitingNoticeMails', 'Waiting notice mails', 'WaitingNoticeMails');
  }
}
