import type { Role } from '../../../authentication/actor';
import type { LocalTime } from '../local-time';
import type { Facts, History, Hour, Mark, Observation, RoleBaseline, Sample, Severity, Unexplained } from '../model';
import type { DetectionSettings } from '../settings';

/** Marks that somebody leaves without having signed in, in another's name. */
const unauthenticatedMarks = ['failures', 'second-factors'] as const satisfies readonly Mark[];
export type AuthenticatedMark = Exclude<Mark, (typeof unauthenticatedMarks)[number]>;

/** One subject's hour and day, as the events so far tell them. */
export interface View<M extends Mark = Mark> {
  readonly settings: DetectionSettings;
  readonly role: Role | null;
  readonly hour: Pick<Hour, M>;
  /** all hours of the local day together */
  readonly day: (mark: M) => Sample;
  /** how many members the hours have when each counts by itself: never fewer than `day` has, and quickly told */
  readonly dayAtMost: (mark: M) => number;
  /** averages of the days that are closed; made when asked for */
  readonly history: () => History;
  readonly baseline: RoleBaseline | undefined;
}

/** What a rule saw. `measure` only grows while events are added to the hour, so the order of events does not matter. */
export interface Hit {
  readonly measure: number;
  readonly seen: readonly Sample[];
  readonly patients?: readonly string[];
}

interface RuleText {
  readonly id: string;
  readonly severity: Severity;
  /** one sentence for the compliance officer, without anything about a patient */
  readonly reason: string;
}

/**
 * A rule about an hour or a day of one subject. One that may contain by itself sees authenticated events alone: the type
 * keeps everybody who can cause an event in another's name from getting that person suspended.
 */
export type WindowRule = RuleText &
  (
    | {
        readonly mayContain: true;
        readonly severity: 'critical';
        readonly marks: readonly AuthenticatedMark[];
        readonly evaluate: (view: View<AuthenticatedMark>) => Hit | undefined;
      }
    | {
        readonly mayContain: false;
        readonly severity: Exclude<Severity, 'critical'>;
        readonly marks: readonly Mark[];
        readonly evaluate: (view: View) => Hit | undefined;
      }
  );

/** One access that nothing explained when it was looked at. */
export interface Look {
  readonly observation: Observation;
  readonly local: LocalTime;
  readonly history: () => History;
  readonly settings: DetectionSettings;
}

/** Why an access that nothing explains is worth a look: `settings.weights` says how much it adds to the score. */
export type SignalRule = RuleText & {
  readonly id: keyof DetectionSettings['weights'];
  readonly severity: Exclude<Severity, 'critical'>;
  /** how common it is taken to be until the role's baseline says so, 0 to 1; absent: rare */
  readonly assumedShare?: number;
  /** what is left of the weight in a role whose accesses often have no explanation, 0 to 1; absent: all of it */
  readonly lessWhereBusy?: number;
} & (
    | { readonly sees: 'facts'; readonly applies: (facts: Facts) => boolean }
    | { readonly sees: 'access'; readonly applies: (look: Look) => boolean }
    | { readonly sees: 'memory'; readonly applies: (entry: Unexplained, others: readonly Unexplained[]) => boolean }
  );

/** @returns the hit of a sample that has as many members */
export const atLeast = (sample: Sample | undefined, least: number): Hit | undefined =>
  sample && sample.members.length >= least ? { measure: sample.members.length, seen: [sample] } : undefined;
