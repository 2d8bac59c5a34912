import { concerned, type Person } from './incident-store';
import type { Residence } from './recipient';
import { affectedBy, type ScopeEvent } from './scope';

/**
 * @param known whom the incident concerns by now; who was removed with a reason stays removed
 * @param newId of the notice of somebody new
 * @returns everybody as the scope found them: a new version of whoever is new or of whom more is known
 */
export function affectedPeople(known: readonly Person[], events: readonly ScopeEvent[], newId: () => string): Person[] {
  const before = new Map(known.map((person) => [person.patient, person]));
  return affectedBy(events).map(({ patient, categories, events: count }): Person => {
    const person = before.get(patient);
    if (!person)
      return {
        notice: newId(),
        patient,
        origin: 'query',
        categories: [...categories],
        events: count,
        residence: 'unknown',
        residencePending: true,
        state: 'in-scope',
        version: 1,
      };
    const merged = [...new Set([...person.categories, ...categories])].sort();
    if (merged.length === person.categories.length && count <= person.events) return person;
    return { ...person, categories: merged, events: Math.max(count, person.events), version: person.version + 1 };
  });
}

/** @returns individuals by State of residence, of whom it still concerns */
export function residentsOf(people: readonly Person[]): Partial<Record<Residence, number>> {
  const residents: Partial<Record<Residence, number>> = {};
  for (const { residence } of concerned(people)) residents[residence] = (residents[residence] ?? 0) + 1;
  return residents;
}

/** @returns the numbers of those whom it concerns. @param run id of the computation; undefined where nothing was computed */
export const scopeOf = (people: readonly Person[], run: string | undefined, now: Date) => ({
  run: run ?? 'by-hand',
  individuals: concerned(people).length,
  residents: residentsOf(people),
  at: now.toISOString(),
});
