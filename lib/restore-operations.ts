import { CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import type { Config } from './config';
import type { FunctionName } from './functions';
import type { Monitoring } from './monitoring';
import { FunctionSchedule } from './schedule';
import type { WardFunctions } from './ward-functions';

export interface RestoreOperationsProps {
  readonly config: Config;
  readonly functions: WardFunctions;
  readonly monitoring: Monitoring;
}

const replay = 'restore-replay' satisfies FunctionName;

/** 45 CFR 164.308(a)(7)(ii)(B): what finds that tables went back, and says so until two people have released them. */
export class RestoreOperations extends Construct {
  constructor(scope: Construct, id: string, { config, functions, monitoring }: RestoreOperationsProps) {
    super(scope, id);
    const target = functions.named(replay);
    new FunctionSchedule(this, replay, { config, target, every: Duration.minutes(1), monitoring });
    const metric = (metricName: string) =>
      new Metric({
        namespace: 'Ward',
        metricName,
        dimensionsMap: { stage: config.stage },
        statistic: 'Maximum',
        period: Duration.minutes(5),
      });
    monitoring.alarm(this, 'RestoreWaits', {
      heading: 'Restore waits',
      metric: metric('RestoresWaiting'),
      threshold: 0,
      silence: 'bad', // who does not look does not lock down either
    });
    monitoring.alarm(this, 'ReplayFailure', {
      heading: 'Restore replay failure',
      metric: metric('RestoreReplayFailures'),
      threshold: 0,
      silence: 'good',
    });
    new CfnOutput(Stack.of(this), 'RestoreReplayFunction', { value: target.functionName });
  }
}
