import type { Observation } from '../../../lambda/breach/detect/model';
import { explained, many, observed, patientOf, person, play, rulesOf, settings } from './observations';

const denial = (reason: string): Partial<Observation> => ({ outcome: 'deny', reason, basis: null });
const signInFailure = (reason = 'password-failed'): Partial<Observation> => ({
  action: 'user-pool.sign-in',
  kind: 'sign-in',
  outcome: 'deny',
  reason,
  patient: null,
  session: null,
  authenticated: false,
});
const next = (id: string, step: number) =>
  `${id.slice(0, -4)}${(Number.parseInt(id.slice(-4), 16) + step).toString(16).padStart(4, '0')}`;

test('patients-per-hour: as many patients within an hour as the settings say make an alert, one fewer do not', () => {
  expect(rulesOf(play(many(settings.volume.leastPerHour)).findings)).toEqual(['patients-per-hour']);
  expect(play(many(settings.volume.leastPerHour - 1)).findings).toEqual([]);
});

test('patients-per-hour: the same patient many times is one patient', () => {
  expect(play(many(200, () => ({ patient: patientOf(1) }))).findings).toEqual([]);
});

test('patients-per-hour: who always opens as many is measured by their own average', () => {
  const usual = Array.from({ length: 8 }, (_, day) =>
    many(25, (index) => ({
      id: `019b00${day}0-0000-7000-8000-${String(index).padStart(12, '0')}`,
      at: new Date(Date.parse('2026-03-01T10:00:00.000Z') + day * 86_400_000 + index * 1000).toISOString(),
    })),
  ).flat();
  const { state } = play(usual);
  expect(state.history.hourly).toEqual({ count: 5, mean: 25 });
  expect(
    play(
      many(60, (index) => ({ at: `2026-03-11T10:${String(index % 60).padStart(2, '0')}:00.000Z` })),
      explained,
      { from: state },
    ).findings,
  ).toEqual([]);
});

test('bulk-reading: a pace far beyond that is critical and may contain', () => {
  const found = play(many(Math.ceil(settings.volume.leastPerHour * 2.5))).findings;
  expect(found.find(({ rule }) => rule === 'bulk-reading')).toMatchObject({ severity: 'critical', mayContain: true });
});

test('patients-per-day: a day of hours that are not remarkable one by one is', () => {
  const found = play(
    many(settings.volume.leastPerDay, (index) => ({
      at: new Date(Date.parse('2026-03-10T08:00:00.000Z') + index * 330_000).toISOString(),
    })),
  ).findings;
  expect(rulesOf(found)).toEqual(['patients-per-day']);
});

test('repeated-denials: many denials of an hour make an alert; sessions that ran out do not', () => {
  const denied = (reason: string) => many(settings.denialsPerHour, () => ({ ...denial(reason), patient: null }));
  expect(rulesOf(play(denied('category')).findings)).toEqual(['repeated-denials']);
  expect(play(denied('session-idle')).findings).toEqual([]);
});

test('sequential-id-probing: three ids that follow each other are enough; as many that do not are not', () => {
  const patient = (change: Partial<Observation>) => ({
    role: 'patient' as const,
    ...denial('no-relationship'),
    ...change,
  });
  const row = many(settings.sequentialProbes, (index) => patient({ patient: next(patientOf(5), index) }));
  expect(play(row).findings).toMatchObject([{ rule: 'sequential-id-probing', severity: 'critical', mayContain: true }]);
  expect(play(many(settings.sequentialProbes, () => patient({}))).findings).toEqual([]);
});

test('sequential-id-probing: ids from a list are found by their number in an hour, and patient guessing by that of the day', () => {
  const patient = { role: 'patient' as const, ...denial('no-relationship') };
  expect(rulesOf(play(many(settings.probesPerHour, () => patient)).findings)).toEqual(['sequential-id-probing']);
  const slowly = many(settings.probesPerDay, (index) => ({
    ...patient,
    at: new Date(Date.parse('2026-03-10T01:00:00.000Z') + index * 3_600_000).toISOString(),
  }));
  expect(rulesOf(play(slowly).findings)).toEqual(['sequential-id-probing']);
});

test('search-harvesting: far more searches than the front desk makes, or far more that find nobody', () => {
  const search = { action: 'patient.search', kind: 'search' as const };
  expect(rulesOf(play(many(settings.searches.perHour, () => search)).findings)).toEqual(['search-harvesting']);
  const misses = many(settings.searches.missesPerHour, () => ({ ...search, patient: null, reason: 'no-match' }));
  expect(rulesOf(play(misses).findings)).toEqual(['search-harvesting']);
  expect(play(many(300, () => ({ ...search, request: 'one' }))).findings).toEqual([]);
});

test('mass-export: whole records of many patients in a day may contain; the export of one’s own record never counts', () => {
  const exported = { action: 'patient.export', kind: 'export' as const, role: 'clinician' as const };
  expect(play(many(settings.exportsPerDay, () => exported)).findings).toMatchObject([
    { rule: 'mass-export', mayContain: true },
  ]);
  expect(play(many(50, () => ({ ...exported, role: 'patient' as const, basis: 'self' as const }))).findings).toEqual(
    [],
  );
});

test('emergency-series: several emergency accesses of a day, 45 CFR 164.312(a)(2)(ii)', () => {
  const emergency = { action: 'emergency.open', kind: 'emergency' as const, role: 'clinician' as const };
  expect(rulesOf(play(many(settings.emergenciesPerDay, () => emergency)).findings)).toEqual(['emergency-series']);
  expect(play(many(settings.emergenciesPerDay - 1, () => emergency)).findings).toEqual([]);
});

test('suspended-user: anything that is given to somebody after the suspension is critical', () => {
  const at = (since: string) => play([observed(0)], { ...explained, suspendedSince: since }).findings;
  expect(at('2026-03-10T09:00:00.000Z')).toMatchObject([{ rule: 'suspended-user', mayContain: true }]);
  expect(at('2026-03-10T11:00:00.000Z')).toEqual([]);
});

test('foreign-account: one account that claims to be another person’s is enough', () => {
  expect(play([{ ...observed(0), ...denial('foreign-account'), patient: null }]).findings).toMatchObject([
    { rule: 'foreign-account', mayContain: false },
  ]);
});

test('suspended-attempts: somebody suspended who goes on trying', () => {
  const denied = many(settings.suspendedDenials, () => ({ ...denial('suspended'), patient: null }));
  expect(rulesOf(play(denied).findings)).toEqual(['suspended-attempts']);
});

test('sign-in-failures: many failures of one account, or fewer with the right password; neither may contain', () => {
  expect(play(many(settings.signInFailures, () => signInFailure())).findings).toMatchObject([
    { rule: 'sign-in-failures', mayContain: false },
  ]);
  const known = many(settings.secondFactorFailures, () => signInFailure('second-factor-failed'));
  expect(rulesOf(play(known).findings)).toEqual(['sign-in-failures']);
});

test('no number of events that anybody can cause in another’s name leads to anything that may contain them', () => {
  const forged = many(500, (index) => ({
    ...signInFailure(),
    ...(index % 2 === 0 && {
      patient: patientOf(index),
      kind: 'access' as const,
      action: 'patient.read',
      outcome: 'permit' as const,
    }),
  }));
  const { findings } = play(forged);
  expect(findings.length).toBeGreaterThan(0);
  expect(findings.filter(({ mayContain }) => mayContain)).toEqual([]);
});

test('impossible-travel: two sign-ins that take turns from two networks; one that moves on does not', () => {
  const other = { session: 'bbbbbbbb-0000-4000-8000-000000000000', network: '203.0.113.0/24' };
  const at = (minute: number) => `2026-03-10T10:${String(minute).padStart(2, '0')}:00.000Z`;
  const turns = many(8, (index) => ({ at: at(index * 5), ...(index % 2 === 1 && other) }));
  expect(rulesOf(play(turns).findings)).toEqual(['impossible-travel']);
  expect(play(many(8, (index) => ({ at: at(index * 5), ...(index >= 4 && other) }))).findings).toEqual([]);
  expect(
    play(many(8, (index) => ({ at: at(index * 5), ...(index % 2 === 1 && { network: other.network }) }))).findings,
  ).toEqual([]);
});

test('a finding names the actor, the window and the events, and nothing of a patient in its sentence', () => {
  const [found] = play(many(settings.volume.leastPerHour)).findings;
  expect(found).toMatchObject({
    actor: person,
    window: '2026-03-10',
    at: '2026-03-10T10:00:00.000Z',
    measure: settings.volume.leastPerHour,
  });
  expect(found?.evidence).toHaveLength(8);
  expect(found?.reason).not.toContain(patientOf(0));
});
