import type { Random } from '../random';
import { type Clinic, clinicNetwork, type Employee, type Patient } from './clinic';
import type { Ledger } from './ledger';
import type { Hand, Tape } from './tape';
import { dayLong, hour, isWeekend, season, startOf, type Visit } from './visits';

/** What ordinary work is made of. */
export interface World {
  readonly clinic: Clinic;
  readonly ledger: Ledger;
  readonly plan: ReadonlyMap<number, readonly Visit[]>;
  readonly tape: Tape;
  readonly random: Random;
  readonly days: number;
}

const minute = hour / 60;

/** Writes a day of everybody's ordinary work, with the slips, gaps and oddities that no attack is behind. */
export function writeDay(world: World, day: number): void {
  const { clinic, random } = world;
  const visits = world.plan.get(day) ?? [];
  const onCall = new Set(
    random.some(
      clinic.staff.filter(({ role }) => role === 'clinician'),
      2,
    ),
  );
  for (const employee of clinic.staff) {
    if (day < employee.began) continue;
    const own = visits.filter(({ clinician }) => clinician === employee);
    const works = employee.role === 'clinician' ? own.length > 0 : random.chance(isWeekend(day) ? 0.03 : 0.87);
    if (works) {
      const hand = handOf(world, employee);
      oddities(world, employee, hand, day);
      if (employee.role === 'clinician') clinicianDay(world, employee, hand, day, own);
      else if (employee.role === 'registrar') registrarDay(world, employee, hand, day, visits);
      else billingDay(world, employee, hand, day);
    }
    if (onCall.has(employee)) night(world, employee, day);
  }
  patientsDay(world, day);
}

/** A sign-in; now and then from a network that is new, because people travel and providers renumber. */
export function handOf({ random }: World, { sub, role, home }: Employee, from: 'clinic' | 'home' = 'clinic'): Hand {
  const elsewhere = random.chance(0.012) ? `192.${random.between(1, 200)}.${random.between(0, 255)}.` : undefined;
  const network = elsewhere ?? (from === 'home' ? home : clinicNetwork);
  return { sub, role, session: random.uuid(), ip: `${network}${random.between(1, 250)}` };
}

const reads = ['patient.read', 'record.list', 'record.read', 'record.create'] as const;

function open(
  { tape, random }: World,
  hand: Hand,
  patient: Patient,
  time: number,
  most: number,
  basis: 'care-team' | 'role',
): void {
  const count = random.between(1, most);
  for (let index = 0; index < count; index++)
    tape.write(time + index * random.between(20, 120) * 1000, hand, reads[index % reads.length] ?? 'record.read', {
      patient: patient.id,
      basis,
    });
}

function clinicianDay(world: World, employee: Employee, hand: Hand, day: number, visits: readonly Visit[]): void {
  const { random, tape, clinic } = world;
  for (const { patient, time } of visits) open(world, hand, patient, time, 4, 'care-team');
  const during = () => startOf(day) + (7.5 + 9.5 * random.next()) * hour;
  for (let inbox = random.around(4); inbox > 0; inbox--)
    open(world, hand, random.pick(employee.panel), during(), 2, 'care-team');
  if (random.chance(0.3)) {
    const home = handOf(world, employee, 'home');
    for (let late = random.between(3, 8); late > 0; late--)
      open(world, home, random.pick(employee.panel), startOf(day) + (19 + 3 * random.next()) * hour, 2, 'care-team');
  }
  for (let cross = random.around(1.5); cross > 0; cross--) crossCover(world, employee, hand, during(), day);
  if (random.chance(0.06)) {
    const slip = random.pick(random.pick(clinic.staff.filter(({ panel }) => panel.length > 0)).panel);
    if (!employee.onPanel.has(slip.id)) denied(world, hand, slip, during());
  }
  if (random.chance(0.1))
    tape.write(during(), hand, 'patient.export', { patient: random.pick(employee.panel).id, basis: 'care-team' });
}

const denied = ({ tape }: World, hand: Hand, patient: Patient, time: number) =>
  tape.write(time, hand, 'patient.read', { patient: patient.id, outcome: 'deny', reason: 'no-relationship' });

/** A colleague's patient: first a refusal, then mostly somebody adds the clinician to the team; sometimes nobody does. */
function crossCover(world: World, employee: Employee, hand: Hand, time: number, day: number): void {
  const { random } = world;
  const near = [day - 2, day - 1, day, day, day + 1].flatMap((each) => world.plan.get(each) ?? []);
  const colleagues = near.filter(({ department }) => department === employee.department);
  const around = random.chance(0.8) ? colleagues : near;
  const patient =
    around.length > 0 && random.chance(0.94) ? random.pick(around).patient : random.pick(world.clinic.patients);
  if (employee.onPanel.has(patient.id)) return;
  denied(world, hand, patient, time);
  const chance = random.next();
  if (chance < 0.12) return;
  if (chance < 0.18) {
    breakGlass(world, employee, hand, patient, time + 2 * minute, 0.85);
    return;
  }
  const wait = random.chance(0.8) ? random.between(3, 40) * minute : random.between(1, 7) * hour;
  addToTeam(world, employee, patient, time + wait);
  open(world, hand, patient, time + wait + 5 * minute, 4, 'care-team');
}

const addToTeam = ({ ledger }: World, { sub, department }: Employee, patient: Patient, entered: number) =>
  ledger.enter(patient, {
    kind: 'care-team',
    entered,
    from: entered - dayLong,
    until: entered + 7 * dayLong,
    for: sub,
    department,
  });

/** @param cause how likely what follows shows the emergency: an order, an admission, a place on the team */
function breakGlass(world: World, employee: Employee, hand: Hand, patient: Patient, time: number, cause: number): void {
  const { random, tape, ledger } = world;
  tape.write(time, hand, 'emergency.open', { patient: patient.id, reason: 'life-threatening' });
  const span = { from: time, until: time + 4 * hour, entered: time, department: employee.department };
  ledger.enter(patient, { kind: 'emergency', ...span, for: employee.sub });
  for (let index = random.between(2, 5); index > 0; index--)
    tape.write(time + index * 3 * minute, hand, 'record.list', {
      patient: patient.id,
      basis: `emergency:${random.uuid()}`,
    });
  if (random.chance(cause)) addToTeam(world, employee, patient, time + random.between(10, 500) * minute);
}

function registrarDay(world: World, employee: Employee, hand: Hand, day: number, visits: readonly Visit[]): void {
  const { random, tape, ledger } = world;
  const arrivals = visits.filter(({ department }) => department === employee.department || random.chance(0.03));
  for (const { patient, time } of arrivals) {
    if (random.chance(0.4)) search(world, hand, patient, time - 12 * minute);
    tape.write(time - 10 * minute, hand, 'patient.read', { patient: patient.id });
  }
  const near = [-12, -6, -2, 0, 3, 9, 15].flatMap((each) => world.plan.get(day + each) ?? []);
  for (let call = random.around(18 * employee.pace * season(day)); call > 0; call--) {
    const time = startOf(day) + (8 + 8.8 * random.next()) * hour;
    if (random.chance(0.1)) tape.write(time - minute, hand, 'patient.search', { found: [] });
    const own = near.filter(({ department }) => department === employee.department);
    const from = random.chance(0.7) && own.length > 0 ? own : near;
    const patient = random.chance(0.87) ? random.pick(from).patient : random.pick(world.clinic.patients);
    search(world, hand, patient, time);
    tape.write(time + minute, hand, 'patient.read', { patient: patient.id });
    if (random.chance(0.65)) {
      const entered = time + random.between(2, 45) * minute;
      const later = startOf(day + random.between(1, 25)) + 10 * hour;
      ledger.enter(patient, {
        kind: 'appointment',
        entered,
        from: time - hour,
        until: later,
        for: 'registrar',
        department: employee.department,
      });
    } else callBack(world, hand, patient, time);
  }
}

/** Somebody whose matter is not settled asks for the same person again, some days later. */
function callBack({ tape, random }: World, hand: Hand, patient: Patient, time: number): void {
  if (!random.chance(0.04)) return;
  const later = time + random.between(1, 6) * dayLong;
  tape.write(later, { ...hand, session: random.uuid() }, 'patient.read', { patient: patient.id });
}

function search({ tape, random, clinic }: World, hand: Hand, patient: Patient, time: number): void {
  const others = Array.from({ length: random.between(0, 2) }, () => random.pick(clinic.patients));
  tape.write(time, hand, 'patient.search', { found: [patient, ...others].map(({ id }) => id) });
}

function billingDay(world: World, employee: Employee, hand: Hand, day: number): void {
  const { random, tape } = world;
  // The books are closed at the end of the month.
  const closing = new Date(startOf(day + 3)).getUTCDate() <= 3;
  const past = [-2, -3, -5, -9, -14, -20, -30, -45].flatMap((each) => world.plan.get(day + each) ?? []);
  const at = () => startOf(day) + (8 + (closing ? 11 : 8.5) * random.next()) * hour;
  for (let claims = random.around(45 * employee.pace * (closing ? 2.1 : 1)); claims > 0 && past.length > 0; claims--) {
    const [time, { patient }] = [at(), random.pick(past)];
    tape.write(time, hand, 'patient.read', { patient: patient.id });
    if (random.chance(0.6)) tape.write(time + minute, hand, 'record.list', { patient: patient.id });
  }
  for (let letters = random.around(3 * employee.pace); letters > 0; letters--) {
    const patient =
      random.chance(0.55) && past.length > 0 ? random.pick(past).patient : random.pick(world.clinic.patients);
    const time = at();
    tape.write(time, hand, 'patient.read', { patient: patient.id });
    callBack(world, hand, patient, time);
  }
}

function night(world: World, employee: Employee, day: number): void {
  const { random } = world;
  const hand = handOf(world, employee, random.chance(0.5) ? 'home' : 'clinic');
  for (let calls = random.around(5); calls > 0; calls--) {
    const time = startOf(day) + (19 + 11 * random.next()) * hour;
    const near = [day - 3, day - 1, day].flatMap((each) => world.plan.get(each) ?? []);
    const patient =
      near.length > 0 && random.chance(0.8) ? random.pick(near).patient : random.pick(world.clinic.patients);
    if (employee.onPanel.has(patient.id)) open(world, hand, patient, time, 3, 'care-team');
    else if (random.chance(0.7)) {
      addToTeam(world, employee, patient, time - minute);
      open(world, hand, patient, time, 3, 'care-team');
    } else {
      denied(world, hand, patient, time - minute);
      breakGlass(world, employee, hand, patient, time, 0.85);
    }
  }
}

/** Sessions that ran out, a fault of the application, a forgotten password, a telephone beside the desk. */
function oddities(world: World, employee: Employee, hand: Hand, day: number): void {
  const { random, tape } = world;
  const at = startOf(day) + (8 + 8 * random.next()) * hour;
  for (let idle = random.around(1.5); idle > 0; idle--)
    tape.write(at + idle * 40 * minute, hand, 'patient.read', { outcome: 'deny', reason: 'session-idle' });
  if (random.chance(0.0015))
    for (let fault = random.between(10, 40); fault > 0; fault--)
      tape.write(at + fault * 15_000, hand, 'record.list', { outcome: 'deny', reason: 'category' });
  if (random.chance(0.06)) failures(world, hand, startOf(day) + 7.4 * hour, random.chance(0.05) ? 8 : 2);
  if (employee.role === 'clinician' && random.chance(0.02)) {
    const phone = { ...hand, session: random.uuid(), ip: `172.${random.between(1, 99)}.${random.between(0, 255)}.4` };
    for (let look = random.between(1, 5); look > 0; look--)
      open(world, phone, random.pick(employee.panel), at + look * random.between(5, 40) * minute, 1, 'care-team');
  }
}

function failures({ tape, random }: World, hand: Hand, time: number, most: number): void {
  for (let failed = random.between(1, most); failed > 0; failed--)
    tape.write(time + failed * 20_000, hand, 'user-pool.sign-in', {
      outcome: 'deny',
      reason: random.chance(0.8) ? 'password-failed' : 'second-factor-failed',
    });
}

function patientsDay(world: World, day: number): void {
  const { random, tape, clinic } = world;
  for (let visitor = random.around(70); visitor > 0; visitor--) {
    const patient = random.pick(clinic.patients);
    const hand = patientHand(random, patient);
    const time = startOf(day) + (7 + 15 * random.next()) * hour;
    if (random.chance(0.07)) failures(world, hand, time - 5 * minute, random.chance(0.05) ? 8 : 3);
    for (let index = random.between(1, 5); index > 0; index--)
      tape.write(time + index * minute, hand, 'record.list', { patient: patient.id, basis: 'self' });
    // a link that somebody else in the family passed on
    if (random.chance(0.01)) denied(world, hand, random.pick(clinic.patients), time + 7 * minute);
  }
}

/** The account of a patient: always the same subject for the same person. */
export function patientHand(random: Random, { id }: Patient): Hand {
  const ip = `100.${Number.parseInt(id.slice(0, 2), 16)}.${Number.parseInt(id.slice(2, 4), 16)}.5`;
  return {
    sub: `${id.slice(0, 24)}${id.slice(24).split('').reverse().join('')}`,
    role: 'patient',
    session: random.uuid(),
    ip,
  };
}
