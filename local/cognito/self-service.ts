import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from '../service';
import { toList } from './attributes';
import { provenUser } from './challenges';
import { type Context, placeOf, refuseLocked } from './context';
import { disabled, invalidParameter, invalidSession, notAuthorized, parse } from './errors';
import { setPassword } from './new-password';
import { failedPassword } from './password-factor';
import type { Pool } from './pool';
import { matchesPassword } from './srp';
import { hashOf, unverifiedClaims } from './tokens';
import { createTotpSecret, judgeCode } from './totp';
import { selfServiceScope } from './triggers';
import { type SignIn, type UserRecord, withEvent } from './user-record';

const accessToken = z.string().min(1).max(16_384);
const session = z.string().min(1).max(2048);

/** The bearer of an access token, once every doubt about it is cleared. */
interface Bearer {
  readonly pool: Pool;
  readonly user: UserRecord;
  readonly signIn: SignIn;
}

/**
 * Verifies an access token for this service's own operations: signature of its pool, use, expiry, scope, a sign-in that is
 * neither revoked nor signed out, an enabled user.
 * @throws ServiceError NotAuthorizedException
 */
function bearerOf(context: Context, token: string): Bearer {
  const issuer = unverifiedClaims(token)?.['iss'];
  const pool = [...context.pools.values()].find((one) => one.issuer === issuer);
  const claims = pool?.accessKey.verify(token);
  if (!pool || !claims || claims['token_use'] !== 'access') throw notAuthorized('Invalid Access Token');
  if (typeof claims['exp'] !== 'number' || claims['exp'] * 1000 <= context.clock())
    throw notAuthorized('Access Token has expired');
  const user = pool.users.get(String(claims['sub']));
  const signIn = user?.signIns.find(({ eventId }) => eventId === claims['event_id']);
  const clientPool = signIn && context.clients.get(signIn.clientId)?.poolId;
  if (!user || !signIn || signIn.clientId !== claims['client_id'] || clientPool !== pool.id)
    throw notAuthorized('Access Token has been revoked');
  if (!user.enabled) throw disabled();
  if (!String(claims['scope']).split(' ').includes(selfServiceScope))
    throw notAuthorized('Access Token does not have required scopes');
  return { pool, user, signIn };
}

/** The view of a user's second factors that several operations return. */
export const secondFactors = (user: UserRecord) =>
  user.totp?.enabled
    ? { UserMFASettingList: ['SOFTWARE_TOKEN_MFA'], PreferredMfaSetting: 'SOFTWARE_TOKEN_MFA' }
    : { UserMFASettingList: [] };

export async function getUser(context: Context, input: unknown) {
  const { user, signIn } = bearerOf(context, parse(z.object({ AccessToken: accessToken }), input).AccessToken);
  const readable = context.clients.get(signIn.clientId)?.readable ?? new Set<string>();
  const attributes = toList(user.attributes).filter(({ Name }) => readable.has(Name));
  return { Username: user.username, UserAttributes: attributes, ...secondFactors(user) };
}

const changePasswordInput = z.object({
  AccessToken: accessToken,
  PreviousPassword: z.string().min(1).max(256),
  ProposedPassword: z.string().min(1).max(256),
});

export async function changePassword(context: Context, input: unknown) {
  const request = parse(changePasswordInput, input);
  const { pool, user, signIn } = bearerOf(context, request.AccessToken);
  const account = pool.account(user.sub);
  refuseLocked(context, pool, account);
  if (!matchesPassword(user.password, pool.identity(user.username), request.PreviousPassword))
    throw failedPassword(context, placeOf(context, signIn.clientId), account);
  const event = {
    EventId: randomUUID(),
    EventType: 'PasswordChange' as const,
    CreationDate: context.clock() / 1000,
    EventResponse: 'Pass' as const,
    ChallengeResponses: [],
  };
  setPassword(pool, withEvent(user, event), request.ProposedPassword, context.clock(), 'CONFIRMED');
  return {};
}

export async function globalSignOut(context: Context, input: unknown) {
  const { pool, user } = bearerOf(context, parse(z.object({ AccessToken: accessToken }), input).AccessToken);
  pool.users.put({ ...user, signIns: [] });
  return {};
}

const revokeInput = z.object({ ClientId: z.string().min(1).max(128), Token: z.string().min(1).max(16_384) });

/** RevokeToken ends the sign-in of a refresh token; one that means nothing is answered alike (RFC 7009 2.2). */
export async function revokeToken(context: Context, input: unknown) {
  const request = parse(revokeInput, input);
  const { pool, client } = placeOf(context, request.ClientId);
  if (!client.revocable)
    throw new ServiceError('UnsupportedOperationException', 'Token revocation is not enabled for this client');
  if (unverifiedClaims(request.Token))
    throw new ServiceError('UnsupportedTokenTypeException', 'Only a refresh token can be revoked');
  const hash = hashOf(request.Token);
  const user = pool.users.findByRefreshHash(hash);
  const ended = user?.signIns.find(({ refresh }) => refresh.some((one) => one.hash === hash));
  if (!user || !ended) return {};
  if (ended.clientId !== client.id)
    throw new ServiceError('UnauthorizedException', 'The token was issued to another client');
  pool.users.put({ ...user, signIns: user.signIns.filter((one) => one !== ended) });
  return {};
}

/** The caller of the two enrolment operations comes with an access token or with a session, never with both. */
const enrolmentCaller = z.union([
  z.object({ AccessToken: accessToken, Session: z.undefined().optional() }),
  z.object({ Session: session, AccessToken: z.undefined().optional() }),
]);

/** AssociateSoftwareToken: a new secret, good for nothing until VerifySoftwareToken has seen a code of it. */
export async function associateSoftwareToken(context: Context, input: unknown) {
  const caller = parse(enrolmentCaller, input);
  const secret = createTotpSecret();
  if (caller.AccessToken !== undefined) {
    const { pool, user, signIn } = bearerOf(context, caller.AccessToken);
    pool.users.put({ ...user, pendingTotp: { secret, eventId: signIn.eventId } });
    return { SecretCode: secret };
  }
  const { session } = context.sessions.take(caller.Session, 'MFA_SETUP');
  const place = placeOf(context, session.clientId);
  // Whoever has the password alone must not replace an authenticator that the user has enrolled meanwhile.
  if (provenUser(context, place, session).totp?.enabled) throw invalidSession();
  const next = { ...session, secret, enrolled: false };
  return { SecretCode: secret, Session: context.sessions.open(next, place.client.sessionSeconds) };
}

const code = z.object({
  UserCode: z.string().regex(/^\d{6}$/),
  FriendlyDeviceName: z.string().max(131_072).optional(),
});
const mismatch = () => new ServiceError('EnableSoftwareTokenMFAException', 'Code mismatch');

/** VerifySoftwareToken: enrols the authenticator; the code is spent by it. */
export async function verifySoftwareToken(context: Context, input: unknown) {
  const caller = parse(enrolmentCaller, input);
  const { UserCode } = parse(code, input);
  const now = context.clock();
  if (caller.AccessToken !== undefined) {
    const { pool, user, signIn } = bearerOf(context, caller.AccessToken);
    if (user.pendingTotp?.eventId !== signIn.eventId) throw invalidParameter('No software token is being associated');
    const verdict = judgeCode(user.pendingTotp.secret, UserCode, now);
    if (verdict.kind !== 'accepted') throw mismatch();
    // As in AWS, a user for whom the factor was off turns it on by SetUserMFAPreference.
    const enabled = user.totp?.enabled ?? false;
    const totp = { secret: user.pendingTotp.secret, enabled, lastStep: verdict.step };
    pool.users.put({ ...user, totp, pendingTotp: undefined, modifiedAt: now });
    return { Status: 'SUCCESS' };
  }
  const taken = context.sessions.take(caller.Session, 'MFA_SETUP');
  const place = placeOf(context, taken.session.clientId);
  const user = provenUser(context, place, taken.session);
  if (user.totp?.enabled || taken.session.enrolled) throw invalidSession();
  if (!taken.session.secret) throw invalidParameter('No software token is being associated');
  const verdict = judgeCode(taken.session.secret, UserCode, now);
  if (verdict.kind !== 'accepted') {
    taken.putBack();
    throw mismatch();
  }
  const totp = { secret: taken.session.secret, enabled: true, lastStep: verdict.step };
  place.pool.users.put({ ...user, totp, pendingTotp: undefined, modifiedAt: now });
  const next = { ...taken.session, secret: undefined, enrolled: true };
  return { Status: 'SUCCESS', Session: context.sessions.open(next, place.client.sessionSeconds) };
}

const off = z.object({ Enabled: z.literal(false).optional(), PreferredMfa: z.literal(false).optional() }).optional();

/** Of the preferences only the authenticator's can be turned on: SMS and e-mail codes are not emulated. */
export const mfaPreference = z.object({
  SoftwareTokenMfaSettings: z
    .object({ Enabled: z.boolean().optional(), PreferredMfa: z.boolean().optional() })
    .optional(),
  SMSMfaSettings: off,
  EmailMfaSettings: off,
  WebAuthnMfaSettings: off,
});

export async function setUserMfaPreference(context: Context, input: unknown) {
  const request = parse(mfaPreference.extend({ AccessToken: accessToken }), input);
  const { pool, user } = bearerOf(context, request.AccessToken);
  const enabled = request.SoftwareTokenMfaSettings?.Enabled;
  if (enabled === undefined) return {};
  if (!user.totp) {
    if (enabled) throw invalidParameter('User has not verified software token mfa');
    return {};
  }
  if (!enabled && pool.settings.mfa === 'ON') throw invalidParameter('The user pool requires a second factor');
  pool.users.put({ ...user, totp: { ...user.totp, enabled }, modifiedAt: context.clock() });
  return {};
}
