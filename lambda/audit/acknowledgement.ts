import * as z from 'zod';
import { uuid } from './event';
import type { AcknowledgeLeaf } from './leaf';

/** Events that two people may name at one time: a lane of more was written for days, and nobody agrees to it at a glance. */
export const gapEvents = 100_000;

/** a sequence as the outbox writes it, without leading zeros */
const place = z
  .string()
  .regex(/^[1-9]\d{0,11}$/)
  .transform(Number);
/** What an approval says of the gap beside its lane: sequences, both inclusive. */
export const gapDetails = z
  .strictObject({ from: place, to: place })
  .refine(({ from, to }) => from <= to && to - from < gapEvents);

/** Why a gap is not acknowledged. */
export type GapRefusal = 'lane-forgotten' | 'beyond-head';

/**
 * Nobody acknowledges in advance what has not happened.
 * @param to the last sequence of the gap
 * @param head the furthest sequence that outbox or log know of the lane; 0 when neither knows it
 */
export function gapRefusal(to: number, head: number): GapRefusal | undefined {
  if (head === 0) return 'lane-forgotten';
  return to > head ? 'beyond-head' : undefined;
}

/** What one person asked for and another decided on, as an approval has it. */
export interface Agreement {
  /** the lane */
  readonly subject: string;
  readonly reason: string;
  readonly details: Readonly<Record<string, string>>;
  readonly requestedBy: string;
  readonly decidedBy?: string | undefined;
}
/** of one gap, since an agreement names one */
export type Acknowledgement = AcknowledgeLeaf & { readonly gaps: [[lane: string, from: number, to: number]] };

/** @returns the leaf by which two people name the gap that they agreed on; undefined when there is no gap, lane or second person */
export function acknowledgementOf(agreement: Agreement, at: Date): Acknowledgement | undefined {
  const { requestedBy, decidedBy, subject, reason } = agreement;
  const gap = gapDetails.safeParse(agreement.details);
  if (!gap.success || !uuid.safeParse(subject).success || !decidedBy || decidedBy === requestedBy) return undefined;
  return {
    at: at.toISOString(),
    by: requestedBy < decidedBy ? [requestedBy, decidedBy] : [decidedBy, requestedBy],
    gaps: [[subject, gap.data.from, gap.data.to]],
    reason,
    type: 'acknowledge',
    v: 1,
  };
}
