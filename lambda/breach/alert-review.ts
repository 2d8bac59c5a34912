import * as z from 'zod';
import { type Alert, alertStates, dismissalReasons } from './alert';
import { dayOf } from './calendar';
import type { Author, Opening } from './incident';
import { breachLocationCodes, breachTypeCodes, words } from './incident-model';

/** Which alerts are asked for. */
export const listing = z.strictObject({
  state: z.enum([...alertStates, 'all']).default('open'),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  /** `next` of the page before */
  after: z
    .string()
    .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#[0-9a-f-]{36}$/, 'must be the next of a page before')
    .optional(),
});
export const dismissing = z.strictObject({ reason: z.enum(dismissalReasons) });
export const openingFromAlert = z.strictObject({
  /** what is known of it */
  description: words,
  type: z.enum(breachTypeCodes).default('unauthorized-access-disclosure'),
  locations: z.array(z.enum(breachLocationCodes)).min(1).max(8).default(['electronic-medical-record']),
});

const reviewed = (alert: Alert, { by, at }: Author) => ({
  ...alert,
  reviewedBy: by,
  reviewedAt: at.toISOString(),
  version: alert.version + 1,
});

/** @returns the alert after a review that found nothing */
export const dismissed = (alert: Alert, dismissal: Alert['dismissal'], author: Author): Alert => ({
  ...reviewed(alert, author),
  state: 'dismissed',
  dismissal,
});

/** @returns the alert after a review that made an incident of it */
export const madeIncident = (alert: Alert, incident: string, author: Author): Alert => ({
  ...reviewed(alert, author),
  state: 'incident',
  incident,
});

/**
 * @returns what an incident begins with that is opened from an alert. 45 CFR 164.404(a)(2): the day on which the alert was raised is
 *   the day of discovery, not the one on which it was read.
 */
export const incidentFrom = (
  alert: Alert,
  { type, locations }: Pick<z.infer<typeof openingFromAlert>, 'type' | 'locations'>,
): Omit<Opening, 'id'> => ({
  discovered: dayOf(new Date(alert.openedAt)),
  discoveryBasis: 'alert',
  began: dayOf(new Date(alert.at)),
  type,
  locations,
  associate: false,
  associateInvolved: false,
  subjects: alert.actor === null ? [] : [alert.actor],
  alert: alert.id,
});
