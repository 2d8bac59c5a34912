import { randomBytes, randomUUID } from 'node:crypto';
import { ServiceError } from '../service';
import { type Context, countFailure, refuseLocked } from './context';
import { disabled, invalidParameter, notAuthorized } from './errors';
import type { Account, Place } from './pool';
import { secondFactor } from './second-factor';
import type { SessionOf, SessionOwner } from './sessions';
import { beginExchange, matchesPassword, parsePublicValue, provesPassword } from './srp';
import type { ClientMetadata } from './triggers';
import { type UserRecord, withEvent } from './user-record';

/** Whom a new session belongs to, before anything is proven. */
export function ownerOf({ pool, client }: Place, account: Account, typed: string): SessionOwner {
  const names = [typed, account.userId, ...(account.sub ? [account.sub] : [])];
  return {
    poolId: pool.id,
    clientId: client.id,
    sub: account.sub,
    names: names.map((name) => pool.users.normalize(name)),
    provenVerifier: undefined,
    changedPassword: false,
  };
}

/**
 * Opens an SRP exchange. An unknown user gets one too, against a verifier that no password fits.
 * @param withSession USER_AUTH names the exchange by a session as well, and wants it back
 */
export function offerSrp(context: Context, place: Place, typed: string, srpA: string, withSession: boolean) {
  const A = parsePublicValue(srpA);
  if (A === undefined) throw invalidParameter('SRP_A is not valid');
  const account = place.pool.account(typed);
  const exchange = beginExchange(account.password, A);
  const companion = withSession ? randomBytes(64).toString('base64url') : undefined;
  const secretBlock = context.sessions.open(
    { ...ownerOf(place, account, typed), step: 'PASSWORD_VERIFIER', exchange, companion },
    place.client.sessionSeconds,
    randomBytes(768).toString('base64'),
  );
  return {
    ChallengeName: 'PASSWORD_VERIFIER',
    ...(companion ? { Session: companion } : {}),
    ChallengeParameters: {
      SALT: account.password.salt,
      SECRET_BLOCK: secretBlock,
      SRP_B: exchange.B.toString(16),
      USERNAME: account.userId,
      USER_ID_FOR_SRP: account.userId,
    },
  };
}

/** Judges the client's SRP proof. The error is the same for a wrong password and for a user who does not exist. */
export async function answerSrp(
  context: Context,
  place: Place,
  session: SessionOf<'PASSWORD_VERIFIER'>,
  claim: { readonly secretBlock: string; readonly timestamp: string; readonly signature: string },
  metadata: ClientMetadata,
) {
  const account = place.pool.account(session.sub ?? session.names[1] ?? '');
  refuseLocked(context, place.pool, account);
  const proven = provesPassword(account.password, place.pool.identity(account.userId), session.exchange, claim);
  if (!proven || account.sub !== session.sub) throw failedPassword(context, place, account);
  return passwordProven(context, place, account, metadata);
}

/** Judges a password that was sent as it is. */
export async function answerPassword(
  context: Context,
  place: Place,
  typed: string,
  password: string,
  metadata: ClientMetadata,
) {
  const account = place.pool.account(typed);
  refuseLocked(context, place.pool, account);
  const matches = matchesPassword(account.password, place.pool.identity(account.userId), password);
  if (!matches) throw failedPassword(context, place, account);
  return passwordProven(context, place, account, metadata);
}

/** Records a wrong password. @returns the error to throw */
export function failedPassword(context: Context, { pool }: Place, account: Account): ServiceError {
  countFailure(context, pool, account, (user) =>
    withEvent(user, {
      EventId: randomUUID(),
      EventType: 'SignIn',
      CreationDate: context.clock() / 1000,
      EventResponse: 'Fail',
      ChallengeResponses: [{ ChallengeName: 'Password', ChallengeResponse: 'Failure' }],
    }),
  );
  return notAuthorized();
}

/** Only whoever knows the password learns more of the account's state than "incorrect". */
async function passwordProven(context: Context, place: Place, account: Account, metadata: ClientMetadata) {
  const user = place.pool.users.get(account.sub);
  if (!user) throw notAuthorized();
  if (!user.enabled) throw disabled();
  if (user.status === 'RESET_REQUIRED')
    throw new ServiceError('PasswordResetRequiredException', 'Password reset required for the user');
  const owner = { ...ownerOf(place, account, account.userId), provenVerifier: user.password.verifier };
  if (user.status === 'CONFIRMED') return secondFactor(context, place, owner, metadata);
  if (user.password.expiresAt !== undefined && user.password.expiresAt <= context.clock())
    throw notAuthorized('Temporary password has expired and must be reset by an administrator.');
  const missing = missingAttributes(place, user).map((name) => `userAttributes.${name}`);
  const visible = Object.entries(user.attributes).filter(([name]) => name !== 'sub' && place.client.readable.has(name));
  return {
    ChallengeName: 'NEW_PASSWORD_REQUIRED',
    Session: context.sessions.open({ ...owner, step: 'NEW_PASSWORD_REQUIRED' }, place.client.sessionSeconds),
    ChallengeParameters: {
      USER_ID_FOR_SRP: user.username,
      requiredAttributes: JSON.stringify(missing),
      userAttributes: JSON.stringify(Object.fromEntries(visible)),
    },
  };
}

/** The required attributes that the user still lacks. */
export function missingAttributes({ pool }: Place, user: UserRecord): string[] {
  return [...pool.settings.rules]
    .filter(([name, rule]) => rule.required && !user.attributes[name])
    .map(([name]) => name);
}
