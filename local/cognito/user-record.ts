import { z } from 'zod';

const password = z.object({ salt: z.string(), verifier: z.string() });

/**
 * One sign-in and the tokens that descend from it. It ends with its refresh token; an access token whose sign-in is gone
 * no longer opens this service's own operations. Times in milliseconds since 1970.
 */
const signIn = z.object({
  eventId: z.string(),
  originJti: z.string(),
  clientId: z.string(),
  authenticatedAt: z.number(),
  expiresAt: z.number(),
  /** SHA-256 of each refresh token; a rotated one stays, marked, so that its reuse is noticed */
  refresh: z.array(z.object({ hash: z.string(), retiredAt: z.number().optional() })),
});

const authEvent = z.object({
  EventId: z.string(),
  EventType: z.enum(['SignIn', 'PasswordChange', 'ForgotPassword']),
  CreationDate: z.number(),
  EventResponse: z.enum(['Pass', 'Fail']),
  ChallengeResponses: z.array(
    z.object({ ChallengeName: z.enum(['Password', 'Mfa']), ChallengeResponse: z.enum(['Success', 'Failure']) }),
  ),
});

/** A user as stored: no password, only its verifier; no refresh token or mailed code, only their hashes. */
export const userRecord = z.object({
  sub: z.uuid(),
  username: z.string(),
  attributes: z.record(z.string(), z.string()),
  enabled: z.boolean(),
  status: z.enum(['FORCE_CHANGE_PASSWORD', 'CONFIRMED', 'RESET_REQUIRED']),
  createdAt: z.number(),
  modifiedAt: z.number(),
  password: password.extend({ expiresAt: z.number().optional() }),
  earlierPasswords: z.array(password),
  totp: z.object({ secret: z.string(), enabled: z.boolean(), lastStep: z.number() }).optional(),
  /** a secret shown to a signed-in user, not yet proven; only that sign-in can prove it */
  pendingTotp: z.object({ secret: z.string(), eventId: z.string() }).optional(),
  resetCode: z.object({ hash: z.string(), expiresAt: z.number(), wrong: z.number() }).optional(),
  attempts: z.object({ failures: z.number(), lastFailureAt: z.number(), lockedUntil: z.number() }),
  signIns: z.array(signIn),
  events: z.array(authEvent),
});

export type UserRecord = Readonly<z.output<typeof userRecord>>;
export type SignIn = z.output<typeof signIn>;
export type AuthEvent = z.output<typeof authEvent>;

const keptEvents = 50;

export const withEvent = (user: UserRecord, event: AuthEvent): UserRecord => ({
  ...user,
  events: [event, ...user.events].slice(0, keptEvents),
});
