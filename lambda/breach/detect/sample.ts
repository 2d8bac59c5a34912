import { createHash } from 'node:crypto';
import type { Mark, Sample } from './model';

/** The most members that an hour keeps of a mark; a count says "at least" from there on. */
export const mostMembers: Readonly<Record<Mark, number>> = {
  patients: 160,
  denials: 60,
  probes: 60,
  searches: 100,
  misses: 100,
  exports: 60,
  emergencies: 50,
  suspended: 50,
  admitted: 16,
  foreign: 16,
  failures: 60,
  'second-factors': 60,
  presence: 60,
};
/** The most event ids that stand for a finding. */
export const mostEvents = 8;

const nothing: Sample = { members: [], events: [], at: '' };

/** A short name of a patient, since counting needs no more than telling two apart. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 12);

/**
 * @returns the sample with one more member. Of too many the smallest stay, so that the result is the same in whatever order
 * and however often they came.
 */
export function addTo(
  sample: Sample = nothing,
  { member, event, at }: { readonly member: string; readonly event: string; readonly at: string },
  most: number,
): Sample {
  const members = smallest(sample.members, member, most);
  const events = smallest(sample.events, event, mostEvents);
  const first = sample.at === '' || at < sample.at ? at : sample.at;
  if (members === sample.members && events === sample.events && first === sample.at) return sample;
  return { members, events, at: first };
}

/** @returns what several hours have together, uncut */
export function union(samples: readonly (Sample | undefined)[]): Sample {
  const some = samples.filter((each) => each !== undefined);
  const [only] = some;
  if (some.length <= 1) return only ?? nothing;
  return {
    members: [...new Set(some.flatMap(({ members }) => members))].sort(),
    events: [...new Set(some.flatMap(({ events }) => events))].sort().slice(0, mostEvents),
    at: some.reduce((first, { at }) => (first === '' || at < first ? at : first), ''),
  };
}

/** @param sorted ascending, without duplicates @returns the same array when nothing changes */
export function smallest(sorted: readonly string[], value: string, most: number): readonly string[] {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < value) low = middle + 1;
    else high = middle;
  }
  if (sorted[low] === value || low >= most) return sorted;
  return [...sorted.slice(0, low), value, ...sorted.slice(low, most - 1)];
}
