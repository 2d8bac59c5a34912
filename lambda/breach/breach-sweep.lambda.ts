import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { ComplianceAlerts } from '../access/compliance-alerts';
import { emit } from '../audit/metrics';
import { Outbox } from '../audit/outbox';
import { mailFrom, readEnvironment, type SweepEnvironment, sweepVariables } from '../environment';
import { documents, patience } from '../http/clients';
import { dayOf } from './calendar';
import { remindersOn } from './deadlines';
import { dutyStatuses } from './incident-duties';
import { concerned, IncidentStore } from './incident-store';
import { Reminders } from './reminders';
import { noticesOf } from './shown';

const environment = readEnvironment<SweepEnvironment>(...sweepVariables);
const table = environment.GOVERNANCE_TABLE;
const mail = new SESv2Client(patience);
const outbox = new Outbox({
  documents,
  table: environment.AUDIT_TABLE,
  origin: environment.AUDIT_ORIGIN,
  functionName: process.env['FUNCTION'] ?? 'unnamed',
  clock: () => new Date(),
});
const store = new IncidentStore(documents, table);
const alerts = new ComplianceAlerts({
  documents,
  cognito: new CognitoIdentityProviderClient(patience),
  mail,
  table,
  userPoolId: environment.USER_POOL_ID,
  from: mailFrom(),
});
const reminders = new Reminders({ documents, table, mail, from: mailFrom() });

/** Looks at the deadlines of every open incident, reminds the officers, and says what is overdue. 45 CFR 164.404-412. */
export async function handler(): Promise<void> {
  const now = new Date();
  const today = dayOf(now);
  let overdue = 0;
  let unsent = 0;
  let waiting = 0;
  let recipients: readonly string[] | undefined;
  for (const incident of await store.all()) {
    if (incident.state === 'closed') continue;
    const people = await store.people(incident.id);
    const duties = dutyStatuses(incident, noticesOf(people), today);
    overdue += duties.filter(({ status }) => status === 'overdue').length;
    waiting += concerned(people).filter((person) => person.mail === 'waiting').length;
    const done = new Set(duties.filter(({ doneOn }) => doneOn !== undefined).map(({ id }) => id));
    for (const reminder of remindersOn(today, duties, done)) {
      const duty = duties.find(({ id }) => id === reminder.duty);
      if (!duty) continue;
      recipients ??= await alerts.officers().catch(() => []);
      const outcome = await reminders.send(incident.id, reminder, duty, recipients, now);
      if (outcome === 'unsent') unsent += 1;
      if (outcome !== 'sent') continue;
      await outbox.record({
        action: 'incident.remind',
        actor: null,
        basis: null,
        categories: [],
        outcome: 'permit',
        patient: null,
        purpose: 'BREACH',
        reason: reminder.daysLeft < 0 ? 'overdue' : `days-${reminder.daysLeft}`,
        request: null,
        resources: [{ id: incident.id, type: 'incident', version: incident.version }],
      });
    }
  }
  emit(environment.STAGE, now, {
    OverdueBreachDuties: overdue,
    UnsentBreachReminders: unsent,
    WaitingNoticeMails: waiting,
  });
}
