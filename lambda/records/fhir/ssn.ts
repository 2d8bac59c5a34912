import { asArray, type FhirIssue, isObject, type JsonObject, own } from './issue';

/** systems under which an identifier is a US social security number, as URI and as OID */
const ssnSystems: ReadonlySet<unknown> = new Set(['http://hl7.org/fhir/sid/us-ssn', 'urn:oid:2.16.840.1.113883.4.1']);

/** Has this identifier a type with this code of HL7 table 0203 (`MR`, `SS`)? The table's URL changed over the years, so only the code counts. */
export const hasIdentifierType = (identifier: unknown, code: string): boolean =>
  asArray(own(own(identifier, 'type'), 'coding')).some((coding) => own(coding, 'code') === code);

export const isSsnIdentifier = (identifier: unknown): boolean =>
  ssnSystems.has(own(identifier, 'system')) || hasIdentifierType(identifier, 'SS');

/** @returns the nine digits of a social security number written with or without separators; undefined for anything else */
export function ssnDigits(value: unknown): string | undefined {
  if (typeof value !== 'string' || !/^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(value)) return undefined;
  return value.replace(/\D/g, '');
}

/** @param digits nine digits */
export const ssnIdentifier = (digits: string): JsonObject => ({
  type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'SS' }] },
  system: 'http://hl7.org/fhir/sid/us-ssn',
  value: `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`,
});

/** three, two and four digits with separators: no other number that a record holds is written so */
const ssnShaped = /(?<![\p{L}\p{N}])\d{3}([- ])\d{2}\1\d{4}(?![\p{L}\p{N}])/u;

/** @returns a pattern for this number alone, however its parts are separated */
export function ssnPattern(digits: string): RegExp {
  const parts = [digits.slice(0, 3), digits.slice(3, 5), digits.slice(5)].join('[-. \\u2010-\\u2013\\u00a0]?');
  return new RegExp(`(?<![\\p{L}\\p{N}])${parts}(?![\\p{L}\\p{N}])`, 'u');
}

/**
 * Finds social security numbers where none may be: identifiers that are one, and text that repeats the patient's. Base64 data is
 * not decoded.
 * @param digits the patient's number; without it only identifiers and text in the usual form `ddd-dd-dddd` are found, and the
 * latter only with `shaped`
 */
export function ssnIssues(value: unknown, path: string, options: { digits?: string; shaped?: boolean }): FhirIssue[] {
  const issues: FhirIssue[] = [];
  const patterns = [
    ...(options.digits === undefined ? [] : [ssnPattern(options.digits)]),
    ...(options.shaped === true ? [ssnShaped] : []),
  ];
  const visit = (node: unknown, at: string): void => {
    if (typeof node === 'string' || typeof node === 'number') {
      const text = String(node);
      if (patterns.some((pattern) => pattern.test(text)))
        issues.push({
          path: at,
          code: 'ssn',
          message: `${at} holds a social security number: it is kept as the patient's SSN identifier only`,
        });
    } else if (Array.isArray(node)) {
      for (const [index, item] of node.entries()) visit(item, `${at}[${index}]`);
    } else if (isObject(node)) {
      // A resource's own `type` is no identifier's.
      if (own(node, 'resourceType') === undefined && isSsnIdentifier(node))
        issues.push({
          path: at,
          code: 'ssn',
          message: `${at} is a social security number: only the patient's own is kept, on the Patient`,
        });
      else for (const [key, item] of Object.entries(node)) visit(item, `${at}.${key}`);
    }
  };
  visit(value, path);
  return issues;
}
