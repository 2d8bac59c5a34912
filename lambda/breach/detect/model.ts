import type { EventDraft } from '../../audit/event';
import type { Role } from '../../authentication/actor';

/** What detection needs of one audit event: ids and codes, as the event has them. */
export interface Observation {
  /** the audit event's id: the same id twice is one thing told twice */
  readonly id: string;
  /** UTC, ISO 8601, milliseconds */
  readonly at: string;
  /** whose behaviour is looked at: a person's `sub`, or `network:<network>` where an account is not known */
  readonly subject: string;
  /** null: of a network, or of somebody whom the governance table does not know */
  readonly actor: string | null;
  readonly role: Role | null;
  readonly session: string | null;
  /** the request's own id: one search or export can be several events */
  readonly request: string | null;
  /** IPv4 /24 or IPv6 /48 of the source address */
  readonly network: string | null;
  readonly action: string;
  readonly kind: ObservationKind;
  readonly outcome: EventDraft['outcome'];
  /** the denial's, error's or event's code */
  readonly reason: string | null;
  readonly patient: string | null;
  readonly purpose: EventDraft['purpose'];
  readonly basis: 'care-team' | 'self' | 'representative' | 'originator' | 'role' | 'emergency' | null;
  /** false: anybody can cause such an event, so nothing that it leads to may contain anyone */
  readonly authenticated: boolean;
}
export type ObservationKind = 'access' | 'search' | 'export' | 'emergency' | 'sign-in' | 'other';

/** Why somebody had to do with a patient. Fabbri and LeFevre: such reasons explain most accesses of a hospital. */
export const explanations = [
  'care-team',
  'appointment',
  'order',
  'referral',
  'claim',
  'emergency',
  'registration',
] as const;
export type Explanation = (typeof explanations)[number];

/** What blind tokens tell of a person and a patient; nobody's name or address is read for it. */
export const relations = ['self', 'co-worker', 'same-family', 'same-address'] as const;
export type Relation = (typeof relations)[number];

/**
 * What was looked up for one observation about one patient, at the moment of the look-up. Booleans and codes alone.
 * A member that is absent was not looked up and counts neither way.
 */
export interface Facts {
  /** in force at the time of the access or made since; for billing a claim within the setting's days */
  readonly explanations: readonly Explanation[];
  readonly relations: readonly Relation[];
  /** the patient is marked as one whom people are curious about */
  readonly vip: boolean;
  /**
   * the patient had to do with the organization (a task other than a claim, a care team's new member) within 30 days before
   * or after; an emergency access shows nothing, since whoever opens one would vouch for themselves
   */
  readonly active?: boolean;
  /** the patient has a task of the actor's department, or of one of its people, within 30 days before or after */
  readonly ownDepartment?: boolean;
  /** the actor is suspended, since when: UTC, ISO 8601 */
  readonly suspendedSince?: string;
}

/** Members and the events that brought them; both are the smallest of what was seen, so that order does not matter. */
export interface Sample {
  readonly members: readonly string[];
  readonly events: readonly string[];
  /** the earliest event's time, UTC */
  readonly at: string;
}
/** What is counted in each hour. */
export const marks = [
  'patients',
  'denials',
  'probes',
  'searches',
  'misses',
  'exports',
  'emergencies',
  'suspended',
  'admitted',
  'foreign',
  'failures',
  'second-factors',
  'presence',
] as const;
export type Mark = (typeof marks)[number];
/** One hour of one subject: sets that only grow. */
export type Hour = Readonly<Partial<Record<Mark, Sample>>>;

/** A day's accesses of one person to one patient for which there was no explanation when they were looked at. */
export interface Unexplained {
  readonly patient: string;
  /** local day, YYYY-MM-DD */
  readonly day: string;
  /** the first access, UTC */
  readonly at: string;
  readonly events: readonly string[];
  readonly signals: readonly string[];
  /** absent: waits for an explanation */
  readonly verdict?: 'explained' | 'unexplained';
}

/** What closed days left behind, decayed: `count` is how many went in, at most the horizon. */
export interface Average {
  readonly count: number;
  readonly mean: number;
}
export interface History {
  /** the last local day that went in; empty before the first */
  readonly through: string;
  /** distinct patients in an hour of work */
  readonly hourly: Average;
  /** distinct patients in a day of work */
  readonly daily: Average;
  /** share of the working days on which there was activity in each local hour: 24 of them */
  readonly usual: readonly number[];
  /** network -> last local day on which it was used */
  readonly networks: Readonly<Record<string, string>>;
}

/**
 * All that detection remembers of one subject: JSON of bounded size. Of two days it has sets that only grow, older days are
 * averages; so events of the last day may come twice and in any order.
 */
export interface ActorState {
  readonly v: 1;
  readonly subject: string;
  readonly role: Role | null;
  /** the newest event's time */
  readonly watermark: string;
  /** local day -> local hour -> sets */
  readonly days: Readonly<Record<string, Readonly<Record<string, Hour>>>>;
  /** `<day>|<patient>` -> what has no explanation yet, or had none */
  readonly unexplained: Readonly<Record<string, Unexplained>>;
  readonly history: History;
  /** UTC, ISO 8601: nothing of it matters after that */
  readonly expiresAt: string;
}

/** What people of a role do, on average: made once a day from the states of all of them. */
export interface RoleBaseline {
  readonly v: 1;
  readonly role: Role;
  readonly people: number;
  readonly hourly: number;
  readonly daily: number;
  /** patients a week without an explanation */
  readonly unexplainedWeekly: number;
  /** of the accesses without an explanation, how many have each signal, 0 to 1 */
  readonly shares: Readonly<Record<string, number>>;
}

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** Something that a compliance officer should look at. The same finding told again has the same alert key. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  /** may suspend the actor without anybody's doing: never so where an unauthenticated event took part */
  readonly mayContain: boolean;
  readonly subject: string;
  readonly actor: string | null;
  /** whom it is about, at most 20 */
  readonly patients: readonly string[];
  /** the event that the finding begins with, UTC */
  readonly at: string;
  /** local day, or the Monday of a week: the window in which the same rule makes one alert of one actor */
  readonly window: string;
  /** ids of audit events, at most 8 */
  readonly evidence: readonly string[];
  /** the other rules that added to it, most telling first */
  readonly signals: readonly string[];
  /** how much was counted, or the score; grows within the window */
  readonly measure: number;
  /** one sentence, without anything about a patient */
  readonly reason: string;
}

/** What belongs together: one per actor, window and rule. */
export const alertKey = ({ subject, window, rule }: Pick<Finding, 'subject' | 'window' | 'rule'>): string =>
  `${subject}#${window}#${rule}`;
