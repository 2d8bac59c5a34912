import { randomUUID } from 'node:crypto';
import { AdminSetUserPasswordCommand } from '@aws-sdk/client-cognito-identity-provider';
import { Secret, TOTP } from 'otpauth';
import { signIn } from '../../bin/cognito-sign-in';
import type { AuditEvent } from '../../lambda/audit/event';
import { type BundleEntry, bundleEnvelope, cutBundle } from '../../lambda/records/fhir/bundle';
import { type Person, type Response, ward } from './ward';

/** A medical record number that no other test has. */
export const newMrn = (): string => `T-${randomUUID()}`;

export const mrnIdentifier = (value: string) => ({
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
  value,
});

/** @returns demographics of somebody new */
export function demographics(given: {
  readonly mrn?: string;
  readonly family?: string;
  readonly birthDate?: string;
}): Record<string, unknown> {
  const { mrn = newMrn(), family = `Family-${randomUUID()}`, birthDate = '1970-02-03' } = given;
  return {
    identifier: [mrnIdentifier(mrn)],
    name: [{ use: 'official', family, given: ['Jo'] }],
    birthDate,
    gender: 'female',
    telecom: [{ system: 'phone', value: '555-0100' }],
  };
}

/** Registers somebody as the registrar. @returns the patient's id */
export async function registered(
  more: Record<string, unknown> = {},
  by: Person = ward().as('registrar'),
): Promise<string> {
  const response = await by.post('/v1/patients', { demographics: demographics({}), ...more });
  return idOf(response, 201);
}

/** Registers somebody who is cared for by `clinician`, put on the team by the administrator. */
export async function caredFor(
  more: Record<string, unknown> = {},
  clinician = 'clinician',
  cloud = ward(),
): Promise<string> {
  const patient = await registered(more, cloud.as('registrar'));
  await join(patient, clinician, cloud);
  return patient;
}

export async function join(patient: string, clinician: string, cloud = ward()): Promise<void> {
  const { status } = await cloud.as('admin').put(`/v1/patients/${patient}/care-team/${cloud.user(clinician).sub}`, {});
  if (status !== 201 && status !== 200) throw new Error(`the care team answered ${status}`);
}

export function idOf({ status, body, text }: Response, expected: number): string {
  if (status !== expected) throw new Error(`${status} instead of ${expected}: ${text}`);
  return String(body.id);
}

/** The parts in which the command line would send a bundle. */
export function partsOf(bundle: unknown): (readonly BundleEntry[])[] {
  const checked = bundleEnvelope(bundle);
  if ('issues' in checked) throw new Error(checked.issues.map(({ message }) => message).join());
  return cutBundle(checked).map(({ entries }) => entries);
}

/** Begins an import and stages every part. @returns the import's id */
export async function staged(registrar: Person, bundle: unknown): Promise<string> {
  const parts = partsOf(bundle);
  const id = idOf(await registrar.post('/v1/imports', { parts: parts.length }), 201);
  for (const [index, entries] of parts.entries()) {
    const { status, text } = await registrar.put(`/v1/imports/${id}/parts/${index + 1}`, { entries });
    if (status !== 200) throw new Error(`part ${index + 1} answered ${status}: ${text}`);
  }
  return id;
}

/** Commits an import, asking again as long as it is under way. */
export async function commit(registrar: Person, id: string): Promise<Response> {
  for (;;) {
    const response = await registrar.post(`/v1/imports/${id}/commit`, {});
    if (response.status !== 202) return response;
  }
}

export async function imported(bundle: unknown, registrar: Person = ward().as('registrar')): Promise<Response> {
  return commit(registrar, await staged(registrar, bundle));
}

/** Somebody new who can sign in, made by the administrator as `ward users create` does, with an authenticator. */
export async function newPerson(role: 'clinician' | 'billing' | 'registrar' | 'patient', cloud = ward()) {
  const email = `${randomUUID()}@example.org`;
  const sub = idOf(await cloud.as('admin').post('/v1/users', { email, role }), 201);
  const [client, poolId, password] = [cloud.cognito(), cloud.output('UserPoolId'), `aA1!${randomUUID()}`];
  const known = { UserPoolId: poolId, Username: email };
  await client.send(new AdminSetUserPasswordCommand({ ...known, Password: password, Permanent: true }));
  let secret = '';
  const tokens = await signIn({
    client,
    poolId,
    clientId: cloud.output('ClientId'),
    username: email,
    password,
    totp: async (enrolment) => {
      secret = enrolment?.secret ?? secret;
      return new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    },
  });
  return { sub, email, password, tokens, api: cloud.with(`Bearer ${tokens.accessToken}`) };
}

/** Binds a patient's account to a record, with the code that a registrar hands over. */
export async function enrolled(patient: string, account: Person, registrar: Person): Promise<void> {
  const code = await registrar.post(`/v1/patients/${patient}/enrollment-codes`, { identity_check: 'government-id' });
  const bound = await account.post('/v1/me/enrollment', { code: code.body.code });
  if (bound.status !== 200) throw new Error(`enrollment answered ${bound.status}: ${bound.text}`);
}

/** What a test says of an event: the rest is checked elsewhere. */
export const told = ({
  action,
  actor,
  patient,
  categories,
  resources,
  outcome,
  basis,
  purpose,
  reason,
  request,
}: AuditEvent) => ({
  action,
  actor: actor?.sub,
  role: actor?.role,
  patient,
  categories,
  resources: resources.map(({ id, type, version }) => [type, id, version]),
  outcome,
  basis,
  purpose,
  reason,
  status: request?.status,
});

/** A problem is RFC 9457 with a stable type, is never kept by a cache, and repeats nothing that was sent. */
export function expectProblem(response: Response, status: number, type: string, ...sent: readonly string[]): void {
  expect({ status: response.status, type: response.body?.type }).toEqual({ status, type: `urn:ward:problem:${type}` });
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.body).toMatchObject({
    title: expect.any(String),
    status,
    instance: expect.stringMatching(/^urn:uuid:/),
  });
  for (const value of sent) expect(response.text).not.toContain(value);
}

/** @returns a copy whose resources a test may change */
export const cloneOf = (bundle: object): { entry: { fullUrl: string; resource: Record<string, unknown> }[] } =>
  JSON.parse(JSON.stringify(bundle));
