import { randomBytes, randomUUID } from 'node:crypto';
import { ServiceError } from '../service';
import { noAttempts } from './attempts';
import type { Context } from './context';
import { disabled, invalidSession, notAuthorized } from './errors';
import type { Place } from './pool';
import { hashOf } from './tokens';
import {
  applyChanges,
  type ClientMetadata,
  postAuthentication,
  preTokenGeneration,
  type TokenOverrides,
  type TokenSource,
} from './triggers';
import { type AuthEvent, type SignIn, type UserRecord, withEvent } from './user-record';

const dayMilliseconds = 86_400_000;

/** A sign-in whose every factor has been proven. */
export interface ProvenSignIn {
  readonly sub: string;
  readonly provenVerifier: string | undefined;
  readonly changedPassword: boolean;
  readonly usedSecondFactor: boolean;
  readonly metadata: ClientMetadata;
}

/**
 * Ends a sign-in: runs the triggers, records it, and issues the tokens.
 * @throws ServiceError NotAuthorizedException when the user was disabled, deleted or given another password meanwhile
 */
export async function finishSignIn(context: Context, place: Place, proven: ProvenSignIn) {
  const { pool, client } = place;
  const source: TokenSource = proven.changedPassword
    ? 'TokenGeneration_NewPasswordChallenge'
    : 'TokenGeneration_Authentication';
  const before = currentUser(place, proven);
  await postAuthentication(context, place, before, proven.metadata);
  const overrides = await preTokenGeneration(context, place, before, source, proven.metadata);
  // The functions took their time: what was true of the user before need not be true now.
  const user = currentUser(place, proven);

  const now = context.clock();
  const refreshToken = randomBytes(96).toString('base64url');
  const signIn: SignIn = {
    eventId: randomUUID(),
    originJti: randomUUID(),
    clientId: client.id,
    authenticatedAt: now,
    expiresAt: now + client.refreshTokenSeconds * 1000,
    refresh: [{ hash: hashOf(refreshToken) }],
  };
  const challenges: AuthEvent['ChallengeResponses'] = [{ ChallengeName: 'Password', ChallengeResponse: 'Success' }];
  if (proven.usedSecondFactor) challenges.push({ ChallengeName: 'Mfa', ChallengeResponse: 'Success' });
  const event: AuthEvent = {
    EventId: signIn.eventId,
    EventType: 'SignIn',
    CreationDate: now / 1000,
    EventResponse: 'Pass',
    ChallengeResponses: challenges,
  };
  // An access token lives a day at most, so a sign-in that expired longer ago has nothing left to vouch for.
  const signIns = [...user.signIns.filter(({ expiresAt }) => expiresAt > now - dayMilliseconds), signIn];
  const stored = pool.users.put(withEvent({ ...user, attempts: noAttempts, signIns }, event));
  return result(place, stored, signIn, overrides, now, refreshToken);
}

/**
 * Issues new tokens of a sign-in. `auth_time`, `origin_jti` and `event_id` stay those of the sign-in.
 * @throws ServiceError NotAuthorizedException, or RefreshTokenReuseException for a token that was rotated out
 */
export async function refreshTokens(context: Context, place: Place, refreshToken: string, metadata: ClientMetadata) {
  const { pool, client } = place;
  const hash = hashOf(refreshToken);
  const before = refreshable(context, place, hash);
  const overrides = await preTokenGeneration(context, place, before.user, 'TokenGeneration_RefreshTokens', metadata);
  const { user, signIn } = refreshable(context, place, hash);
  const now = context.clock();
  if (client.rotationGraceSeconds === undefined) return result(place, user, signIn, overrides, now);

  const next = randomBytes(96).toString('base64url');
  const rotated: SignIn = {
    ...signIn,
    refresh: [
      ...signIn.refresh.map((one) => (one.hash === hash ? { ...one, retiredAt: one.retiredAt ?? now } : one)),
      { hash: hashOf(next) },
    ],
  };
  const signIns = user.signIns.map((one) => (one === signIn ? rotated : one));
  return result(place, pool.users.put({ ...user, signIns }), rotated, overrides, now, next);
}

function currentUser({ pool }: Place, proven: ProvenSignIn): UserRecord {
  const user = pool.users.get(proven.sub);
  if (!user) throw notAuthorized();
  if (!user.enabled) throw disabled();
  if (user.status !== 'CONFIRMED' || user.password.verifier !== proven.provenVerifier) throw invalidSession();
  return user;
}

function refreshable(context: Context, { pool, client }: Place, hash: string): { user: UserRecord; signIn: SignIn } {
  const user = pool.users.findByRefreshHash(hash);
  const signIn = user?.signIns.find(({ refresh }) => refresh.some((one) => one.hash === hash));
  if (!user || !signIn || signIn.clientId !== client.id) throw notAuthorized('Invalid Refresh Token');
  if (!user.enabled) throw disabled();
  if (signIn.expiresAt <= context.clock()) throw notAuthorized('Refresh Token has expired');
  if (user.status === 'RESET_REQUIRED')
    throw new ServiceError('PasswordResetRequiredException', 'Password reset required for the user');
  if (user.status !== 'CONFIRMED') throw notAuthorized('Invalid Refresh Token');
  const retiredAt = signIn.refresh.find((one) => one.hash === hash)?.retiredAt;
  if (retiredAt !== undefined && retiredAt + (client.rotationGraceSeconds ?? 0) * 1000 <= context.clock())
    throw new ServiceError('RefreshTokenReuseException', 'Refresh token has been rotated out');
  return { user, signIn };
}

function result(
  { pool, client }: Place,
  user: UserRecord,
  signIn: SignIn,
  overrides: TokenOverrides,
  now: number,
  refreshToken?: string,
) {
  const iat = Math.floor(now / 1000);
  const jti = () => (client.revocable ? { jti: randomUUID() } : {});
  const shared = {
    sub: user.sub,
    iss: pool.issuer,
    ...(client.revocable ? { origin_jti: signIn.originJti } : {}),
    event_id: signIn.eventId,
    auth_time: Math.floor(signIn.authenticatedAt / 1000),
    iat,
    ...(overrides.groups.length > 0 ? { 'cognito:groups': overrides.groups } : {}),
  };
  const access = {
    ...shared,
    client_id: client.id,
    token_use: 'access',
    scope: overrides.scopes.join(' '),
    username: user.username,
    exp: iat + client.accessTokenSeconds,
    ...jti(),
  };
  const id = {
    ...readable(user, client.readable),
    ...shared,
    aud: client.id,
    token_use: 'id',
    'cognito:username': user.username,
    ...(overrides.roles.length > 0 ? { 'cognito:roles': overrides.roles } : {}),
    ...(overrides.preferredRole ? { 'cognito:preferred_role': overrides.preferredRole } : {}),
    exp: iat + client.idTokenSeconds,
    ...jti(),
  };
  return {
    ChallengeParameters: {},
    AuthenticationResult: {
      AccessToken: pool.accessKey.sign(applyChanges('access', access, overrides.access, client.id)),
      IdToken: pool.idKey.sign(applyChanges('id', id, overrides.id, client.id)),
      ...(refreshToken ? { RefreshToken: refreshToken } : {}),
      TokenType: 'Bearer',
      ExpiresIn: client.accessTokenSeconds,
    },
  };
}

const booleans = new Set(['email_verified', 'phone_number_verified']);

function readable(user: UserRecord, names: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(user.attributes)
      .filter(([name, value]) => names.has(name) && value !== '')
      .map(([name, value]) => [name, booleans.has(name) ? value === 'true' : value]),
  );
}
