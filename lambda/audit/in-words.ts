import type { Role } from '../authentication/actor';
import type { Category } from '../records/model';
import type { AuditEvent } from './event';

/** One access as the person reads it whose record it was. */
export interface AccessInWords {
  readonly at: string;
  /** the whole of it as one sentence */
  readonly text: string;
  /** `you`, or the role that the person had at the time */
  readonly role: Role | 'you' | 'ward';
  /** names a member of the workforce to the compliance office, and nobody to anyone else */
  readonly actor: string | null;
  readonly categories: readonly Category[];
}

const roleWords: Readonly<Record<Role, string>> = {
  clinician: 'A clinician',
  billing: 'Someone from billing',
  registrar: 'Someone from registration',
  patient: 'Someone who may act for you',
  admin: 'An administrator',
  compliance_officer: 'A compliance officer',
  auditor: 'An auditor',
};

const categoryWords: Readonly<Record<Category, string>> = {
  demographics: 'your name, birth date and contact details',
  ssn: 'your Social Security number',
  medical_history: 'your medical history',
  diagnoses: 'your diagnoses',
  prescriptions: 'your prescriptions',
  notes: 'your doctor’s notes',
  psychotherapy_notes: 'psychotherapy notes',
  insurance_id: 'your insurance details',
  billing_address: 'your billing address',
  payment_history: 'your payments',
  claim_clinical: 'the medical part of your insurance claims',
};

/** By action, then by the part before its dot, then by what the request did: an action without words still says something. */
const actionWords: Readonly<Record<string, string>> = {
  'patient.register': 'created your record',
  'patient.search': 'found you in a search and saw {what}',
  'patient.export': 'took a copy of {what}',
  'import.commit': 'added records about you from another system',
  'account.invite': 'prepared a code to connect your account',
  'account.enroll': 'connected an account to your record',
  'care-team.read': 'looked at who is on your care team',
  'care-team.add': 'added someone to your care team',
  'care-team.remove': 'ended someone’s place on your care team',
  'emergency.open': 'opened emergency access to your record',
  'audit.search': 'looked at the list of who used your record',
  'access-log.read': 'looked at the list of who used your record',
  'record.history': 'looked at the list of changes to {what}',
  disclosure: 'gave {what} to someone outside',
  amendment: 'worked on a correction that was asked for',
  representative: 'recorded who may act for you',
  control: 'changed whether your record is locked',
  key: 'renewed the protection of your record',
  task: 'planned work for you, or looked at what is planned',
  vip: 'changed how closely your record is watched',
  'user.relate': 'recorded that somebody who works here is you',
  alert: 'looked into a warning about the use of your record',
  incident: 'worked on a report about the safety of your record',
};
const byMethod: Readonly<Record<string, string>> = {
  GET: 'looked at {what}',
  POST: 'added to {what}',
  PUT: 'changed {what}',
  PATCH: 'changed {what}',
  DELETE: 'ended something in {what}',
};

/**
 * Says what an event means to the patient whose record it was about. 45 CFR 164.524 and 164.528 give them more; this shows
 * what no law asks for and everyone wants to know: who looked.
 * @param reader `sub` of whoever reads the list
 */
export function inWords(event: AuditEvent, reader: string): AccessInWords {
  const { actor, action, at, categories, request } = event;
  const [area = ''] = action.split('.');
  const pattern = actionWords[action] ?? actionWords[area] ?? byMethod[request?.method ?? ''] ?? 'worked on {what}';
  const what = enumeration(categories.map((category) => categoryWords[category]));
  const self = actor?.sub === reader;
  const who = self
    ? 'You'
    : actor === null
      ? 'Ward itself'
      : event.basis === 'self'
        ? 'The patient'
        : `${actor.role === null ? 'Somebody' : roleWords[actor.role]} (id ${actor.sub.slice(0, 8)})`;
  const why = self ? '' : reason(event);
  return {
    at,
    text: `${who} ${pattern.replace('{what}', what)}${why}.`,
    role: self ? 'you' : (actor?.role ?? 'ward'),
    actor: self ? null : (actor?.sub ?? null),
    categories,
  };
}

function reason({ basis, purpose }: AuditEvent): string {
  if (basis?.startsWith('emergency:')) return ', in an emergency; every such access is reviewed';
  if (basis === 'care-team' || basis === 'originator') return ', as a member of your care team';
  if (basis === 'representative') return ', on your behalf';
  return (
    { PAYMENT: ', for billing', BREACH: ', to protect your record', REQUEST: ', at your request' }[String(purpose)] ??
    ''
  );
}

/** "a", "a and b", "a, b and c" */
function enumeration(words: readonly string[]): string {
  if (words.length === 0) return 'your record';
  const last = words.at(-1) ?? '';
  return words.length === 1 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}
