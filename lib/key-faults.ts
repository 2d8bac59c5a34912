import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Monitoring } from './monitoring';

/** A request that failed because a patient's key could not be had is a person who saw no record: one is worth a look. */
export function alarmOnKeyFaults(scope: Construct, monitoring: Monitoring): void {
  monitoring.alarm(scope, 'KeyFaults', {
    heading: 'Key faults',
    metric: monitoring.ownMetric('KeyFault', Duration.minutes(5), 'Sum'),
    threshold: 0,
    silence: 'good',
  });
}
