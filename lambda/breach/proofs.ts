import type { ArchiveStore } from '../audit/archive-store';
import type { AuditEvent } from '../audit/event';
import { hashLeaf, inclusionProof, merkleRoot } from '../audit/merkle';
import { readSegment } from '../audit/segment';
import type { Proof } from './dossier';

export interface ProvenEvent {
  readonly event: AuditEvent;
  readonly hash: string;
  readonly segment?: string;
}

/**
 * @returns for each event where it lies and, once it is sealed, the path from its line to the root of its segment (RFC 6962),
 *   which a leaf of the signed log names
 */
export async function proofsOf(events: readonly ProvenEvent[], archive: ArchiveStore): Promise<Proof[]> {
  const segments = new Map<string, readonly string[]>();
  for (const segment of new Set(events.flatMap(({ segment: key }) => (key ? [key] : [])))) {
    const bytes = await archive.get(segment);
    if (bytes) segments.set(segment, readSegment(bytes).lines);
  }
  return events.map(({ event, hash, segment }) => {
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
    const lines = segment === undefined ? undefined : segments.get(segment);
    if (segment === undefined || !lines) return found;
    const leaves = lines.map((line) => hashLeaf(line));
    const index = leaves.findIndex((leaf) => leaf.toString('hex') === hash);
    if (index < 0) return found;
    const path = inclusionProof(index, leaves).map((each) => each.toString('hex'));
    return {
      ...found,
      sealed: { segment, index, size: leaves.length, path, root: merkleRoot(leaves).toString('hex') },
    };
  });
}
