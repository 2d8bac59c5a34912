import type { Identity } from './actor';

/** How long a sign-in counts. 45 CFR 164.312(a)(2)(iii). */
export interface SessionLimits {
  /** without a request, for everyone but patients */
  readonly workforceIdleSeconds: number;
  /** without a request, for patients */
  readonly patientIdleSeconds: number;
  /** from the sign-in on, whatever happens in between */
  readonly absoluteSeconds: number;
}

/** What Ward remembers of one sign-in. Times are UTC, ISO 8601. */
export interface Session {
  readonly sub: string;
  readonly lastSeenAt: string;
  /** the person signed out */
  readonly endedAt?: string;
}

export type SessionVerdict =
  /** `write`: what has to be remembered of this request, if anything */
  | { readonly state: 'live'; readonly write?: 'start' | 'seen' }
  | { readonly state: 'idle' }
  | { readonly state: 'ended' };

/** A request is remembered at most this often: the limit is that much shorter at worst, never longer. */
const seenEverySeconds = 60;

/**
 * Whether a sign-in still counts at this request. Pure. The adversary has a token or a refresh token of somebody who went
 * away: what has expired is revived by nothing, not by the expiry of what Ward remembers of it either.
 * @param session as the governance table has it; undefined before the first request and after its time to live
 */
export function sessionVerdict(
  identity: Pick<Identity, 'sub' | 'authenticatedAt'>,
  session: Session | undefined,
  {
    idleSeconds,
    absoluteSeconds,
    now,
  }: { readonly idleSeconds: number; readonly absoluteSeconds: number; readonly now: Date },
): SessionVerdict {
  const signedInFor = secondsBetween(identity.authenticatedAt, now);
  if (signedInFor >= absoluteSeconds) return { state: 'ended' };
  if (!session) return signedInFor >= idleSeconds ? { state: 'idle' } : { state: 'live', write: 'start' };
  if (session.endedAt !== undefined || session.sub !== identity.sub) return { state: 'ended' };
  const idleFor = secondsBetween(new Date(session.lastSeenAt), now);
  // What is no time is no proof of activity.
  if (!(idleFor < idleSeconds)) return { state: 'idle' };
  return idleFor >= seenEverySeconds || idleFor * 2 >= idleSeconds
    ? { state: 'live', write: 'seen' }
    : { state: 'live' };
}

const secondsBetween = (from: Date, to: Date): number => (to.getTime() - from.getTime()) / 1000;
