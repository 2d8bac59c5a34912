import { ServiceError } from '../service';
import { meetsPolicy } from './password';
import type { Pool } from './pool';
import { createVerifier, matchesPassword } from './srp';
import type { UserRecord } from './user-record';

const dayMilliseconds = 86_400_000;

/** @throws ServiceError InvalidPasswordException */
export function requirePolicy(pool: Pool, password: string): void {
  if (!meetsPolicy(pool.settings.passwordPolicy, password))
    throw new ServiceError('InvalidPasswordException', 'Password did not conform with policy');
}

/**
 * Gives a user a password, durably. Under FORCE_CHANGE_PASSWORD it is a temporary one that expires by the pool's policy.
 * @throws ServiceError InvalidPasswordException, PasswordHistoryPolicyViolationException
 */
export function setPassword(
  pool: Pool,
  user: UserRecord,
  password: string,
  now: number,
  status: 'CONFIRMED' | 'FORCE_CHANGE_PASSWORD',
): UserRecord {
  requirePolicy(pool, password);
  const { historySize, temporaryValidityDays } = pool.settings.passwordPolicy;
  const identity = pool.identity(user.username);
  const { salt, verifier } = user.password;
  const earlier = [{ salt, verifier }, ...user.earlierPasswords].slice(0, historySize);
  if (earlier.some((one) => matchesPassword(one, identity, password)))
    throw new ServiceError('PasswordHistoryPolicyViolationException', 'Password has previously been used');
  const expiry = status === 'CONFIRMED' ? {} : { expiresAt: now + temporaryValidityDays * dayMilliseconds };
  return pool.users.put({
    ...user,
    password: { ...createVerifier(identity, password), ...expiry },
    earlierPasswords: earlier,
    status,
    resetCode: undefined,
    modifiedAt: now,
  });
}
