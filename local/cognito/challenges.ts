import { z } from 'zod';
import { ServiceError } from '../service';
import { readAttributes } from './attributes';
import { type Context, placeOf, refuseLocked } from './context';
import { disabled, invalidParameter, invalidSession, notAuthorized, parse, requireParameter } from './errors';
import { setPassword } from './new-password';
import { answerSrp, missingAttributes } from './password-factor';
import type { Place } from './pool';
import { answerCode, answerSetup, secondFactor } from './second-factor';
import type { Session, SessionOwner, Taken } from './sessions';
import { answerChoice, parameters } from './sign-in';
import type { UserRecord } from './user-record';

const respondToAuthChallenge = z.object({
  ClientId: z.string().min(1).max(128),
  ChallengeName: z.string().max(64),
  Session: z.string().max(2048).optional(),
  ChallengeResponses: parameters,
  ClientMetadata: parameters,
});
type Request = z.output<typeof respondToAuthChallenge>;

/** RespondToAuthChallenge: the answer must come from the client, for the user and at the step that its session is bound to. */
export async function respond(context: Context, input: unknown) {
  const request = parse(respondToAuthChallenge, input);
  const place = placeOf(context, request.ClientId);
  const { ChallengeResponses: answers, ClientMetadata: metadata, Session: handle } = request;
  switch (request.ChallengeName) {
    case 'PASSWORD_VERIFIER':
      return verifyPassword(context, place, request);
    case 'SELECT_CHALLENGE': {
      const { session } = context.sessions.take(handle, 'SELECT_CHALLENGE', request.ClientId);
      const name = claimedName(place, session, answers);
      return answerChoice(context, place, name, requireParameter(answers, 'ANSWER'), answers, metadata);
    }
    case 'NEW_PASSWORD_REQUIRED': {
      const taken = context.sessions.take(handle, 'NEW_PASSWORD_REQUIRED', request.ClientId);
      return replacePassword(context, place, taken, request);
    }
    case 'MFA_SETUP': {
      const { session } = context.sessions.take(handle, 'MFA_SETUP', request.ClientId);
      claimedName(place, session, answers);
      return answerSetup(context, place, provenUser(context, place, session), session, metadata);
    }
    case 'SOFTWARE_TOKEN_MFA': {
      const taken = context.sessions.take(handle, 'SOFTWARE_TOKEN_MFA', request.ClientId);
      claimedName(place, taken.session, answers);
      const user = provenUser(context, place, taken.session);
      const code = requireParameter(answers, 'SOFTWARE_TOKEN_MFA_CODE');
      return answerCode(context, place, user, taken, code, metadata);
    }
    default:
      throw invalidParameter('This challenge is not emulated');
  }
}

/** @throws ServiceError NotAuthorizedException when the answer names another user than the session's */
function claimedName({ pool }: Place, session: Session, answers: Readonly<Record<string, string>>): string {
  const name = requireParameter(answers, 'USERNAME');
  const same = session.sub
    ? pool.users.find(name)?.sub === session.sub
    : session.names.includes(pool.users.normalize(name));
  if (!same) throw invalidSession();
  return name;
}

/**
 * The user whose password was proven in this session, as they are now.
 * @throws ServiceError NotAuthorizedException when locked, disabled, deleted or of another password since
 */
export function provenUser(context: Context, { pool }: Place, session: SessionOwner): UserRecord {
  const user = pool.users.get(session.sub);
  if (!user || user.password.verifier !== session.provenVerifier) throw invalidSession();
  if (!user.enabled) throw disabled();
  refuseLocked(context, pool, { sub: user.sub, userId: user.username });
  return user;
}

async function verifyPassword(context: Context, place: Place, request: Request) {
  const answers = request.ChallengeResponses;
  const claim = {
    secretBlock: requireParameter(answers, 'PASSWORD_CLAIM_SECRET_BLOCK'),
    timestamp: requireParameter(answers, 'TIMESTAMP'),
    signature: requireParameter(answers, 'PASSWORD_CLAIM_SIGNATURE'),
  };
  if (!/^[A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} \d{2}:\d{2}:\d{2} [A-Z]{3,4} \d{4}$/.test(claim.timestamp))
    throw invalidParameter('TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english');
  const { session } = context.sessions.take(claim.secretBlock, 'PASSWORD_VERIFIER', request.ClientId);
  claimedName(place, session, answers);
  if (session.companion !== undefined && session.companion !== request.Session) throw invalidSession();
  return answerSrp(context, place, session, claim, request.ClientMetadata);
}

async function replacePassword(
  context: Context,
  place: Place,
  taken: Taken<'NEW_PASSWORD_REQUIRED'>,
  { ChallengeResponses: answers, ClientMetadata: metadata }: Request,
) {
  const { pool, client } = place;
  claimedName(place, taken.session, answers);
  const user = provenUser(context, place, taken.session);
  // A second session of the same temporary password must not undo the password that the user has chosen in the first.
  if (user.status !== 'FORCE_CHANGE_PASSWORD') throw invalidSession();
  const prefix = 'userAttributes.';
  const list = Object.entries(answers)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, Value]) => ({ Name: name.slice(prefix.length), Value }));
  let stored: UserRecord;
  try {
    const added = readAttributes(list, pool.settings.rules);
    for (const name of Object.keys(added)) {
      if (user.attributes[name]) throw invalidParameter('Cannot modify an already provided attribute');
      if (!client.writable.has(name)) throw notAuthorized('A client attempted to write unauthorized attribute');
      if (name.endsWith('_verified')) throw invalidParameter('Cannot modify a verification attribute');
    }
    if (added['email'] && pool.settings.emailIsUsername && pool.users.find(added['email']))
      throw new ServiceError('AliasExistsException', 'An account with the given email already exists.');
    const completed = { ...user, attributes: { ...user.attributes, ...added } };
    if (missingAttributes(place, completed).length > 0) throw invalidParameter('Required attributes are missing');
    stored = setPassword(pool, completed, requireParameter(answers, 'NEW_PASSWORD'), context.clock(), 'CONFIRMED');
  } catch (error) {
    taken.putBack();
    throw error;
  }
  const owner = { ...taken.session, provenVerifier: stored.password.verifier, changedPassword: true };
  return secondFactor(context, place, owner, metadata);
}
