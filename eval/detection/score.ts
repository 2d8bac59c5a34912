import { severities } from '../../lambda/breach/detect/model';
import { unexplainedPatients, weekOf } from '../../lambda/breach/detect/rules/unexplained-patients';
import { type Scenario, scenarios } from './attacks';
import type { Alert, Run } from './replay';
import { startOf } from './visits';

export interface ScenarioScore {
  readonly scenario: Scenario;
  readonly incidents: number;
  readonly found: number;
  /** minutes from the first event to the first alert, sorted */
  readonly minutes: readonly number[];
}
export interface Score {
  readonly scenarios: readonly ScenarioScore[];
  readonly alerts: number;
  readonly falseAlerts: readonly Alert[];
  readonly accesses: number;
  readonly precision: number;
  readonly falsePerThousand: number;
  readonly precisionAt: (k: number) => number;
}

const dayOf = (day: number) => new Date(startOf(day)).toISOString().slice(0, 10);

/** @returns the incident that an alert shows: the same person, within its days, about the same patients where it has any */
function shownBy(run: Run, alert: Alert): Run['incidents'] {
  return run.incidents.filter(
    ({ sub, days, targets }) =>
      sub === alert.subject &&
      days.some((day) => (alert.rule === unexplainedPatients.id ? weekOf(dayOf(day)) : dayOf(day)) === alert.window) &&
      (!targets || alert.patients.length === 0 || alert.patients.some((patient) => targets.includes(patient))),
  );
}

/** Adds the runs up. An alert that shows no incident is false, whatever else may be said for it. */
export function score(runs: readonly Run[]): Score {
  const labelled = runs.flatMap((run) => run.alerts.map((alert) => ({ run, alert, shows: shownBy(run, alert) })));
  const falseAlerts = labelled.filter(({ shows }) => shows.length === 0).map(({ alert }) => alert);
  const ranked = [...labelled].sort(
    (a, b) =>
      severities.indexOf(b.alert.severity) - severities.indexOf(a.alert.severity) || b.alert.measure - a.alert.measure,
  );
  const names = Object.keys(scenarios).filter((name): name is Scenario => Object.hasOwn(scenarios, name));
  const accesses = runs.reduce((sum, run) => sum + run.accesses, 0);
  return {
    scenarios: names.map((scenario) => {
      const incidents = runs.flatMap((run) => run.incidents.filter((each) => each.scenario === scenario));
      const minutes = incidents.flatMap((incident) => {
        const raised = labelled.filter(({ shows }) => shows.includes(incident)).map(({ alert }) => alert.raised);
        return raised.length > 0 ? [Math.max(0, Math.min(...raised) - incident.start) / 60_000] : [];
      });
      return { scenario, incidents: incidents.length, found: minutes.length, minutes: minutes.sort((a, b) => a - b) };
    }),
    alerts: labelled.length,
    falseAlerts,
    accesses,
    precision: 1 - falseAlerts.length / Math.max(1, labelled.length),
    falsePerThousand: (falseAlerts.length / accesses) * 1000,
    precisionAt: (k) => ranked.slice(0, k).filter(({ shows }) => shows.length > 0).length / Math.min(k, ranked.length),
  };
}
