import { randomUUID } from 'node:crypto';
import { ServiceError } from '../service';
import { type Context, countFailure } from './context';
import { invalidParameter, invalidSession } from './errors';
import { finishSignIn } from './issue';
import type { Place } from './pool';
import type { SessionOf, SessionOwner, Taken } from './sessions';
import { judgeCode } from './totp';
import type { ClientMetadata } from './triggers';
import { type UserRecord, withEvent } from './user-record';

/**
 * What follows a proven password: a code from a user who has an authenticator, its enrolment where the pool requires one,
 * tokens only otherwise (45 CFR 164.312(d)).
 */
export async function secondFactor(context: Context, place: Place, owner: SessionOwner, metadata: ClientMetadata) {
  const { pool, client } = place;
  const user = pool.users.get(owner.sub);
  if (!user) throw invalidSession();
  const parameters = { USER_ID_FOR_SRP: user.username };
  if (pool.settings.mfa !== 'OFF' && user.totp?.enabled)
    return {
      ChallengeName: 'SOFTWARE_TOKEN_MFA',
      Session: context.sessions.open({ ...owner, step: 'SOFTWARE_TOKEN_MFA' }, client.sessionSeconds),
      ChallengeParameters: parameters,
    };
  if (pool.settings.mfa === 'ON')
    return {
      ChallengeName: 'MFA_SETUP',
      Session: context.sessions.open(
        { ...owner, step: 'MFA_SETUP', secret: undefined, enrolled: false },
        client.sessionSeconds,
      ),
      ChallengeParameters: { ...parameters, MFAS_CAN_SETUP: '["SOFTWARE_TOKEN_MFA"]' },
    };
  return finishSignIn(context, place, { ...owner, sub: user.sub, usedSecondFactor: false, metadata });
}

/** @throws ServiceError CodeMismatchException, or ExpiredCodeException for a code that was used before */
export async function answerCode(
  context: Context,
  place: Place,
  user: UserRecord,
  taken: Taken<'SOFTWARE_TOKEN_MFA'>,
  code: string,
  metadata: ClientMetadata,
) {
  // The user may have lost the authenticator to an administrator's reset since the session was opened.
  if (!user.totp?.enabled) throw invalidSession();
  const verdict = judgeCode(user.totp.secret, code, context.clock(), user.totp.lastStep);
  if (verdict.kind !== 'accepted') {
    taken.putBack();
    countFailure(context, place.pool, { sub: user.sub, userId: user.username }, (failed) =>
      withEvent(failed, {
        EventId: randomUUID(),
        EventType: 'SignIn',
        CreationDate: context.clock() / 1000,
        EventResponse: 'Fail',
        ChallengeResponses: [
          { ChallengeName: 'Password', ChallengeResponse: 'Success' },
          { ChallengeName: 'Mfa', ChallengeResponse: 'Failure' },
        ],
      }),
    );
    throw verdict.kind === 'replayed'
      ? new ServiceError('ExpiredCodeException', 'Your software token has already been used once.')
      : new ServiceError('CodeMismatchException', 'Invalid code received for user');
  }
  // Spent on disk before anything is granted: a crash between must not make the code good again.
  place.pool.users.put({ ...user, totp: { ...user.totp, lastStep: verdict.step } });
  return finishSignIn(context, place, { ...taken.session, sub: user.sub, usedSecondFactor: true, metadata });
}

/** Ends the enrolment: only a session in which VerifySoftwareToken has seen a right code goes on. */
export async function answerSetup(
  context: Context,
  place: Place,
  user: UserRecord,
  session: SessionOf<'MFA_SETUP'>,
  metadata: ClientMetadata,
) {
  if (!session.enrolled) throw invalidParameter('Software token has not been verified');
  if (!user.totp?.enabled) throw invalidSession();
  return finishSignIn(context, place, { ...session, sub: user.sub, usedSecondFactor: true, metadata });
}
