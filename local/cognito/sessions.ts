import { randomBytes } from 'node:crypto';
import { invalidSession } from './errors';
import type { SrpExchange } from './srp';

/** Whom a session belongs to. Everything that was proven so far is proven for this user at this client alone. */
export interface SessionOwner {
  readonly poolId: string;
  readonly clientId: string;
  /** undefined when no such user exists and the client hides that */
  readonly sub: string | undefined;
  /** what the answer may call someone who does not exist: as typed, or by USER_ID_FOR_SRP */
  readonly names: readonly string[];
  /** the verifier of the password that was proven: when the password changes, what was proven with the old one is void */
  readonly provenVerifier: string | undefined;
  /** a temporary password was replaced on the way */
  readonly changedPassword: boolean;
}

type StepState =
  | { readonly step: 'PASSWORD_VERIFIER'; readonly exchange: SrpExchange; readonly companion: string | undefined }
  | { readonly step: 'SELECT_CHALLENGE' }
  | { readonly step: 'NEW_PASSWORD_REQUIRED' }
  | { readonly step: 'MFA_SETUP'; readonly secret: string | undefined; readonly enrolled: boolean }
  | { readonly step: 'SOFTWARE_TOKEN_MFA' };

export type Step = StepState['step'];
export type Session = SessionOwner & StepState;
export type SessionOf<S extends Step> = Extract<Session, { step: S }>;

interface Entry {
  readonly session: Session;
  readonly expiresAt: number;
  readonly tries: number;
}

/** A session that was taken; it may be put back after a mistake that its owner can correct. */
export interface Taken<S extends Step> {
  readonly session: SessionOf<S>;
  /** Lets the same handle be used again, at most twice and within its time. */
  putBack(): void;
}

const mostSessions = 10_000;
const mostTries = 3;

/** The challenges under way. They live in memory: after a restart a sign-in begins again, nothing acknowledged is lost. */
export class Sessions {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly clock: () => number) {}

  /** @returns an unguessable handle, or the given one, good for one use within `lifetimeSeconds` */
  open(session: Session, lifetimeSeconds: number, handle = randomBytes(64).toString('base64url')): string {
    this.sweep();
    this.entries.set(handle, { session, expiresAt: this.clock() + lifetimeSeconds * 1000, tries: 1 });
    return handle;
  }

  /**
   * Takes a session out: it is gone whatever follows, so a handle that was tried at the wrong step or client is burnt.
   * @throws ServiceError NotAuthorizedException when unknown, used, expired, or of another step or client
   */
  take<S extends Step>(handle: string | undefined, step: S, clientId?: string): Taken<S> {
    const entry = handle === undefined ? undefined : this.entries.get(handle);
    if (handle === undefined || !entry) throw invalidSession();
    this.entries.delete(handle);
    const { session } = entry;
    if (entry.expiresAt <= this.clock() || !isAt(session, step)) throw invalidSession();
    if (clientId !== undefined && session.clientId !== clientId) throw invalidSession();
    const putBack = () => {
      if (entry.tries < mostTries) this.entries.set(handle, { ...entry, tries: entry.tries + 1 });
    };
    return { session, putBack };
  }

  clear(): void {
    this.entries.clear();
  }

  /** Whoever opens sessions without end pushes out the oldest instead of filling the memory. */
  private sweep(): void {
    const now = this.clock();
    for (const [handle, entry] of this.entries)
      if (entry.expiresAt <= now || this.entries.size >= mostSessions) this.entries.delete(handle);
      else break;
  }
}

function isAt<S extends Step>(session: Session, step: S): session is SessionOf<S> {
  return session.step === step;
}
