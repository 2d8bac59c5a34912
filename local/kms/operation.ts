import { z } from 'zod';
import { type Authorize, type Caller, ServiceError } from '../service';
import type { EncryptionContext } from './ciphertext';
import type { Key, Keys } from './keys';
import { KEY_SPECS } from './specs';

/** What every operation works with. Times are epoch milliseconds inside and epoch seconds on the wire. */
export interface Kms {
  readonly keys: Keys;
  readonly clock: () => number;
  readonly account: string;
  readonly region: string;
  readonly authorize: Authorize;
}

export type Operation = (input: unknown, caller: Caller) => unknown;
export type OperationTable = Readonly<Record<string, Operation>>;

type Conditions = Readonly<Record<string, string | readonly string[]>>;

/** An operation whose input is parsed strictly: a parameter that is not emulated is refused, never ignored. */
export function operation<Input>(schema: z.ZodType<Input>, run: (input: Input, caller: Caller) => unknown): Operation {
  return (input, caller) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return run(parsed.data, caller);
    const [issue] = parsed.error.issues;
    const names = issue?.code === 'unrecognized_keys' ? issue.keys : [String(issue?.path[0] ?? 'input')];
    throw new ServiceError('ValidationException', `not valid, or not emulated: ${names.join(', ')}`);
  };
}

/** Base64 on the wire, of so many bytes. */
export const bytes = (minimum: number, maximum: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine(({ length }) => length >= minimum && length <= maximum);

export const keyId = z.string().min(1).max(2048);
export const encryptionContext = z.record(z.string().min(1), z.string()).default({});
/** Grants are not emulated: an empty list is all that may be sent. */
export const grantTokens = z.array(z.never()).optional();

/**
 * Finds the key and asks whether the caller may do this with it, before anything is served.
 *
 * @throws ServiceError NotFoundException, AccessDeniedException
 */
export function permittedKey(
  kms: Kms,
  caller: Caller,
  action: string,
  reference: string,
  conditions: Conditions = {},
): Key {
  const { key, alias } = kms.keys.find(reference);
  permit(kms, caller, action, key, { ...conditions, ...(alias ? { 'kms:RequestAlias': alias } : {}) });
  return key;
}

export function permit(kms: Kms, caller: Caller, action: string, key: Key, conditions: Conditions = {}): void {
  const aliases = kms.keys.aliasesOf(key.id);
  kms.authorize(caller, {
    action: `kms:${action}`,
    resource: kms.keys.arn(key),
    context: {
      'kms:KeySpec': key.spec,
      'kms:KeyUsage': KEY_SPECS[key.spec].usage,
      'kms:KeyOrigin': 'AWS_KMS',
      'kms:MultiRegion': String(key.multiRegion),
      ...(key.multiRegion ? { 'kms:MultiRegionKeyType': 'PRIMARY' } : {}),
      ...(aliases.length > 0 ? { 'kms:ResourceAliases': aliases } : {}),
      ...conditions,
    },
  });
}

/** The condition keys of an encryption context; without one they are absent, as `Null` conditions expect. */
export function contextConditions(context: EncryptionContext): Conditions {
  const names = Object.keys(context);
  return {
    'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT',
    ...(names.length > 0 ? { 'kms:EncryptionContextKeys': names } : {}),
    ...Object.fromEntries(names.map((name) => [`kms:EncryptionContext:${name}`, context[name] ?? ''])),
  };
}
