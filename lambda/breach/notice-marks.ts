import * as z from 'zod';
import { BreachError } from './breach-error';
import { demandDay } from './calendar';
import { words } from './incident-model';
import type { Person } from './incident-store';

/** What happened to a notice, as whoever did it or saw it come back says. */
export const noticeMark = z.strictObject({
  state: z.enum(['sent', 'returned', 'substituted', 'done']),
  on: z.string(),
  /** what proves it: a mailing, a tracking number, a publication; a code, never text */
  reference: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/, 'must be a code such as a tracking number'),
});
export type NoticeMark = z.infer<typeof noticeMark>;
export const proving = noticeMark.extend({ note: words.optional() });

const from: Readonly<Record<Exclude<NoticeMark['state'], 'done'>, readonly Person['state'][]>> = {
  // A letter that came back may go out again to a better address.
  sent: ['generated', 'returned'],
  returned: ['sent'],
  // Whom no letter reaches, because there is none or it came back.
  substituted: ['in-scope', 'returned', 'generated'],
};

/** @throws BreachError when the notice is not where this can happen to it */
export function markPerson(person: Person, { state, on, reference }: NoticeMark): Person {
  demandDay(on, 'on');
  if (state === 'done' || !from[state].includes(person.state))
    throw new BreachError('transition', 'state', 'a step that this notice does not take');
  if (state === 'sent' && person.document === undefined)
    throw new BreachError('transition', 'state', 'there is no letter to send');
  const { mail: _, mailClaimedAt: _claimed, ...rest } = person;
  return { ...rest, state, on, reference, version: person.version + 1 };
}
