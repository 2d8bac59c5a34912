import * as z from 'zod';
import { assessmentInput, outcomes, safeHarbourInput } from './assessment';
import type { Opening } from './incident';
import { breachLocationCodes, breachTypeCodes, discoveryBases, words } from './incident-model';

export const opening = z.strictObject({
  discovered: z.string(),
  discovery_basis: z.enum(discoveryBases),
  /** how it came to be known, by whom, and what is known of it */
  description: words,
  breach_began: z.string().optional(),
  breach_ended: z.string().optional(),
  type: z.enum(breachTypeCodes),
  locations: z.array(z.enum(breachLocationCodes)).min(1).max(8),
  associate: z.boolean().default(false),
  associate_involved: z.boolean().default(false),
  subjects: z.array(z.uuid()).max(20).default([]),
});
export const assessing = assessmentInput.extend({ safe_harbour: safeHarbourInput.optional() });
export const determining = z.strictObject({ outcome: z.enum(outcomes), approval: z.uuid(), reason: words });
export const holding = z.strictObject({
  kind: z.enum(['written', 'oral']),
  from: z.string(),
  until: z.string(),
  /** who said so, and of which agency: 45 CFR 164.412(b) asks to document the statement and the identity */
  statement: words,
});
export const ending = z.strictObject({ reason: words });

/** @returns what was sent, in the incident's own names; each person once */
export const openingOf = (body: z.infer<typeof opening>): Omit<Opening, 'id'> => ({
  discovered: body.discovered,
  discoveryBasis: body.discovery_basis,
  began: body.breach_began,
  ended: body.breach_ended,
  type: body.type,
  locations: body.locations,
  associate: body.associate,
  associateInvolved: body.associate_involved,
  subjects: [...new Set(body.subjects)],
});
