import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import type { Config } from './config';
import type { Monitoring } from './monitoring';

/** A request that failed because a patient's key could not be had is a person who saw no record: one is worth a look. */
export function alarmOnKeyFaults(scope: Construct, monitoring: Monitoring, { stage }: Config): void {
  monitoring.alarm(scope, 'KeyFaults', {
    heading: 'Key faults',
    metric: new Metric({
      namespace: 'Ward',
      metricName: 'KeyFault',
      dimensionsMap: { stage },
      statistic: 'Sum',
      period: Duration.minutes(5),
    }),
    threshold: 0,
    silence: 'good',
  });
}
