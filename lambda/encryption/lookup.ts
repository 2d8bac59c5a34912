import { createHmac } from 'node:crypto';
import type { LookupKey } from './data-key';
import { EnvelopeError } from './envelope-error';

/** How a value is made comparable before it is blinded. */
type Normalization = 'identifier' | 'text' | 'exact';

/** Each lookup has a key of its own, so that equal values under two names have nothing in common. */
const lookups = {
  /** unique in an organization */
  mrn: 'identifier',
  ssn: 'identifier',
  /** two values: family name, birth date */
  'family-birth-date': 'text',
  /** detection only: a workforce member and a patient of one family name */
  family: 'text',
  /** detection only: one postal address */
  address: 'text',
  /** ids of imported entries, so that importing a resource again finds the same entry */
  'import-resource': 'exact',
  /** what an imported resource said, so that importing it unchanged changes nothing */
  'import-content': 'exact',
} as const satisfies Readonly<Record<string, Normalization>>;
export type LookupName = keyof typeof lookups;
export const lookupNames: readonly LookupName[] = Object.keys(lookups) as LookupName[];

const label = 'WARD-LOOKUP/v1 ';
const tokenLength = 16;

/**
 * @returns the form of a value that its token is made of. Text: NFKC, Unicode toLowerCase (not case folding, which differs
 *   between languages), NFKC, white space collapsed to one space and trimmed. An identifier keeps letters and digits only.
 */
export function normalizeLookup(name: LookupName, value: string): string {
  const how: Normalization = lookups[name];
  if (how === 'exact') return value;
  const text = value.normalize('NFKC').toLowerCase().normalize('NFKC');
  return how === 'identifier' ? text.replace(/[^\p{L}\p{Nd}]/gu, '') : text.replace(/\s+/g, ' ').trim();
}

/**
 * A blind index token: equal for equal values, and without the key no help in finding them.
 * @param values in the name's order; each is normalized here. Values that normalize to nothing are all equal: whoever
 *   takes them from outside refuses them, see `normalizeLookup`
 * @returns 16 bytes in lower-case hexadecimal
 */
export function lookupToken(key: LookupKey, name: LookupName, ...values: readonly string[]): string {
  const own = key.expand(Buffer.from(label + name, 'ascii'), 32);
  try {
    const hmac = createHmac('sha256', own);
    for (const value of values) {
      const normalized = Buffer.from(normalizeLookup(name, value));
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(normalized.length);
      hmac.update(length).update(normalized);
    }
    return hmac.digest().subarray(0, tokenLength).toString('hex');
  } finally {
    own.fill(0);
  }
}

/** @param token of 32 hexadecimal digits. @returns it as a UUID of version 8, RFC 9562 section 5.8: 6 of its 128 bits are lost */
export function entryIdFrom(token: string): string {
  if (!/^[0-9a-f]{32}$/.test(token)) throw new EnvelopeError('argument');
  const bytes = Buffer.from(token, 'hex');
  bytes.writeUInt8(0x80 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
