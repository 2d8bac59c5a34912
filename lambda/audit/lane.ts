import { createHash } from 'node:crypto';
import { canonicalize } from './canonical';
import { auditEvent, type EventDraft, eventDraft } from './event';

/** Where a lane stands: the sequence and hash of its newest event, or its start. */
export interface LaneHead {
  readonly lane: string;
  /** 0 before the first event */
  readonly seq: number;
  /** lower-case hex */
  readonly hash: string;
}
/** One event as it is stored and archived: `line` is the evidence, byte for byte. */
export interface LaneEvent extends LaneHead {
  readonly id: string;
  readonly line: string;
}

/** @returns the head of a lane with no events: `prev` of its first one */
export function laneStart(origin: string, lane: string): LaneHead {
  const hash = createHash('sha256').update(`ward-audit/v1 lane\n${origin}\n${lane}\n`).digest('hex');
  return { lane, seq: 0, hash };
}

/** @returns SHA-256(0x00 | line) in hex: the link of the chain and the leaf of the Merkle tree (RFC 6962) */
export function leafHash(line: string | Uint8Array): string {
  return createHash('sha256').update(Uint8Array.of(0)).update(line).digest('hex');
}

/**
 * Puts an event at the end of a lane.
 * @throws ZodError when the draft holds anything but well-formed ids and codes
 */
export function appendEvent(
  head: LaneHead,
  origin: string,
  draft: EventDraft,
  stamp: { readonly id: string; readonly at: Date },
): LaneEvent {
  const event = auditEvent.parse({
    ...eventDraft.parse(draft),
    at: stamp.at.toISOString(),
    id: stamp.id,
    lane: head.lane,
    origin,
    prev: head.hash,
    seq: head.seq + 1,
    v: 1,
  });
  const line = canonicalize(event);
  return { lane: head.lane, seq: event.seq, hash: leafHash(line), id: event.id, line };
}
