import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import { allActors } from '../../lambda/access/actors-store';
import { EmergencyStore } from '../../lambda/access/emergency-store';
import { governanceKeys } from '../../lambda/access/governance';
import { lastQuarter, unreviewed } from '../../lambda/access/reviews';
import { ReviewStore } from '../../lambda/access/reviews-store';
import { dayOf } from '../../lambda/breach/calendar';
import { dutyStatuses } from '../../lambda/breach/incident-duties';
import { IncidentStore } from '../../lambda/breach/incident-store';
import { noticesOf } from '../../lambda/breach/shown';
import { type Check, type Finding, green, red } from './finding';
import { output, type Place } from './place';

/** Each a count of what somebody should have done by now. */
export interface DutyFacts {
  readonly breachDuties: number;
  readonly waitingNotices: number;
  readonly emergencyReviews: number;
  readonly accessReviews: number;
  /** such as `2026-Q3` */
  readonly period: string;
  /** alerts about emergency accesses that nobody has been sent */
  readonly unsentAlerts: number;
}

/** 45 CFR 164.308(a)(1)(ii)(D): what people owe, counted from the tables and not by the sweeps that should remind of it. */
export const duties: Check<Place> = {
  name: 'Duties',
  rule: '45 CFR 164.308(a)(1)(ii)(D), 164.404-414',
  look: async (place) => judgeDuties(await factsOf(place)),
};

function judgeDuties(facts: DutyFacts): readonly Finding[] {
  const judge = (subject: string, count: number, heading: string) =>
    count === 0 ? green(subject, 'none') : red(subject, String(count), `docs/runbook.md, "${heading}"`);
  return [
    judge('overdue breach duties', facts.breachDuties, 'Overdue breach duties'),
    judge('notices not mailed', facts.waitingNotices, 'Waiting notice mails'),
    judge('overdue emergency reviews', facts.emergencyReviews, 'Overdue emergency reviews'),
    judge(`grants not reviewed for ${facts.period}`, facts.accessReviews, 'Overdue access reviews'),
    judge('alerts not sent', facts.unsentAlerts, 'Unsent alerts'),
  ];
}

async function factsOf(place: Place): Promise<DutyFacts> {
  const { documents, now } = place;
  const table = output(place, 'GovernanceTable');
  const incidents = new IncidentStore(documents, table);
  let breachDuties = 0;
  let waitingNotices = 0;
  for (const incident of await incidents.all()) {
    if (incident.state === 'closed') continue;
    const people = await incidents.people(incident.id);
    const statuses = dutyStatuses(incident, noticesOf(people), dayOf(now));
    breachDuties += statuses.filter(({ status }) => status === 'overdue').length;
    waitingNotices += people.filter(({ mail, removedAt }) => mail === 'waiting' && removedAt === undefined).length;
  }
  const period = lastQuarter(now);
  const [reviews, actors, due, alerts] = await Promise.all([
    new ReviewStore(documents, table).reviews(period),
    allActors(documents, table),
    new EmergencyStore(documents, table).dueReviews(now.toISOString()),
    documents.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': governanceKeys.alert('').PK },
        ConsistentRead: true,
        Select: 'COUNT',
      }),
    ),
  ]);
  return {
    breachDuties,
    waitingNotices,
    emergencyReviews: due.length,
    accessReviews: unreviewed(actors, reviews, period).length,
    period,
    unsentAlerts: alerts.Count ?? 0,
  };
}
