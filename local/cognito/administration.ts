import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Caller, ServiceError } from '../service';
import { noAttempts } from './attempts';
import { type Attributes, attributeList, readAttributes, toList } from './attributes';
import { administeredPool, type Context, userOf } from './context';
import { invalidParameter, parse } from './errors';
import { requirePolicy, setPassword } from './new-password';
import { createTemporaryPassword } from './password';
import type { Pool } from './pool';
import { sendMail } from './recovery';
import { secondFactors } from './self-service';
import type { UserRecord } from './user-record';

/** Every operation here names a pool and a user, and is IAM-authorized on the pool's ARN. */
export const target = z.object({ UserPoolId: z.string().min(1).max(128), Username: z.string().min(1).max(128) });

const summary = (user: UserRecord) => ({
  Username: user.username,
  UserCreateDate: user.createdAt / 1000,
  UserLastModifiedDate: user.modifiedAt / 1000,
  Enabled: user.enabled,
  UserStatus: user.status,
});

/** A user as ListUsers and AdminCreateUser show it. */
export const userType = (user: UserRecord) => ({ ...summary(user), Attributes: toList(user.attributes) });

const createInput = target.extend({
  UserAttributes: attributeList.default([]),
  TemporaryPassword: z.string().max(256).optional(),
  MessageAction: z.enum(['SUPPRESS', 'RESEND']).optional(),
  DesiredDeliveryMediums: z.array(z.literal('EMAIL')).default(['EMAIL']),
  ForceAliasCreation: z.literal(false).optional(),
});

/**
 * AdminCreateUser: mails an invitation with a temporary password unless that is suppressed; RESEND makes a new one.
 * Delivery by SMS is not emulated.
 */
export async function adminCreateUser(context: Context, input: unknown, caller: Caller) {
  const { UserPoolId } = parse(target, input);
  const pool = administeredPool(context, caller, 'AdminCreateUser', UserPoolId);
  const request = parse(createInput, input);
  const temporary = request.TemporaryPassword ?? createTemporaryPassword(pool.settings.passwordPolicy);
  requirePolicy(pool, temporary);
  const now = context.clock();
  const draft =
    request.MessageAction === 'RESEND'
      ? awaiting(userOf(pool, request.Username))
      : newUser(pool, request.Username, readAttributes(request.UserAttributes, pool.settings.rules), now);
  const email = draft.attributes['email'];
  const invites = request.MessageAction !== 'SUPPRESS';
  if (invites && !email) throw invalidParameter('An invitation needs an email attribute');
  const user = setPassword(pool, draft, temporary, now, 'FORCE_CHANGE_PASSWORD');
  if (invites && email) await sendMail(context, pool.settings.invitation, email, temporary);
  return { User: userType(user) };
}

function awaiting(user: UserRecord): UserRecord {
  if (user.status === 'FORCE_CHANGE_PASSWORD') return user;
  throw new ServiceError('UnsupportedUserStateException', 'Resend not possible in the current state of the user');
}

function newUser(pool: Pool, name: string, given: Attributes, now: number): UserRecord {
  const { emailIsUsername, caseSensitive, rules } = pool.settings;
  const sub = randomUUID();
  const [named = {}] = emailIsUsername ? [readAttributes([{ Name: 'email', Value: name }], rules)] : [];
  if (
    emailIsUsername &&
    given['email'] !== undefined &&
    pool.users.normalize(given['email']) !== pool.users.normalize(name)
  )
    throw invalidParameter('Username and email must be the same');
  const attributes: Attributes = { ...given, ...named, sub };
  if (!emailIsUsername && !/^[\p{L}\p{M}\p{S}\p{N}\p{P}]+$/u.test(name))
    throw invalidParameter('Username is not valid');
  if (pool.users.find(name)) throw new ServiceError('UsernameExistsException', 'User account already exists');
  return {
    sub,
    username: emailIsUsername ? sub : caseSensitive ? name : name.toLowerCase(),
    attributes,
    enabled: true,
    status: 'FORCE_CHANGE_PASSWORD',
    createdAt: now,
    modifiedAt: now,
    // No password fits this verifier; the caller sets a real one before the user is stored.
    password: { salt: '1', verifier: '1' },
    earlierPasswords: [],
    attempts: noAttempts,
    signIns: [],
    events: [],
  };
}

/** Wraps what the operations on one user have in common. */
function onUser(
  operation: string,
  act: (user: UserRecord, pool: Pool, context: Context, input: unknown) => object,
): (context: Context, input: unknown, caller: Caller) => Promise<unknown> {
  return async (context, input, caller) => {
    const { UserPoolId, Username } = parse(target, input);
    const pool = administeredPool(context, caller, operation, UserPoolId);
    return act(userOf(pool, Username), pool, context, input);
  };
}

export const adminGetUser = onUser('AdminGetUser', (user) => ({
  ...summary(user),
  UserAttributes: toList(user.attributes),
  ...secondFactors(user),
}));

/** AdminDisableUser also ends every sign-in: enabling the user again must not revive old tokens. */
export const adminDisableUser = onUser('AdminDisableUser', (user, pool, { clock }) => {
  pool.users.put({ ...user, enabled: false, signIns: [], pendingTotp: undefined, modifiedAt: clock() });
  return {};
});

export const adminEnableUser = onUser('AdminEnableUser', (user, pool, { clock }) => {
  pool.users.put({ ...user, enabled: true, modifiedAt: clock() });
  return {};
});

export const adminDeleteUser = onUser('AdminDeleteUser', (user, pool) => {
  pool.users.remove(user.sub);
  return {};
});

export const adminUserGlobalSignOut = onUser('AdminUserGlobalSignOut', (user, pool) => {
  pool.users.put({ ...user, signIns: [] });
  return {};
});

const updateInput = target.extend({ UserAttributes: attributeList });

/** AdminUpdateUserAttributes: a new address is unverified unless the same call vouches for it. */
export const adminUpdateUserAttributes = onUser('AdminUpdateUserAttributes', (user, pool, { clock }, input) => {
  const { rules, emailIsUsername, verifiesEmailBeforeUpdate } = pool.settings;
  const given = readAttributes(parse(updateInput, input).UserAttributes, rules);
  for (const name of Object.keys(given))
    if (rules.get(name)?.mutable === false) throw invalidParameter('Cannot modify an immutable attribute');
  const email = given['email'];
  const changesEmail = email !== undefined && email !== user.attributes['email'];
  if (changesEmail && verifiesEmailBeforeUpdate && given['email_verified'] !== 'true')
    throw invalidParameter('Changing an email that must be verified first is not emulated');
  if (changesEmail && emailIsUsername) {
    const holder = pool.users.find(email);
    if (email === '') throw invalidParameter('The user name cannot be removed');
    if (holder && holder.sub !== user.sub)
      throw new ServiceError('AliasExistsException', 'An account with the given email already exists.');
  }
  const unverified = changesEmail && given['email_verified'] === undefined ? { email_verified: 'false' } : {};
  const changed = Object.entries({ ...user.attributes, ...unverified, ...given });
  const attributes = Object.fromEntries(changed.filter(([, value]) => value !== ''));
  // A code that was mailed to the old address must not open the account of the new one.
  const resetCode = changesEmail ? undefined : user.resetCode;
  pool.users.put({ ...user, attributes, resetCode, modifiedAt: clock() });
  return {};
});

const eventsInput = target.extend({
  MaxResults: z.int().min(0).max(60).optional(),
  NextToken: z
    .string()
    .regex(/^\d{1,3}$/)
    .optional(),
});

/** AdminListUserAuthEvents, newest first; AWS has it only with threat protection on, and so does this. */
export const adminListUserAuthEvents = onUser('AdminListUserAuthEvents', (user, pool, _context, input) => {
  if (!pool.settings.keepsAuthEvents)
    throw new ServiceError('UserPoolAddOnNotEnabledException', 'Threat protection is not enabled for this user pool');
  const { MaxResults, NextToken } = parse(eventsInput, input);
  const start = Number(NextToken ?? 0);
  const end = start + (MaxResults || 60);
  return {
    AuthEvents: user.events.slice(start, end),
    ...(end < user.events.length ? { NextToken: String(end) } : {}),
  };
});
