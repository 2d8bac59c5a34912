import { type AuditEvent, auditEvent } from './event';
import { type IndexEntry, indexKeys } from './index-entry';
import { leafHash } from './lane';
import { isSegmentKey } from './log-keys';
import { readSegment } from './segment';

/** Where lines are, sealed or waiting to be. */
export interface EvidenceSources {
  /** @returns the object, undefined when there is none of that name */
  readonly segment: (key: string) => Promise<Uint8Array | undefined>;
  /** @returns the line that the outbox holds at one place of a lane; absent: this reader has no access to it */
  readonly outbox?: (lane: string, seq: number) => Promise<string | undefined>;
}

/** `missing`: the index speaks of an event that neither archive nor outbox has as the index says */
export type Found =
  | { readonly entry: IndexEntry; readonly evidence: 'sealed' | 'outbox'; readonly event: AuditEvent }
  | { readonly entry: IndexEntry; readonly evidence: 'missing' };

const inParallel = 4;

/**
 * Holds what the index says against the evidence. The index is rebuilt at will and whoever can write it could make it say
 * anything, so nothing of it is shown but where it points, and that only when the line there is what it claims to be:
 * same hash, same event, same time, same patient or actor. 45 CFR 164.312(c).
 * @returns in the order of the entries
 */
export async function evidenceOf(entries: readonly IndexEntry[], sources: EvidenceSources): Promise<Found[]> {
  const segments = [...new Set(entries.map(({ segment }) => segment))];
  const sealed = new Map<string, string>();
  for (let first = 0; first < segments.length; first += inParallel)
    await Promise.all(
      segments.slice(first, first + inParallel).map(async (key) => {
        const wanted = new Set(entries.filter(({ segment }) => segment === key).map(({ hash }) => hash));
        for (const [hash, line] of await linesOf(key, wanted, sources)) sealed.set(hash, line);
      }),
    );
  return Promise.all(
    entries.map(async (entry): Promise<Found> => {
      const line = sealed.get(entry.hash);
      const event = line === undefined ? undefined : readAs(entry, line);
      if (event) return { entry, evidence: 'sealed', event };
      const waiting = await sources.outbox?.(entry.lane, entry.seq);
      const stored = waiting === undefined ? undefined : readAs(entry, waiting);
      return stored ? { entry, evidence: 'outbox', event: stored } : { entry, evidence: 'missing' };
    }),
  );
}

/** @returns the wanted lines of a segment, by hash; none of a segment that is not what its name says */
async function linesOf(
  key: string,
  wanted: ReadonlySet<string>,
  { segment }: EvidenceSources,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const bytes = isSegmentKey(key) ? await segment(key) : undefined;
  if (!bytes) return found;
  const lines = intact(key, bytes);
  for (const line of lines) {
    const hash = leafHash(line);
    if (wanted.has(hash)) found.set(hash, line);
    if (found.size === wanted.size) break;
  }
  return found;
}

function intact(key: string, bytes: Uint8Array): readonly string[] {
  try {
    const { sha256, lines } = readSegment(bytes);
    return key.endsWith(`/${sha256}.ndjson.gz`) ? lines : [];
  } catch {
    return []; // counts as missing, and is told as such; the verifier says what is wrong with the object
  }
}

function readAs(entry: IndexEntry, line: string): AuditEvent | undefined {
  if (leafHash(line) !== entry.hash) return undefined;
  const parsed = auditEvent.safeParse(JSON.parse(line));
  if (!parsed.success) return undefined;
  const { data: event } = parsed;
  const sides = [event.patient && indexKeys.patient(event.patient), event.actor && indexKeys.actor(event.actor.sub)];
  const same =
    event.lane === entry.lane &&
    event.seq === entry.seq &&
    entry.SK === `${event.at}#${event.id}` &&
    sides.includes(entry.PK);
  return same ? event : undefined;
}
