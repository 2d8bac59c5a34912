import type { SignalRule } from './rule';

/** An emergency leaves traces: the patient is admitted, the clinician joins the care team. 45 CFR 164.312(a)(2)(ii). */
export const emergencyWithoutCause: SignalRule = {
  id: 'emergency-without-cause',
  severity: 'medium',
  reason: 'Emergency access was opened, and nothing that followed shows an emergency.',
  sees: 'access',
  applies: ({ observation }) => observation.kind === 'emergency' && observation.outcome === 'permit',
};
