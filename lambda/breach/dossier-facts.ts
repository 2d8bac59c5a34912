import type { LogProof } from '../audit/segment-proofs';
import type { Incident } from './incident-model';
import type { DocumentItem, NarrativeItem, Person, Run } from './incident-store';
import type { LogRow } from './operational-logs';

/** An event of the incident as the audit log has it: where it lies and what holds it there. */
export interface Proof {
  readonly id: string;
  readonly at: string;
  readonly action: string;
  readonly actor: string | null;
  readonly patient: string | null;
  readonly reason: string | null;
  readonly lane: string;
  readonly seq: number;
  readonly hash: string;
  /** the archive's object, the line and its place in it, the path from there to the root that the segment's leaf names; absent: not sealed yet */
  readonly sealed?: {
    readonly segment: string;
    readonly index: number;
    readonly line: string;
    readonly path: readonly string[];
  };
}

/** What one log proves. */
export interface OriginProof extends LogProof {
  readonly origin: string;
}

/** What a dossier is made of. */
export interface DossierFacts {
  readonly incident: Incident;
  readonly people: readonly Person[];
  readonly runs: readonly Run[];
  readonly documents: readonly DocumentItem[];
  readonly narratives: readonly (Pick<NarrativeItem, 'id' | 'kind' | 'author' | 'at'> & { readonly text: string })[];
  /** what was done about the incident */
  readonly timeline: readonly Proof[];
  /** the accesses that it is about */
  readonly scope: readonly Proof[];
  /** from the segments of these events to a signed checkpoint */
  readonly log: OriginProof;
  /** … of the log of the stage that this one succeeds, where it has some of the events */
  readonly before?: OriginProof;
  readonly logs: readonly LogRow[];
  readonly madeAt: Date;
  readonly madeBy: string;
}

/** @returns how many of these events no signed checkpoint covers yet */
export function unprovenAmong(events: readonly Proof[], { log, before }: Pick<DossierFacts, 'log' | 'before'>): number {
  const covered = new Set([...log.segments, ...(before?.segments ?? [])].map(({ segment }) => segment));
  return events.filter(({ sealed }) => !sealed || !covered.has(sealed.segment)).length;
}
