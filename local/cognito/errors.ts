import type { z } from 'zod';
import { ServiceError } from '../service';

/** Errors carry fixed text alone: what a caller sent is never repeated. */
export const notAuthorized = (message = 'Incorrect username or password.') =>
  new ServiceError('NotAuthorizedException', message);
export const invalidParameter = (message: string) => new ServiceError('InvalidParameterException', message);
export const userNotFound = () => new ServiceError('UserNotFoundException', 'User does not exist.');
export const resourceNotFound = (message: string) => new ServiceError('ResourceNotFoundException', message);
export const disabled = () => notAuthorized('User is disabled.');
export const invalidSession = () => notAuthorized('Invalid session for the user.');

/**
 * Reads an operation's input.
 * @throws ServiceError InvalidParameterException that names the field and not its value
 */
export function parse<S extends z.ZodType>(schema: S, input: unknown): z.output<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  // A record's keys are the caller's words, so of a path only the top-level field is named.
  const field = String(result.error.issues[0]?.path[0] ?? 'request');
  throw invalidParameter(`Value at '${field}' failed to satisfy constraint`);
}

/** @throws ServiceError InvalidParameterException when the parameter is absent or empty */
export function requireParameter(parameters: Readonly<Record<string, string>>, name: string): string {
  const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
  if (!value) throw invalidParameter(`Missing required parameter ${name}`);
  return value;
}
