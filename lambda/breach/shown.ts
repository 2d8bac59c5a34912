import type { Day } from './calendar';
import { dutyStatuses, type PersonNotice } from './incident-duties';
import type { Incident } from './incident-model';
import { concerned, type Person } from './incident-store';

/** What the API tells of an incident beside its words. Ids, codes, days and counts. */
export function shownIncident(incident: Incident, people: readonly Person[], today: Day) {
  const { assessment, determination, scope, safeHarbour } = incident;
  return {
    id: incident.id,
    state: incident.state,
    version: incident.version,
    opened_at: incident.openedAt,
    opened_by: incident.openedBy,
    discovered: incident.discovered,
    discovery_basis: incident.discoveryBasis,
    breach_began: incident.began,
    breach_ended: incident.ended,
    type: incident.type,
    locations: incident.locations,
    associate: incident.associate,
    associate_involved: incident.associateInvolved,
    subjects: incident.subjects,
    alert: incident.alert,
    measures: incident.measures,
    holds: incident.holds,
    assessment,
    safe_harbour: safeHarbour,
    determination: determination && {
      outcome: determination.outcome,
      by: determination.by,
      approval: determination.approval,
      approved_by: determination.approvedBy,
      at: determination.at,
    },
    scope: scope && { run: scope.run, individuals: scope.individuals, residents: scope.residents, at: scope.at },
    notices: countStates(people),
    duties: shownDuties(incident, noticesOf(people), today),
    proofs: incident.proofs,
    dossiers: incident.dossiers.map(({ version, sha256, at }) => ({ version, sha256, at })),
    released_at: incident.releasedAt,
    released_by: incident.releasedBy,
    closed_at: incident.closedAt,
    closed_by: incident.closedBy,
  };
}

export const shownDuties = (incident: Incident, people: readonly PersonNotice[], today: Day) =>
  dutyStatuses(incident, people, today).map(({ id, duty, citation, due, held, note, doneOn, reference, status }) => ({
    id,
    duty,
    citation,
    due,
    held,
    note,
    done_on: doneOn,
    reference,
    status,
  }));

export const summaryOf = (incident: Incident) => ({
  id: incident.id,
  state: incident.state,
  discovered: incident.discovered,
  type: incident.type,
  outcome: incident.determination?.outcome,
  individuals: incident.scope?.individuals,
  opened_at: incident.openedAt,
  closed_at: incident.closedAt,
});

/** @returns the notices that count: of whom it still concerns */
export const noticesOf = (people: readonly Person[]): PersonNotice[] =>
  concerned(people).map(({ state, on, reference, residence }) => ({ state, on, reference, residence }));

export function countStates(people: readonly Person[]) {
  const count: Record<string, number> = {};
  for (const { state } of concerned(people)) count[state] = (count[state] ?? 0) + 1;
  return count;
}
