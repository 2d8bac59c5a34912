import { type Alert, grown, raised } from '../../../lambda/breach/alert';
import { newDeliveries } from '../../../lambda/breach/alert-delivery';
import { AlertStore } from '../../../lambda/breach/alert-store';
import { detect } from '../../../lambda/breach/detect/engine';
import type { ActorState, Facts, Finding } from '../../../lambda/breach/detect/model';
import { settle } from '../../../lambda/breach/detect/settle';
import { bound } from '../../../lambda/breach/detect/state';
import { eventOf, many, observed, patientOf, person, play, rulesOf, settings, unexplained } from './observations';

const context = { settings };
/** DynamoDB's limit of an item, bytes */
const itemLimit = 400 * 1024;

test('who opens sixty harmless records first is remembered for the one that they are curious about', () => {
  const harmless = play(many(60), unexplained).state;
  const target = observed(70);
  const { state } = detect(harmless, target, { ...unexplained, vip: true }, context);
  const key = `2026-03-10|${target.patient}`;
  expect(Object.keys(state.unexplained)).toHaveLength(60);
  const facts: Facts = { ...unexplained, vip: true };
  expect(rulesOf(settle(state, new Map([[key, facts]]), context).findings)).toContain('vip');
});

test('what was explained goes before what was not, so that a busy day hides nothing', () => {
  const busy = play(many(60), unexplained).state;
  const explained = { ...busy.unexplained['2026-03-10|x'], verdict: 'explained' as const };
  const first = `2026-03-10|${patientOf(0)}`;
  const before = busy.unexplained[first];
  if (!before) throw new Error('nothing is remembered');
  const state: ActorState = { ...busy, unexplained: { ...busy.unexplained, [first]: { ...before, ...explained } } };
  const after = detect(state, observed(70), unexplained, context).state;
  expect(Object.keys(after.unexplained)).toHaveLength(60);
  expect(after.unexplained[first]).toBeUndefined();
  expect(after.unexplained[`2026-03-10|${patientOf(70)}`]).toBeDefined();
});

test('two weeks of flooding leave a state that can be stored, and the hour that goes on', () => {
  let state: ActorState | undefined;
  const facts: Facts = {
    ...unexplained,
    relations: ['same-family', 'same-address'],
    active: false,
    ownDepartment: false,
  };
  let index = 0;
  for (let day = 10; day < 25; day++)
    for (let patient = 0; patient < 60; patient++)
      for (let time = 0; time < 8; time++) {
        const at = new Date(Date.UTC(2026, 2, day, 8 + time, patient)).toISOString();
        const seen = observed(index++, { at, patient: patientOf(day * 100 + patient) });
        state = detect(state, seen, facts, context).state;
      }
  if (!state) throw new Error('nothing is remembered');
  state = detect(state, observed(index, { at: '2026-03-25T10:00:00.000Z' }), facts, context).state;
  expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(itemLimit);
  expect(bound(state)).toEqual(state);
  expect(state.days['2026-03-25']?.['10']?.patients?.members).toHaveLength(1);
  expect(state.days['2026-03-24']).toBeDefined();
});

test.each(['care-team', 'self', 'representative', 'emergency'] as const)(
  'a dead link to a record that is theirs (%s) is no guess, so that nobody can have them suspended with some',
  (basis) => {
    const links = many(30, () => ({ outcome: 'error', reason: 'not-found', basis }));
    expect(rulesOf(play(links).findings)).not.toContain('sequential-id-probing');
  },
);

test.each(['role', null] as const)('an id without a record that is tried (%s) is a guess', (basis) => {
  const tries = many(30, () => ({ outcome: 'error', reason: 'not-found', basis }));
  expect(rulesOf(play(tries).findings)).toContain('sequential-id-probing');
});

describe('an alert that somebody has explained away', () => {
  const now = new Date('2026-03-10T12:00:00.000Z');
  const finding = (rule: string, patients: readonly string[], measure: number): Finding => ({
    rule,
    severity: 'high',
    mayContain: false,
    subject: person,
    actor: person,
    patients,
    at: '2026-03-10T10:00:00.000Z',
    window: '2026-03-10',
    evidence: [eventOf(0)],
    signals: [],
    measure,
    reason: 'It was.',
  });
  const dismissed = (of: Finding): Alert => ({ ...raised(of, 3, now), state: 'dismissed', dismissal: 'work-related' });

  it('opens again for another patient, and is sent again', () => {
    const before = dismissed(finding('vip', [patientOf(0)], 4));
    const after = grown(before, finding('vip', [patientOf(0), patientOf(1)], 4), 3, now);
    expect(after).toMatchObject({ state: 'open', patients: [patientOf(0), patientOf(1)] });
    if (!after) return;
    const writes = new AlertStore(jest.fn() as never, 'table').replace(before, after);
    expect(writes).toEqual(expect.arrayContaining(newDeliveries('table', after)));
  });

  it('stays so for the same patient, and for a count that is not twice as much', () => {
    expect(grown(dismissed(finding('vip', [patientOf(0)], 4)), finding('vip', [patientOf(0)], 5), 3, now)).toBe(
      undefined,
    );
    const exports = dismissed(finding('mass-export', [patientOf(0)], 8));
    expect(grown(exports, finding('mass-export', [patientOf(0), patientOf(1)], 9), 3, now)).toBe(undefined);
    expect(grown(exports, finding('mass-export', [patientOf(1)], 16), 3, now)).toMatchObject({ state: 'open' });
  });
});
