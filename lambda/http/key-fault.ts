import type { KeyErrorCode } from '../encryption/key-error';

/** @returns a log line of which CloudWatch makes the metric `KeyFault` by itself (Embedded Metric Format), in all and by code */
export function keyFaultLine(stage: string, at: Date, code: KeyErrorCode): string {
  return JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        {
          Namespace: 'Ward',
          Dimensions: [['stage'], ['stage', 'code']],
          Metrics: [{ Name: 'KeyFault', Unit: 'Count' }],
        },
      ],
    },
    stage,
    code,
    KeyFault: 1,
  });
}
