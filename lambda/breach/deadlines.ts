import { BreachError } from './breach-error';
import { addBusinessDays, addDays, type Day, daysBetween, demandDay } from './calendar';
import { demandHold, type LawEnforcementHold } from './days';
import { notCovered, type StateTerm, stateLaws } from './state-law';
import { type Jurisdiction, jurisdictionOf, jurisdictions } from './states';

/** 45 CFR 164.404(b), 164.406(b), 164.410(b): the outer limit, calendar days after discovery. */
const outerLimitDays = 60;
/** 45 CFR 164.408(b): at this many individuals HHS is told with the individuals, below at the year's end. */
export const hhsImmediateFrom = 500;
/** 45 CFR 164.406(a): more than this many residents of one State. */
export const mediaAbove = 500;
/** 45 CFR 164.404(d)(2)(ii): at this many whose address is insufficient, a substitute notice in public. */
export const substituteFrom = 10;

export interface BreachFacts {
  /** day 0 */
  readonly discovered: Day;
  /** individuals by State of residence; those whose State is unknown under `unknown` */
  readonly residents: Readonly<Partial<Record<Jurisdiction | 'unknown', number>>>;
  readonly holds: readonly LawEnforcementHold[];
  /** whether this organization is a business associate, whose duty is to its covered entities */
  readonly associate: boolean;
  /** the day on which the individuals were told, from which some States count */
  readonly individualsNotified?: Day;
}

export interface Duty {
  /** `individual`, `media-CA`, `hhs`, `covered-entity`, `state-CA`, `authority-CA-1` */
  readonly id: string;
  readonly duty: string;
  readonly citation: string;
  /** absent: without unreasonable delay, or not covered */
  readonly due?: Day;
  /** whether a law-enforcement hold moved it */
  readonly held: boolean;
  readonly note?: string;
}

/** @throws BreachError unless every number is a count and every State is known */
function demandResidents(residents: Readonly<Record<string, number>>): BreachFacts['residents'] {
  const checked: Partial<Record<Jurisdiction | 'unknown', number>> = {};
  for (const [name, count] of Object.entries(residents)) {
    const code = name === 'unknown' ? name : jurisdictionOf(name);
    if (!code) throw new BreachError('state-unknown', 'residents', 'names a State that there is not');
    if (!Number.isSafeInteger(count) || count < 0)
      throw new BreachError('count', `residents.${code}`, 'must be a whole number, 0 or more');
    checked[code] = (checked[code] ?? 0) + count;
  }
  return checked;
}

export const individualsOf = (residents: BreachFacts['residents']): number =>
  Object.values(residents).reduce((sum, count) => sum + count, 0);

/**
 * What has to be done by when. Calendar days, and no weekend moves one. 45 CFR 164.404-412.
 * @throws BreachError for facts that cannot be
 */
export function duties(facts: BreachFacts): Duty[] {
  demandDay(facts.discovered, 'discovered');
  const residents = demandResidents(facts.residents);
  const holds = facts.holds.map(demandHold);
  const individuals = individualsOf(residents);
  const limit = addDays(facts.discovered, outerLimitDays);
  if (facts.associate) return [duty('covered-entity', 'Tell each covered entity', '45 CFR 164.410', limit, holds)];
  const found = [duty('individual', 'Notify each individual', '45 CFR 164.404', limit, holds)];
  for (const [state, count] of known(residents)) {
    if (count > mediaAbove)
      found.push(
        duty(
          `media-${state}`,
          `Notify prominent media outlets in ${jurisdictions[state]}`,
          '45 CFR 164.406',
          limit,
          holds,
        ),
      );
  }
  found.push(
    individuals >= hhsImmediateFrom
      ? duty('hhs', 'Notify the Secretary of HHS with the individuals', '45 CFR 164.408(b)', limit, holds)
      : duty(
          'hhs',
          'Log the breach, and notify the Secretary of HHS after the year',
          '45 CFR 164.408(c)',
          annualDue(facts.discovered),
          holds,
        ),
  );
  for (const [state, count] of known(residents)) if (count > 0) found.push(...stateDuties(state, count, facts, holds));
  if ((residents.unknown ?? 0) > 0)
    found.push({
      id: 'state-unknown',
      duty: 'Find the State of residence of the individuals whose State is not on file',
      citation: 'State law',
      held: false,
      note: notCovered,
    });
  return found;
}

/** 45 CFR 164.408(c): 60 days after the end of the calendar year of discovery. */
export function annualDue(discovered: Day): Day {
  return addDays(`${demandDay(discovered, 'discovered').slice(0, 4)}-12-31`, outerLimitDays);
}

function stateDuties(
  state: Jurisdiction,
  count: number,
  facts: BreachFacts,
  holds: readonly LawEnforcementHold[],
): Duty[] {
  const law = stateLaws[state];
  const name = jurisdictions[state];
  if (!law)
    return [{ id: `state-${state}`, duty: `Law of ${name}`, citation: 'State law', held: false, note: notCovered }];
  const note = law.note === undefined ? {} : { note: law.note };
  const own = {
    ...duty(
      `state-${state}`,
      `Notify the residents of ${name}`,
      law.statute,
      after(law.individuals, facts.discovered),
      holds,
    ),
    ...note,
  };
  const authorities = law.authorities.flatMap((authority, index): Duty[] => {
    if (count < authority.from) return [];
    const start = authority.after === 'discovery' ? facts.discovered : facts.individualsNotified;
    const told = duty(
      `authority-${state}-${index + 1}`,
      `Tell the ${authority.name}`,
      law.statute,
      start === undefined ? undefined : after(authority.term, start),
      holds,
    );
    const waits = start === undefined ? { note: 'counts from the notice to the individuals' } : {};
    return [{ ...told, ...waits }];
  });
  return [own, ...authorities];
}

function after(term: StateTerm, start: Day): Day | undefined {
  if (term.kind === 'delay') return undefined;
  return term.kind === 'days' ? addDays(start, term.days) : addBusinessDays(start, term.days);
}

/** A hold that covers a day on which a notice would be due moves it to the day after the hold. */
function duty(
  id: string,
  text: string,
  citation: string,
  due: Day | undefined,
  holds: readonly LawEnforcementHold[],
): Duty {
  if (due === undefined) return { id, duty: text, citation, held: false };
  // Holds may follow one another; each can move the day into the next.
  const ordered = [...holds].sort((a, b) => (a.from < b.from ? -1 : 1));
  const moved = ordered.reduce((at, hold) => (hold.from <= at && at <= hold.until ? addDays(hold.until, 1) : at), due);
  return { id, duty: text, citation, due: moved, held: moved !== due };
}

const known = (residents: BreachFacts['residents']): [Jurisdiction, number][] =>
  Object.entries(residents).flatMap(([state, count]): [Jurisdiction, number][] => {
    const code = state === 'unknown' ? undefined : jurisdictionOf(state);
    return code ? [[code, count]] : [];
  });

/** days before the due day on which a reminder goes out, and every day when it has passed */
const reminderDays = [30, 14, 7, 3, 1] as const;

export interface Reminder {
  readonly duty: string;
  /** makes a reminder one of a kind: sent once, however often the sweep runs */
  readonly key: string;
  /** negative when it is overdue */
  readonly daysLeft: number;
}

/**
 * @param done ids of duties that are met
 * @returns the reminders that stand on this day. A sweep that missed days sends the newest of each duty, not all of them.
 */
export function remindersOn(today: Day, all: readonly Duty[], done: ReadonlySet<string>): Reminder[] {
  return all.flatMap(({ id, due }): Reminder[] => {
    if (due === undefined || done.has(id)) return [];
    const daysLeft = daysBetween(today, due);
    if (daysLeft < 0) return [{ duty: id, key: `${id}@${due}!${today}`, daysLeft }];
    const step = [...reminderDays].reverse().find((days) => daysLeft <= days);
    return step === undefined ? [] : [{ duty: id, key: `${id}@${due}-${step}`, daysLeft }];
  });
}
