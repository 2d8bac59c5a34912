import * as z from 'zod';
import { canonicalize } from './canonical';
import { hash, instant, origin, uuid } from './event';
import { LogError } from './log-error';

/** Leaves of the log. Each is one line of canonical JSON, and its hash SHA-256(0x00 | line) is the Merkle leaf. */
const count = z.int().nonnegative();
const place = z.int().positive();
/** what AWS takes as a function's name */
const functionName = z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/);
const base64 = z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/);
const reason = z.string().regex(/^[a-z][a-z0-9-]{0,63}$/);

/** Events of one lane that follow each other: [lane, from, to, `prev` of the first, hash of the last]. */
const laneRun = z.tuple([uuid, place, place, hash, hash]);
export type LaneRun = z.infer<typeof laneRun>;
/** [lane, sequence, hash of that event] */
const laneHead = z.tuple([uuid, place, hash]);
export type LaneHeadLeaf = z.infer<typeof laneHead>;

/** A segment that is archived, and what it holds. */
export const segmentLeaf = z.strictObject({
  /** of the NDJSON, not of the compressed object: bounds what a reader inflates */
  bytes: place,
  events: place,
  /** instants of the oldest and of the newest event */
  first: instant,
  key: z.string().regex(/^v1\/segments\/dt=\d{4}-\d{2}-\d{2}\/hr=\d{2}\/[0-9a-f]{64}\.ndjson\.gz$/),
  lanes: z.array(laneRun).min(1),
  last: instant,
  /** RFC 6962 root over the lines */
  root: hash,
  /** of the NDJSON */
  sha256: hash,
  type: z.literal('segment'),
  v: z.literal(1),
});
export type SegmentLeaf = z.infer<typeof segmentLeaf>;

/** What the outbox held at `at`, ahead of what is archived: a tail that never arrives is missed. The last leaf under a checkpoint. */
const epochLeaf = z.strictObject({
  at: instant,
  /** heads of the lanes that moved; in the first epoch of a UTC day those of all open lanes */
  heads: z.array(laneHead),
  /** epochs are numbered from 1 */
  n: place,
  /** [lane, function, opened at] */
  opened: z.array(z.tuple([uuid, functionName, instant])),
  /** the log under the checkpoint before; of the first epoch the empty one */
  prev: z.strictObject({ root: hash, size: count }),
  retired: z.array(laneHead),
  type: z.literal('epoch'),
  v: z.literal(1),
});
export type EpochLeaf = z.infer<typeof epochLeaf>;

/** A key that may sign: SHA-256 of its SubjectPublicKeyInfo (DER) in hex, and that in base64. */
const signingKey = { fingerprint: hash, public: base64 };

/** Leaf 0, and nowhere else. */
const genesisLeaf = z.strictObject({
  at: instant,
  /** SHA-256 of docs/formats/audit-log.md as it stood when the log began */
  format: hash,
  keys: z.array(z.strictObject(signingKey)).min(1),
  origin,
  type: z.literal('genesis'),
  v: z.literal(1),
});
export type GenesisLeaf = z.infer<typeof genesisLeaf>;

/** Announces the next key. The first checkpoint over this leaf is still signed by the key before, all later ones by this one. */
export const keyLeaf = z.strictObject({ at: instant, ...signingKey, type: z.literal('key'), v: z.literal(1) });
export type KeyLeaf = z.infer<typeof keyLeaf>;

/** Two people name a gap that cannot be closed any more, and why: it stays reported. */
const acknowledgeLeaf = z.strictObject({
  at: instant,
  /** subjects, in order */
  by: z.tuple([uuid, uuid]).refine(([one, other]) => one < other),
  /** [lane, from, to] */
  gaps: z.array(z.tuple([uuid, place, place]).refine(([, from, to]) => from <= to)).min(1),
  reason,
  type: z.literal('acknowledge'),
  v: z.literal(1),
});
export type AcknowledgeLeaf = z.infer<typeof acknowledgeLeaf>;

export const leaf = z.discriminatedUnion('type', [segmentLeaf, epochLeaf, genesisLeaf, keyLeaf, acknowledgeLeaf]);
export type Leaf = z.infer<typeof leaf>;

/** @returns the leaf's line, without a line feed. @throws ZodError when it is not a leaf */
export function encodeLeaf(value: Leaf): string {
  return canonicalize(leaf.parse(value));
}

/** @throws LogError `leaf-invalid` unless the line is a leaf in canonical form, to the byte */
export function decodeLeaf(line: string): Leaf {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new LogError('leaf-invalid');
  }
  const parsed = leaf.safeParse(value);
  if (!parsed.success || canonicalize(parsed.data) !== line) throw new LogError('leaf-invalid');
  return parsed.data;
}
