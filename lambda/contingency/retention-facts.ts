import * as z from 'zod';
import type { KeyRing } from '../encryption/key-store';
import { blindly } from '../encryption/sealed';
import type { Vault } from '../encryption/vault';
import { birthDate } from '../records/fhir/patient';
import type { Category } from '../records/model';
import type { RecordStore } from '../records/store';
import type { RetentionFacts, RetentionSettings } from './retention';

export const disposalReason = z.enum(['retention-ended', 'registered-in-error', 'duplicate-record', 'court-order']);

/**
 * @returns what the retention rules ask of a record. Each entry's date counts as far as its envelope vouches for it, or
 *   whoever can write the table could make a record old; of its content nothing is decrypted but the year of birth.
 * @throws EnvelopeError when an entry is not as it was sealed
 */
export async function retentionFacts(
  { store, vault }: { readonly store: RecordStore; readonly vault: Vault },
  ring: KeyRing,
  { ageOfMajority }: RetentionSettings,
): Promise<RetentionFacts> {
  const { items } = await store.record(ring.patient);
  const lastEntries = new Map<Category, string>();
  let majorityYear: number | undefined;
  for (const item of items) {
    const wanted = item.category === 'demographics' ? ['birthDate'] : [];
    const opened = await vault.open(ring, item, wanted);
    const last = lastEntries.get(item.category);
    if (last === undefined || last < item.updatedAt) lastEntries.set(item.category, item.updatedAt);
    if (item.category === 'demographics')
      majorityYear = blindly(opened, (value) => {
        const year = Number(birthDate(value)?.slice(0, 4));
        return Number.isInteger(year) ? year + ageOfMajority : undefined;
      });
  }
  return { lastEntries, ...(majorityYear === undefined ? {} : { majorityYear }) };
}
