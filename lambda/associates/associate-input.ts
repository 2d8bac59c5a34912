import * as z from 'zod';
import { type InputError, Problem } from '../http/problem';
import { category } from '../records/model';
import { type Agreement, dispositions, endReasons, services } from './associate';

const day = z.iso.date('must be a day such as 2026-01-31');

const agreement = z.strictObject({
  reference: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$/, 'must be a number or code of at most 64 characters, without spaces'),
  signed: day,
  from: day,
  until: day.nullable(),
  categories: z.array(category).min(1),
  report_within_days: z.int().min(1).max(60, 'must be at most 60, the limit of 45 CFR 164.410(b)'),
});
type AgreementInput = z.infer<typeof agreement>;

export const recording = z.strictObject({
  name: z
    .string()
    .trim()
    .regex(
      /^[\p{L}\p{N}][\p{L}\p{N} .,&'’()/+-]{0,79}$/u,
      'must be the name of an organization, at most 80 characters',
    ),
  service: z.enum(services, `must be one of ${services.join(', ')}`),
  agreement,
});
export const renewing = agreement;
export const ending = z.strictObject({
  reason: z.enum(endReasons, `must be one of ${endReasons.join(', ')}`),
  phi: z.enum(dispositions, `must be one of ${dispositions.join(', ')}`),
});

/**
 * None covers what was before it was signed.
 * @param at of the part in the body, such as `agreement.`
 * @param today UTC day, which is never behind a day of the Americas
 * @throws Problem invalid-input that names what is wrong with the days of an agreement among themselves
 */
export function checkDays({ signed, from, until }: AgreementInput, at: string, today: string): void {
  const errors: InputError[] = [
    ...(signed > today ? [{ field: `${at}signed`, message: 'must not be in the future' }] : []),
    ...(from < signed ? [{ field: `${at}from`, message: 'must not be before it was signed' }] : []),
    ...(until !== null && until < from ? [{ field: `${at}until`, message: 'must not be before its beginning' }] : []),
  ];
  if (errors.length > 0) throw new Problem('invalid-input', { errors });
}

/** @returns what was sent, as it is kept; each category once */
export const agreementOf = (
  { reference, signed, from, until, categories, report_within_days }: AgreementInput,
  by: string,
  now: Date,
): Agreement => ({
  reference,
  signed,
  from,
  until,
  categories: [...new Set(categories)],
  reportWithinDays: report_within_days,
  recordedBy: by,
  recordedAt: now.toISOString(),
});
