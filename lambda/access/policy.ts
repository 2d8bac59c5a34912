import type { Purpose } from '../audit/event';
import type { Role } from '../authentication/actor';
import { type Category, categories } from '../records/model';

/** What a role may see and write, and under which relationship. 45 CFR 164.502(b), 164.514(d), 164.308(a)(4). */
export interface RolePolicy {
  readonly reads: readonly Category[];
  readonly writes: readonly Category[];
  /** what must stand between the person and the patient; `none`: the role alone is enough */
  readonly relationship: 'care-team' | 'self' | 'none';
  /** of whose fields a notice of a breach may be made; see breach/recipient.ts for which. 45 CFR 164.404, 164.502(b) */
  readonly notices?: readonly Category[];
  /** categories of which a person sees and writes only what they wrote themselves. 45 CFR 164.508(a)(2) */
  readonly originatorOnly: readonly Category[];
  /** purpose of use that each access is recorded with */
  readonly purpose: Purpose;
}

const clinical = ['medical_history', 'diagnoses', 'prescriptions', 'notes', 'psychotherapy_notes'] as const;

/** The matrix: one row a role. What is not here is denied; docs/access.md and the exhaustive test are made from it. */
export const policy: Readonly<Record<Role, RolePolicy>> = {
  clinician: {
    reads: ['demographics', ...clinical, 'claim_clinical'],
    writes: clinical,
    relationship: 'care-team',
    originatorOnly: ['psychotherapy_notes'],
    purpose: 'TREAT',
  },
  billing: {
    reads: ['demographics', 'ssn', 'insurance_id', 'billing_address', 'payment_history'],
    writes: ['insurance_id', 'billing_address', 'payment_history'],
    relationship: 'none',
    originatorOnly: [],
    purpose: 'PAYMENT',
  },
  registrar: {
    reads: ['demographics'],
    writes: ['demographics'],
    relationship: 'none',
    originatorOnly: [],
    purpose: 'OPERATIONS',
  },
  patient: {
    reads: categories.filter((name) => name !== 'psychotherapy_notes'),
    writes: [],
    relationship: 'self',
    originatorOnly: [],
    purpose: 'REQUEST',
  },
  admin: { reads: [], writes: [], relationship: 'none', originatorOnly: [], purpose: 'OPERATIONS' },
  compliance_officer: {
    reads: [],
    writes: [],
    notices: ['demographics'],
    relationship: 'none',
    originatorOnly: [],
    purpose: 'BREACH',
  },
  auditor: { reads: [], writes: [], relationship: 'none', originatorOnly: [], purpose: 'OPERATIONS' },
};

/** What a route does, and who may ask for it at all. */
export interface ActionPolicy {
  readonly roles: readonly Role[];
  /** which column of the matrix the categories of the request are held against; `none`: no PHI is involved */
  readonly access: 'read' | 'write' | 'notice' | 'none';
  /** asks for the relationship of the role's row */
  readonly patient: boolean;
  /** `covered`: an open emergency access stands for the relationship; `opens`: the way to one. 45 CFR 164.312(a)(2)(ii) */
  readonly emergency?: 'covered' | 'opens';
  /** the person proved both factors at most this long ago; seconds */
  readonly signedInWithin?: number;
  /** goes on under a lockdown, because it shows nobody's record and is needed to end one */
  readonly duringLockdown?: true;
}

const emergencySignInSeconds = 5 * 60;

const readers = ['clinician', 'billing', 'registrar', 'patient'] as const;
const everyone = [...readers, 'admin', 'compliance_officer', 'auditor'] as const;

export const actions = {
  'account.read': { roles: everyone, access: 'none', patient: false },
  'account.sign-out': { roles: everyone, access: 'none', patient: false, duringLockdown: true },
  'account.enroll': { roles: ['patient'], access: 'none', patient: false },
  'account.invite': { roles: ['registrar'], access: 'none', patient: true },
  'user.list': { roles: ['admin', 'compliance_officer', 'auditor'], access: 'none', patient: false },
  'access-review.list': { roles: ['admin', 'compliance_officer', 'auditor'], access: 'none', patient: false },
  'access-review.read': { roles: ['admin', 'compliance_officer', 'auditor'], access: 'none', patient: false },
  'access-review.record': { roles: ['admin', 'compliance_officer'], access: 'none', patient: false },
  'user.read': { roles: ['admin', 'compliance_officer', 'auditor'], access: 'none', patient: false },
  'user.change-role': { roles: ['admin'], access: 'none', patient: false },
  'user.suspend': { roles: ['admin', 'compliance_officer'], access: 'none', patient: false },
  'user.reinstate': { roles: ['admin', 'compliance_officer'], access: 'none', patient: false },
  'user.recover-mfa': { roles: ['admin'], access: 'none', patient: false },
  'user.create': { roles: ['admin'], access: 'none', patient: false },
  'user.relate': { roles: ['admin'], access: 'none', patient: false },
  'approval.request': { roles: ['admin', 'compliance_officer'], access: 'none', patient: false, duringLockdown: true },
  'approval.list': {
    roles: ['admin', 'compliance_officer', 'auditor'],
    access: 'none',
    patient: false,
    duringLockdown: true,
  },
  'approval.read': {
    roles: ['admin', 'compliance_officer', 'auditor'],
    access: 'none',
    patient: false,
    duringLockdown: true,
  },
  'approval.approve': { roles: ['admin', 'compliance_officer'], access: 'none', patient: false, duringLockdown: true },
  'approval.reject': { roles: ['admin', 'compliance_officer'], access: 'none', patient: false, duringLockdown: true },
  'patient.register': { roles: ['registrar', 'clinician'], access: 'none', patient: false },
  'patient.read': { roles: readers, access: 'read', patient: true, emergency: 'covered' },
  'patient.correct': { roles: ['registrar'], access: 'write', patient: true },
  'patient.search': { roles: ['clinician', 'billing', 'registrar'], access: 'read', patient: false },
  'patient.export': { roles: ['patient', 'clinician'], access: 'read', patient: true },
  'record.list': { roles: readers, access: 'read', patient: true, emergency: 'covered' },
  'record.read': { roles: readers, access: 'read', patient: true, emergency: 'covered' },
  'record.history': { roles: readers, access: 'read', patient: true, emergency: 'covered' },
  'record.version': { roles: readers, access: 'read', patient: true, emergency: 'covered' },
  'record.create': { roles: ['clinician', 'billing'], access: 'write', patient: true, emergency: 'covered' },
  'record.update': { roles: ['clinician', 'billing'], access: 'write', patient: true, emergency: 'covered' },
  'care-team.read': { roles: ['clinician', 'admin', 'patient'], access: 'none', patient: true, emergency: 'covered' },
  'care-team.add': { roles: ['clinician', 'admin'], access: 'none', patient: true },
  'care-team.remove': { roles: ['clinician', 'admin'], access: 'none', patient: true },
  'task.record': { roles: ['clinician', 'registrar', 'billing'], access: 'none', patient: true },
  'task.list': {
    roles: ['clinician', 'registrar', 'billing', 'compliance_officer'],
    access: 'none',
    patient: true,
  },
  'vip.mark': { roles: ['compliance_officer'], access: 'none', patient: true },
  'vip.clear': { roles: ['compliance_officer'], access: 'none', patient: true },
  'representative.record': { roles: ['registrar'], access: 'none', patient: true },
  'representative.end': { roles: ['registrar'], access: 'none', patient: true },
  'emergency.open': {
    roles: ['clinician'],
    access: 'none',
    patient: false,
    emergency: 'opens',
    signedInWithin: emergencySignInSeconds,
  },
  'emergency.second': {
    roles: ['clinician'],
    access: 'none',
    patient: false,
    emergency: 'opens',
    signedInWithin: emergencySignInSeconds,
  },
  'emergency.list': { roles: ['compliance_officer'], access: 'none', patient: false },
  'emergency.read': { roles: ['compliance_officer'], access: 'none', patient: true },
  'emergency.review': { roles: ['compliance_officer'], access: 'none', patient: true },
  'control.list': { roles: ['compliance_officer'], access: 'none', patient: false },
  'control.lockdown': { roles: ['compliance_officer'], access: 'none', patient: false },
  'control.lockdown-release': { roles: ['compliance_officer'], access: 'none', patient: false },
  'control.freeze-role': { roles: ['compliance_officer'], access: 'none', patient: false },
  'control.release-role': { roles: ['compliance_officer'], access: 'none', patient: false },
  'control.freeze-patient': { roles: ['compliance_officer'], access: 'none', patient: true },
  'control.release-patient': { roles: ['compliance_officer'], access: 'none', patient: true },
  'record.versions': { roles: ['compliance_officer', 'auditor'], access: 'none', patient: true },
  'lookup.rotate': { roles: ['compliance_officer'], access: 'none', patient: false },
  'key.list': { roles: ['compliance_officer'], access: 'none', patient: false },
  'key.rotate': { roles: ['compliance_officer'], access: 'none', patient: true },
  'patient.dispose': { roles: ['compliance_officer', 'admin'], access: 'none', patient: true },
  'disposal.read': { roles: ['compliance_officer', 'admin', 'auditor'], access: 'none', patient: true },
  'legal-hold.place': { roles: ['compliance_officer'], access: 'none', patient: true },
  'legal-hold.release': { roles: ['compliance_officer'], access: 'none', patient: true },
  'associate.record': { roles: ['compliance_officer'], access: 'none', patient: false },
  'associate.list': { roles: ['compliance_officer', 'auditor'], access: 'none', patient: false },
  'associate.read': { roles: ['compliance_officer', 'auditor'], access: 'none', patient: false },
  'associate.renew': { roles: ['compliance_officer'], access: 'none', patient: false },
  'associate.end': { roles: ['compliance_officer'], access: 'none', patient: false },
  'import.create': { roles: ['registrar'], access: 'none', patient: false },
  'import.read': { roles: ['registrar'], access: 'none', patient: false },
  'import.stage': { roles: ['registrar'], access: 'none', patient: false },
  'import.commit': { roles: ['registrar'], access: 'none', patient: false },
  'access-log.read': { roles: ['patient'], access: 'none', patient: true },
  'audit.search': { roles: ['auditor', 'compliance_officer'], access: 'none', patient: false },
  'audit.acknowledge': { roles: ['compliance_officer'], access: 'none', patient: false },
  'alert.list': { roles: ['compliance_officer'], access: 'none', patient: false },
  'alert.read': { roles: ['compliance_officer'], access: 'none', patient: false },
  'alert.dismiss': { roles: ['compliance_officer'], access: 'none', patient: false },
  'alert.open-incident': { roles: ['compliance_officer'], access: 'none', patient: false },
  'alert.contain': { roles: ['compliance_officer'], access: 'none', patient: false },
  'alert.precision': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.open': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.list': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.read': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.contain': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.assess': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.determine': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.hold': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.scope': { roles: ['compliance_officer'], access: 'notice', patient: false },
  'incident.people': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.change-people': { roles: ['compliance_officer'], access: 'notice', patient: false },
  'incident.notify': { roles: ['compliance_officer'], access: 'notice', patient: false },
  'incident.notices': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.notice': { roles: ['compliance_officer'], access: 'notice', patient: false },
  'incident.prove': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.document': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.dossier': { roles: ['compliance_officer', 'auditor'], access: 'none', patient: false },
  'incident.release': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.close': { roles: ['compliance_officer'], access: 'none', patient: false },
  'incident.reopen': { roles: ['compliance_officer'], access: 'none', patient: false },
} as const satisfies Readonly<Record<string, ActionPolicy>>;

export type Action = keyof typeof actions;
