import * as z from 'zod';
import { longDay } from './calendar';
import type { Incident } from './incident-model';

const text = z.string().trim().min(10, 'must say something: at least 10 characters').max(4000);
const line = z.string().trim().min(1).max(200);

/** What the compliance officer writes once for all notices of an incident. 45 CFR 164.404(c)(1). Sealed; names nobody. */
export const noticeContent = z.strictObject({
  organization_name: line,
  organization_address: z.array(line).min(2).max(6),
  /** (A), without the names of who did it or who is affected */
  what_happened: text,
  /** (B): the types of information, not the information */
  information: text,
  /** (C) */
  protect_yourself: text,
  /** (D) */
  investigation: text,
  mitigation: text,
  prevention: text,
  /** (E): at least one of a toll-free number, an e-mail address, a web site; the postal address is the organization's */
  toll_free: z
    .string()
    .regex(/^\+?1?[-. ]?\(?8(00|33|44|55|66|77|88)\)?[-. ]?\d{3}[-. ]?\d{4}$/, 'must be a toll-free number')
    .optional(),
  email: z.email().optional(),
  website: z.url({ protocol: /^https$/ }).optional(),
  signatory: line,
});
export type NoticeContent = z.infer<typeof noticeContent>;

/** @returns the sentences of (E): how to reach the organization, free of charge where there is a number */
function contactSentence(content: NoticeContent): string {
  const ways = [
    content.toll_free && `Call us free of charge at ${content.toll_free}.`,
    content.email && `Write to ${content.email}.`,
    content.website && `See ${content.website}.`,
    `Our postal address is ${content.organization_address.join(', ')}.`,
  ];
  return ways.filter(Boolean).join(' ');
}

/** @returns `on January 10, 2026`, `from … to …`, or that it is not known when */
function breachDates({ began, ended }: Pick<Incident, 'began' | 'ended'>): string {
  if (began === undefined) return 'at a time that we could not find out';
  if (ended === undefined || ended === began) return `on ${longDay(began)}`;
  return `from ${longDay(began)} to ${longDay(ended)}`;
}

/** @returns what every template can ask for */
export function commonVariables(content: NoticeContent, incident: Pick<Incident, 'began' | 'ended' | 'discovered'>) {
  const { organization_address: _address, email: _email, website: _website, ...texts } = content;
  return {
    ...texts,
    contact: contactSentence(content),
    breach_dates: breachDates(incident),
    discovery_date: longDay(incident.discovered),
  };
}
