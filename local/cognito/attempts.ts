/** Failed attempts of one account. Times in milliseconds since 1970. */
export interface Attempts {
  readonly failures: number;
  readonly lastFailureAt: number;
  readonly lockedUntil: number;
}

export const noAttempts: Attempts = { failures: 0, lastFailureAt: 0, lockedUntil: 0 };

const freeFailures = 5;
const longestLockMilliseconds = 15 * 60_000;
const forgottenAfterMilliseconds = 15 * 60_000;

export const isLocked = (attempts: Attempts, now: number): boolean => attempts.lockedUntil > now;

/**
 * Counts a failure. From the fifth on the account is locked for a second, twice as long for each further one, at most
 * 15 minutes; a quarter of an hour without attempts after a lock begins anew (as user pools document it).
 */
export function afterFailure(attempts: Attempts, now: number): Attempts {
  const quietSince = Math.max(attempts.lastFailureAt, attempts.lockedUntil);
  const failures = (now - quietSince > forgottenAfterMilliseconds ? 0 : attempts.failures) + 1;
  const lock =
    failures < freeFailures ? 0 : Math.min(1000 * 2 ** Math.min(failures - freeFailures, 20), longestLockMilliseconds);
  return { failures, lastFailureAt: now, lockedUntil: now + lock };
}

const mostNames = 10_000;

/**
 * Attempts against names that belong to nobody: they are locked like real ones, or the lock would tell who exists.
 * In memory, and of the newest names only.
 */
export class UnknownNames {
  private readonly attempts = new Map<string, Attempts>();

  of(name: string): Attempts {
    return this.attempts.get(name) ?? noAttempts;
  }

  fail(name: string, now: number): void {
    const next = afterFailure(this.of(name), now);
    this.attempts.delete(name);
    this.attempts.set(name, next);
    if (this.attempts.size > mostNames) this.attempts.delete(this.attempts.keys().next().value ?? name);
  }
}

const mostRequestsAnHour = 5;

/** Holds a name, real or not, to five mails an hour, so that nobody's mailbox can be flooded. */
export class MailLimit {
  private readonly sent = new Map<string, readonly number[]>();

  /** @returns false when the limit is reached */
  allows(name: string, now: number): boolean {
    const recent = (this.sent.get(name) ?? []).filter((at) => now - at < 3_600_000);
    if (recent.length >= mostRequestsAnHour) return false;
    this.sent.delete(name);
    this.sent.set(name, [...recent, now]);
    if (this.sent.size > mostNames) this.sent.delete(this.sent.keys().next().value ?? name);
    return true;
  }
}
