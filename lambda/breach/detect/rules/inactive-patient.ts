import type { SignalRule } from './rule';

/** Who works on a patient leaves traces around the visit: a task, a new member of the care team. Nothing at all is unusual. */
export const inactivePatient: SignalRule = {
  id: 'inactive-patient',
  severity: 'medium',
  reason:
    'A record was opened, or tried, of somebody who had nothing to do with the organization in the month around it.',
  assumedShare: 0.25,
  sees: 'facts',
  applies: ({ active }) => active === false,
};
