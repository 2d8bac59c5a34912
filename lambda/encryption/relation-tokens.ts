import * as z from 'zod';
import { asArray, own } from '../records/fhir/issue';
import { familyNames } from '../records/fhir/patient';
import type { LookupKey } from './data-key';
import { lookupToken, normalizeLookup } from './lookup';

/**
 * Blind tokens that tell whether two people share a family name or an address, and nothing else. They are made under the
 * organization's first lookup key, which stays when the blind index moves to another: the workforce's plaintext is not kept,
 * so nobody could make their tokens anew.
 */
export interface RelationTokens {
  readonly family: readonly string[];
  readonly address: readonly string[];
}
const token = z.string().regex(/^[0-9a-f]{32}$/);
export const relationTokens = z.object({ family: z.array(token), address: z.array(token) });

/** What two spellings of one address have in common: its lines, and the five digits of its ZIP Code. */
export interface PostalAddress {
  readonly lines: readonly string[];
  readonly postalCode: string;
}

/** @returns a token a name and a token an address; what normalizes to nothing has none, or all such would be equal */
export function relationTokensOf(
  key: LookupKey,
  families: readonly string[],
  addresses: readonly PostalAddress[],
): RelationTokens {
  const named = families.filter((family) => normalizeLookup('family', family) !== '');
  const placed = addresses
    .map(({ lines, postalCode }) => [streetOf(lines), postalCode.slice(0, 5)] as const)
    .filter(([street, code]) => street !== '' && code.trim() !== '');
  return {
    family: [...new Set(named.map((family) => lookupToken(key, 'family', family)))],
    address: [...new Set(placed.map(([street, code]) => lookupToken(key, 'address', street, code)))],
  };
}

/** @returns the tokens of a patient, from every name and address in the demographics */
export function patientRelations(key: LookupKey, demographics: Readonly<Record<string, unknown>>): RelationTokens {
  const addresses = asArray(own(demographics, 'address')).map((address) => ({
    lines: asArray(own(address, 'line')).filter((line) => typeof line === 'string'),
    postalCode: textOf(own(address, 'postalCode')),
  }));
  return relationTokensOf(key, familyNames(demographics), addresses);
}

/** Punctuation differs between two who write down one address. */
const streetOf = (lines: readonly string[]): string =>
  normalizeLookup('address', lines.join(' ').replace(/[^\p{L}\p{Nd}\s]/gu, ' '));
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
