import type { ArchiveStore } from '../audit/archive-store';
import type { AuditEvent } from '../audit/event';
import { hashLeaf, inclusionProof } from '../audit/merkle';
import { readSegment } from '../audit/segment';
import { type LogProof, proveSegments } from '../audit/segment-proofs';
import type { Proof } from './dossier-facts';

export interface ProvenEvent {
  readonly event: AuditEvent;
  readonly hash: string;
  readonly segment?: string;
}

/** Events of a dossier with what holds each in the audit log. */
export interface Proven {
  readonly events: readonly (readonly Proof[])[];
  readonly log: LogProof;
}

const inParallel = 4;

/**
 * @param lists of events; the proofs of all stand under one checkpoint
 * @returns for each event where it lies and, once it is sealed, its line and the path from there to the root of its segment
 *   (RFC 6962); for each segment the path on to the root that a checkpoint signs
 * @throws LogError when the archive does not hold together
 */
export async function proofsOf(
  lists: readonly (readonly ProvenEvent[])[],
  archive: ArchiveStore,
  trusted: Parameters<typeof proveSegments>[2],
): Promise<Proven> {
  const newest = new Map<string, string>();
  for (const { event, segment } of lists.flat())
    if (segment !== undefined && event.at > (newest.get(segment) ?? '')) newest.set(segment, event.at);
  const segments = await read([...newest.keys()], archive);
  const log = await proveSegments(archive, new Map([...newest].filter(([name]) => segments.has(name))), trusted);
  return { events: lists.map((events) => events.map((each) => proofOf(each, segments))), log };
}

interface Lines {
  readonly lines: readonly string[];
  readonly leaves: readonly Buffer[];
  readonly index: ReadonlyMap<string, number>;
}

async function read(names: readonly string[], archive: ArchiveStore): Promise<ReadonlyMap<string, Lines>> {
  const segments = new Map<string, Lines>();
  for (let first = 0; first < names.length; first += inParallel)
    await Promise.all(
      names.slice(first, first + inParallel).map(async (name) => {
        const bytes = await archive.get(name);
        if (!bytes) return;
        const { lines } = readSegment(bytes);
        const leaves = lines.map((line) => hashLeaf(line));
        segments.set(name, { lines, leaves, index: new Map(leaves.map((leaf, at) => [leaf.toString('hex'), at])) });
      }),
    );
  return segments;
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
