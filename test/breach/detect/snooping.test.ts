import type { ActorState, Facts, Finding, Observation, RoleBaseline } from '../../../lambda/breach/detect/model';
import { parseDetectionSettings } from '../../../lambda/breach/detect/settings';
import { due, nextDueAt, settle } from '../../../lambda/breach/detect/settle';
import { explained, many, observed, patientOf, play, rulesOf, settings, unexplained } from './observations';

const context = { settings };
const later = '2026-03-11T23:00:00.000Z';

/** What comes of it when all has waited long enough and the facts are looked up again. */
function settled(state: ActorState, facts: Facts, now = later): readonly Finding[] {
  return settle(state, new Map(due(state, now, context).map(({ key }) => [key, facts])), context).findings;
}
const once = (facts: Facts, change: Partial<Observation> = {}) => play([observed(0, change)], facts).state;
const alone = (facts: Facts, change: Partial<Observation> = {}) => settled(once(facts, change), facts);

test.each(['care-team', 'appointment', 'order', 'referral', 'claim', 'emergency', 'registration'] as const)(
  'an access that %s explains is not scored, whoever the patient is',
  (explanation) => {
    const facts: Facts = {
      explanations: [explanation],
      relations: ['same-family', 'same-address'],
      vip: true,
      active: false,
    };
    expect(once(facts).unexplained).toEqual({});
    expect(alone(facts)).toEqual([]);
  },
);

test('unexplained-access: nothing but that it has no explanation makes no alert', () => {
  expect(Object.values(once(unexplained).unexplained)).toHaveLength(1);
  expect(alone(unexplained)).toEqual([]);
});

test.each([
  ['self-access', 'self'],
  ['co-worker', 'co-worker'],
  ['same-family', 'same-family'],
  ['same-address', 'same-address'],
] as const)('%s: an access without an explanation makes an alert', (rule, relation) => {
  const facts: Facts = { ...unexplained, relations: [relation] };
  expect(alone(facts)).toMatchObject([
    { rule, signals: ['unexplained-access'], patients: [patientOf(0)], mayContain: false },
  ]);
});

test('vip: an access without an explanation makes an alert', () => {
  expect(rulesOf(alone({ ...unexplained, vip: true }))).toEqual(['vip']);
});

/** What a role does in which few of the unexplained accesses have the signals. */
const baselineOf = (share: number): RoleBaseline => ({
  v: 1,
  role: 'registrar',
  people: 8,
  hourly: 5,
  daily: 40,
  unexplainedWeekly: 3,
  shares: { 'inactive-patient': share, 'other-department': share, 'tried-again': share },
});
const underBaseline = (facts: Facts, share: number, state = once(facts), weekly = 10) => {
  const looked = new Map(Object.keys(state.unexplained).map((key) => [key, facts]));
  return settle(state, looked, { settings, baseline: { ...baselineOf(share), unexplainedWeekly: weekly } }).findings;
};

test('inactive-patient and other-department: together they make an alert, where neither is common in the role', () => {
  const facts = { ...unexplained, active: false, ownDepartment: false };
  expect(underBaseline(facts, 0.05)).toMatchObject([
    { rule: 'inactive-patient', signals: ['other-department', 'unexplained-access'] },
  ]);
  expect(underBaseline({ ...facts, active: true }, 0.05)).toEqual([]);
  expect(underBaseline({ ...facts, ownDepartment: true }, 0.05)).toEqual([]);
});

test('a signal that half of a role’s unexplained accesses have adds nothing, and until that is known it counts less', () => {
  const facts = { ...unexplained, active: false, ownDepartment: false };
  expect(underBaseline(facts, 0.5)).toEqual([]);
  expect(alone(facts)).toEqual([]);
});

test('a signal that is common among few says something still: of a role whose accesses hardly ever lack an explanation', () => {
  const facts = { ...unexplained, active: false, ownDepartment: false };
  expect(underBaseline(facts, 0.5, once(facts), 10)).toEqual([]);
  const twice = play([observed(0), observed(1, { patient: patientOf(0) })], facts).state;
  expect(underBaseline(facts, 0.5, twice, 1)).toMatchObject([{ rule: 'inactive-patient' }]);
});

test('tried-again: whoever looks again after a slip adds to the score; in an emergency everybody looks again', () => {
  const facts = { ...unexplained, active: false };
  const twice = play([observed(0), observed(1, { patient: patientOf(0) })], facts).state;
  expect(underBaseline(facts, 0.1, once(facts))).toEqual([]);
  expect(underBaseline(facts, 0.1, twice)).toMatchObject([
    { rule: 'inactive-patient', signals: ['tried-again', 'unexplained-access'] },
  ]);
  const open = { action: 'emergency.open', kind: 'emergency', role: 'clinician' } as const;
  const emergency = play([observed(0, open), observed(1, { ...open, patient: patientOf(0) })], facts).state;
  expect(underBaseline(facts, 0.1, emergency)).toMatchObject([
    { rule: 'inactive-patient', signals: ['emergency-without-cause', 'unexplained-access'] },
  ]);
});

test('returned-to-patient: the same record on a second day counts more, where that is not what a desk does all week', () => {
  const facts = { ...unexplained, ownDepartment: false };
  const twice = (at: string) => play([observed(0), observed(1, { patient: patientOf(0), at })], facts).state;
  const [nextDay, sameDay] = [twice('2026-03-11T10:00:00.000Z'), twice('2026-03-10T15:00:00.000Z')];
  expect(underBaseline(facts, 0.5, nextDay, 1)).toMatchObject([{ rule: 'returned-to-patient', window: '2026-03-11' }]);
  expect(underBaseline(facts, 0.5, nextDay, 10)).toEqual([]);
  expect(underBaseline(facts, 0.5, sameDay, 1)).toEqual([]);
});

test('repeated-patient: three days are no errand, whatever the role', () => {
  const facts = { ...unexplained, ownDepartment: false };
  const days = ['10', '11', '12'].map((day, index) =>
    observed(index, { patient: patientOf(0), at: `2026-03-${day}T10:00:00.000Z` }),
  );
  expect(underBaseline(facts, 0.5, play(days, facts).state, 50)).toMatchObject([
    { rule: 'repeated-patient', window: '2026-03-12' },
  ]);
});

test('after-hours and new-network are weak: together with nothing else they make no alert', () => {
  const known = play(many(3, (index) => ({ at: `2026-03-0${index + 1}T10:00:00.000Z` }))).state;
  const { state } = play([observed(9, { at: '2026-03-10T03:00:00.000Z', network: '203.0.113.0/24' })], unexplained, {
    from: known,
  });
  expect(Object.values(state.unexplained)).toMatchObject([
    { signals: ['after-hours', 'new-network', 'unexplained-access'] },
  ]);
  expect(settled(state, unexplained)).toEqual([]);
});

test('after-hours: whose work is at night is not after hours then', () => {
  const nights = many(10, (index) => ({ at: `2026-02-${index + 10}T03:00:00.000Z` }));
  const { state } = play([...nights, observed(99, { at: '2026-03-10T03:00:00.000Z' })], (each) =>
    each.at < '2026-03' ? explained : unexplained,
  );
  expect(Object.values(state.unexplained)).toMatchObject([{ signals: ['unexplained-access'] }]);
});

test('emergency-without-cause: an emergency explains what is read under it, not its own opening', () => {
  const facts: Facts = { ...unexplained, explanations: ['emergency'], active: false };
  // whoever declares an emergency vouches for nobody
  const open = { action: 'emergency.open', kind: 'emergency', role: 'clinician' } as const;
  expect(underBaseline(facts, 0.1, once(facts, open))).toMatchObject([
    { rule: 'inactive-patient', signals: ['emergency-without-cause', 'unexplained-access'] },
  ]);
  expect(alone({ ...facts, explanations: ['emergency', 'care-team'] }, open)).toEqual([]);
  expect(alone(facts, { role: 'clinician' })).toEqual([]);
});

test('a refused attempt is scored as an access is; a refusal for another reason is none', () => {
  const facts: Facts = { ...unexplained, relations: ['same-family'] };
  expect(rulesOf(alone(facts, { outcome: 'deny', reason: 'no-relationship', basis: null }))).toEqual(['same-family']);
  expect(alone(facts, { outcome: 'deny', reason: 'lockdown', basis: null })).toEqual([]);
});

test('an explanation that comes within the grace time is one', () => {
  const suspicious: Facts = { ...unexplained, relations: ['same-family'] };
  expect(settled(once(suspicious), { ...suspicious, explanations: ['appointment'] })).toEqual([]);
});

test('what would make an alert waits an hour, all else half a day', () => {
  const suspicious: Facts = { ...unexplained, relations: ['same-family'] };
  expect(nextDueAt(once(suspicious), context)).toBe('2026-03-10T11:00:00.000Z');
  expect(nextDueAt(once(unexplained), context)).toBe('2026-03-10T22:00:00.000Z');
  expect(nextDueAt(once(explained), context)).toBeUndefined();
  expect(due(once(suspicious), '2026-03-10T10:59:59.999Z', context)).toEqual([]);
});

test('without an urgent grace the alert comes with the access', () => {
  const given = parseDetectionSettings({ timeZone: 'UTC', urgentGraceMinutes: 0 });
  const facts: Facts = { ...unexplained, relations: ['co-worker'] };
  const first = play([observed(0)], facts, { given });
  expect(rulesOf(first.findings)).toEqual(['co-worker']);
  // a retry after the alert could not be stored tells it again
  expect(rulesOf(play([observed(0)], facts, { given, from: first.state }).findings)).toEqual(['co-worker']);
});

test('unexplained-patients: as many in a week are worth an alert, though no one of them is', () => {
  const week = (count: number) => {
    const { state } = play(
      many(count, (index) => ({ at: `2026-03-${String(10 + (index % 5)).padStart(2, '0')}T10:00:00.000Z` })),
      unexplained,
    );
    return settled(state, unexplained, '2026-03-20T00:00:00.000Z');
  };
  expect(new Set(rulesOf(week(settings.breadth.leastPerWeek)))).toEqual(new Set(['unexplained-patients']));
  expect(week(settings.breadth.leastPerWeek - 1)).toEqual([]);
});

test('what was decided is decided: a second settling finds nothing due', () => {
  const facts: Facts = { ...unexplained, relations: ['same-family'] };
  const state = once(facts);
  const after = settle(state, new Map(due(state, later, context).map(({ key }) => [key, facts])), context).state;
  expect(due(after, later, context)).toEqual([]);
});
