import { BreachError } from '../../lambda/breach/breach-error';
import type { Person } from '../../lambda/breach/incident-store';
import { markPerson, noticeMark } from '../../lambda/breach/notice-marks';
import { unreachable } from '../../lambda/breach/notice-sheets';

const person: Person = {
  notice: '00000000-0000-4000-8000-000000000001',
  patient: '00000000-0000-4000-8000-000000000002',
  origin: 'query',
  categories: ['diagnoses'],
  events: 1,
  residence: 'OH',
  residencePending: false,
  state: 'generated',
  document: { key: 'k', sha256: 'a' },
  version: 3,
};
const mark = (state: 'sent' | 'returned' | 'substituted' | 'done') => ({
  state,
  on: '2026-02-01',
  reference: 'USPS-1',
});

test('a letter is sent, comes back, is sent again or substituted; each with its day and its reference', () => {
  const sent = markPerson(person, mark('sent'));
  expect(sent).toMatchObject({ state: 'sent', on: '2026-02-01', reference: 'USPS-1', version: 4 });
  const returned = markPerson(sent, mark('returned'));
  expect(markPerson(returned, mark('sent')).state).toBe('sent');
  expect(markPerson(returned, mark('substituted')).state).toBe('substituted');
});

test.each([
  ['what was never sent cannot come back', person, 'returned'],
  ['what was not written cannot be sent', { ...person, state: 'in-scope', document: undefined } as Person, 'sent'],
  ['a letter is not "done"', person, 'done'],
  ['what is substituted is not sent', { ...person, state: 'substituted' } as Person, 'sent'],
] as const)('%s', (_, from, state) => {
  expect(() => markPerson(from, mark(state))).toThrow(BreachError);
});

test('a reference is a code: no words get into it', () => {
  expect(noticeMark.safeParse({ ...mark('sent'), reference: 'Zoë lives at 2 Elm St' }).success).toBe(false);
  expect(noticeMark.safeParse(mark('sent')).success).toBe(true);
});

test('who cannot be reached is counted: no address, or a letter that came back; not who was removed', () => {
  const people: Person[] = [
    person,
    { ...person, problem: 'no-address', state: 'in-scope' },
    { ...person, state: 'returned' },
    { ...person, problem: 'no-name', removedAt: 'x' },
  ];
  expect(unreachable(people)).toBe(2);
});
