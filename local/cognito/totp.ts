import { Secret, TOTP } from 'otpauth';

/** RFC 6238 as authenticator apps expect it: SHA-1, six digits. */
const stepSeconds = 30;

/** How a code was judged; `step` is the time step that it belongs to and must be stored before anything is granted. */
export type CodeVerdict =
  | { readonly kind: 'accepted'; readonly step: number }
  | { readonly kind: 'replayed' }
  | { readonly kind: 'wrong' };

/** @returns a new secret of 256 bits in base32 */
export function createTotpSecret(): string {
  return new Secret({ size: 32 }).base32;
}

/**
 * Judges a code within one step either side of now (RFC 6238 5.2).
 * @param lastStep the step of the last accepted code: that step and all before it are spent, so that a code read over a
 * shoulder or from a proxy cannot be used a second time
 */
export function judgeCode(secret: string, code: string, nowMilliseconds: number, lastStep = -1): CodeVerdict {
  if (!/^\d{6}$/.test(code)) return { kind: 'wrong' };
  const delta = TOTP.validate({
    token: code,
    secret: Secret.fromBase32(secret),
    period: stepSeconds,
    timestamp: nowMilliseconds,
    window: 1,
  });
  if (delta === null) return { kind: 'wrong' };
  const step = TOTP.counter({ period: stepSeconds, timestamp: nowMilliseconds }) + delta;
  return step > lastStep ? { kind: 'accepted', step } : { kind: 'replayed' };
}
