import type { Person } from './incident-store';

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
