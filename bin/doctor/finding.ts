/** `unseen` is never green: it was not looked at, and what is said tells why. */
export type Verdict = 'green' | 'red' | 'unseen';

/** What one look at one thing came to. */
export interface Finding {
  readonly verdict: Verdict;
  /** of what: a name of a resource or a duty, never of a person */
  readonly subject: string;
  readonly says: string;
  /** what to do about it, of what is red */
  readonly remedy?: string;
}

/** A finding as it is printed: under the check that made it. */
export interface Entry extends Finding {
  readonly check: string;
  /** the rule that the check serves, such as `45 CFR 164.312(d)` */
  readonly rule: string;
}

/** Something to look at. Looking and judging are apart: `judge…` functions beside it take facts alone. */
export interface Check<Place> {
  readonly name: string;
  readonly rule: string;
  look(place: Place): Promise<readonly Finding[]>;
}

export const green = (subject: string, says: string): Finding => ({ verdict: 'green', subject, says });
export const red = (subject: string, says: string, remedy: string): Finding => ({
  verdict: 'red',
  subject,
  says,
  remedy,
});
export const unseen = (subject: string, says: string): Finding => ({ verdict: 'unseen', subject, says });

/** what the emulators have not */
export const notOnTheLaptop = (subject: string): Finding => unseen(subject, 'not on the laptop');

/**
 * One line for all that are well, and one for each that is not.
 * @param faultsOf what is wrong with one of them, with what to do; none when it is well
 */
export function allOf<Item>(
  items: readonly Item[],
  options: {
    readonly subject: string;
    readonly nameOf: (item: Item) => string;
    readonly well: string;
    readonly faultsOf: (item: Item) => readonly (readonly [says: string, remedy: string])[];
  },
): readonly Finding[] {
  const { subject, nameOf, well, faultsOf } = options;
  if (items.length === 0)
    return [red(subject, 'there is none', 'deploy the stacks of this stage, or name its outputs')];
  const found = items.map((item) => faultsOf(item).map(([says, remedy]) => red(nameOf(item), says, remedy)));
  const faults = found.flat();
  const faulty = found.filter((each) => each.length > 0).length;
  return faulty === items.length
    ? faults
    : [green(subject, `${items.length - faulty} of ${items.length}: ${well}`), ...faults];
}

/**
 * Looks with every check, one after the other. A look that fails is red: what cannot be seen may be broken.
 * @returns the entries in the order of the checks
 */
export async function examine<Place>(place: Place, checks: readonly Check<Place>[]): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  for (const check of checks) {
    const { name, rule } = check;
    const findings = await check
      .look(place)
      .catch((error: unknown) => [
        red(
          name,
          `could not be looked at: ${error instanceof Error ? error.name : 'unknown'}`,
          'see that your credentials may read this and that the service answers, then look again',
        ),
      ]);
    entries.push(...findings.map((finding) => ({ check: name, rule, ...finding })));
  }
  return entries;
}

export const isRed = ({ verdict }: Finding): boolean => verdict === 'red';
