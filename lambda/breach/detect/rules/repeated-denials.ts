import { atLeast, type WindowRule } from './rule';

/** An application with a fault does it too, which is why it is no more than medium. 45 CFR 164.308(a)(5)(ii)(C). */
export const repeatedDenials: WindowRule = {
  id: 'repeated-denials',
  severity: 'medium',
  mayContain: false,
  marks: ['denials'],
  reason: 'Many requests of one person were denied within an hour.',
  evaluate: ({ hour, settings }) => atLeast(hour.denials, settings.denialsPerHour),
};
