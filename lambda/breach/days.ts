import { BreachError } from './breach-error';
import { type Day, dayOf, daysBetween, demandDay } from './calendar';

/** 45 CFR 164.412(b): an oral statement delays this long and no longer. */
const oralHoldDays = 30;

/** 45 CFR 164.412. `until` is the last day of the delay; an oral one ends after 30 days unless a written one takes its place. */
export interface LawEnforcementHold {
  readonly kind: 'written' | 'oral';
  /** the day of the statement */
  readonly from: Day;
  readonly until: Day;
}

/** @throws BreachError for a hold that ends before it begins, or an oral one of more than 30 days */
export function demandHold(hold: LawEnforcementHold): LawEnforcementHold {
  demandDay(hold.from, 'from');
  demandDay(hold.until, 'until');
  const length = daysBetween(hold.from, hold.until);
  if (length < 0) throw new BreachError('date-order', 'until', 'must not be before the day of the statement');
  if (hold.kind === 'oral' && length > oralHoldDays)
    throw new BreachError('hold-too-long', 'until', `an oral statement delays at most ${oralHoldDays} days`);
  return hold;
}

/** Discovery is day 0 and lies in the past, not before the breach began. @throws BreachError */
export function demandDiscovery(
  { discovered, began }: { readonly discovered: Day; readonly began?: Day | undefined },
  now: Date,
): void {
  const today = dayOf(now);
  demandDay(discovered, 'discovered');
  if (discovered > today) throw new BreachError('date-in-future', 'discovered', 'must not be in the future');
  if (began === undefined) return;
  demandDay(began, 'breach_began');
  if (began > today) throw new BreachError('date-in-future', 'breach_began', 'must not be in the future');
  if (discovered < began)
    throw new BreachError('date-before-breach', 'discovered', 'must not be before the breach began');
}
