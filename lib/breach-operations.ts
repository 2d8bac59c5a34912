import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import type { Config } from './config';
import { declarations, type FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import type { PhiFunction } from './phi-function';
import { FunctionSchedule } from './schedule';

export interface BreachOperationsProps {
  readonly config: Config;
  readonly functions: ReadonlyMap<string, PhiFunction>;
  readonly monitoring: Monitoring;
}

const sweep = 'breach-sweep' satisfies FunctionName;

/** What Logs Insights takes in one query. */
const mostLogGroups = 50;

/** Lets a function ask what failed around an event. Logs hold codes and request ids, so the answer has no PHI. */
function mayQueryLogs(handler: PhiFunction, functions: ReadonlyMap<string, PhiFunction>): void {
  const groups = [...functions.values()].map(({ logGroup }) => logGroup).slice(0, mostLogGroups);
  handler.addEnvironment('LOG_GROUPS', groups.map(({ logGroupName }) => logGroupName).join(' '));
  handler.addToRolePolicy(
    new PolicyStatement({ actions: ['logs:StartQuery'], resources: groups.map(({ logGroupArn }) => logGroupArn) }),
  );
  handler.addToRolePolicy(new PolicyStatement({ actions: ['logs:GetQueryResults'], resources: ['*'] }));
  acknowledge(handler.role ?? handler, {
    'AwsSolutions-IAM5[Resource::*]':
      'logs:GetQueryResults has no resource in IAM: it gives the results of a query whose id one has',
  });
}

/** 45 CFR 164.404-412: what looks at the deadlines of incidents, and says so when one has passed. */
export class BreachOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: BreachOperationsProps) {
    super(scope, id);
    const target = functions.get(sweep);
    if (!target) throw new Error(`lib/functions.ts declares no ${sweep}`);
    for (const [name, { queriesLogs }] of declarations) {
      const asker = queriesLogs && functions.get(name);
      if (asker) mayQueryLogs(asker, functions);
    }
    new FunctionSchedule(this, sweep, { config, target, every: Duration.minutes(15), monitoring });
    const alarm = (id: string, heading: string, metricName: string) =>
      monitoring.alarm(id, {
        heading,
        metric: new Metric({
          namespace: 'Ward',
          metricName,
          dimensionsMap: { stage: config.stage },
          statistic: 'Maximum',
          period: Duration.minutes(30),
        }),
        threshold: 0,
        silence: 'bad',
      });
    alarm('OverdueBreachDuties', 'Overdue breach duties', 'OverdueBreachDuties');
    alarm('UnsentBreachReminders', 'Unsent breach reminders', 'UnsentBreachReminders');
    alarm('WaitingNoticeMails', 'Waiting notice mails', 'WaitingNoticeMails');
  }
}
