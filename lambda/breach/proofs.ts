import type { AuditEvent } from '../audit/event';
import type { LogObjects } from '../audit/log-files';
import { hashLeaf, inclusionProof } from '../audit/merkle';
import { readSegment } from '../audit/segment';
import { proveSegments, type Trust } from '../audit/segment-proofs';
import type { OriginProof, Proof } from './dossier-facts';

export interface ProvenEvent {
  readonly event: AuditEvent;
  readonly hash: string;
  readonly segment?: string;
}

/** A log that can be proven from: its objects, and whose signature counts. */
export interface ProvableLog {
  readonly origin: string;
  readonly archive: LogObjects;
  /** asked for when the log has a segment that is wanted */
  readonly trust: () => Promise<Trust>;
}
/** Events of a dossier with what holds each in the audit log. */
export interface Proven {
  readonly events: readonly (readonly Proof[])[];
  readonly log: OriginProof;
  /** absent: none of the events is in the log before */
  readonly before?: OriginProof;
}

const inParallel = 4;

/**
 * @param lists of events
 * @param own log of the stage
 * @param before the log of the stage that it succeeds; the proofs of each log stand under one of its checkpoints
 * @returns for each event where it lies and, once it is sealed, its line and the path from there to the root of its segment
 *   (RFC 6962); for each segment the path on to the root that a checkpoint signs
 * @throws LogError when the archive does not hold together
 */
export async function proofsOf(
  lists: readonly (readonly ProvenEvent[])[],
  own: ProvableLog,
  before?: ProvableLog,
): Promise<Proven> {
  const newest = new Map<string, string>();
  for (const { event, segment } of lists.flat())
    if (segment !== undefined && event.at > (newest.get(segment) ?? '')) newest.set(segment, event.at);
  const segments = await read([...newest.keys()], before ? [own, before] : [own]);
  const prove = async (log: ProvableLog): Promise<OriginProof | undefined> => {
    const { origin } = log;
    const wanted = new Map([...newest].filter(([name]) => segments.get(name)?.log === log));
    if (wanted.size === 0) return undefined;
    return { origin, ...(await proveSegments(log.archive, wanted, { origin, ...(await log.trust()) })) };
  };
  const [log, earlier] = await Promise.all([prove(own), before && prove(before)]);
  return {
    events: lists.map((events) => events.map((each) => proofOf(each, segments))),
    log: log ?? { origin: own.origin, segments: [], uncovered: [] },
    ...(earlier && { before: earlier }),
  };
}

interface Lines {
  readonly log: ProvableLog;
  readonly lines: readonly string[];
  readonly leaves: readonly Buffer[];
  readonly index: ReadonlyMap<string, number>;
}

async function read(names: readonly string[], logs: readonly ProvableLog[]): Promise<ReadonlyMap<string, Lines>> {
  const segments = new Map<string, Lines>();
  for (let first = 0; first < names.length; first += inParallel)
    await Promise.all(
      names.slice(first, first + inParallel).map(async (name) => {
        const found = await findIn(logs, name);
        if (!found) return;
        const { lines } = readSegment(found.bytes);
        const leaves = lines.map((line) => hashLeaf(line));
        const index = new Map(leaves.map((leaf, at) => [leaf.toString('hex'), at]));
        segments.set(name, { log: found.log, lines, leaves, index });
      }),
    );
  return segments;
}

async function findIn(
  logs: readonly ProvableLog[],
  name: string,
): Promise<{ readonly log: ProvableLog; readonly bytes: Buffer } | undefined> {
  for (const log of logs) {
    const bytes = await log.archive.get(name);
    if (bytes) return { log, bytes };
  }
  return undefined;
}

function proofOf({ event, hash, segment }: ProvenEvent, segments: ReadonlyMap<string, Lines>): Proof {
  const found: Proof = {
    id: event.id,
    at: event.at,
    action: event.action,
    actor: event.actor?.sub ?? null,
    patient: event.patient,
    reason: event.reason,
    lane: event.lane,
    seq: event.seq,
    hash,
  };
  const its = segment === undefined ? undefined : segments.get(segment);
  const index = its?.index.get(hash);
  const line = index === undefined ? undefined : its?.lines[index];
  if (segment === undefined || !its || index === undefined || line === undefined) return found;
  const path = inclusionProof(index, its.leaves).map((each) => each.toString('hex'));
  return { ...found, sealed: { segment, index, line, path } };
}
