import type { SignalRule } from './rule';

/** What all the others add to: no explanation was there, and none came within the grace time. */
export const unexplainedAccess: SignalRule = {
  id: 'unexplained-access',
  severity: 'medium',
  reason: 'A record was opened, or tried, without a care team, task, emergency or registration that explains it.',
  sees: 'access',
  applies: () => true,
};
