import { randomInt, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from '../service';
import { type Context, placeOf } from './context';
import { disabled, invalidParameter, notAuthorized, parse, userNotFound } from './errors';
import { requirePolicy, setPassword } from './new-password';
import type { Pool } from './pool';
import type { MailTemplate } from './pool-settings';
import { type UserRecord, withEvent } from './user-record';

const codeLifetimeMilliseconds = 3_600_000;
const mostWrongCodes = 5;

/** Sends one of the pool's mails. @throws ServiceError CodeDeliveryFailureException */
export async function sendMail(context: Context, template: MailTemplate, to: string, code: string): Promise<void> {
  const fill = (text: string) => text.replaceAll('{username}', () => to).replaceAll('{####}', () => code);
  try {
    await context.mail({ to, subject: fill(template.subject), text: fill(template.text) });
  } catch {
    throw new ServiceError('CodeDeliveryFailureException', 'The message could not be delivered');
  }
}

/** Gives the user a code by mail that opens ConfirmForgotPassword for an hour. */
export async function sendResetCode(context: Context, pool: Pool, user: UserRecord): Promise<void> {
  const code = String(randomInt(1_000_000)).padStart(6, '0');
  const expiresAt = context.clock() + codeLifetimeMilliseconds;
  pool.users.put({ ...user, resetCode: { hash: pool.hashCode(user.sub, code), expiresAt, wrong: 0 } });
  await sendMail(context, pool.settings.verification, user.attributes['email'] ?? '', code);
}

/** Whether a code may be mailed: only to an address that is known to be the user's. */
export const hasVerifiedEmail = (user: UserRecord): boolean =>
  user.attributes['email_verified'] === 'true' && Boolean(user.attributes['email']);

const forgotPasswordInput = z.object({
  ClientId: z.string().min(1).max(128),
  Username: z.string().min(1).max(128),
});

/**
 * ForgotPassword. At a client that hides unknown users the reply is the same whether or not a code is sent.
 * @throws ServiceError NotAuthorizedException when the pool's recovery is an administrator's alone
 */
export async function forgotPassword(context: Context, input: unknown) {
  const { ClientId, Username } = parse(forgotPasswordInput, input);
  const { pool, client } = placeOf(context, ClientId);
  if (!pool.settings.recoversByEmail) throw notAuthorized('Contact administrator to reset password.');
  const account = pool.account(Username);
  if (!context.mailLimit.allows(`${pool.id}/${account.userId}`, context.clock()))
    throw new ServiceError('LimitExceededException', 'Attempt limit exceeded, please try after some time.');
  const user = pool.users.get(account.sub);
  const obstacle = obstacleTo(user);
  if (obstacle && !client.hidesUnknownUsers) throw obstacle;
  if (user && !obstacle) {
    const sending = sendResetCode(context, pool, user);
    // A mail that cannot be sent would tell that there was one to send.
    await (client.hidesUnknownUsers ? sending.catch(() => undefined) : sending);
  }
  const Destination = mask(
    pool.settings.emailIsUsername ? Username : (user?.attributes['email'] ?? ''),
    account.userId,
  );
  return { CodeDeliveryDetails: { AttributeName: 'email', DeliveryMedium: 'EMAIL', Destination } };
}

function obstacleTo(user: UserRecord | undefined): ServiceError | undefined {
  if (!user) return userNotFound();
  if (!user.enabled) return disabled();
  if (user.status === 'FORCE_CHANGE_PASSWORD')
    return notAuthorized('User password cannot be reset in the current state.');
  if (!hasVerifiedEmail(user)) return invalidParameter('Cannot reset password for the user without a verified email');
  return undefined;
}

/** First letters only; a name without an address gets letters of its own that look the same. */
function mask(address: string, fallback: string): string {
  const [local = '', domain = ''] = address.includes('@') ? address.split('@') : [fallback, fallback.slice(-1)];
  return `${local.slice(0, 1).toLowerCase()}***@${domain.slice(0, 1).toLowerCase()}***`;
}

const confirmForgotPasswordInput = z.object({
  ClientId: z.string().min(1).max(128),
  Username: z.string().min(1).max(128),
  ConfirmationCode: z.string().min(1).max(2048),
  Password: z.string().min(1).max(256),
});

/** ConfirmForgotPassword. Five wrong codes end a code; the error is the same for each reason but expiry. */
export async function confirmForgotPassword(context: Context, input: unknown) {
  const request = parse(confirmForgotPasswordInput, input);
  const { pool, client } = placeOf(context, request.ClientId);
  if (!pool.settings.recoversByEmail) throw notAuthorized('Contact administrator to reset password.');
  requirePolicy(pool, request.Password);
  const user = pool.users.find(request.Username);
  if (!user && !client.hidesUnknownUsers) throw userNotFound();
  const mismatch = new ServiceError('CodeMismatchException', 'Invalid verification code provided, please try again.');
  const pending = user?.resetCode;
  if (!user?.enabled || !pending || pending.wrong >= mostWrongCodes) throw mismatch;
  if (pool.hashCode(user.sub, request.ConfirmationCode) !== pending.hash) {
    pool.users.put({ ...user, resetCode: { ...pending, wrong: pending.wrong + 1 } });
    throw mismatch;
  }
  if (pending.expiresAt <= context.clock())
    throw new ServiceError('ExpiredCodeException', 'Invalid code provided, please request a code again.');
  const event = {
    EventId: randomUUID(),
    EventType: 'ForgotPassword' as const,
    CreationDate: context.clock() / 1000,
    EventResponse: 'Pass' as const,
    ChallengeResponses: [],
  };
  setPassword(pool, withEvent(user, event), request.Password, context.clock(), 'CONFIRMED');
  return {};
}
