import { createHash, randomInt } from 'node:crypto';
import * as z from 'zod';
import { patientId } from '../records/model';
import type { TransactItem } from '../records/transaction';
import { governanceKeys } from './governance';

/** How a registrar made sure who stands at the desk. 45 CFR 164.514(h). */
export const identityChecks = ['government-id', 'known-to-staff', 'two-identifiers', 'representative-papers'] as const;

/** A one-time code that binds an account to a record. `PK` `ENROLLMENT#<SHA-256 of the code>`. */
export const enrollmentItem = z.object({
  patient: patientId,
  identityCheck: z.enum(identityChecks),
  issuedBy: z.string(),
  expiresAt: z.string(),
  usedBy: z.string().optional(),
});
export type EnrollmentItem = z.infer<typeof enrollmentItem>;

/** without letters and digits that are mistaken for each other */
const alphabet = 'ABCDEFGHJKMNPQRSTVWXYZ23456789';
const groups = 3;
const groupLength = 4;
const validHours = 72;

/** @returns a code of 58 bits, such as `K7QX-9MPA-2WTC`: handed over on paper, never mailed or stored */
export function newCode(random: (below: number) => number = randomInt): string {
  const group = (): string => Array.from({ length: groupLength }, () => alphabet[random(alphabet.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}

/** @returns what stands for the code in the table: whoever reads the table cannot use it */
export function codeHash(code: string): string {
  return createHash('sha256').update(code.toUpperCase().replace(/[\s-]/g, '')).digest('hex');
}

export function issueCode(
  table: string,
  code: string,
  item: Pick<EnrollmentItem, 'patient' | 'identityCheck' | 'issuedBy'>,
  now: Date,
): { readonly item: EnrollmentItem; readonly write: TransactItem } {
  const expires = new Date(now.getTime() + validHours * 60 * 60 * 1000);
  const full: EnrollmentItem = { ...item, expiresAt: expires.toISOString() };
  return {
    item: full,
    write: {
      Put: {
        TableName: table,
        Item: { ...governanceKeys.enrollment(codeHash(code)), ...full, ttl: Math.floor(expires.getTime() / 1000) },
        ConditionExpression: 'attribute_not_exists(PK)',
      },
    },
  };
}

/** @returns the write that uses the code up: fails when it is used or expired */
export function useCode(table: string, code: string, sub: string, now: Date): TransactItem {
  return {
    Update: {
      TableName: table,
      Key: governanceKeys.enrollment(codeHash(code)),
      UpdateExpression: 'SET usedBy = :sub',
      ConditionExpression: 'attribute_exists(PK) AND attribute_not_exists(usedBy) AND expiresAt > :now',
      ExpressionAttributeValues: { ':sub': sub, ':now': now.toISOString() },
    },
  };
}
