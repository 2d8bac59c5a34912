import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NotAuthorizedException } from '@aws-sdk/client-cognito-identity-provider';
import { Secret, TOTP } from 'otpauth';
import { toString as qrCode } from 'qrcode';
import * as z from 'zod';
import { type ApiClient, ApiError } from './api-client';
import { type Enrolment, type SignInRequest, signIn, type Tokens } from './cognito-sign-in';
import { ask, say } from './prompt';
import { cognitoClient } from './session';
import type { Target } from './target';

const demoUsers = z.array(
  z.object({ name: z.string(), email: z.string(), password: z.string(), totpSecret: z.string() }).loose(),
);

/** Signs in a person who types: password, a new one where theirs is temporary, authenticator with a QR code, its code. */
export async function interactiveLogin(target: Target, email: string | undefined): Promise<Tokens> {
  const username = email ?? (await ask('E-mail address'));
  const password = await ask('Password', { secret: true });
  return proven({
    client: cognitoClient(target),
    poolId: target.userPoolId,
    clientId: target.clientId,
    username,
    password,
    newPassword: chooseNewPassword,
    totp: async (enrolment) => {
      if (enrolment) await showEnrolment(enrolment);
      return ask('Code of your authenticator');
    },
  });
}

async function chooseNewPassword(): Promise<string> {
  say(
    'Your password is a temporary one. Choose your own: at least 14 characters with upper and lower case, digit and symbol.',
  );
  for (;;) {
    const password = await ask('New password', { secret: true });
    if (password === (await ask('Once more', { secret: true }))) return password;
    say('They are not the same.');
  }
}

async function showEnrolment({ secret, uri }: Enrolment): Promise<void> {
  say('Ward asks everyone for a second factor. Scan this with your authenticator:');
  say(await qrCode(uri, { type: 'terminal', small: true }));
  say(`or type the secret: ${secret}`);
}

/** Signs in one of the laptop cloud's demo people, whose secrets lie in its own folder. */
export async function demoLogin(target: Target, name: string): Promise<Tokens> {
  if (!target.laptop) throw new Error('--demo is for the laptop cloud alone');
  const users = demoUsers.parse(JSON.parse(readFileSync(join(target.laptop, 'demo.json'), 'utf8')));
  const user = users.find((each) => each.name === name);
  if (!user)
    throw new Error(`there is no demo person of that name; there are ${users.map((each) => each.name).join(', ')}`);
  const totp = new TOTP({ secret: Secret.fromBase32(user.totpSecret) });
  return proven({
    client: cognitoClient(target),
    poolId: target.userPoolId,
    clientId: target.clientId,
    username: user.email,
    password: user.password,
    totp: async () => totp.generate(),
  });
}

/** @throws Error of the user pool, or one that says more of it without telling more */
async function proven(request: SignInRequest): Promise<Tokens> {
  try {
    return await signIn(request);
  } catch (error) {
    if (error instanceof NotAuthorizedException && /disabled/i.test(error.message))
      throw new Error(
        'this account is suspended or disabled: an administrator or a compliance officer can say why, and end it',
        { cause: error },
      );
    throw error;
  }
}

/** @returns what Ward knows of whoever is signed in. @throws Error where it refuses even that */
export async function whoAmI(client: ApiClient): Promise<unknown> {
  try {
    return (await client.call('GET', '/v1/me')).body;
  } catch (error) {
    if (!(error instanceof ApiError) || error.type !== 'urn:ward:problem:forbidden') throw error;
    throw new Error(
      'you are signed in, but Ward is locked down, your role is frozen, or you are suspended: a compliance officer can say ' +
        'which. Under a lockdown approvals go on: npx ward approvals',
      { cause: error },
    );
  }
}
