import { type Jurisdiction, jurisdictionCodes } from './states';

/** How long a State gives. `delay`: no number of days, without unreasonable delay. */
export type StateTerm =
  | { readonly kind: 'days'; readonly days: number }
  | { readonly kind: 'business-days'; readonly days: number }
  | { readonly kind: 'delay' };

/** Whom a State wants told beside its residents. */
export interface StateAuthority {
  readonly name: string;
  /** the smallest number of residents at which the duty begins */
  readonly from: number;
  readonly term: StateTerm;
  /** what the term counts from */
  readonly after: 'discovery' | 'individual-notice';
}

/** What one State asks. As read in the source on the day named; statutes change, so a lawyer confirms each before it is relied on. */
export interface StateLaw {
  readonly statute: string;
  readonly individuals: StateTerm;
  readonly authorities: readonly StateAuthority[];
  /** what limits or widens the row */
  readonly note?: string;
  readonly source: string;
  /** the day on which the source was read */
  readonly readOn: string;
}

const days = (count: number): StateTerm => ({ kind: 'days', days: count });
const readOn = '2026-11-23';

/**
 * The States whose law was read in a source. Every other jurisdiction is `not covered, ask counsel`: a guessed deadline is
 * worse than none, because somebody would rely on it.
 */
export const stateLaws: Readonly<Partial<Record<Jurisdiction, StateLaw>>> = {
  CA: {
    statute: 'Cal. Civ. Code § 1798.82; Cal. Health & Safety Code § 1280.15',
    individuals: days(30),
    authorities: [
      { name: 'California Attorney General', from: 501, term: days(15), after: 'individual-notice' },
      {
        name: 'California Department of Public Health',
        from: 1,
        term: { kind: 'business-days', days: 15 },
        after: 'discovery',
      },
    ],
    note: 'The Department of Public Health and a term of 15 business days for patients are for licensed clinics, health facilities, home health agencies and hospices.',
    source:
      'https://www.dataprotectionreport.com/2025/11/california-tightens-data-breach-notification-timelines-imposes-30-day-notice-requirement/',
    readOn,
  },
  CO: {
    statute: 'Colo. Rev. Stat. § 6-1-716',
    individuals: days(30),
    authorities: [{ name: 'Colorado Attorney General', from: 500, term: days(30), after: 'discovery' }],
    note: 'The statute counts from the determination that a breach occurred; Ward counts from discovery, which is never later.',
    source: 'https://coag.gov/resources/data-protection-laws/',
    readOn,
  },
  FL: {
    statute: 'Fla. Stat. § 501.171',
    individuals: days(30),
    authorities: [{ name: 'Florida Department of Legal Affairs', from: 500, term: days(30), after: 'discovery' }],
    note: 'The statute counts from the determination; fifteen more days may be had for good cause, told to the Department in writing.',
    source: 'https://dwt.com/gcp/states/florida',
    readOn,
  },
  MA: {
    statute: 'Mass. Gen. Laws ch. 93H',
    individuals: { kind: 'delay' },
    authorities: [
      { name: 'Massachusetts Attorney General', from: 1, term: { kind: 'delay' }, after: 'discovery' },
      {
        name: 'Massachusetts Office of Consumer Affairs and Business Regulation',
        from: 1,
        term: { kind: 'delay' },
        after: 'discovery',
      },
    ],
    note: 'Covers names with a Social Security, licence or account number. The notice to residents must not describe the nature of the breach: counsel reconciles that with 45 CFR 164.404(c)(1)(A).',
    source: 'https://www.csrps.com/privacy-regulations/massachusetts/',
    readOn,
  },
  NY: {
    statute: 'N.Y. Gen. Bus. Law § 899-aa',
    individuals: days(30),
    authorities: [
      { name: 'New York Attorney General', from: 1, term: days(30), after: 'discovery' },
      { name: 'New York Department of State', from: 1, term: days(30), after: 'discovery' },
      { name: 'New York Division of State Police', from: 1, term: days(30), after: 'discovery' },
    ],
    note: 'In force since December 2024. Who is under the Department of Financial Services tells it as well.',
    source:
      'https://www.insideprivacy.com/cybersecurity-2/new-york-adopts-amendment-to-the-state-data-breach-notification-law/',
    readOn,
  },
  OH: {
    statute: 'Ohio Rev. Code § 1349.19',
    individuals: days(45),
    authorities: [],
    source: 'https://dwt.com/ohio',
    readOn,
  },
  OR: {
    statute: 'Or. Rev. Stat. § 646A.604',
    individuals: days(45),
    authorities: [{ name: 'Oregon Attorney General', from: 251, term: days(45), after: 'discovery' }],
    note: 'A vendor tells the covered entity within 10 days.',
    source: 'http://www.oregonlaws.org/ors/646A.604',
    readOn,
  },
  TX: {
    statute: 'Tex. Bus. & Com. Code § 521.053',
    individuals: days(60),
    authorities: [{ name: 'Texas Attorney General', from: 250, term: days(30), after: 'discovery' }],
    note: 'The statute counts from the determination that a breach occurred.',
    source: 'https://www.perkinscoie.com/en/news-insights/security-breach-notification-chart-texas.html',
    readOn,
  },
  WA: {
    statute: 'Wash. Rev. Code § 19.255.010',
    individuals: days(30),
    authorities: [{ name: 'Washington Attorney General', from: 501, term: days(30), after: 'discovery' }],
    source: 'https://atg.wa.gov/washington-s-data-breach-notification-laws',
    readOn,
  },
};

/** what a dossier and a screen say of a jurisdiction without a row */
export const notCovered = 'not covered, ask counsel';
export const coveredJurisdictions = jurisdictionCodes.filter((code) => stateLaws[code] !== undefined);
export const uncoveredJurisdictions = jurisdictionCodes.filter((code) => stateLaws[code] === undefined);
