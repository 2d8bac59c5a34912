import type { Employee, Patient, StaffRole } from './clinic';
import { relationsOf } from './clinic';
import type { Hand } from './tape';
import { hour, isWeekend, startOf } from './visits';
import { handOf, patientHand, type World } from './workdays';

export const scenarios = {
  'lone snooping': 14,
  'VIP snooping': 6,
  'family snooping': 12,
  'co-worker snooping': 12,
  'bulk theft, fast': 5,
  'bulk theft, slow': 5,
  'shared credentials': 5,
  'break-glass abuse': 6,
  'probing patient account': 6,
  'search harvesting': 3,
} as const;
export type Scenario = keyof typeof scenarios;

/** What was done, by whom, to whom: the truth that alerts are held against. */
export interface Incident {
  readonly id: number;
  readonly scenario: Scenario;
  readonly sub: string;
  readonly days: readonly number[];
  /** set where it is about particular patients */
  readonly targets?: readonly string[];
  /** milliseconds */
  readonly start: number;
}

const minute = hour / 60;
const firstDay = 14;

/** Mixes the attacks into the days, each by somebody picked at random. @returns the truth about them */
export function writeAttacks(world: World): Incident[] {
  const { random, days } = world;
  const incidents: Incident[] = [];
  for (const [scenario, count] of Object.entries(scenarios))
    for (let index = 0; index < count; index++) {
      const id = incidents.length;
      const free = days - firstDay - 22;
      let day = firstDay + random.between(0, free);
      while (isWeekend(day)) day += 1;
      if (isScenario(scenario)) incidents.push(attack(world, scenario, id, day));
    }
  return incidents;
}

const isScenario = (name: string): name is Scenario => Object.hasOwn(scenarios, name);

function attack(world: World, scenario: Scenario, id: number, day: number): Incident {
  const start = startOf(day) + (8 + 9 * world.random.next()) * hour;
  const about = { id, scenario, start };
  switch (scenario) {
    case 'lone snooping':
      return snoop(world, about, day, () => stranger(world, day));
    case 'VIP snooping':
      return snoop(world, about, day, () => world.random.pick(world.clinic.patients.filter(({ vip }) => vip)));
    case 'family snooping':
      return snoop(world, about, day, (employee) => relative(world, employee));
    case 'co-worker snooping':
      return snoop(world, about, day, (employee) => {
        const others = world.clinic.staff.flatMap(({ sub, patient }) =>
          patient && sub !== employee.sub ? [patient] : [],
        );
        return world.random.pick(others);
      });
    case 'bulk theft, fast':
      return bulkFast(world, about, day);
    case 'bulk theft, slow':
      return bulkSlow(world, about, day);
    case 'shared credentials':
      return sharedCredentials(world, about, day);
    case 'break-glass abuse':
      return breakGlassAbuse(world, about, day);
    case 'probing patient account':
      return probing(world, about, day);
    case 'search harvesting':
      return harvesting(world, about, day);
  }
}

type About = Pick<Incident, 'id' | 'scenario' | 'start'>;

function somebody({ clinic, random }: World, day: number, ...among: StaffRole[]): Employee {
  return random.pick(clinic.staff.filter(({ role, began }) => began <= day && among.includes(role)));
}
/** Half of the snoopers are clinicians, whom Ward refuses; the others' roles let them see demographics. */
const snooper = (world: World, day: number) =>
  somebody(
    world,
    day,
    world.random.pick(['clinician', 'clinician', 'clinician', 'registrar', 'registrar', 'billing'] as const),
  );

/** An acquaintance: nothing that a token could show; every other one is in treatment, which may be why they come to mind. */
function stranger({ clinic, ledger, random }: World, day: number): Patient {
  const wanted = random.chance(0.5);
  for (let tries = 0; tries < 200; tries++) {
    const patient = random.pick(clinic.patients);
    if (ledger.isActive(patient, startOf(day)) === wanted && !patient.vip) return patient;
  }
  return random.pick(clinic.patients);
}

/** Every fifth relative has another name and another address. */
function relative({ clinic, random }: World, employee: Employee): Patient {
  const tied = clinic.patients.filter((patient) =>
    relationsOf(clinic, employee, patient).some((each) => each === 'same-family' || each === 'same-address'),
  );
  return tied.length > 0 && random.chance(0.8) ? random.pick(tied) : random.pick(clinic.patients);
}

function snoop(world: World, about: About, day: number, target: (employee: Employee) => Patient): Incident {
  const { random, tape, ledger } = world;
  let employee = snooper(world, day);
  let patient = target(employee);
  // Whoever has reason to open the record is no snooper.
  for (
    let tries = 0;
    tries < 100 && ledger.facts(employee, patient, about.start, about.start).explanations.length > 0;
    tries++
  ) {
    employee = snooper(world, day);
    patient = target(employee);
  }
  const curious = random.chance(0.55);
  const days = [
    day,
    ...(curious ? [day + random.between(1, 4), ...(random.chance(0.5) ? [day + random.between(5, 10)] : [])] : []),
  ];
  for (const each of days) {
    const late = random.chance(0.25);
    const time = each === day ? about.start : startOf(each) + (late ? 20 : 9 + 7 * random.next()) * hour;
    const hand = handOf(world, employee, late ? 'home' : 'clinic');
    const denied = employee.role === 'clinician';
    for (let look = random.between(1, 3); look > 0; look--)
      tape.write(time + look * minute, hand, look % 2 === 0 ? 'record.list' : 'patient.read', {
        patient: patient.id,
        incident: about.id,
        ...(denied && { outcome: 'deny' as const, reason: 'no-relationship' }),
      });
  }
  return { ...about, sub: employee.sub, days, targets: [patient.id] };
}

/** An evening with a list: a patient every few seconds, or whole panels exported. */
function bulkFast(world: World, about: About, day: number): Incident {
  const { random, tape, clinic } = world;
  const employee = somebody(world, day, 'clinician', 'registrar', 'billing', 'registrar', 'billing');
  const hand = handOf(world, employee, random.chance(0.4) ? 'home' : 'clinic');
  const clinician = employee.role === 'clinician';
  const exports = clinician && random.chance(0.6);
  const count = exports ? random.between(15, 80) : random.between(80, 400);
  const hours = 0.5 + 2 * random.next();
  for (let index = 0; index < count; index++) {
    const patient = random.pick(clinician ? employee.panel : clinic.patients);
    tape.write(about.start + (index / count) * hours * hour, hand, exports ? 'patient.export' : 'patient.read', {
      patient: patient.id,
      basis: clinician ? 'care-team' : 'role',
      incident: about.id,
    });
  }
  return { ...about, sub: employee.sub, days: [day, day + 1] };
}

/** A few more each working day, for two to four weeks, by somebody whose role may open anybody. */
function bulkSlow(world: World, about: About, day: number): Incident {
  const { random, tape, clinic } = world;
  const employee = somebody(world, day, 'registrar', 'billing');
  const length = random.between(10, 22);
  const each = random.between(5, 18);
  const days = Array.from({ length }, (_, index) => day + index);
  for (const on of days.filter((one) => !isWeekend(one))) {
    const hand = handOf(world, employee);
    for (let index = random.around(each); index > 0; index--)
      tape.write(Math.max(about.start, startOf(on) + (8 + 9 * random.next()) * hour), hand, 'patient.read', {
        patient: random.pick(clinic.patients).id,
        incident: about.id,
      });
  }
  return { ...about, sub: employee.sub, days };
}

/** Somebody else works under the clinician's account, from elsewhere, while the clinician does. */
function sharedCredentials(world: World, about: About, day: number): Incident {
  const { random, tape } = world;
  const working = (world.plan.get(day) ?? []).filter(({ clinician }) => clinician.began <= day);
  const { clinician } = random.pick(working);
  const visits = working.filter((visit) => visit.clinician === clinician).sort((a, b) => a.time - b.time);
  const start = visits[Math.floor(visits.length / 4)]?.time ?? about.start;
  const far = {
    ...handOf(world, clinician),
    session: random.uuid(),
    ip: `${random.between(60, 90)}.${random.between(0, 250)}.${random.between(0, 250)}.8`,
  };
  for (let at = start; at < start + random.between(2, 4) * hour; at += random.between(2, 9) * minute)
    tape.write(at, far, 'record.list', {
      patient: random.pick(clinician.panel).id,
      basis: 'care-team',
      incident: about.id,
    });
  return { ...about, start, sub: clinician.sub, days: [day] };
}

/** One record of interest, or one after another, under a pretended emergency. */
function breakGlassAbuse(world: World, about: About, day: number): Incident {
  const { random, tape, ledger, clinic } = world;
  const employee = somebody(world, day, 'clinician');
  const series = random.chance(0.4);
  const interest = () => (random.chance(0.5) ? relative(world, employee) : stranger(world, day));
  const patients = Array.from({ length: series ? random.between(3, 8) : 1 }, () =>
    series ? random.pick(clinic.patients) : interest(),
  );
  const hand = handOf(world, employee, random.chance(0.3) ? 'home' : 'clinic');
  for (const [index, patient] of patients.entries()) {
    const time = about.start + index * random.between(4, 20) * minute;
    tape.write(time, hand, 'emergency.open', { patient: patient.id, reason: 'life-threatening', incident: about.id });
    const span = { entered: time, from: time, until: time + 4 * hour, department: -1 };
    ledger.enter(patient, { kind: 'emergency', ...span, for: employee.sub });
    tape.write(time + minute, hand, 'record.list', {
      patient: patient.id,
      basis: `emergency:${random.uuid()}`,
      incident: about.id,
    });
  }
  return { ...about, sub: employee.sub, days: [day, day + 1], targets: patients.map(({ id }) => id) };
}

/** A patient's own account tries the ids of others: those next to their own, those of a list, or a few an hour for days. */
function probing(world: World, about: About, day: number): Incident {
  const { random, tape, clinic } = world;
  const own = random.pick(clinic.patients);
  const hand: Hand = patientHand(random, own);
  const kind = random.next();
  const patiently = kind > 0.8;
  const count = patiently ? random.between(20, 40) : random.between(5, 120);
  const last = Number.parseInt(own.id.slice(-6), 16);
  for (let index = 0; index < count; index++) {
    const next = `${own.id.slice(0, -6)}${((last + index + 1) % 2 ** 24).toString(16).padStart(6, '0')}`;
    const id = kind < 0.4 ? next : random.chance(0.5) ? random.pick(clinic.patients).id : random.uuid();
    const time = about.start + index * (patiently ? 25 * minute : random.between(1, 20) * 1000);
    tape.write(time, hand, 'patient.read', {
      patient: id,
      outcome: 'deny',
      reason: 'no-relationship',
      incident: about.id,
    });
  }
  return { ...about, sub: hand.sub, days: [day, day + 1] };
}

function harvesting(world: World, about: About, day: number): Incident {
  const { random, tape, clinic } = world;
  const employee = somebody(world, day, 'registrar', 'billing');
  const hand = handOf(world, employee);
  for (let index = random.between(60, 200); index > 0; index--)
    tape.write(about.start + index * random.between(15, 30) * 1000, hand, 'patient.search', {
      found: random.chance(0.4) ? [random.pick(clinic.patients).id] : [],
      incident: about.id,
    });
  return { ...about, sub: employee.sub, days: [day, day + 1] };
}
