import type { Category } from '../records/model';

/** How long a stage keeps records. Law differs from State to State, so both are the organization's settings. */
export interface RetentionSettings {
  /** from the last entry on */
  readonly years: number;
  /** a minor's records are kept that many years from this age on */
  readonly ageOfMajority: number;
}

export type RetentionRuleName = 'clinical' | 'financial' | 'minor' | 'identity';
interface RetentionRule {
  /** of which kinds of record it speaks */
  readonly categories: readonly Category[];
  readonly keeps: string;
  /** why, for who is refused; State law may ask for more, which is what the settings are for */
  readonly source: string;
}

const clinical = [
  'medical_history',
  'diagnoses',
  'prescriptions',
  'notes',
  'psychotherapy_notes',
  'claim_clinical',
] as const satisfies readonly Category[];
const financial = ['insurance_id', 'payment_history'] as const satisfies readonly Category[];
const identity = ['demographics', 'ssn', 'billing_address'] as const satisfies readonly Category[];

/** What must be kept, by kind of record. Every category is in exactly one of the first three. */
export const retentionRules: Readonly<Record<RetentionRuleName, RetentionRule>> = {
  clinical: {
    categories: clinical,
    keeps: 'the set years from the last entry',
    source: '42 CFR 482.24(b)(1): 5 years at least; 42 CFR 422.504(d): 10 years; State law',
  },
  financial: {
    categories: financial,
    keeps: 'the set years from the last entry',
    source: '42 CFR 424.516(f): 7 years; 31 U.S.C. 3731(b): claims may be disputed for 10 years',
  },
  minor: {
    categories: [...clinical, ...financial],
    keeps: 'the set years from the age of majority, where that is later',
    source: 'State law on the records of minors; 42 CFR 482.24(b)(1)',
  },
  identity: {
    categories: identity,
    keeps: 'as long as anything else; alone, the set years from the last entry',
    source: 'What is kept must remain findable under its patient: 45 CFR 164.524',
  },
};

/** as approvals.ts has them */
export type DisposalReason = 'retention-ended' | 'registered-in-error' | 'duplicate-record' | 'court-order';

/** What a retention rule needs to know of a record; nothing of it says what is in the record. */
export interface RetentionFacts {
  /** the last write of each category that has entries; UTC, ISO 8601 */
  readonly lastEntries: ReadonlyMap<Category, string>;
  /** the calendar year of the patient's majority; absent: not known */
  readonly majorityYear?: number;
}

export interface RetentionRefusal {
  readonly rule: RetentionRuleName;
  /** the first day on which the rule lets go. Always a 1 January: a date to the day would tell a birth date */
  readonly notBefore: string;
}

/**
 * Which rule still keeps a record, if any: the one that keeps it longest.
 * A court's order ends every term. What was registered twice, or in error, has none as long as it is nothing but a name.
 * Somebody whose age is not known counts as newborn at their last entry.
 */
export function keptBy(
  { lastEntries, majorityYear }: RetentionFacts,
  { years, ageOfMajority }: RetentionSettings,
  reason: DisposalReason,
  now: Date,
): RetentionRefusal | undefined {
  if (reason === 'court-order') return undefined;
  const lastYear = (of: readonly Category[]): number | undefined => {
    const found = of.flatMap((category) => lastEntries.get(category) ?? []).map((at) => Number(at.slice(0, 4)));
    return found.length > 0 ? Math.max(...found) : undefined;
  };
  const ends: [RetentionRuleName, number][] = [];
  const after = (rule: RetentionRuleName, year: number | undefined) => {
    if (year !== undefined) ends.push([rule, year + years + 1]);
  };
  after('clinical', lastYear(clinical));
  after('financial', lastYear(financial));
  const last = lastYear([...clinical, ...financial]);
  if (last !== undefined) {
    const majority = majorityYear ?? last + ageOfMajority;
    if (majority >= last) after('minor', majority);
  } else if (reason === 'retention-ended') after('identity', lastYear(identity));
  const [longest] = ends.sort(([, a], [, b]) => b - a);
  if (!longest || now.toISOString() >= `${longest[1]}-01-01`) return undefined;
  return { rule: longest[0], notBefore: `${longest[1]}-01-01` };
}
