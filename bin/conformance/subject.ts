import { randomUUID } from 'node:crypto';
import type { ApiClient } from '../api-client';
import type { Place } from '../doctor/place';
import type { Target } from '../target';

/** A test user of the stage who is signed in on this machine. */
export interface TestUser {
  /** of the sign-in: `ward --as <name> login` */
  readonly name: string;
  readonly role: string;
  readonly accessToken: string;
  readonly idToken: string;
}

/** What conformance is tried on: a stage that is not production, with people who may be used for it. */
export interface Subject {
  readonly target: Target;
  readonly place: Place;
  readonly users: readonly TestUser[];
  /** id of somebody who is nobody, registered for this */
  readonly patient?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** of the audit events and the access log */
  readonly requestId: string;
  /** of the problem details, such as `urn:ward:problem:forbidden` */
  readonly type: string;
}

/** an id that nobody has, new with every run */
export const nobody = randomUUID();

/** @returns the path of a route with ids that nobody has */
export function pathOf(template: string): string {
  const values: Readonly<Record<string, string>> = { category: 'diagnoses', version: '1', part: '1', role: 'auditor' };
  return template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? nobody);
}

/** Calls the API as it stands: without a token unless the headers have one. */
export async function call(
  { target }: Pick<Subject, 'target'>,
  method: string,
  path: string,
  options: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {},
): Promise<Reply> {
  const response = await fetch(`${target.api}${path}`, {
    method,
    redirect: 'manual',
    headers: { ...options.headers },
    ...(options.body !== undefined && { body: options.body }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    requestId: response.headers.get('x-amzn-requestid') ?? '',
    type: problemType(text),
  };
}

export const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });
export const json: Readonly<Record<string, string>> = { 'content-type': 'application/json' };

function problemType(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && 'type' in parsed ? String(parsed.type) : '';
  } catch {
    return '';
  }
}

/** @returns who a sign-in of this machine is, asked of the API itself */
export async function roleOf(client: ApiClient): Promise<string> {
  const { body } = await client.call('GET', '/v1/me');
  if (typeof body === 'object' && body !== null && 'role' in body && typeof body.role === 'string') return body.role;
  throw new Error('the API does not say which role that sign-in has');
}

/** A request and how it is named in what is said of it. */
export interface Attempt {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
export type Answered = readonly [what: string, reply: Reply];

/** few enough to be no load, enough not to wait for each cold start alone */
const atOnce = 8;

/** @returns the answers in order of the attempts */
export async function callAll(
  subject: Pick<Subject, 'target'>,
  attempts: readonly Attempt[],
): Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  for (let first = 0; first < attempts.length; first += atOnce)
    answers.push(
      ...(await Promise.all(
        attempts
          .slice(first, first + atOnce)
          .map(async ({ what, method, path, ...more }) => [what, await call(subject, method, path, more)] as const),
      )),
    );
  return answers;
}

/** @returns the attempt to call a route about somebody whom nobody knows */
export function attemptOf(
  { method, path, bodyLimit }: { readonly method: string; readonly path: string; readonly bodyLimit: number },
  headers: Readonly<Record<string, string>> = {},
): Attempt {
  const what = `${method} ${path}`;
  return bodyLimit > 0
    ? { what, method, path: pathOf(path), body: '{}', headers: { ...json, ...headers } }
    : { what, method, path: pathOf(path), headers };
}
