import type { Permit } from '../access/guard';
import type { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import type { Incident } from './incident-model';
import type { IncidentStore, Person } from './incident-store';
import { LetterWriter } from './letter-writer';
import type { NoticeContent } from './notice-content';
import { type MailingFor, NoticeMailer } from './notice-mailer';

/** letters in one transaction with their event, each with its mail */
const lettersAtOnce = 20;
/** in one call: the next one goes on */
const lettersPerCall = 240;
const budgetMilliseconds = 14_000;

/** Writes the letters of an incident and hands the mails over: as many as one call has the time for. */
export class LetterBatches {
  constructor(
    private readonly parts: {
      readonly runtime: Runtime;
      readonly store: IncidentStore;
      readonly writer: LetterWriter;
      /** absent: this stage mails nothing */
      readonly mailer: NoticeMailer | undefined;
    },
  ) {}

  /** @returns everybody as they stand afterwards */
  async write(
    permit: Permit,
    incident: Incident,
    content: NoticeContent,
    people: readonly Person[],
  ): Promise<readonly Person[]> {
    const until = Date.now() + budgetMilliseconds;
    const all = new Map(people.map((person) => [person.patient, person]));
    const pending = LetterWriter.pending(people).slice(0, lettersPerCall);
    for (let first = 0; first < pending.length && Date.now() < until; first += lettersAtOnce)
      for (const person of await this.#batch(permit, incident, content, pending.slice(first, first + lettersAtOnce)))
        all.set(person.patient, person);
    const { mailer } = this.parts;
    for (const person of mailer ? NoticeMailer.waiting([...all.values()], permit.access.now) : []) {
      if (Date.now() >= until) break;
      all.set(person.patient, (await mailer?.deliver(incident.id, person, mailingFor(permit))) ?? person);
    }
    return [...all.values()];
  }

  /** A mail is stored before it is handed over: a server that is down, or a transaction that fails, sends nothing twice. */
  async #batch(
    permit: Permit,
    incident: Incident,
    content: NoticeContent,
    people: readonly Person[],
  ): Promise<readonly Person[]> {
    const { runtime, store, writer, mailer } = this.parts;
    const before = new Map(people.map((person) => [person.patient, person]));
    const written = await writer.write(permit, incident, content, people);
    const writes = new Writes<'person' | 'mail'>();
    for (const { person, mail } of written) {
      writes.add('person', store.putPerson(incident.id, before.get(person.patient), person));
      if (mail && mailer) writes.add('mail', store.putMail(incident.id, await mailer.seal(person, mail)));
    }
    const resources = written.map(({ person }) => ({ id: person.notice, type: 'notice', version: null }));
    await runtime.store(permit, permit.event({ status: 200, reason: 'letters', resources }), writes, () => 'conflict');
    return written.map(({ person }) => person);
  }
}

const mailingFor = (permit: Permit): MailingFor => ({
  request: permit.access.request.id,
  event: ({ patient, notice }, { reason, outcome }) =>
    permit.event({
      status: outcome === 'permit' ? 200 : 502,
      outcome,
      reason,
      patient,
      categories: ['demographics'],
      resources: [{ id: notice, type: 'incident', version: 1 }],
    }),
});
