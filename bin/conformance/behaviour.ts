import * as z from 'zod';
import { policy } from '../../lambda/access/policy';
import { roles } from '../../lambda/authentication/actor';
import { type Check, type Finding, green, red, unseen } from '../doctor/finding';
import { recorded } from './recorded';
import { bearer, call, json, type Reply, type Subject, type TestUser } from './subject';

const remedy = 'do not put anybody’s record into this stage: find what differs from the template, docs/operations.md';
const whoIAm = z.object({ id: z.uuid() });
const shownRecord = z.object({ categories: z.record(z.string(), z.unknown()) });

/**
 * What people may do is done, and no more: a clinician reads a test patient while on the care team, everybody sees the categories
 * of their role alone, each look is on record, and a session that was signed out is over. 45 CFR 164.312(a)(1), (b), 164.502(b).
 */
export const behaviour: Check<Subject> = {
  name: 'Behaviour',
  rule: '45 CFR 164.312(a)(1), (b), 164.502(b)',
  look: async (subject) => {
    const { patient, users } = subject;
    const [clinician, admin] = ['clinician', 'admin'].map((role) => users.find((user) => user.role === role));
    if (patient === undefined) return [unseen('a test patient', 'nobody is named: use --patient')];
    if (!clinician || !admin) return [unseen('a test patient', 'name a clinician and an admin with --users')];
    return [...(await onAndOffTheCareTeam(subject, patient, clinician, admin)), await signedOut(subject, clinician)];
  },
};

async function onAndOffTheCareTeam(
  subject: Subject,
  patient: string,
  clinician: TestUser,
  admin: TestUser,
): Promise<Finding[]> {
  const record = `/v1/patients/${patient}`;
  const read = ({ accessToken }: TestUser) => call(subject, 'GET', record, { headers: bearer(accessToken) });
  const me = await call(subject, 'GET', '/v1/me', { headers: bearer(clinician.accessToken) });
  const place = `${record}/care-team/${whoIAm.parse(JSON.parse(me.text)).id}`;
  const headers = { ...json, ...bearer(admin.accessToken) };
  const leave = () => call(subject, 'DELETE', place, { headers });
  await leave(); // of a run that was cut off
  const before = await read(clinician);
  const joined = await call(subject, 'PUT', place, { headers, body: '{}' });
  const during = await read(clinician);
  await leave();
  const after = await read(clinician);
  const others = subject.users.filter(({ role }) => role === 'billing' || role === 'registrar');
  const shown: [string, Reply][] = [[clinician.role, during]];
  for (const user of others) shown.push([user.role, await read(user)]);
  return [
    ...judgeVisits({ before, joined, during, after, shown }),
    await recorded(subject.place, 'events of these looks', {
      permit: shown.filter(([, { status }]) => status === 200).map(([, { requestId }]) => requestId),
      deny: [before, after].filter(isForbidden).map(({ requestId }) => requestId),
    }),
  ];
}

/** What a clinician was answered before, on and after the care team, and what each role was shown. */
interface Visits extends Readonly<Record<'before' | 'joined' | 'during' | 'after', Answer>> {
  readonly shown: readonly (readonly [role: string, answer: Answer])[];
}
type Answer = Pick<Reply, 'status' | 'text' | 'type'>;

export const judgeVisits = ({ before, joined, during, after, shown }: Visits): Finding[] => [
  judged('off the care team', [before, after].every(isForbidden), 'is refused, before and after'),
  judged('on the care team', joined.status < 300 && during.status === 200, 'is answered'),
  judged(
    'categories of a role',
    shown.every(([role, reply]) => showsAtMost(role, reply)),
    `${shown.map(([role]) => role).join(', ')}: no other is shown`,
  ),
];

/** The last thing that is tried: whoever was signed out signs in again before the next run. */
async function signedOut(subject: Subject, { accessToken }: TestUser): Promise<Finding> {
  const headers = { ...json, ...bearer(accessToken) };
  const out = await call(subject, 'POST', '/v1/me/sign-out', { headers });
  const next = await call(subject, 'GET', '/v1/me', { headers });
  const over = next.status === 401 && next.type === 'urn:ward:problem:session-ended';
  return judged('a session that was signed out', out.status < 300 && over, 'is over with the next request');
}

const isForbidden = ({ status, type }: Answer): boolean => status === 403 && type === 'urn:ward:problem:forbidden';

/** @returns whether the answer shows something, and nothing but what the table gives the role */
export function showsAtMost(role: string, { status, text }: Pick<Answer, 'status' | 'text'>): boolean {
  const known = roles.find((each) => each === role);
  if (status !== 200 || known === undefined) return false;
  const names = Object.keys(shownRecord.parse(JSON.parse(text)).categories);
  const may: readonly string[] = policy[known].reads;
  return names.length > 0 && names.every((name) => may.includes(name));
}

const judged = (subject: string, well: boolean, says: string): Finding =>
  well ? green(subject, says) : red(subject, `it is not so: ${says}`, remedy);
