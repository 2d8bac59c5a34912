import { addDays, type Day, longDay } from './calendar';
import type { Incident } from './incident-model';
import { commonVariables, type NoticeContent } from './notice-content';
import type { Block } from './pdf';
import type { Recipient } from './recipient';
import { type Jurisdiction, jurisdictions } from './states';
import { newest, templateOf } from './templates';
import { fill, type Text } from './templates/template';

type Dates = Pick<Incident, 'began' | 'ended' | 'discovered'>;

/** One person's notice, ready to be printed or mailed. */
export interface Letter {
  readonly recipient: Recipient;
  readonly date: Day;
  readonly text: Text;
}

/** 45 CFR 164.404(d)(2)(ii): how long the posting and the toll-free number stand */
const postingDays = 90;

/** @throws BreachError when the template asks for what is not there */
export function individualLetter(
  content: NoticeContent,
  incident: Dates,
  recipient: Recipient,
  date: Day,
  template: string = newest.individual,
): Letter {
  const variables = {
    ...commonVariables(content, incident),
    addressee: recipient.name,
    deceased_name: recipient.deceasedName,
  };
  return { recipient, date, text: fill(templateOf(template), variables) };
}

export function substituteNotice(content: NoticeContent, incident: Dates, date: Day): Text {
  const open_until = longDay(addDays(date, postingDays));
  return fill(templateOf(newest.substitute), { ...commonVariables(content, incident), open_until });
}

export function tollFreeText(content: NoticeContent, incident: Dates, date: Day): Text {
  return fill(templateOf(newest.tollFree), { ...commonVariables(content, incident), notice_date: longDay(date) });
}

export function mediaNotice(content: NoticeContent, incident: Dates, state: Jurisdiction, residents: number): Text {
  const variables = {
    ...commonVariables(content, incident),
    state: jurisdictions[state],
    residents: String(residents),
  };
  return fill(templateOf(newest.media), variables);
}

export function associateReport(content: NoticeContent, incident: Dates, individuals: number): Text {
  return fill(templateOf(newest.associate), {
    ...commonVariables(content, incident),
    individuals: String(individuals),
  });
}

/** @returns the letter as pages begin: sender, date, address in the window of the envelope, text */
export function letterBlocks({ recipient, date, text }: Letter, content: NoticeContent): Block[] {
  return [
    { kind: 'lines', lines: [content.organization_name, ...content.organization_address] },
    { kind: 'lines', lines: [longDay(date)] },
    { kind: 'lines', lines: [recipient.name, ...recipient.address] },
    ...textBlocks(text),
  ];
}

export function textBlocks({ subject, sections }: Text): Block[] {
  return [
    { kind: 'title', text: subject },
    ...sections.flatMap(({ heading, paragraphs }): Block[] => [
      ...(heading ? [{ kind: 'heading', text: heading } as const] : []),
      ...paragraphs.map((paragraph) => ({ kind: 'paragraph', text: paragraph }) as const),
    ]),
  ];
}
