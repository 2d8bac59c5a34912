import type { SESv2Client } from '@aws-sdk/client-sesv2';
import type { Permit } from '../access/guard';
import { type Day, dayOf } from './calendar';
import { csv } from './csv';
import type { DocumentsStore } from './documents-store';
import type { Incident } from './incident-model';
import { concerned, type Person } from './incident-store';
import { individualLetter, type Letter, letterBlocks } from './letters';
import type { NoticeContent } from './notice-content';
import type { NoticeFields, NoticeFieldsReader } from './notice-fields';
import { mailLetter } from './notice-mail';
import { renderPdf } from './pdf';
import { preferenceOf, recipientOf } from './recipient';

export interface Written {
  readonly person: Person;
  /** absent: none can be written */
  readonly letter?: Letter;
}

/** Writes the letters of an incident, one a person, and keeps each as it was sent. */
export class LetterWriter {
  constructor(
    private readonly parts: {
      readonly reader: NoticeFieldsReader;
      readonly files: DocumentsStore;
      readonly mail: SESv2Client;
      /** verified sender; absent: nothing is mailed and every letter is printed */
      readonly from: string | undefined;
    },
  ) {}

  /** @returns people whose letter is to be written: those without one, and those of whom more is known since */
  static pending(people: readonly Person[]): Person[] {
    return concerned(people).filter(
      ({ state, problem, mail }) => (state === 'in-scope' && problem === undefined) || mail === 'waiting',
    );
  }

  async write(
    permit: Permit,
    incident: Incident,
    content: NoticeContent,
    people: readonly Person[],
  ): Promise<Written[]> {
    const found = await this.parts.reader.read(
      permit,
      people.map(({ patient }) => patient),
    );
    const { now } = permit.access;
    const written: Written[] = [];
    for (const person of people)
      written.push(await this.#one(incident, content, person, found.get(person.patient), now));
    return written;
  }

  /** @returns all letters in one file for the printer, or their addresses; each patient's reading is recorded */
  async bundle(
    permit: Permit,
    incident: Incident,
    content: NoticeContent,
    people: readonly Person[],
    name: 'addresses.csv' | 'letters.pdf',
  ): Promise<{ readonly media: string; readonly bytes: Buffer }> {
    const { now } = permit.access;
    const found = await this.parts.reader.read(
      permit,
      people.map(({ patient }) => patient),
    );
    const letters = people.flatMap(({ notice, patient }): (Letter & { notice: string })[] => {
      const fields = found.get(patient);
      const recipient = typeof fields === 'object' ? recipientOf(fields, preferenceOf(fields)) : undefined;
      if (recipient?.kind !== 'found') return [];
      return [{ notice, ...individualLetter(content, incident, recipient.recipient, dayOf(now)) }];
    });
    if (name === 'addresses.csv') {
      const width = Math.max(1, ...letters.map(({ recipient }) => recipient.address.length));
      const head = ['Notice', 'Name', ...Array.from({ length: width }, (_, index) => `Address ${index + 1}`)];
      const rows = letters.map(({ notice, recipient }) => [notice, recipient.name, ...recipient.address]);
      return { media: 'text/csv', bytes: Buffer.from(csv([head, ...rows])) };
    }
    const pages = letters.map((letter) => letterBlocks(letter, content));
    return { media: 'application/pdf', bytes: renderPdf(pages, { title: 'Letters', at: now }) };
  }

  async #one(
    incident: Incident,
    content: NoticeContent,
    person: Person,
    fields: NoticeFields | undefined,
    now: Date,
  ): Promise<Written> {
    const next = { ...person, version: person.version + 1 };
    if (typeof fields !== 'object') return { person: { ...next, problem: 'disposed' } };
    const found = recipientOf(fields, preferenceOf(fields));
    if (found.kind === 'unreachable') return { person: { ...next, problem: found.problem } };
    const letter = individualLetter(content, incident, found.recipient, dayOf(now));
    const pdf = renderPdf([letterBlocks(letter, content)], { title: letter.text.subject, at: now });
    const { key, sha256 } = await this.parts.files.put(
      `incidents/${incident.id}/letters/${person.notice}.pdf`,
      pdf,
      'application/pdf',
      now,
    );
    const document = { key, sha256 };
    const { problem: _, ...reachable } = next;
    const { from } = this.parts;
    if (found.recipient.email === undefined || from === undefined)
      return { letter, person: { ...reachable, state: 'generated', channel: 'mail', document } };
    return {
      letter,
      person: await this.#mailed({ ...reachable, channel: 'email', document }, letter, from, dayOf(now)),
    };
  }

  /** A mail server that is down loses nothing: the letter is kept, and the next call mails it again, and the sweep says that it waits. */
  async #mailed(person: Person, letter: Letter, from: string, today: Day): Promise<Person> {
    try {
      const reference = await mailLetter(this.parts.mail, from, letter);
      return { ...person, state: 'sent', mail: 'sent', on: today, reference: codeOf(reference) };
    } catch {
      return { ...person, state: 'generated', mail: 'waiting' };
    }
  }
}

/** SES gives ids of letters, digits and hyphens; anything else stays out of a reference. */
const codeOf = (id: string): string => id.replace(/[^A-Za-z0-9._-]/g, '').slice(0, 80) || 'accepted';
