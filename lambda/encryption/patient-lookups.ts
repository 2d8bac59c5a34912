import { birthDate, familyNames, mrnOf } from '../records/fhir/patient';
import { type LookupItem, lookupItem } from '../records/patient-store';
import type { PatientItem } from '../records/store';
import type { LookupKey } from './data-key';
import { lookupToken } from './lookup';
import { patientRelations } from './relation-tokens';

/** What lookup tokens are written under. */
export interface WritingKeys {
  /** of the blind index: two of them while it moves from one to the next */
  readonly index: readonly LookupKey[];
  /** the first one, which never changes: see relation-tokens.ts */
  readonly relations: LookupKey;
}

/**
 * The blind tokens under which a patient is found: MRN (unique), SSN, and each family name with the birth date; and those
 * that tell relatives and neighbours of the workforce, under which nobody is looked up.
 * @param ssn nine digits
 */
export function lookupsOf(
  { index, relations }: WritingKeys,
  patient: string,
  demographics: Readonly<Record<string, unknown>>,
  ssn?: string,
): LookupItem[] {
  const mrn = mrnOf(demographics);
  const born = birthDate(demographics);
  const { family, address } = patientRelations(relations, demographics);
  const found = index.flatMap((key) => [
    ...('value' in mrn ? [lookupItem('mrn', lookupToken(key, 'mrn', mrn.value), patient, true)] : []),
    ...(ssn ? [lookupItem('ssn', lookupToken(key, 'ssn', ssn), patient, false)] : []),
    ...(born
      ? familyNames(demographics).map((family) =>
          lookupItem('family-birth-date', lookupToken(key, 'family-birth-date', family, born), patient, false),
        )
      : []),
  ]);
  const items = [
    ...found,
    ...family.map((token) => lookupItem('family', token, patient, false)),
    ...address.map((token) => lookupItem('address', token, patient, false)),
  ];
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
