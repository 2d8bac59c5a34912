import type { SignalRule } from './rule';

/** Help at the next desk happens once; curiosity comes back. So does who calls a busy desk twice: see `lessWhereBusy`. */
export const returnedToPatient: SignalRule = {
  id: 'returned-to-patient',
  severity: 'medium',
  reason: 'The same record was opened, or tried, on a second day, each time without an explanation.',
  sees: 'memory',
  lessWhereBusy: 0.5,
  applies: (entry, others) => earlierDays(entry, others) >= 1,
};

/** @returns on how many days before the same patient was looked at without an explanation */
export const earlierDays = (
  { patient, day }: Parameters<Extract<SignalRule, { sees: 'memory' }>['applies']>[0],
  others: Parameters<Extract<SignalRule, { sees: 'memory' }>['applies']>[1],
): number =>
  new Set(
    others
      .filter((other) => other.patient === patient && other.day < day && other.verdict !== 'explained')
      .map((other) => other.day),
  ).size;
