import { putVersion, type TransactItem } from '../records/transaction';
import { governanceKeys, type RepresentativeItem } from './governance';

/** What a registrar has seen. 45 CFR 164.514(h)(2)(ii). */
export const evidenceKinds = [
  'birth-certificate',
  'court-order',
  'power-of-attorney-document',
  'letters-of-administration',
  'adoption-record',
] as const;

/** age at which, in most States, a parent may act no more; where another holds, the registrar says an earlier end */
const majorityYears = 18;

/**
 * @param birthDate FHIR date: a year, a month or a day
 * @returns the first instant of the 18th birthday in UTC; of a date that is not whole the earliest it may be
 */
export function majority(birthDate: string): string | undefined {
  const [, year, month = '01', day = '01'] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(birthDate) ?? [];
  if (year === undefined) return undefined;
  // Somebody born on 29 February comes of age on 1 March of a year without one.
  const at = new Date(Date.UTC(Number(year) + majorityYears, Number(month) - 1, Number(day)));
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** @returns the writes that record a representative, and for whom they are one; they fail when that changed since it was read */
export function setRepresentative(table: string, item: RepresentativeItem): TransactItem[] {
  const { sub, patient } = item;
  return [
    putVersion(table, { ...governanceKeys.representative(patient, sub), ...item }, item.version - 1),
    { Put: { TableName: table, Item: { ...governanceKeys.represented(sub, patient), ...item } } },
  ];
}
