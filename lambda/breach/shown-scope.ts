import { concerned, type Person, type Run } from './incident-store';
import { residentsOf } from './people';

/** What the API tells of somebody whom an incident concerns: ids and codes. */
export const shownPerson = (person: Person) => ({
  notice: person.notice,
  patient: person.patient,
  origin: person.origin,
  categories: person.categories,
  events: person.events,
  residence: person.residence,
  state: person.state,
  channel: person.channel,
  problem: person.problem,
  mail: person.mail,
  sha256: person.document?.sha256,
  on: person.on,
  reference: person.reference,
  removed_by: person.removedBy,
  removed_at: person.removedAt,
});

/** What the API tells of all whom an incident concerns or was thought to. */
export const shownScope = (people: readonly Person[]) => ({
  individuals: concerned(people).length,
  residents: residentsOf(people),
  people: people.map(shownPerson),
});

/** What the API tells of a computation, and whether the same query gave the same events before. @param all of the incident */
export const shownRun = ({ id, digest, events, indexed, unsealed }: Run, all: readonly Run[]) => ({
  run: id,
  digest,
  events,
  indexed,
  unsealed,
  repeats: all.filter((each) => each.digest === digest).map((each) => each.id),
});
