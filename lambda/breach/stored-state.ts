import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ActorState } from './detect/model';

/** far above what the engine bounds a state to */
const mostBytes = 4_000_000;

/** What detection remembers repeats itself: packed it is a quarter of its JSON, and a table bills each kilobyte of a write. */
export const pack = (json: string): Uint8Array => deflateRawSync(json);

/** @throws when it is not packed, or of more than is ever packed */
export const unpack = (packed: Uint8Array): string =>
  inflateRawSync(packed, { maxOutputLength: mostBytes }).toString('utf8');

type Days = ActorState['days'];

/** @returns the state with its newest day alone, which most events are of, and the earlier days, which hardly any changes */
export function apart(state: ActorState): { readonly current: ActorState; readonly earlier: Days } {
  const newest = Object.keys(state.days).sort().at(-1);
  const of = (wanted: (day: string) => boolean): Days =>
    Object.fromEntries(Object.entries(state.days).filter(([day]) => wanted(day)));
  return { current: { ...state, days: of((day) => day === newest) }, earlier: of((day) => day !== newest) };
}

export const together = (current: ActorState, earlier: Days): ActorState => ({
  ...current,
  days: { ...earlier, ...current.days },
});
