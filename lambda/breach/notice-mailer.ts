import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { EventDraft } from '../audit/event';
import type { Outbox } from '../audit/outbox';
import { Released } from '../audit/release';
import type { Narratives } from '../encryption/narratives';
import { dayOf } from './calendar';
import { concerned, type IncidentStore, type Person } from './incident-store';
import { type NoticeMail, noticeMail, sendMail } from './notice-mail';

/** how long whoever claimed a mail may take to hand it over, before somebody else may */
const leaseMilliseconds = 10 * 60 * 1000;

export interface NoticeMailerOptions {
  readonly store: IncidentStore;
  readonly narratives: Narratives;
  readonly outbox: Outbox;
  readonly mail: SESv2Client;
  readonly from: string;
  readonly clock: () => Date;
}

/** Who mails: a request of the compliance officer, or the sweep. */
export interface MailingFor {
  /** of the request; empty for the sweep */
  readonly request: string;
  /** @returns the event of one attempt: `resources` name the notice */
  readonly event: (person: Person, outcome: { reason: string; outcome: 'permit' | 'error' }) => EventDraft;
}

/**
 * Hands notices by e-mail over, each once: whoever mails one claims it first, in the transaction of its event, so that runs
 * beside each other send nothing twice, and a mail server that is down loses nothing. Only who dies between handing over and
 * noting it leaves a mail that is sent again, after the lease: a notice twice is better than none. 45 CFR 164.404(d)(1)(i)
 */
export class NoticeMailer {
  constructor(private readonly options: NoticeMailerOptions) {}

  /** @returns the people of the incident whose mail is to be handed over now */
  static waiting(people: readonly Person[], now: Date): Person[] {
    const stale = new Date(now.getTime() - leaseMilliseconds).toISOString();
    return concerned(people).filter(
      ({ mail, mailClaimedAt }) => mail === 'waiting' || (mail === 'sending' && (mailClaimedAt ?? '') < stale),
    );
  }

  /** @returns the words of a mail, sealed for whoever sends it */
  async seal({ notice, patient }: Person, mail: NoticeMail) {
    const place = { patient, type: 'incident', id: notice } as const;
    return { notice, sealed: await this.options.narratives.seal(place, JSON.stringify(mail)) };
  }

  /** @returns how it stands with the person afterwards; as before when somebody else has the mail */
  async deliver(incident: string, person: Person, by: MailingFor): Promise<Person> {
    const { store, outbox, narratives, clock } = this.options;
    const item = await store.mail(incident, person.notice);
    if (!item) return person;
    const claimed: Person = {
      ...person,
      mail: 'sending',
      mailClaimedAt: clock().toISOString(),
      version: person.version + 1,
    };
    try {
      const event = by.event(person, { reason: 'mail', outcome: 'permit' });
      const receipt = await outbox.recordWith([event], [store.putPerson(incident, person, claimed)]);
      const place = { patient: person.patient, type: 'incident', id: person.notice } as const;
      const sealed = await narratives.open(place, item.sealed);
      const mail = noticeMail.parse(JSON.parse(Released.release(sealed, receipt, by.request).toJSON()));
      return await this.#handOver(incident, claimed, mail, by);
    } catch (error) {
      // Another run claimed it, or the officer recorded that the letter went by mail.
      if (error instanceof TransactionCanceledException) return person;
      throw error;
    }
  }

  async #handOver(incident: string, claimed: Person, mail: NoticeMail, by: MailingFor): Promise<Person> {
    const { store, outbox, clock } = this.options;
    const { mailClaimedAt: _, ...person } = claimed;
    const version = claimed.version + 1;
    const reference = await sendMail(this.options.mail, this.options.from, mail).catch(() => undefined);
    const after: Person =
      reference === undefined
        ? { ...person, mail: 'waiting', version }
        : { ...person, mail: 'sent', state: 'sent', on: dayOf(clock()), reference: codeOf(reference), version };
    const outcome = reference === undefined ? 'error' : 'permit';
    const event = by.event(claimed, { reason: outcome === 'permit' ? 'mailed' : 'mail-failed', outcome });
    await outbox.recordWith([event], [store.putPerson(incident, claimed, after)]);
    return after;
  }
}

/** SES gives ids of letters, digits and hyphens; anything else stays out of a reference. */
const codeOf = (id: string): string => id.replace(/[^A-Za-z0-9._-]/g, '').slice(0, 80) || 'accepted';
