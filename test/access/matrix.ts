import type { Control, DecisionActor, Question } from '../../lambda/access/decide';
import { type Action, actions } from '../../lambda/access/policy';
import { type Role, roles } from '../../lambda/authentication/actor';
import { type Category, categories } from '../../lambda/records/model';

/*
 * The rules of access, written down a second time and by hand: nothing here is computed from lambda/access/policy.ts but
 * the list of actions that must be covered. Tests hold decide() against it.
 */

export const now = new Date('2026-11-23T12:00:00.000Z');
export const patient = '11111111-1111-4111-8111-111111111111';
const otherPatient = '22222222-2222-4222-8222-222222222222';
export const sub = '33333333-3333-4333-8333-333333333333';
const emergencyId = '44444444-4444-4444-8444-444444444444';

const before = '2026-11-23T11:30:00.000Z';
const at = now.toISOString();
const after = '2026-11-23T12:00:00.001Z';

type Relation = Pick<Question, 'membership' | 'emergency' | 'representative'> & { readonly own?: string };
export const relations = {
  none: {},
  team: { membership: { startsAt: before } },
  'team from now': { membership: { startsAt: at, endsAt: after } },
  'team expired': { membership: { startsAt: before, endsAt: at } },
  'team in the future': { membership: { startsAt: after } },
  self: { own: patient },
  'another patient': { own: otherPatient },
  'representative of all': { representative: { scope: 'all', startsAt: before, endsAt: after } },
  'representative for diagnoses': { representative: { scope: ['diagnoses'], startsAt: before } },
  'representative expired': { representative: { scope: 'all', startsAt: before, endsAt: at } },
  'representative in the future': { own: otherPatient, representative: { scope: 'all', startsAt: after } },
  emergency: { emergency: { id: emergencyId, startsAt: before, endsAt: after } },
  'emergency expired': { emergency: { id: emergencyId, startsAt: before, endsAt: at } },
  'emergency and team': {
    membership: { startsAt: before },
    emergency: { id: emergencyId, startsAt: before, endsAt: after },
  },
} as const satisfies Record<string, Relation>;
export type RelationName = keyof typeof relations;

const control = (kind: Control['kind'], target: string, more: Partial<Control> = {}): Control => ({
  kind,
  target,
  expiresAt: after,
  ...more,
});
const controlStates = {
  none: () => [],
  'patient freeze': () => [control('patient', patient)],
  'freeze of another patient': () => [control('patient', otherPatient)],
  'role freeze': (role: Role) => [control('role', role)],
  'freeze of another role': (role: Role) => [control('role', role === 'billing' ? 'auditor' : 'billing')],
  lockdown: () => [control('lockdown', 'system')],
  'all expired': (role: Role) => [
    control('lockdown', 'system', { expiresAt: at }),
    control('role', role, { expiresAt: at }),
    control('patient', patient, { expiresAt: at }),
  ],
  'all released': (role: Role) => [
    control('lockdown', 'system', { releasedAt: before }),
    control('role', role, { releasedAt: before }),
    control('patient', patient, { releasedAt: before }),
  ],
} as const satisfies Record<string, (role: Role) => readonly Control[]>;
export type ControlState = keyof typeof controlStates;

const accountStates = ['active', 'suspended', 'signed out'] as const;

export interface Case {
  readonly role: Role;
  readonly action: Action;
  readonly category: Category;
  readonly relation: RelationName;
  readonly controls: ControlState;
  readonly account: (typeof accountStates)[number];
}

export function* cases(): Generator<Case> {
  for (const role of roles)
    for (const action of Object.keys(actions) as Action[])
      for (const category of categories)
        for (const relation of Object.keys(relations) as RelationName[])
          for (const controls of Object.keys(controlStates) as ControlState[])
            for (const account of accountStates) yield { role, action, category, relation, controls, account };
}

/** @returns the question that a case asks; the sign-in is a minute old */
export function questionOf({ role, action, category, relation, controls, account }: Case): Question {
  const { own, ...standing }: Relation = relations[relation];
  const actor: DecisionActor = {
    sub,
    role,
    status: account === 'suspended' ? 'suspended' : 'active',
    ...(own ? { patient: own } : {}),
    ...(account === 'signed out' ? { signedOutAt: '2026-11-23T11:59:30.000Z' } : {}),
  };
  return {
    action,
    actor,
    patient,
    categories: [category],
    controls: controlStates[controls](role),
    authenticatedAt: new Date('2026-11-23T11:59:00.000Z'),
    now,
    ...standing,
  };
}

const C = 'clinician';
const B = 'billing';
const R = 'registrar';
const P = 'patient';
const A = 'admin';
const O = 'compliance_officer';
const U = 'auditor';

const everyone = [C, B, R, P, A, O, U] as const;

/** Who may ask for what at all. An action that is not here is allowed to nobody, and a test names it. */
export const askers: Readonly<Record<string, readonly Role[]>> = {
  'account.read': everyone,
  'account.sign-out': everyone,
  'account.enroll': [P],
  'account.invite': [R],
  'user.list': [A, O, U],
  'user.read': [A, O, U],
  'user.create': [A],
  'user.change-role': [A],
  'user.suspend': [A, O],
  'user.reinstate': [A, O],
  'user.recover-mfa': [A],
  'user.relate': [A],
  'access-review.list': [A, O, U],
  'access-review.read': [A, O, U],
  'access-review.record': [A, O],
  'approval.request': [A, O],
  'approval.list': [A, O, U],
  'approval.read': [A, O, U],
  'approval.approve': [A, O],
  'approval.reject': [A, O],
  'patient.register': [C, R],
  'patient.read': [C, B, R, P],
  'patient.correct': [R],
  'patient.search': [C, B, R],
  'patient.export': [C, P],
  'record.list': [C, B, R, P],
  'record.read': [C, B, R, P],
  'record.history': [C, B, R, P],
  'record.version': [C, B, R, P],
  'record.create': [C, B],
  'record.update': [C, B],
  'care-team.read': [C, P, A],
  'care-team.add': [C, A],
  'care-team.remove': [C, A],
  'task.record': [C, R, B],
  'task.list': [C, R, B, O],
  'vip.mark': [O],
  'vip.clear': [O],
  'representative.record': [R],
  'representative.end': [R],
  'emergency.open': [C],
  'emergency.second': [C],
  'emergency.list': [O],
  'emergency.read': [O],
  'emergency.review': [O],
  'control.list': [O],
  'control.lockdown': [O],
  'control.lockdown-release': [O],
  'control.freeze-role': [O],
  'control.release-role': [O],
  'control.freeze-patient': [O],
  'control.release-patient': [O],
  'lookup.rotate': [O],
  'record.versions': [O, U],
  'key.list': [O],
  'key.rotate': [O],
  'patient.dispose': [O, A],
  'disposal.read': [O, A, U],
  'legal-hold.place': [O],
  'legal-hold.release': [O],
  'access-log.read': [P],
  'audit.search': [U, O],
  'audit.acknowledge': [O],
  'alert.list': [O],
  'alert.read': [O],
  'alert.dismiss': [O],
  'alert.open-incident': [O],
  'alert.contain': [O],
  'alert.precision': [O],
  'incident.open': [O],
  'incident.list': [O],
  'incident.read': [O],
  'incident.contain': [O],
  'incident.assess': [O],
  'incident.determine': [O],
  'incident.hold': [O],
  'incident.scope': [O],
  'incident.people': [O],
  'incident.change-people': [O],
  'incident.notify': [O],
  'incident.notices': [O],
  'incident.notice': [O],
  'incident.prove': [O],
  'incident.document': [O],
  'incident.dossier': [O, U],
  'incident.release': [O],
  'incident.close': [O],
  'incident.reopen': [O],
  'associate.record': [O],
  'associate.list': [O, U],
  'associate.read': [O, U],
  'associate.renew': [O],
  'associate.end': [O],
  'import.create': [R],
  'import.read': [R],
  'import.stage': [R],
  'import.commit': [R],
};

const clinicianReads = [
  'demographics',
  'medical_history',
  'diagnoses',
  'prescriptions',
  'notes',
  'psychotherapy_notes',
  'claim_clinical',
];
export const reads: Record<Role, readonly string[]> = {
  clinician: clinicianReads,
  billing: ['demographics', 'ssn', 'insurance_id', 'billing_address', 'payment_history'],
  registrar: ['demographics'],
  patient: categories.filter((name) => name !== 'psychotherapy_notes'),
  admin: [],
  compliance_officer: [],
  auditor: [],
};
const writes: Record<Role, readonly string[]> = {
  clinician: ['medical_history', 'diagnoses', 'prescriptions', 'notes', 'psychotherapy_notes'],
  billing: ['insurance_id', 'billing_address', 'payment_history'],
  registrar: ['demographics'],
  patient: [],
  admin: [],
  compliance_officer: [],
  auditor: [],
};

const reading = /^(patient\.(read|search|export)|record\.(list|read|history|version))$/;
const writing = /^(patient\.correct|record\.(create|update))$/;
/** makes a notice of a breach, of which the officers see name and address alone */
const notifying = /^incident\.(scope|change-people|notify|notice)$/;
/** is about one patient's record, so it takes the role's relationship to that patient */
const ofPatient =
  /^(patient\.(read|correct|export)|record\..*|care-team\..*|account\.invite|representative\..*|emergency\.(read|review)|control\.(freeze|release)-patient|key\.rotate|patient\.dispose|disposal\.read|legal-hold\..*|task\..*|vip\..*|access-log\.read)$/;
/** what a clinician may do with a patient in an emergency: care for them, not let others in or take the record away */
const inEmergency = /^(patient\.read|record\..*|care-team\.read)$/;
const openingEmergency = /^emergency\.(open|second)$/;
const inLockdown = /^(approval\..*|account\.sign-out)$/;

/** @returns whether the rules let this be, told apart from how decide() gets there */
export function isAllowed({ role, action, category, relation, controls, account }: Case): boolean {
  if (account !== 'active' || !(askers[action] ?? []).includes(role) || controls === 'role freeze') return false;
  const emergency =
    role === C && inEmergency.test(action) && (relation === 'emergency' || relation === 'emergency and team');
  if (controls === 'lockdown' && role !== O && !inLockdown.test(action) && !openingEmergency.test(action) && !emergency)
    return false;
  if (ofPatient.test(action)) {
    const frozen = controls === 'patient freeze';
    const onTeam = ['team', 'team from now', 'emergency and team'].includes(relation);
    if (role === C && !emergency && (!onTeam || frozen)) return false;
    if (role === P) {
      const represents = relation === 'representative of all' || relation === 'representative for diagnoses';
      if (relation !== 'self' && !(represents && !frozen)) return false;
      if (relation === 'representative for diagnoses' && reading.test(action) && category !== 'diagnoses') return false;
    }
    if ((role === B || role === R || role === A || role === U) && frozen) return false;
  }
  if (reading.test(action)) return reads[role].includes(category);
  if (writing.test(action)) return writes[role].includes(category);
  if (notifying.test(action)) return category === 'demographics';
  return true;
}

/** @returns the basis that a permitted case must be recorded with */
export function basisOf({ role, action, relation, controls }: Case): string {
  if (!ofPatient.test(action)) return 'role';
  if (role === P) return relation === 'self' ? 'self' : 'representative';
  if (role !== C) return 'role';
  const contained = controls === 'patient freeze' || controls === 'lockdown';
  return relation === 'emergency' || (relation === 'emergency and team' && contained)
    ? `emergency:${emergencyId}`
    : 'care-team';
}
