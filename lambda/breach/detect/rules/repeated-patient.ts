import type { SignalRule } from './rule';

/** Help at the next desk happens once; curiosity comes back. */
export const repeatedPatient: SignalRule = {
  id: 'repeated-patient',
  severity: 'medium',
  reason: 'The same record was opened, or tried, on several days, each time without an explanation.',
  sees: 'memory',
  applies: ({ patient, day }, others) =>
    others.some((other) => other.patient === patient && other.day < day && other.verdict !== 'explained'),
};
