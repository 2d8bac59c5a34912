/** Everything that a verifier can find wrong. docs/formats/audit-log.md says what each means and what to do. */
const findingCodes = [
  'OBJECT_SHADOWED',
  'UNLOGGED_OBJECT',
  'CHECKPOINT_SIGNATURE_INVALID',
  'CHECKPOINT_STALE',
  'LOG_INCONSISTENT',
  'LEAF_MISSING',
  'SEGMENT_MISSING',
  'SEGMENT_DIGEST_MISMATCH',
  'SEGMENT_TRAILING_DATA',
  'SEGMENT_ROOT_MISMATCH',
  'EVENT_FORK',
  'EVENT_CHAIN_BROKEN',
  'EVENT_GAP',
  'LANE_MISSING',
  'HEAD_UNFULFILLED',
] as const;
export type FindingCode = (typeof findingCodes)[number];

/** [lane, from, to] */
export type LaneRange = readonly [lane: string, from: number, to: number];

export interface Finding {
  readonly code: FindingCode;
  /** in the verifier's words; never what the archive holds */
  readonly message: string;
  readonly object?: string;
  /** of the log's leaf that this is about */
  readonly leaf?: number;
  /** events that are missing, twice or in doubt */
  readonly events?: readonly LaneRange[];
  /** two people named the gap in the log */
  readonly acknowledged?: boolean;
}

/** In a log that is being written, objects are there before the log names them. */
export const isWarning = ({ code }: Pick<Finding, 'code'>): boolean => code === 'UNLOGGED_OBJECT';

/** What is said of one code in detail; beyond it only the count grows, so that a wreck does not fill the memory. */
const listedPerCode = 200;

export class Findings {
  readonly #listed: Finding[] = [];
  readonly #counts = new Map<FindingCode, number>();

  add(finding: Finding): void {
    const count = (this.#counts.get(finding.code) ?? 0) + 1;
    this.#counts.set(finding.code, count);
    if (count <= listedPerCode) this.#listed.push(finding);
  }

  /** in order of the codes, then as they were met */
  list(): Finding[] {
    return this.#listed.sort((a, b) => findingCodes.indexOf(a.code) - findingCodes.indexOf(b.code));
  }

  counts(): Partial<Record<FindingCode, number>> {
    return Object.fromEntries(
      findingCodes.flatMap((code) => (this.#counts.has(code) ? [[code, this.#counts.get(code)]] : [])),
    );
  }
}
