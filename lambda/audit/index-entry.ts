import * as z from 'zod';
import type { AuditEvent } from './event';
import type { LaneEvent } from './lane';

/** 45 CFR 164.316(b)(2)(i): six years, leap days included, as in the archive. */
export const retentionDays = 2192;

/**
 * Who did something, or to whose record, and where the evidence of it lies. `PK` `P#<patient>` or `A#<actor's sub>`,
 * `SK` `<at>#<event id>`. Made again from the archive at any time (`ward audit reindex`) and never evidence: whoever reads an entry holds the sealed
 * line against it.
 */
export const indexEntry = z.object({
  PK: z.string().regex(/^[PA]#[0-9a-f-]{36}$/),
  SK: z.string().regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z#[0-9a-f-]{36}$/),
  action: z.string(),
  patient: z.string().nullable(),
  /** `sub` */
  actor: z.string().nullable(),
  lane: z.string(),
  seq: z.int().positive(),
  /** leaf hash of the line, lower-case hex */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** key of the archive's object that holds the line */
  segment: z.string(),
  /** seconds since 1970 */
  ttl: z.int(),
});
export type IndexEntry = z.infer<typeof indexEntry>;

/** How far the index has an archive. `PK` `INDEXED`, `SK` the archive's bucket. */
export const indexedArchive = z.object({
  /** when its last segment was indexed; absent: never yet */
  at: z.string().optional(),
  /** name of the segment up to which a walk over it has come that goes on */
  after: z.string().optional(),
  /** segments that this walk refused */
  refused: z.int().optional(),
});
export const indexedKey = (bucket: string) => ({ PK: 'INDEXED', SK: bucket });

export const indexKeys = {
  patient: (patient: string) => `P#${patient}`,
  actor: (sub: string) => `A#${sub}`,
} as const;

/** @returns the entries of one sealed event: none, or one for its patient and one for its actor */
export function indexEntries(
  event: Pick<AuditEvent, 'id' | 'at' | 'action' | 'actor' | 'patient'>,
  stored: Pick<LaneEvent, 'lane' | 'seq' | 'hash'>,
  segment: string,
): IndexEntry[] {
  const partitions = [
    ...(event.patient === null ? [] : [indexKeys.patient(event.patient)]),
    ...(event.actor === null ? [] : [indexKeys.actor(event.actor.sub)]),
  ];
  return partitions.map((PK) => ({
    PK,
    SK: `${event.at}#${event.id}`,
    action: event.action,
    patient: event.patient,
    actor: event.actor?.sub ?? null,
    lane: stored.lane,
    seq: stored.seq,
    hash: stored.hash,
    segment,
    ttl: Math.floor(Date.parse(event.at) / 1000) + retentionDays * 24 * 60 * 60,
  }));
}
