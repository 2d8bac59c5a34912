import * as z from 'zod';
import { category, patientId } from '../records/model';
import { BreachError } from './breach-error';
import { words } from './incident-model';
import type { Person } from './incident-store';

/** People who are affected though the log does not say so, and those who are not though it does: each with a reason. */
export const peopleChange = z.strictObject({
  add: z
    .array(z.strictObject({ patient: patientId, categories: z.array(category).min(1).max(11), reason: words }))
    .max(20)
    .default([]),
  remove: z
    .array(z.strictObject({ patient: patientId, reason: words }))
    .max(20)
    .default([]),
});
export type PeopleChange = z.infer<typeof peopleChange>;

export interface ChangedPerson {
  readonly person: Person;
  readonly kind: 'person-added' | 'person-removed';
  readonly reason: string;
}

/**
 * @param people whom the incident concerns by now
 * @param newId of the notice of somebody new
 * @returns everybody whom it changes, one version on
 * @throws BreachError when it changes nobody, or removes whom the incident does not concern
 */
export function changePeople(
  people: readonly Person[],
  { add, remove }: PeopleChange,
  { by, at, newId }: { readonly by: string; readonly at: Date; readonly newId: () => string },
): ChangedPerson[] {
  const known = new Map(people.map((person) => [person.patient, person]));
  const changed = new Map<string, ChangedPerson>();
  for (const { patient, categories, reason } of add) {
    const before = known.get(patient) ?? newPerson(patient, newId());
    const { removedAt: _at, removedBy: _by, ...kept } = changed.get(patient)?.person ?? before;
    const merged = [...new Set([...kept.categories, ...categories])].sort();
    const person = { ...kept, categories: merged, version: (known.get(patient)?.version ?? 0) + 1 };
    changed.set(patient, { person, kind: 'person-added', reason });
  }
  for (const { patient, reason } of remove) {
    const before = known.get(patient);
    if (!before || before.removedAt || changed.has(patient))
      throw new BreachError('count', 'remove', 'names somebody whom it does not concern');
    const person = { ...before, removedBy: by, removedAt: at.toISOString(), version: before.version + 1 };
    changed.set(patient, { person, kind: 'person-removed', reason });
  }
  if (changed.size === 0) throw new BreachError('count', 'body', 'must add or remove somebody');
  return [...changed.values()];
}

const newPerson = (patient: string, notice: string): Person => ({
  notice,
  patient,
  origin: 'added',
  events: 0,
  categories: [],
  residence: 'unknown',
  residencePending: true,
  state: 'in-scope',
  version: 0,
});
