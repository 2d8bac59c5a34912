import type { LogState } from '../../lambda/audit/log-state';
import { archivedTo } from '../../lambda/audit/log-state';
import type { OutboxReader, StoredEvent } from '../../lambda/audit/outbox-reader';

/** A lane that may have events which are not sealed. */
export interface OpenLane {
  readonly lane: string;
  /** up to which sequence nothing of it is missing in the archive */
  readonly archivedTo: number;
}

/** A lane is named when its first event is written; longer than this no first write takes. */
const registrationMarginMilliseconds = 60 * 60 * 1000;
const inParallel = 32;

/** @returns the lanes that can have moved since the newest epoch */
export async function openLanes(state: LogState, outbox: OutboxReader): Promise<readonly OpenLane[]> {
  const { at } = state.epoch;
  const since = at === null ? new Date(0) : new Date(Date.parse(at) - registrationMarginMilliseconds);
  const names = new Set([...state.epoch.open.keys(), ...(await outbox.registeredSince(since)).map(({ lane }) => lane)]);
  return [...names].map((lane) => ({ lane, archivedTo: archivedTo(state, lane) }));
}

/** @returns what `read` gives for every lane, a few lanes at once */
export async function eachLane<Result>(
  lanes: readonly OpenLane[],
  read: (lane: OpenLane) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let first = 0; first < lanes.length; first += inParallel)
    results.push(...(await Promise.all(lanes.slice(first, first + inParallel).map(read))));
  return results;
}

/** @returns when it happened, as the event itself says */
export function timeOf({ line }: StoredEvent): Date {
  const event: unknown = JSON.parse(line);
  if (typeof event !== 'object' || event === null || !('at' in event))
    throw new Error('an item of the outbox is no event');
  return new Date(String(event.at));
}
