import * as z from 'zod';
import { type Role, roles } from '../authentication/actor';
import { category, patientId } from '../records/model';

/** A person. `PK` `ACTOR#<sub>`, `SK` `ACTOR`. 45 CFR 164.308(a)(3)(ii)(A): every grant names who gave it. */
export const actorItem = z.object({
  sub: z.uuid(),
  role: z.enum(roles),
  status: z.enum(['active', 'suspended']),
  patient: patientId.optional(),
  createdBy: z.string(),
  createdAt: z.string(),
  /** who gave the role that the person has now, and who agreed where it takes two */
  roleGrantedBy: z.string().optional(),
  roleGrantedAt: z.string().optional(),
  approvedBy: z.string().optional(),
  suspendedBy: z.string().optional(),
  suspendedAt: z.string().optional(),
  suspensionReason: z.string().optional(),
  suspensionExpiresAt: z.string().optional(),
  /** tokens of sign-ins before this moment are good for nothing */
  signedOutAt: z.string().optional(),
  /** Cognito `sub` of the account, where a recovery made a new one: `sub` is the person and stays */
  account: z.uuid().optional(),
  /** a recovery that has begun: who does it with which approval, and what stands for the e-mail address */
  recovery: z.object({ approval: z.uuid(), by: z.uuid(), address: z.uuid() }).optional(),
  version: z.int().positive(),
});
export type ActorItem = z.infer<typeof actorItem>;

/**
 * That an account is somebody's is said here alone, where a recovery wrote it with a second person's approval: the attribute by
 * which an account names a person can be written by whoever may make accounts.
 * @param account Cognito `sub` @returns whether the person signs in with it
 */
export const signsInWith = (actor: ActorItem, account: string): boolean => (actor.account ?? actor.sub) === account;

/** A place on a care team. `PK` `PATIENT#<patient>`, `SK` `MEMBER#<sub>`. */
export const memberItem = z.object({
  sub: z.uuid(),
  patient: patientId,
  roleInTeam: z.enum(['attending', 'consulting', 'nursing', 'registering']),
  addedBy: z.string(),
  startsAt: z.string(),
  endsAt: z.string().optional(),
  /** the clinician came in by registering the patient, and nobody has confirmed it yet */
  reviewDue: z.boolean(),
  version: z.int().positive(),
});
export type MemberItem = z.infer<typeof memberItem>;

/** What a freeze or a lockdown is put in place for: codes, never text. 45 CFR 164.308(a)(6)(ii). */
export const controlReasons = [
  'suspected-breach',
  'stolen-credentials',
  'misuse-under-review',
  'malware',
  'vip-protection',
  'patient-request',
  'court-order',
  'drill',
] as const;

/** What a lockdown after a restore is: `restore` bars everybody until the log is replayed, `restored` waits for two people. */
const restoreReasons = ['restore', 'restored'] as const;

/**
 * A containment switch. `PK` `CONTROL#LOCKDOWN`, `CONTROL#ROLE#<role>` or `CONTROL#PATIENT#<id>`, `SK` `CONTROL`. It is
 * released, never deleted. Times are UTC, ISO 8601.
 */
export const controlItem = z.object({
  kind: z.enum(['lockdown', 'role', 'patient']),
  /** the role or the patient; `system` of a lockdown */
  target: z.string(),
  reason: z.enum([...controlReasons, ...restoreReasons]),
  /** of a lockdown after a restore: what an approval of its release names */
  restore: z.uuid().optional(),
  /** `sub`, or `operator` where it came from the command line */
  author: z.string(),
  at: z.string(),
  expiresAt: z.string(),
  releasedAt: z.string().optional(),
  releasedBy: z.string().optional(),
  version: z.int().positive(),
});
export type ControlItem = z.infer<typeof controlItem>;

/** A clinician's newest emergency access to a patient. `PK` `PATIENT#<patient>`, `SK` `EMERGENCY#<sub>`. */
export const standingEmergency = z.object({ id: z.uuid(), startsAt: z.string(), endsAt: z.string() });
export type StandingEmergency = z.infer<typeof standingEmergency>;

export const representativeKinds = ['parent-of-minor', 'guardian', 'healthcare-power-of-attorney', 'executor'] as const;
/** Who may act for a patient. `PK` `PATIENT#<patient>`, `SK` `REPRESENTATIVE#<sub>`. 45 CFR 164.502(g). */
export const representativeItem = z.object({
  sub: z.uuid(),
  patient: patientId,
  scope: z.union([z.literal('all'), z.array(category).min(1)]),
  relationship: z.enum(representativeKinds),
  evidence: z.string(),
  recordedBy: z.string(),
  startsAt: z.string(),
  endsAt: z.string().optional(),
  version: z.int().positive(),
});
export type RepresentativeItem = z.infer<typeof representativeItem>;

/** One sign-in. `PK` `SESSION#<origin_jti>`, `SK` `SESSION`; its time to live ends after the absolute limit. */
export const sessionItem = z.object({
  sub: z.uuid(),
  startedAt: z.string().optional(),
  lastSeenAt: z.string(),
  endedAt: z.string().optional(),
});

/** What a creation made, so that sending it again makes nothing new. Holds no PHI. */
export const idempotencyItem = z.object({ resource: z.string(), version: z.int().positive() });
export type IdempotencyItem = z.infer<typeof idempotencyItem>;

export const memberPrefix = 'MEMBER#';

export const governanceKeys = {
  actor: (sub: string) => ({ PK: `ACTOR#${sub}`, SK: 'ACTOR' }),
  member: (patient: string, sub: string) => ({ PK: `PATIENT#${patient}`, SK: `${memberPrefix}${sub}` }),
  /** the list of all actors */
  listed: (sub: string) => ({ PK: 'ACTORS', SK: sub }),
  /** which person a renewed account is of */
  account: (account: string) => ({ PK: `ACCOUNT#${account}`, SK: 'ACCOUNT' }),
  /** when somebody signed in last */
  lastSignIn: (sub: string) => ({ PK: 'SIGN-INS', SK: sub }),
  /** which patients' care teams somebody is or was on */
  memberOf: (sub: string, patient: string) => ({ PK: `MEMBER-OF#${sub}`, SK: patient }),
  review: (period: string, sub: string) => ({ PK: `ACCESS-REVIEW#${period}`, SK: sub }),
  overdueReview: (period: string, day: string) => ({ PK: `OVERDUE-REVIEW#${period}`, SK: day }),
  /** that the first people were made */
  bootstrap: { PK: 'BOOTSTRAP', SK: 'BOOTSTRAP' },
  /** how many active people hold a role that must not die out */
  holders: (role: string) => ({ PK: 'HOLDERS', SK: role }),
  approval: (id: string) => ({ PK: `APPROVAL#${id}`, SK: 'APPROVAL' }),
  /** the list of all approvals; ids are UUIDv7, so it is in order of time */
  listedApproval: (id: string) => ({ PK: 'APPROVALS', SK: id }),
  enrollment: (codeHash: string) => ({ PK: `ENROLLMENT#${codeHash}`, SK: 'ENROLLMENT' }),
  session: (id: string) => ({ PK: `SESSION#${id}`, SK: 'SESSION' }),
  lockdown: { PK: 'CONTROL#LOCKDOWN', SK: 'CONTROL' },
  /** the newest restore of the tables */
  restore: { PK: 'RESTORE', SK: 'RESTORE' },
  frozenRole: (role: string) => ({ PK: `CONTROL#ROLE#${role}`, SK: 'CONTROL' }),
  frozenPatient: (patient: string) => ({ PK: `CONTROL#PATIENT#${patient}`, SK: 'CONTROL' }),
  /** the list of all controls; of `<kind>#<target>` */
  listedControl: (name: string) => ({ PK: 'CONTROLS', SK: name }),
  /** what an open emergency access is decided on */
  standingEmergency: (patient: string, sub: string) => ({ PK: `PATIENT#${patient}`, SK: `EMERGENCY#${sub}` }),
  /** the list of all; ids are UUIDv7, so it is in order of time */
  emergency: (id: string) => ({ PK: 'EMERGENCIES', SK: id }),
  /** reviews that are due; `due` is an instant */
  emergencyReview: (due: string, id: string) => ({ PK: 'EMERGENCY-REVIEWS', SK: `${due}#${id}` }),
  emergencyQuota: (sub: string) => ({ PK: `EMERGENCY-QUOTA#${sub}`, SK: 'EMERGENCY-QUOTA' }),
  /** mails that are not sent yet */
  alert: (id: string) => ({ PK: 'ALERTS', SK: id }),
  /** somebody whom an open incident names */
  incidentSubject: (sub: string) => ({ PK: `INCIDENT-SUBJECT#${sub}`, SK: 'INCIDENT-SUBJECT' }),
  incident: (id: string) => ({ PK: `INCIDENT#${id}`, SK: 'INCIDENT' }),
  /** the list of all incidents; ids are UUIDv7, so it is in order of time */
  listedIncident: (id: string) => ({ PK: 'INCIDENTS', SK: id }),
  /** `kind` and id of what is part of an incident: a person, a narrative, a run of its scope, a document */
  ofIncident: (id: string, kind: 'PERSON' | 'NARRATIVE' | 'RUN' | 'DOCUMENT' | 'MAIL', part: string) => ({
    PK: `INCIDENT#${id}`,
    SK: `${kind}#${part}`,
  }),
  /** a reminder of a deadline, once; apart from the incident, which the sweep cannot write */
  reminder: (incident: string, key: string) => ({ PK: `REMINDER#${incident}`, SK: key }),
  /** what detection has found; `alert` above is a mail */
  raisedAlert: (id: string) => ({ PK: `ALERT#${id}`, SK: 'ALERT' }),
  /** the lists of alerts: all, and by state; `place` is `<opened at>#<id>` */
  listedAlert: (state: string, place: string) => ({ PK: `ALERT-LIST#${state}`, SK: place }),
  alertDelivery: (name: string) => ({ PK: 'ALERT-DELIVERIES', SK: name }),
  /** what detection remembers of a subject */
  detection: (subject: string) => ({ PK: `DETECT#${subject}`, SK: 'DETECT' }),
  /** … of the days before the newest */
  detectionEarlier: (subject: string) => ({ PK: `DETECT#${subject}`, SK: 'EARLIER' }),
  /** the list of subjects */
  detectionSubject: (subject: string) => ({ PK: 'DETECT-SUBJECTS', SK: subject }),
  /** subjects of whom something waits for an explanation */
  detectionDue: (subject: string) => ({ PK: 'DETECT-DUE', SK: subject }),
  detectionBaseline: (role: string) => ({ PK: 'DETECT-BASELINES', SK: role }),
  representative: (patient: string, sub: string) => ({ PK: `PATIENT#${patient}`, SK: `REPRESENTATIVE#${sub}` }),
  /** whom a person may act for */
  represented: (sub: string, patient: string) => ({ PK: `REPRESENTS#${sub}`, SK: patient }),
  /** what somebody is to do for a patient, and until when */
  task: (patient: string, id: string) => ({ PK: `PATIENT#${patient}`, SK: `TASK#${id}` }),
  /** accesses to this patient are watched more closely */
  vip: (patient: string) => ({ PK: `PATIENT#${patient}`, SK: 'VIP' }),
  /** the patient is a member of the workforce */
  employee: (patient: string, sub: string) => ({ PK: `PATIENT#${patient}`, SK: `EMPLOYEE#${sub}` }),
  /** blind tokens of a member of the workforce */
  relations: (sub: string) => ({ PK: `RELATIONS#${sub}`, SK: 'RELATIONS' }),
  /** business associates; ids are UUIDv7, so they are in order of time */
  associate: (id: string) => ({ PK: 'ASSOCIATES', SK: id }),
  idempotency: (token: string) => ({ PK: `IDEMPOTENCY#${token}`, SK: 'IDEMPOTENCY' }),
} as const;

/** the officers end a freeze, so they are never under one */
export const freezableRoles: readonly Role[] = roles.filter((role) => role !== 'compliance_officer');
