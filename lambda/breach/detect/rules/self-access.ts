import type { SignalRule } from './rule';

/** One's own record is read as a patient, with a patient's account. 45 CFR 164.524. */
export const selfAccess: SignalRule = {
  id: 'self-access',
  severity: 'high',
  reason: 'Somebody opened, or tried, their own record as a member of the workforce, without a task that explains it.',
  sees: 'facts',
  applies: ({ relations }) => relations.includes('self'),
};
