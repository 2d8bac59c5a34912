import { createHash } from 'node:crypto';
import * as z from 'zod';
import { entryIdFrom } from '../encryption/lookup';
import { daysAfter } from '../instant';
import { alertKey, type Finding, severities } from './detect/model';
import { signalRules } from './detect/rules';
import { containmentKinds } from './incident-model';

export const alertStates = ['open', 'dismissed', 'incident'] as const;
export type AlertState = (typeof alertStates)[number];
/** Why an alert was nothing. Codes, so that the precision of a rule can be counted by them. */
export const dismissalReasons = [
  'work-related',
  'treatment-not-recorded',
  'own-request-of-patient',
  'wrong-data',
  'test-or-training',
  'other',
] as const;

const uuid = z.uuid();
/** An alert as the governance table keeps it: `PK` `ALERT#<id>`, `SK` `ALERT`. Ids, codes and times; UTC, ISO 8601. */
export const alertItem = z.object({
  id: uuid,
  rule: z.string(),
  severity: z.enum(severities),
  /** `sub`, or `network:<network>` where no account is known */
  subject: z.string(),
  actor: uuid.nullable(),
  patients: z.array(uuid).max(20),
  /** of the first event */
  at: z.string(),
  /** local day in which the rule makes one alert of a subject */
  window: z.string(),
  /** ids of audit events */
  evidence: z.array(z.string()).max(20),
  signals: z.array(z.string()),
  measure: z.number(),
  /** one sentence without anything about a patient */
  reason: z.string(),
  state: z.enum(alertStates),
  openedAt: z.string(),
  /** until when somebody has to have reviewed it */
  reviewDueAt: z.string(),
  reviewedAt: z.string().optional(),
  reviewedBy: z.string().optional(),
  dismissal: z.enum(dismissalReasons).optional(),
  incident: uuid.optional(),
  /** what was suspended or frozen because of it; `by` is `detection` where nobody had to */
  measures: z.array(z.object({ kind: z.enum(containmentKinds), target: z.string(), by: z.string(), at: z.string() })),
  /** why a containment by itself was not possible */
  notContained: z.enum(['last-of-role']).optional(),
  version: z.int().positive(),
});
export type Alert = z.infer<typeof alertItem>;

/** who is named where Ward itself contains */
export const detection = 'detection';
const mostEvidence = 20;

/** @returns the same id for the same actor, window and rule: finding it again is no further alert */
export const alertId = (finding: Finding): string =>
  entryIdFrom(
    createHash('sha256')
      .update(`ward alert ${alertKey(finding)}`)
      .digest('hex')
      .slice(0, 32),
  );

export function raised(finding: Finding, reviewDays: number, now: Date): Alert {
  return {
    id: alertId(finding),
    rule: finding.rule,
    severity: finding.severity,
    subject: finding.subject,
    actor: finding.actor,
    patients: [...finding.patients],
    at: finding.at,
    window: finding.window,
    evidence: [...finding.evidence].slice(0, mostEvidence),
    signals: [...finding.signals],
    measure: finding.measure,
    reason: finding.reason,
    state: 'open',
    openedAt: now.toISOString(),
    reviewDueAt: daysAfter(now, reviewDays),
    measures: [],
    version: 1,
  };
}

/**
 * @returns the alert with what the finding adds; undefined where it adds nothing. One that was dismissed opens again when it
 *   has become twice as much, or is about another patient: otherwise a small matter, explained away in the morning, would
 *   cover a theft at noon.
 */
export function grown(alert: Alert, finding: Finding, reviewDays: number, now: Date): Alert | undefined {
  const patients = union(alert.patients, finding.patients);
  const evidence = union(alert.evidence, finding.evidence);
  const signals = union(alert.signals, finding.signals);
  const measure = Math.max(alert.measure, finding.measure);
  const severity =
    severities.indexOf(finding.severity) > severities.indexOf(alert.severity) ? finding.severity : alert.severity;
  const another = aboutPatients.has(finding.rule) && finding.patients.some((each) => !alert.patients.includes(each));
  const opensAgain = alert.state === 'dismissed' && (another || finding.measure >= 2 * alert.measure);
  const changed =
    patients.length > alert.patients.length ||
    evidence.length > alert.evidence.length ||
    signals.length > alert.signals.length ||
    measure > alert.measure ||
    severity !== alert.severity;
  if (alert.state === 'dismissed' ? !opensAgain : !changed) return undefined;
  const next = { ...alert, patients, evidence, signals, measure, severity, version: alert.version + 1 };
  if (!opensAgain) return next;
  const { reviewedAt: _at, reviewedBy: _by, dismissal: _reason, ...open } = next;
  return { ...open, state: 'open', reviewDueAt: daysAfter(now, reviewDays) };
}

/** Rules whose measure is a score and counts nothing: a second patient is no more of the same, but another matter. */
const aboutPatients: ReadonlySet<string> = new Set(signalRules.map(({ id }) => id));

const union = (before: readonly string[], more: readonly string[]): string[] =>
  [...new Set([...before, ...more])].slice(0, mostEvidence);

/** Per rule: how many of the alerts that somebody has reviewed led to an incident. */
export interface Precision {
  readonly rule: string;
  readonly open: number;
  readonly dismissed: number;
  readonly incidents: number;
  /** incidents among the reviewed, 0 to 1; null while none is reviewed */
  readonly precision: number | null;
}

/** @returns the figure of each rule that has raised an alert, by name */
export function precisionOf(alerts: readonly Pick<Alert, 'rule' | 'state'>[]): Precision[] {
  return [...new Set(alerts.map(({ rule }) => rule))].sort().map((rule) => {
    const count = (state: AlertState) => alerts.filter((alert) => alert.rule === rule && alert.state === state).length;
    const [open, dismissed, incidents] = [count('open'), count('dismissed'), count('incident')];
    const reviewed = dismissed + incidents;
    return { rule, open, dismissed, incidents, precision: reviewed === 0 ? null : incidents / reviewed };
  });
}

/** @param full with whom it is about, which is PHI and told with an event a patient */
export const shownAlert = (alert: Alert, full: boolean) => ({
  id: alert.id,
  rule: alert.rule,
  severity: alert.severity,
  reason: alert.reason,
  subject: alert.subject,
  actor: alert.actor,
  at: alert.at,
  state: alert.state,
  opened_at: alert.openedAt,
  review_due_at: alert.reviewDueAt,
  measure: alert.measure,
  signals: alert.signals,
  patient_count: alert.patients.length,
  contained: alert.measures.length > 0,
  ...(full
    ? {
        patients: alert.patients,
        evidence: alert.evidence,
        measures: alert.measures,
        not_contained: alert.notContained,
        reviewed_at: alert.reviewedAt,
        reviewed_by: alert.reviewedBy,
        dismissal: alert.dismissal,
        incident: alert.incident,
        version: alert.version,
      }
    : {}),
});
