import { roleBaseline } from '../../lambda/breach/detect/baseline';
import { detect } from '../../lambda/breach/detect/engine';
import { type ActorState, alertKey, type Finding, type RoleBaseline } from '../../lambda/breach/detect/model';
import { needsFacts, observe } from '../../lambda/breach/detect/observe';
import type { DetectionSettings } from '../../lambda/breach/detect/settings';
import { due, nextDueAt, settle } from '../../lambda/breach/detect/settle';
import { Random } from '../random';
import { type Incident, writeAttacks } from './attacks';
import { makeClinic } from './clinic';
import { Ledger } from './ledger';
import { Tape } from './tape';
import { dayLong, hour, planVisits, startOf } from './visits';
import { type World, writeDay } from './workdays';

/** What a compliance officer would have in the list: the last telling of each finding, and when it was told first. */
export interface Alert extends Finding {
  /** milliseconds */
  readonly raised: number;
}
export interface Run {
  readonly seed: number;
  readonly incidents: readonly Incident[];
  readonly alerts: readonly Alert[];
  /** records that the workforce opened, tried or exported */
  readonly accesses: number;
  /** of the ordinary ones: patients of a person's day without an explanation even when the grace was over */
  readonly unexplainedShare: number;
  readonly largestState: number;
  readonly baselines: readonly RoleBaseline[];
}

/** Makes the months of a seed and lets the engine see them as it would in time: events, an hourly sweep, a daily average. */
export function run(seed: number, settings: DetectionSettings, days: number): Run {
  const random = new Random(seed);
  const clinic = makeClinic(random, days);
  const ledger = new Ledger(clinic);
  const world: World = {
    clinic,
    ledger,
    plan: planVisits(clinic, ledger, random, days),
    tape: new Tape(random),
    random,
    days,
  };
  for (let day = 0; day < days; day++) writeDay(world, day);
  const incidents = writeAttacks(world);
  const entries = world.tape.entries.sort((a, b) => a.time - b.time);

  const staff = new Map(clinic.staff.map((each) => [each.sub, each]));
  const patients = new Map(clinic.patients.map((each) => [each.id, each]));
  const states = new Map<string, ActorState>();
  const waiting = new Map<string, string>();
  const baselines = new Map<string, RoleBaseline>();
  const alerts = new Map<string, Alert>();
  const pairs = { all: new Set<string>(), unexplained: 0 };
  let accesses = 0;

  const tell = (findings: readonly Finding[], now: number) => {
    for (const finding of findings)
      alerts.set(alertKey(finding), { ...finding, raised: alerts.get(alertKey(finding))?.raised ?? now });
  };
  const contextOf = (role: string | null) => {
    const baseline = baselines.get(role ?? '');
    return { settings, ...(baseline && { baseline }) };
  };
  const keep = (subject: string, state: ActorState) => {
    states.set(subject, state);
    const next = nextDueAt(state, contextOf(state.role));
    if (next === undefined) waiting.delete(subject);
    else waiting.set(subject, next);
  };
  const sweep = (now: number) => {
    const at = new Date(now).toISOString();
    for (const [subject, next] of waiting) {
      const [state, employee] = [states.get(subject), staff.get(subject)];
      if (next > at || !state || !employee) continue;
      const looked = due(state, at, contextOf(state.role)).flatMap(({ key, patient, at: first }) => {
        const found = patients.get(patient);
        return found ? [[key, ledger.facts(employee, found, Date.parse(first), now)] as const] : [];
      });
      const settled = settle(state, new Map(looked), contextOf(state.role));
      pairs.unexplained += looked.filter(([key]) => settled.state.unexplained[key]?.verdict === 'unexplained').length;
      tell(settled.findings, now);
      keep(subject, settled.state);
    }
  };
  const average = () => {
    for (const role of ['clinician', 'registrar', 'billing', 'patient'] as const) {
      const baseline = roleBaseline(role, [...states.values()]);
      if (baseline) baselines.set(role, baseline);
    }
  };

  let swept = startOf(0);
  for (const { time, told, incident } of entries) {
    for (; swept + hour <= time; swept += hour) {
      sweep(swept + hour);
      if ((swept + hour) % dayLong === 0) average();
    }
    const observation = observe(told);
    if (!observation) continue;
    const [employee, patient] = [staff.get(observation.subject), patients.get(observation.patient ?? '')];
    const facts =
      employee && patient && needsFacts(observation) ? ledger.facts(employee, patient, time, time) : undefined;
    if (facts) accesses += 1;
    if (facts && incident === undefined)
      pairs.all.add(`${observation.subject}|${observation.patient}|${told.at.slice(0, 10)}`);
    const result = detect(states.get(observation.subject), observation, facts, contextOf(observation.role));
    tell(result.findings, time);
    if (result.state.unexplained === states.get(observation.subject)?.unexplained)
      states.set(observation.subject, result.state);
    else keep(observation.subject, result.state);
  }
  for (let last = 1; last <= 24; last++) sweep(swept + last * hour);
  return {
    seed,
    incidents,
    alerts: [...alerts.values()],
    accesses,
    unexplainedShare: pairs.unexplained / pairs.all.size,
    baselines: [...baselines.values()],
    largestState: Math.max(...[...states.values()].map((state) => JSON.stringify(state).length)),
  };
}
