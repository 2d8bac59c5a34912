import { emergencyWithoutCause } from './emergency-without-cause';
import type { SignalRule } from './rule';

/** A slip is noticed at once, above all by who is refused; who wants to know looks again. In an emergency everybody does. */
export const triedAgain: SignalRule = {
  id: 'tried-again',
  severity: 'medium',
  reason: 'The same record was opened, or tried, more than once on the day, without an explanation.',
  assumedShare: 0.4,
  sees: 'memory',
  applies: ({ events, signals }) => events.length >= 2 && !signals.includes(emergencyWithoutCause.id),
};
