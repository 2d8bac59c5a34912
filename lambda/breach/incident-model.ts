import * as z from 'zod';
import { assessmentCodes, outcomes, safeHarbourInput } from './assessment';
import { jurisdictionCodes } from './states';

/** a reason in words; sealed, never in a log */
export const words = z.string().trim().min(10, 'must say why, in at least 10 characters').max(4000);

export const states = ['opened', 'contained', 'assessed', 'determined', 'notifying', 'documented', 'closed'] as const;
export type IncidentState = (typeof states)[number];

/** how the incident came to be known: the basis of the discovery date. 45 CFR 164.404(a)(2) */
export const discoveryBases = [
  'alert',
  'audit-review',
  'workforce-report',
  'patient-complaint',
  'vendor-report',
  'law-enforcement',
  'press',
] as const;
/** 45 CFR 164.408 as the form of HHS has them, in codes */
export const breachTypes = {
  'hacking-it-incident': 'Hacking/IT Incident',
  'unauthorized-access-disclosure': 'Unauthorized Access/Disclosure',
  theft: 'Theft',
  loss: 'Loss',
  'improper-disposal': 'Improper Disposal',
  other: 'Other',
  unknown: 'Unknown',
} as const;
export const breachLocations = {
  'network-server': 'Network Server',
  email: 'Email',
  'paper-films': 'Paper/Films',
  laptop: 'Laptop',
  'desktop-computer': 'Desktop Computer',
  'electronic-medical-record': 'Electronic Medical Record',
  'other-portable-device': 'Other Portable Electronic Device',
  other: 'Other',
} as const;
type BreachType = keyof typeof breachTypes;
type BreachLocation = keyof typeof breachLocations;
export const breachTypeCodes = Object.keys(breachTypes) as [BreachType, ...BreachType[]];
export const breachLocationCodes = Object.keys(breachLocations) as [BreachLocation, ...BreachLocation[]];

export const containmentKinds = ['suspend-user', 'freeze-patient', 'freeze-role', 'lockdown', 'none-needed'] as const;

export const measure = z.object({ kind: z.enum(containmentKinds), target: z.string(), by: z.string(), at: z.string() });
const hold = z.object({
  kind: z.enum(['written', 'oral']),
  from: z.string(),
  until: z.string(),
  by: z.string(),
  at: z.string(),
});
const determination = z.object({
  outcome: z.enum(outcomes),
  by: z.string(),
  approval: z.string(),
  approvedBy: z.string(),
  at: z.string(),
});
export const scopeSummary = z.object({
  /** of the query that the people came from; the query itself is kept with it */
  run: z.string(),
  individuals: z.int().min(0),
  residents: z.partialRecord(z.enum([...jurisdictionCodes, 'unknown']), z.int().min(0)),
  at: z.string(),
});
const proof = z.object({
  /** the day on which it was done */
  on: z.string(),
  /** such as a tracking number or the id of a mailing: a code, never text */
  reference: z.string(),
  by: z.string(),
  at: z.string(),
});
export const dossier = z.object({
  version: z.int().positive(),
  key: z.string(),
  sha256: z.string(),
  /** of the object under Object Lock */
  objectVersion: z.string().optional(),
  at: z.string(),
});

/** One incident as the governance table keeps it: codes, ids and days. Every word about it is sealed beside it. */
export const incidentItem = z.object({
  id: z.uuid(),
  state: z.enum(states),
  version: z.int().positive(),
  openedAt: z.string(),
  openedBy: z.string(),
  discovered: z.string(),
  discoveryBasis: z.enum(discoveryBases),
  began: z.string().optional(),
  ended: z.string().optional(),
  type: z.enum(breachTypeCodes),
  locations: z.array(z.enum(breachLocationCodes)).min(1),
  /** this organization is the business associate */
  associate: z.boolean(),
  /** a business associate of ours is involved */
  associateInvolved: z.boolean(),
  /** `sub` of the people it names: no emergency access while it is open */
  subjects: z.array(z.uuid()).max(20),
  /** the alert it came from */
  alert: z.string().optional(),
  measures: z.array(measure),
  holds: z.array(hold),
  assessment: assessmentCodes.optional(),
  safeHarbour: safeHarbourInput.omit({ reason: true }).optional(),
  determination: determination.optional(),
  scope: scopeSummary.optional(),
  /** letters that were made, and the template they were made from */
  letters: z.object({ template: z.string(), at: z.string() }).optional(),
  proofs: z.record(z.string(), proof),
  dossiers: z.array(dossier),
  releasedAt: z.string().optional(),
  releasedBy: z.string().optional(),
  closedAt: z.string().optional(),
  closedBy: z.string().optional(),
  lastActionAt: z.string(),
});
export type Incident = z.infer<typeof incidentItem>;
