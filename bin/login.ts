import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { toString as qrCode } from 'qrcode';
import * as z from 'zod';
import { type Enrolment, signIn, type Tokens } from './cognito-sign-in';
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
  return signIn({
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
  return signIn({
    client: cognitoClient(target),
    poolId: target.userPoolId,
    clientId: target.clientId,
    username: user.email,
    password: user.password,
    totp: async () => totp.generate(),
  });
}
