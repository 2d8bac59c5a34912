import { randomUUID } from 'node:crypto';
import { type Authorize, type Caller, ServiceError } from '../service';
import { type Attempts, afterFailure, isLocked, type MailLimit, type UnknownNames } from './attempts';
import type { ClientSettings } from './client-settings';
import { notAuthorized, resourceNotFound, userNotFound } from './errors';
import type { Place, Pool } from './pool';
import type { Sessions } from './sessions';
import type { UserRecord } from './user-record';

/** What the operations work with. */
export interface Context {
  readonly region: string;
  readonly clock: () => number;
  readonly authorize: Authorize;
  readonly arnOf: (poolId: string) => string;
  readonly trigger: (functionArn: string, event: unknown) => Promise<unknown>;
  readonly mail: (message: { to: string; subject: string; text: string }) => Promise<void>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly clients: ReadonlyMap<string, ClientSettings>;
  readonly sessions: Sessions;
  readonly unknownNames: UnknownNames;
  readonly mailLimit: MailLimit;
}

/** @throws ServiceError ResourceNotFoundException */
export function placeOf(context: Context, clientId: string): Place {
  const client = context.clients.get(clientId);
  const pool = client && context.pools.get(client.poolId);
  if (!pool) throw resourceNotFound('User pool client does not exist.');
  return { pool, client };
}

/**
 * The pool of an IAM-authorized operation; permission is asked before existence is told.
 * @throws ServiceError MissingAuthenticationTokenException for an unsigned call, whatever the policies say
 */
export function administeredPool(context: Context, caller: Caller, operation: string, poolId: string): Pool {
  if (caller.kind === 'anonymous')
    throw new ServiceError('MissingAuthenticationTokenException', 'The operation must be signed', 403);
  context.authorize(caller, { action: `cognito-idp:${operation}`, resource: context.arnOf(poolId) });
  const pool = context.pools.get(poolId);
  if (!pool) throw resourceNotFound('User pool does not exist.');
  return pool;
}

/** @throws ServiceError UserNotFoundException */
export function userOf(pool: Pool, name: string): UserRecord {
  const user = pool.users.find(name);
  if (!user) throw userNotFound();
  return user;
}

const nameKey = (pool: Pool, userId: string) => `${pool.id}/${pool.users.normalize(userId)}`;

/** @throws ServiceError NotAuthorizedException while the account, real or not, is locked after failed attempts */
export function refuseLocked(context: Context, pool: Pool, account: { sub: string | undefined; userId: string }): void {
  const user = pool.users.get(account.sub);
  const attempts: Attempts = user?.attempts ?? context.unknownNames.of(nameKey(pool, account.userId));
  if (isLocked(attempts, context.clock())) throw notAuthorized('Password attempts exceeded');
}

/** Counts a failed proof durably, so that a restart does not give an attacker new attempts. */
export function countFailure(
  context: Context,
  pool: Pool,
  account: { sub: string | undefined; userId: string },
  note: (user: UserRecord) => UserRecord = (user) => user,
): void {
  const user = pool.users.get(account.sub);
  const now = context.clock();
  if (user) pool.users.put(note({ ...user, attempts: afterFailure(user.attempts, now) }));
  else {
    context.unknownNames.fail(nameKey(pool, account.userId), now);
    pool.report(
      { sub: undefined, userName: account.userId },
      {
        EventId: randomUUID(),
        EventType: 'SignIn',
        CreationDate: now / 1000,
        EventResponse: 'Fail',
        ChallengeResponses: [{ ChallengeName: 'Password', ChallengeResponse: 'Failure' }],
      },
    );
  }
}
