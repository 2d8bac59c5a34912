import type { Permit } from '../access/guard';
import { dayOf } from './calendar';
import { csv } from './csv';
import type { DocumentsStore } from './documents-store';
import type { Incident } from './incident-model';
import { concerned, type Person } from './incident-store';
import { individualLetter, type Letter, letterBlocks } from './letters';
import type { NoticeContent } from './notice-content';
import type { NoticeFields, NoticeFieldsReader } from './notice-fields';
import { mailOf, type NoticeMail } from './notice-mail';
import { renderPdf } from './pdf';
import { preferenceOf, recipientOf } from './recipient';

export interface Written {
  readonly person: Person;
  /** to be handed over; absent: the letter is printed, or none can be written */
  readonly mail?: NoticeMail;
}

/** Writes the letters of an incident, one a person, and keeps each as it was sent. */
export class LetterWriter {
  constructor(
    private readonly parts: {
      readonly reader: NoticeFieldsReader;
      readonly files: DocumentsStore;
      /** whether this stage mails; otherwise every letter is printed */
      readonly mails: boolean;
    },
  ) {}

  /** @returns people whose letter is to be written */
  static pending(people: readonly Person[]): Person[] {
    return concerned(people).filter(({ state, problem }) => state === 'in-scope' && problem === undefined);
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
    const { problem: _, ...reachable } = next;
    const generated = { ...reachable, state: 'generated', document: { key, sha256 } } as const;
    const mail = this.parts.mails ? mailOf(letter) : undefined;
    return mail
      ? { mail, person: { ...generated, channel: 'email', mail: 'waiting' } }
      : { person: { ...generated, channel: 'mail' } };
  }
}
