import { earlierDays } from './returned-to-patient';
import type { SignalRule } from './rule';

/** Whoever calls a desk is called back once; three days without a reason that somebody entered are no errand. */
export const repeatedPatient: SignalRule = {
  id: 'repeated-patient',
  severity: 'medium',
  reason: 'The same record was opened, or tried, on three days or more, each time without an explanation.',
  sees: 'memory',
  applies: (entry, others) => earlierDays(entry, others) >= 2,
};
