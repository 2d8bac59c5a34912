import * as z from 'zod';
import { auditEvent, hash, instant, uuid } from '../audit/event';
import { leafHash } from '../audit/lane';
import { LogError } from '../audit/log-error';
import type { Checkpoint } from '../audit/note';
import { checkProof, type EventProof } from '../audit/proof';

const path = z.array(hash).max(64);
const event = z.looseObject({
  id: uuid,
  at: instant,
  action: z.string(),
  actor: z.string().nullable(),
  patient: z.string().nullable(),
  reason: z.string().nullable(),
  lane: uuid,
  seq: z.int().positive(),
  hash,
  sealed: z.strictObject({ segment: z.string(), index: z.int().nonnegative(), line: z.string(), path }).optional(),
});
const segment = z.strictObject({ segment: z.string(), leaf: z.string(), index: z.int().nonnegative(), hashes: path });
const proof = {
  audit_log: z.string(),
  audit_proof: z.looseObject({
    checkpoint: z.string().optional(),
    key: z.string().optional(),
    segments: z.array(segment),
  }),
};
/** The parts of a dossier that its proofs are in. */
const provable = z.looseObject({
  format: z.literal('ward-dossier/1'),
  scope: z.looseObject({ events: z.array(event) }),
  timeline: z.array(event),
  ...proof,
  /** of the stage that was succeeded */
  predecessor: z.looseObject(proof).optional(),
});
/** Proofs under one checkpoint of one log, and the key that must have signed it. */
interface ProvenLog extends Pick<z.infer<typeof provable>, keyof typeof proof> {
  readonly fingerprint: string | undefined;
}
type DossierEvent = z.infer<typeof event>;

export interface CheckedDossier {
  /** of the logs that prove any of them */
  readonly checkpoints: readonly Checkpoint[];
  /** events whose proof holds, of the scope and of the timeline */
  readonly scope: number;
  readonly timeline: number;
  /** ids of events that the dossier itself says are not covered by a checkpoint */
  readonly uncovered: readonly string[];
}

/**
 * Checks every proof of a dossier by itself: that each event it shows is the one of the audit log, under a checkpoint that
 * the pinned key has signed. Needs neither Ward nor the archive. 45 CFR 164.414(b), 164.312(c)(2).
 * @param fingerprint SHA-256 of the key's SubjectPublicKeyInfo, hex, from a source other than the dossier
 * @param before … of the key of the stage that was succeeded, where the dossier rests on its log too
 * @throws LogError `proof-invalid` for anything that does not hold, `note-…` for a checkpoint that is not the key's
 */
export function checkDossier(value: unknown, fingerprint: string, before?: string): CheckedDossier {
  const parsed = provable.safeParse(value);
  if (!parsed.success) throw new LogError('proof-invalid');
  const dossier = parsed.data;
  const uncovered: string[] = [];
  const { predecessor } = dossier;
  const logs = [{ ...dossier, fingerprint }, ...(predecessor ? [{ ...predecessor, fingerprint: before }] : [])];
  const checkpoints = new Map<string, Checkpoint>();
  const count = (events: readonly DossierEvent[]): number => {
    let proven = 0;
    for (const each of events) {
      const log = logs.find(({ audit_proof }) => segmentOf(audit_proof, each));
      const proof = log && eventProofOf(log, each);
      if (!proof) {
        uncovered.push(each.id);
        continue;
      }
      const shown = checkProof(proof, log.fingerprint ?? '');
      demandSame(each, proof.line);
      if (shown.checkpoint.origin !== log.audit_log || shown.leaf.key !== each.sealed?.segment)
        throw new LogError('proof-invalid');
      checkpoints.set(log.audit_log, shown.checkpoint);
      proven += 1;
    }
    return proven;
  };
  return {
    scope: count(dossier.scope.events),
    timeline: count(dossier.timeline),
    uncovered,
    checkpoints: [...checkpoints.values()],
  };
}

/** @returns what `ward audit check-proof` takes; undefined where no checkpoint covers the event */
function eventProofOf({ audit_proof: log }: ProvenLog, event: DossierEvent): EventProof | undefined {
  const { sealed } = event;
  const its = segmentOf(log, event);
  if (!sealed || !its) return undefined;
  return {
    checkpoint: log.checkpoint ?? '',
    key: log.key ?? '',
    line: sealed.line,
    log: { hashes: its.hashes, index: its.index },
    segment: { hashes: sealed.path, index: sealed.index, leaf: its.leaf },
    type: 'ward-audit-proof',
    v: 1,
  };
}

const segmentOf = ({ segments }: ProvenLog['audit_proof'], { sealed }: DossierEvent) =>
  segments.find((each) => each.segment === sealed?.segment);

/** Whoever forges a dossier may leave a true line in it and tell something else beside it. */
function demandSame(shown: DossierEvent, line: string): void {
  const { success, data: its } = auditEvent.safeParse(JSON.parse(line));
  const same =
    success &&
    leafHash(line) === shown.hash &&
    its.id === shown.id &&
    its.at === shown.at &&
    its.action === shown.action &&
    (its.actor?.sub ?? null) === shown.actor &&
    its.patient === shown.patient &&
    its.reason === shown.reason &&
    its.lane === shown.lane &&
    its.seq === shown.seq;
  if (!same) throw new LogError('proof-invalid');
}
