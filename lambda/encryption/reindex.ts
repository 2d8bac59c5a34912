import { own } from '../records/fhir/issue';
import { newLookups, type PatientStore } from '../records/patient-store';
import type { RecordStore } from '../records/store';
import { type TransactItem, Writes } from '../records/transaction';
import { lookupsOf } from './patient-lookups';
import { blindly, type Sealed } from './sealed';
import type { Vault } from './vault';

export interface Reindexing {
  readonly store: RecordStore;
  readonly patients: PatientStore;
  readonly vault: Vault;
}

/**
 * Brings a patient's lookup items in line with the keys that tokens are written under now: what is missing is added, what
 * belongs to a retired key goes.
 * @returns the writes, which fail when the patient changed meanwhile; undefined where there is nothing to do, or nobody: an
 *   import that registers somebody brings its own tokens in line when it is committed
 */
export async function reindex(
  { store, patients, vault }: Reindexing,
  id: string,
): Promise<Writes<'patient' | 'lookups'> | undefined> {
  const [{ patient, items }, ring] = await Promise.all([store.structured(id), vault.ring(id)]);
  const demographics = items.find(({ category }) => category === 'demographics');
  const ssn = items.find(({ category }) => category === 'ssn');
  if (!patient || ring?.state !== 'active' || !demographics) return undefined;
  const [opened, openedSsn] = await Promise.all([
    vault.open(ring, demographics),
    ssn ? vault.open(ring, ssn, ['value']) : undefined,
  ]);
  const wanted = await vault.withLookupKeys((keys) =>
    blindly(opened, (value) => lookupsOf(keys, id, value, ...digits(openedSsn))),
  );
  const added = newLookups(patient, wanted);
  const removed = patient.lookups.filter(({ PK }) => !wanted.some((item) => item.PK === PK));
  if (added.length === 0 && removed.length === 0) return undefined;
  const writes: TransactItem[] = [...patients.lookupsOf(added, id), ...patients.forgetOf(removed, id)];
  return new Writes<'patient' | 'lookups'>()
    .add('patient', patients.setLookups(patient, wanted))
    .add('lookups', ...writes);
}

/** @returns the SSN for a token, which is all that is made of it */
function digits(ssn: Sealed<unknown> | undefined): [string] | [] {
  if (!ssn) return [];
  return blindly(ssn, (value) => {
    const found = own(value, 'value');
    return typeof found === 'string' ? [found] : [];
  });
}
