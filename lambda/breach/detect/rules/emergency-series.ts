import { atLeast, type WindowRule } from './rule';

/** Breaking the glass is rare. 45 CFR 164.312(a)(2)(ii). */
export const emergencySeries: WindowRule = {
  id: 'emergency-series',
  severity: 'high',
  mayContain: false,
  marks: ['emergencies'],
  reason: 'One clinician opened emergency access to several patients within a day.',
  evaluate: ({ day, settings }) => atLeast(day('emergencies'), settings.emergenciesPerDay),
};
