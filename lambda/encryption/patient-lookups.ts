import { birthDate, familyNames, mrnOf } from '../records/fhir/patient';
import { type LookupItem, lookupItem } from '../records/patient-store';
import type { PatientItem } from '../records/store';
import type { LookupKey } from './data-key';
import { lookupToken } from './lookup';

/**
 * The blind tokens under which a patient is found: MRN (unique), SSN, and each family name with the birth date.
 * @param keys every key that tokens are written under: two of them while the index moves from one to the next
 * @param ssn nine digits
 */
export function lookupsOf(
  keys: readonly LookupKey[],
  patient: string,
  demographics: Readonly<Record<string, unknown>>,
  ssn?: string,
): LookupItem[] {
  const mrn = mrnOf(demographics);
  const born = birthDate(demographics);
  const items = keys.flatMap((key) => [
    ...('value' in mrn ? [lookupItem('mrn', lookupToken(key, 'mrn', mrn.value), patient, true)] : []),
    ...(ssn ? [lookupItem('ssn', lookupToken(key, 'ssn', ssn), patient, false)] : []),
    ...(born
      ? familyNames(demographics).map((family) =>
          lookupItem('family-birth-date', lookupToken(key, 'family-birth-date', family, born), patient, false),
        )
      : []),
  ]);
  return items.filter((item, index) => items.findIndex(({ PK }) => PK === item.PK) === index);
}

/** @returns what a correction of demographics changes: the SSN's token is not of it and stays */
export function lookupChanges(
  patient: PatientItem,
  next: readonly LookupItem[],
): {
  readonly all: readonly Pick<LookupItem, 'PK' | 'SK'>[];
  readonly added: readonly LookupItem[];
  readonly removed: readonly Pick<LookupItem, 'PK' | 'SK'>[];
} {
  const kept = patient.lookups.filter(({ PK }) => PK.startsWith('L#ssn#'));
  const has = (list: readonly { PK: string }[], PK: string) => list.some((item) => item.PK === PK);
  return {
    all: [...kept, ...next],
    added: next.filter(({ PK }) => !has(patient.lookups, PK)),
    removed: patient.lookups.filter(({ PK }) => !has(kept, PK) && !has(next, PK)),
  };
}
