import { z } from 'zod';
import type { Caller } from '../service';
import { target } from './administration';
import { noAttempts } from './attempts';
import { administeredPool, type Context, userOf } from './context';
import { invalidParameter, notAuthorized, parse } from './errors';
import { setPassword } from './new-password';
import { hasVerifiedEmail, sendResetCode } from './recovery';
import { mfaPreference } from './self-service';

const passwordInput = target.extend({ Password: z.string().min(1).max(256), Permanent: z.boolean().default(false) });

/** AdminSetUserPassword: a temporary password unless `Permanent`; it also ends a lock after failed attempts. */
export async function adminSetUserPassword(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId, Username } = parse(target, input);
  const pool = administeredPool(context, caller, 'AdminSetUserPassword', UserPoolId);
  const { Password, Permanent } = parse(passwordInput, input);
  const user = { ...userOf(pool, Username), attempts: noAttempts };
  setPassword(pool, user, Password, context.clock(), Permanent ? 'CONFIRMED' : 'FORCE_CHANGE_PASSWORD');
  return {};
}

/** AdminResetUserPassword: the password is void until the user has answered the mailed code. */
export async function adminResetUserPassword(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId, Username } = parse(target, input);
  const pool = administeredPool(context, caller, 'AdminResetUserPassword', UserPoolId);
  const user = userOf(pool, Username);
  if (!pool.settings.recoversByEmail) throw invalidParameter('The user pool has no self-service account recovery');
  if (user.status === 'FORCE_CHANGE_PASSWORD')
    throw notAuthorized('User password cannot be reset in the current state.');
  if (!hasVerifiedEmail(user)) throw invalidParameter('Cannot reset password for the user without a verified email');
  await sendResetCode(context, pool, { ...user, status: 'RESET_REQUIRED', modifiedAt: context.clock() });
  return {};
}

/**
 * AdminSetUserMFAPreference. It resets no authenticator: AWS says so, and where the pool requires a second factor it answers
 * well and changes nothing, so that the next sign-in still asks for a code of the old one. Only a pool with optional factors
 * lets an administrator turn one off, and on again.
 */
export async function adminSetUserMfaPreference(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId, Username } = parse(target, input);
  const pool = administeredPool(context, caller, 'AdminSetUserMFAPreference', UserPoolId);
  const enabled = parse(mfaPreference, input).SoftwareTokenMfaSettings?.Enabled;
  const user = userOf(pool, Username);
  if (enabled === undefined) return {};
  if (enabled && !user.totp) throw invalidParameter('User has not verified software token mfa');
  if (!user.totp || pool.settings.mfa === 'ON') return {};
  pool.users.put({ ...user, totp: { ...user.totp, enabled }, modifiedAt: context.clock() });
  return {};
}
