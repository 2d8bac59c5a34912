import { Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import type { WardFunctions } from './ward-functions';

interface SweepDeclaration {
  readonly function: FunctionName;
  readonly every: Duration;
  /** one that has counted nothing for so long has stopped, and every alarm of it goes off */
  readonly silence: Duration;
  /** of what it counts: each alarm by its construct's id, with its heading in docs/runbook.md and the metric, which is to be 0 */
  readonly alarms: Readonly<Record<string, readonly [heading: string, metric: string]>>;
}

/** What looks, again and again, at what somebody owes by now: one row a safeguard, under the name of its construct. */
const sweeps: Readonly<Record<string, SweepDeclaration>> = {
  /** 45 CFR 164.404-412: deadlines of incidents */
  BreachOperations: {
    function: 'breach-sweep',
    every: Duration.minutes(15),
    silence: Duration.minutes(30),
    alarms: {
      OverdueBreachDuties: ['Overdue breach duties', 'OverdueBreachDuties'],
      UnsentBreachReminders: ['Unsent breach reminders', 'UnsentBreachReminders'],
      WaitingNoticeMails: ['Waiting notice mails', 'WaitingNoticeMails'],
    },
  },
  /** 45 CFR 164.312(a)(2)(ii), 164.308(a)(1)(ii)(D): what follows an emergency access */
  AccessOperations: {
    function: 'emergency-sweep',
    every: Duration.minutes(5),
    silence: Duration.minutes(15),
    alarms: {
      OverdueReviews: ['Overdue emergency reviews', 'OverdueEmergencyReviews'],
      UnsentAlerts: ['Unsent alerts', 'UnsentAlerts'],
    },
  },
  /** 45 CFR 164.308(a)(4)(ii)(C): suspensions end at their time, and everybody's access is reviewed each quarter */
  PeopleOperations: {
    function: 'people-sweep',
    every: Duration.hours(1),
    silence: Duration.hours(3),
    alarms: { OverdueAccessReviews: ['Overdue access reviews', 'OverdueAccessReviews'] },
  },
  /** 45 CFR 164.308(b), 164.314(a): somebody is called before the agreement with a business associate ends */
  AssociateOperations: {
    function: 'agreement-sweep',
    every: Duration.hours(1),
    silence: Duration.hours(3),
    alarms: { ExpiringAgreements: ['Expiring agreements', 'ExpiringAgreements'] },
  },
};

export interface SweepsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

/** Starts the sweeps, and calls somebody when one counts anything or says nothing any more. */
export function addSweeps(scope: Construct, { config, functions, monitoring }: SweepsProps): void {
  for (const [id, { function: name, every, silence, alarms }] of Object.entries(sweeps)) {
    const sweep = new Construct(scope, id);
    new FunctionSchedule(sweep, name, { config, target: functions.named(name), every, monitoring });
    for (const [alarm, [heading, metric]] of Object.entries(alarms))
      monitoring.alarm(sweep, alarm, {
        heading,
        metric: monitoring.ownMetric(metric, silence),
        threshold: 0,
        silence: 'bad',
      });
  }
}
