import type { Day } from './calendar';
import { type BreachFacts, type Duty, duties } from './deadlines';
import type { Incident } from './incident-model';

export const letterStates = ['in-scope', 'generated', 'sent', 'returned', 'substituted'] as const;
export type LetterState = (typeof letterStates)[number];
/** How far one person's notice is. */
export interface PersonNotice {
  readonly state: LetterState;
  /** the day of the sending or of the substitute */
  readonly on?: Day | undefined;
  readonly reference?: string | undefined;
  readonly residence: keyof BreachFacts['residents'];
}

/** A notice counts when it was sent and did not come back, or a substitute was given; with proof. 45 CFR 164.414(b) */
export const isProven = ({ state, reference, on }: PersonNotice): boolean =>
  (state === 'sent' || state === 'substituted') && reference !== undefined && on !== undefined;

/** @returns duties as they stand, with what is known of individuals who were told */
export function dutiesOf(incident: Incident, people: readonly PersonNotice[]): Duty[] {
  if (incident.determination && incident.determination.outcome !== 'breach') return [];
  const notified = individualsTold(people);
  return duties({
    discovered: incident.discovered,
    residents: incident.scope?.residents ?? {},
    holds: incident.holds,
    associate: incident.associate,
    ...(notified === undefined ? {} : { individualsNotified: notified }),
  });
}

/** @returns the day on which the last of them was told, undefined as long as one is not */
function individualsTold(people: readonly PersonNotice[]): Day | undefined {
  if (people.length === 0 || !people.every(isProven)) return undefined;
  return people
    .map(({ on }) => on ?? '')
    .sort()
    .at(-1);
}

export interface DutyStatus extends Duty {
  readonly doneOn?: Day;
  readonly reference?: string;
  readonly status: 'met' | 'missed' | 'open' | 'overdue';
}

/** @returns each duty and whether it is met, and in time. 45 CFR 164.414(b) */
export function dutyStatuses(incident: Incident, people: readonly PersonNotice[], today: Day): DutyStatus[] {
  return dutiesOf(incident, people).map((each) => {
    const own = incident.proofs[each.id];
    const told = toldOf(each.id, people);
    const doneOn = own?.on ?? told;
    const reference = own?.reference ?? (told ? 'letters' : undefined);
    const late = each.due !== undefined && (doneOn ?? today) > each.due;
    const status = doneOn === undefined ? (late ? 'overdue' : 'open') : late ? 'missed' : 'met';
    return { ...each, ...(doneOn && { doneOn }), ...(reference && { reference }), status };
  });
}

/** the duties that the letters themselves meet */
function toldOf(duty: string, people: readonly PersonNotice[]): Day | undefined {
  if (duty === 'individual') return individualsTold(people);
  const state = /^state-([A-Z]{2})$/.exec(duty)?.[1];
  return state ? individualsTold(people.filter(({ residence }) => residence === state)) : undefined;
}
