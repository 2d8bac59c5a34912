import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { ComplianceAlerts } from '../access/compliance-alerts';
import { emit } from '../audit/metrics';
import { ownEvent } from '../audit/own-event';
import { ownOutbox } from '../audit/own-outbox';
import { Narratives } from '../encryption/narratives';
import { mailFrom, type NoticeSweepEnvironment, noticeSweepVariables, readEnvironment } from '../environment';
import { documents, kms, patience } from '../http/clients';
import { dayOf } from './calendar';
import { remindersOn } from './deadlines';
import { dutyStatuses } from './incident-duties';
import type { Incident } from './incident-model';
import { IncidentStore, mailWaits, type Person } from './incident-store';
import { type MailingFor, NoticeMailer } from './notice-mailer';
import { Reminders } from './reminders';
import { noticesOf } from './shown';

const environment = readEnvironment<NoticeSweepEnvironment>(...noticeSweepVariables);
const table = environment.GOVERNANCE_TABLE;
const clock = (): Date => new Date();
const mail = new SESv2Client(patience);
const outbox = ownOutbox(documents, environment);
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

const from = mailFrom();
const mailer =
  from === undefined
    ? undefined
    : new NoticeMailer({
        store,
        narratives: new Narratives({
          kms,
          keyId: environment.PATIENT_KEY,
          organization: environment.ORGANIZATION,
          clock,
        }),
        outbox,
        mail,
        from,
        clock,
      });
/** most of the function's time; what is left goes with the next run */
const mailingMilliseconds = 80_000;

/**
 * Looks at the deadlines of every open incident, reminds the officers, mails the notices that a mail server refused before,
 * and says what is overdue or waits. 45 CFR 164.404-412.
 */
export async function handler(): Promise<void> {
  const now = clock();
  const today = dayOf(now);
  const until = now.getTime() + mailingMilliseconds;
  const counts = { overdue: 0, unsent: 0, waiting: 0 };
  let recipients: readonly string[] | undefined;
  for (const incident of await store.all()) {
    if (incident.state === 'closed') continue;
    const people = await mailWaiting(incident, await store.people(incident.id), until);
    counts.waiting += mailWaits(people).length;
    const duties = dutyStatuses(incident, noticesOf(people), today);
    counts.overdue += duties.filter(({ status }) => status === 'overdue').length;
    const done = new Set(duties.filter(({ doneOn }) => doneOn !== undefined).map(({ id }) => id));
    for (const reminder of remindersOn(today, duties, done)) {
      const duty = duties.find(({ id }) => id === reminder.duty);
      if (!duty) continue;
      recipients ??= await alerts.officers().catch(() => []);
      const outcome = await reminders.send(incident.id, reminder, duty, recipients, now);
      if (outcome === 'unsent') counts.unsent += 1;
      if (outcome !== 'sent') continue;
      const reason = reminder.daysLeft < 0 ? 'overdue' : `days-${reminder.daysLeft}`;
      const resources = [{ id: incident.id, type: 'incident', version: incident.version }];
      await outbox.record(ownEvent('incident.remind', { purpose: 'BREACH', outcome: 'permit', reason, resources }));
    }
  }
  emit(environment.STAGE, now, {
    OverdueBreachDuties: counts.overdue,
    UnsentBreachReminders: counts.unsent,
    WaitingNoticeMails: counts.waiting,
  });
}

/** One mail that cannot be opened or noted keeps neither the others nor a reminder from going out: it is counted as waiting. */
async function mailWaiting(incident: Incident, people: readonly Person[], until: number): Promise<readonly Person[]> {
  if (!mailer) return people;
  const all = new Map(people.map((person) => [person.patient, person]));
  for (const person of NoticeMailer.waiting(people, clock())) {
    if (clock().getTime() >= until) break;
    const after = await mailer.deliver(incident.id, person, mailing).catch(() => person);
    all.set(person.patient, after);
  }
  return [...all.values()];
}

const mailing: MailingFor = {
  request: '',
  event: ({ patient, notice }, { reason, outcome }) =>
    ownEvent('incident.mail', {
      purpose: 'BREACH',
      outcome,
      reason,
      patient,
      categories: ['demographics'],
      resources: [{ id: notice, type: 'incident', version: 1 }],
    }),
};
