import type { Role } from '../../lambda/authentication/actor';
import type { Relation } from '../../lambda/breach/detect/model';
import type { Random } from '../random';

export type StaffRole = Extract<Role, 'clinician' | 'registrar' | 'billing'>;

/** Somebody who works in the clinic. */
export interface Employee {
  readonly sub: string;
  readonly role: StaffRole;
  /** -1: of no department */
  readonly department: number;
  readonly family: number;
  readonly address: number;
  /** the record of those who are patients too */
  readonly patient: Patient | undefined;
  /** day of the evaluation on which they began; 0 for most */
  readonly began: number;
  readonly home: string;
  /** how busy they are, around 1 */
  readonly pace: number;
  /** patients whose care team they are on (clinicians) */
  readonly panel: Patient[];
  readonly onPanel: Set<string>;
}
export interface Patient {
  readonly id: string;
  readonly department: number;
  readonly family: number;
  readonly address: number;
  readonly vip: boolean;
}
export interface Clinic {
  readonly staff: readonly Employee[];
  readonly patients: readonly Patient[];
}

export const departments = 6;
export const clinicNetwork = '198.51.100.';
const size = { clinician: 30, registrar: 8, billing: 6, patients: 24_000 } as const;
const familyNames = 900;
const newcomers = 4;

/** A few names are common and most are rare. */
const familyName = (random: Random) => Math.floor(familyNames * random.next() ** 2.2);

export function makeClinic(random: Random, days: number): Clinic {
  const patients: Patient[] = [];
  for (let address = 0; patients.length < size.patients; address++) {
    const family = familyName(random);
    for (let person = random.between(1, 3); person > 0; person--)
      patients.push({
        id: random.uuid(),
        department: random.between(0, departments - 1),
        family: random.chance(0.85) ? family : familyName(random),
        address,
        vip: random.chance(0.002),
      });
  }
  const roles = (['clinician', 'registrar', 'billing'] as const).flatMap((role) =>
    Array.from({ length: size[role] }, (_, index) => ({ role, index })),
  );
  const newly = new Set(random.some(roles, newcomers));
  const staff = roles.map((each): Employee => {
    const { role, index } = each;
    const household = random.chance(0.7) ? random.pick(patients) : undefined;
    return {
      sub: random.uuid(),
      role,
      department: role === 'billing' ? -1 : index % departments,
      family: household?.family ?? familyName(random),
      address: household?.address ?? -1 - random.between(1, 1e6),
      patient: household && random.chance(0.8) ? household : undefined,
      began: newly.has(each) ? random.between(15, days - 15) : 0,
      home: `203.0.${random.between(0, 255)}.`,
      pace: Math.exp(0.2 * random.normal()),
      panel: [],
      onPanel: new Set(),
    };
  });
  for (const patient of patients) {
    const team = staff.filter(({ role, department }) => role === 'clinician' && department === patient.department);
    for (const member of random.some(team, 2)) {
      member.panel.push(patient);
      member.onPanel.add(patient.id);
    }
  }
  return { staff, patients };
}

/** What blind tokens would tell of the two. */
export function relationsOf(clinic: Clinic, employee: Employee, patient: Patient): Relation[] {
  const works = workforceRecords(clinic).has(patient.id);
  return [
    ...(employee.patient === patient ? (['self'] as const) : []),
    ...(works && employee.patient !== patient ? (['co-worker'] as const) : []),
    ...(employee.family === patient.family ? (['same-family'] as const) : []),
    ...(employee.address === patient.address ? (['same-address'] as const) : []),
  ];
}

const records = new WeakMap<Clinic, ReadonlySet<string>>();
function workforceRecords(clinic: Clinic): ReadonlySet<string> {
  const known = records.get(clinic) ?? new Set(clinic.staff.flatMap(({ patient }) => (patient ? [patient.id] : [])));
  records.set(clinic, known);
  return known;
}
