import type { Random } from '../random';
import { type Clinic, departments, type Employee, type Patient } from './clinic';
import type { Ledger } from './ledger';

export const hour = 3600_000;
export const dayLong = 24 * hour;
/** a Monday */
export const begin = Date.parse('2026-01-05T00:00:00.000Z');
export const startOf = (day: number): number => begin + day * dayLong;
export const isWeekend = (day: number): boolean => ((day % 7) + 7) % 7 >= 5;

export interface Visit {
  readonly clinician: Employee;
  readonly patient: Patient;
  readonly department: number;
  readonly time: number;
}

/** Two waves a year, and Mondays. */
export const season = (day: number): number =>
  (1 + 0.2 * Math.sin((day / 60) * Math.PI)) * (((day % 7) + 7) % 7 === 0 ? 1.15 : 1);

/** Enters the visits of all days, those before and after the evaluation too, with the tasks and claims that go with them. */
export function planVisits(clinic: Clinic, ledger: Ledger, random: Random, days: number): ReadonlyMap<number, Visit[]> {
  const plan = new Map<number, Visit[]>();
  for (let day = -60; day < days + 30; day++) {
    const visits = clinic.staff
      .filter(({ role, began }) => role === 'clinician' && day >= (began === 0 ? -60 : began))
      .filter(() => random.chance(isWeekend(day) ? 0.08 : 0.8))
      .flatMap((clinician) => visitsOf(clinic, clinician, day, random));
    for (const visit of visits) enter(visit, ledger, random);
    plan.set(day, visits);
  }
  return plan;
}

function visitsOf(clinic: Clinic, clinician: Employee, day: number, random: Random): Visit[] {
  const floats = random.chance(0.05);
  const department = floats ? random.between(0, departments - 1) : clinician.department;
  return Array.from({ length: random.around(14 * clinician.pace * season(day)) }, () => {
    const panel = !floats && random.chance(0.75) ? clinician.panel : random.pick(clinic.staff.slice(0, 30)).panel;
    // Some come often, many hardly ever.
    const patient = panel[Math.floor(panel.length * random.next() ** 1.7)] ?? random.pick(clinic.patients);
    return { clinician, patient, department, time: startOf(day) + (8 + 8.5 * random.next()) * hour };
  });
}

function enter({ clinician, patient, department, time }: Visit, ledger: Ledger, random: Random): void {
  const walkIn = random.chance(0.1);
  const entered = walkIn ? time - 0.2 * hour : time - random.between(1, 25) * dayLong;
  const span = { from: time - dayLong, until: time + 2 * dayLong, department };
  ledger.enter(patient, { kind: 'appointment', entered, ...span, for: clinician.sub });
  ledger.enter(patient, { kind: 'appointment', entered, ...span, for: 'registrar' });
  ledger.enter(patient, {
    kind: 'claim',
    entered: time + 12 * hour,
    from: time,
    until: time + 180 * dayLong,
    for: 'billing',
    department: -1,
  });
}
