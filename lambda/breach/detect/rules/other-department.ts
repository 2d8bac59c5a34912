import type { SignalRule } from './rule';

/** The commercial monitors call it department mismatch. */
export const otherDepartment: SignalRule = {
  id: 'other-department',
  severity: 'medium',
  reason:
    'A record was opened, or tried, of somebody whom no department of the actor had to do with in the month around it.',
  assumedShare: 0.4,
  sees: 'facts',
  applies: ({ ownDepartment }) => ownDepartment === false,
};
