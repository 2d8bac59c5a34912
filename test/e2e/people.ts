import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret, TOTP } from 'otpauth';
import { signIn, type Tokens } from '../../bin/cognito-sign-in';
import type { Person, Response, Ward } from './ward';

/** Somebody whom a test made: with a mailbox, and an authenticator of their own. */
export interface Newcomer {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly totpSecret: string;
  readonly tokens: Tokens;
  /** calls the API with the token of the first sign-in, whatever happens meanwhile */
  readonly api: Person;
}

export const address = (): string => `${randomBytes(8).toString('hex')}@people.ward.example`;

/** @returns the temporary password of the newest invitation to an address */
export async function invitation(ward: Ward, email: string): Promise<string> {
  const { emails } = (await (await fetch(`${ward.cloud.urls.mail}/store`)).json()) as {
    emails: { destination: { to: string[] }; body: { text: string } }[];
  };
  const mail = emails.findLast(({ destination }) => destination.to.includes(email));
  const password = /temporary password (\S+)\. It works/.exec(mail?.body.text ?? '')?.[1];
  if (!password) throw new Error('no invitation');
  return password;
}

/** The first sign-in after an invitation: own password, new authenticator. */
export async function settleIn(ward: Ward, id: string, email: string): Promise<Newcomer> {
  const password = `${randomBytes(12).toString('base64url')}aA1!`;
  let totpSecret = '';
  const tokens = await signIn({
    client: ward.cognito(),
    poolId: ward.output('UserPoolId'),
    clientId: ward.output('ClientId'),
    username: email,
    password: await invitation(ward, email),
    newPassword: async () => password,
    totp: async (enrolment) => {
      if (!enrolment) throw new Error('asked for a code of an authenticator that is not there');
      totpSecret = enrolment.secret;
      // The code of the step before is good for enrolling, and leaves the current one for the next sign-in.
      return new TOTP({ secret: Secret.fromBase32(totpSecret) }).generate({ timestamp: Date.now() - 30_000 });
    },
  });
  return { id, email, password, totpSecret, tokens, api: ward.with(`Bearer ${tokens.accessToken}`) };
}

/** A token says in whole seconds when its sign-in was: within the second of a sign-out, a new one counts as an old one. */
export const nextSecond = (): Promise<void> => pause(1010 - (Date.now() % 1000));

/** A further sign-in of somebody who has settled in. */
export const signInAgain = (ward: Ward, { email, password, totpSecret }: Newcomer): Promise<Tokens> =>
  signIn({
    client: ward.cognito(),
    poolId: ward.output('UserPoolId'),
    clientId: ward.output('ClientId'),
    username: email,
    password,
    totp: async () => new TOTP({ secret: Secret.fromBase32(totpSecret) }).generate(),
  });

/** @returns the approval of an account for `email`, requested by one and given by another */
export async function approvedAccount(
  requester: Person,
  approver: Person,
  email: string,
  role: string,
): Promise<{ readonly id: string; readonly approve: Response }> {
  const asked = await requester.post('/v1/approvals', {
    kind: 'grant-role',
    email,
    reason: 'new-hire',
    details: { role },
  });
  const id: string = asked.body.id;
  return { id, approve: await approver.post(`/v1/approvals/${id}/approve`, { email }) };
}

/** Creates a person as the demo's administrator, approved by the demo's compliance officer where that is needed. */
export async function hire(ward: Ward, role: string): Promise<Newcomer> {
  const email = address();
  const special = ['admin', 'compliance_officer', 'auditor'].includes(role);
  const approval = special
    ? (await approvedAccount(ward.as('admin'), ward.as('compliance'), email, role)).id
    : undefined;
  const created = await ward.as('admin').post('/v1/users', { email, role, ...(approval && { approval }) });
  if (created.status !== 201) throw new Error(`not created: ${created.text}`);
  return settleIn(ward, created.body.id, email);
}
