import type { Sample } from '../model';
import { atLeast, type Hit, type WindowRule } from './rule';

/** Ids that are no further apart follow each other. */
const stride = 64n;

/** @returns the hit of the longest run of ids that follow each other, counted from either end of the id */
function inSequence(probes: Sample | undefined, least: number): Hit | undefined {
  if (!probes) return undefined;
  const longest = Math.max(run(probes.members), run(probes.members.map(byteReversed)));
  return longest >= least ? { measure: longest, seen: [probes] } : undefined;
}

/** Little-endian counters grow at the other end. */
const byteReversed = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').reverse().toString('hex');

function run(ids: readonly string[]): number {
  const numbers = ids.map((id) => BigInt(`0x${id.replaceAll('-', '')}`)).sort((a, b) => (a < b ? -1 : 1));
  let longest = 1;
  let length = 1;
  for (const [index, number] of numbers.entries()) {
    const before = numbers[index - 1];
    length = before !== undefined && number - before <= stride ? length + 1 : 1;
    longest = Math.max(longest, length);
  }
  return longest;
}

/** Nobody comes across ids of patients that are not theirs: who tries several is guessing, or has a list. */
export const sequentialIdProbing: WindowRule = {
  id: 'sequential-id-probing',
  severity: 'critical',
  mayContain: true,
  marks: ['probes'],
  reason:
    'Records of many patients were tried by their ids without a relationship to any, or by ids that follow each other.',
  evaluate: ({ hour, day, settings }) => {
    const today = day('probes');
    const hit =
      atLeast(today, settings.probesPerDay) ??
      atLeast(hour.probes, settings.probesPerHour) ??
      inSequence(hour.probes, settings.sequentialProbes);
    return hit && { ...hit, patients: today.members };
  },
};
