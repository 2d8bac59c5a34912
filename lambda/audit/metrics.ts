export type AuditMetric =
  | 'EventsSealed'
  | 'SealingLagSeconds'
  | 'CheckpointsSigned'
  | 'UnsealedAgeSeconds'
  | 'ContradictedLanes'
  | 'EventsResealed'
  | 'VerificationFindings'
  | 'OverdueEmergencyReviews'
  | 'UnsentAlerts'
  | 'OverdueBreachDuties'
  | 'UnsentBreachReminders'
  | 'WaitingNoticeMails'
  | 'OverdueAccessReviews'
  | 'ExpiringAgreements'
  | 'RestoresWaiting'
  | 'RestoreReplayFailures'
  | 'RestoreValidationFailures'
  | 'UnvalidatedStores'
  | 'OverdueAlertReviews'
  | 'UnsentAlertDeliveries'
  | 'DetectionLagSeconds';

const units: Readonly<Record<AuditMetric, 'Count' | 'Seconds'>> = {
  EventsSealed: 'Count',
  SealingLagSeconds: 'Seconds',
  CheckpointsSigned: 'Count',
  UnsealedAgeSeconds: 'Seconds',
  ContradictedLanes: 'Count',
  EventsResealed: 'Count',
  VerificationFindings: 'Count',
  OverdueEmergencyReviews: 'Count',
  UnsentAlerts: 'Count',
  OverdueBreachDuties: 'Count',
  UnsentBreachReminders: 'Count',
  WaitingNoticeMails: 'Count',
  OverdueAccessReviews: 'Count',
  ExpiringAgreements: 'Count',
  RestoresWaiting: 'Count',
  RestoreReplayFailures: 'Count',
  RestoreValidationFailures: 'Count',
  UnvalidatedStores: 'Count',
  OverdueAlertReviews: 'Count',
  UnsentAlertDeliveries: 'Count',
  DetectionLagSeconds: 'Seconds',
};

export type AuditMetrics = Readonly<Partial<Record<AuditMetric, number>>>;

/** Writes metrics past the console, which would put a time before them that CloudWatch does not read over. */
export function emit(stage: string, at: Date, values: AuditMetrics): void {
  process.stdout.write(`${metricLine(stage, at, values)}\n`);
}

/** @returns a log line of which CloudWatch makes metrics by itself (Embedded Metric Format): numbers alone, by stage */
function metricLine(stage: string, at: Date, values: AuditMetrics): string {
  const names = Object.keys(values) as AuditMetric[];
  return JSON.stringify({
    _aws: {
      Timestamp: at.getTime(),
      CloudWatchMetrics: [
        { Namespace: 'Ward', Dimensions: [['stage']], Metrics: names.map((Name) => ({ Name, Unit: units[Name] })) },
      ],
    },
    stage,
    ...values,
  });
}
