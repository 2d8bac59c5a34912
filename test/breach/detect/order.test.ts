import fc from 'fast-check';
import { detect } from '../../../lambda/breach/detect/engine';
import {
  type ActorState,
  alertKey,
  type Facts,
  type Finding,
  type Observation,
} from '../../../lambda/breach/detect/model';
import { mostMembers } from '../../../lambda/breach/detect/sample';
import { parseDetectionSettings } from '../../../lambda/breach/detect/settings';
import { due, settle } from '../../../lambda/breach/detect/settle';
import { eventOf, observed, patientOf } from './observations';

// small limits, so that short streams reach them
const settings = parseDetectionSettings({
  timeZone: 'America/New_York',
  volume: { leastPerHour: 4, leastPerDay: 7, factor: 1.5 },
  breadth: { leastPerWeek: 4 },
  denialsPerHour: 3,
  probesPerHour: 3,
  probesPerDay: 4,
  exportsPerDay: 3,
  emergenciesPerDay: 2,
  travelSwitches: 2,
  searches: { perHour: 3, missesPerHour: 2 },
  threshold: 3,
});
const context = { settings };
const start = Date.parse('2026-03-06T20:00:00.000Z');
const hour = 3600_000;

const kinds: readonly Partial<Observation>[] = [
  {},
  { outcome: 'deny', reason: 'no-relationship', basis: null },
  { outcome: 'deny', reason: 'category', basis: null },
  { kind: 'export', action: 'patient.export' },
  { kind: 'search', action: 'patient.search' },
  { kind: 'search', action: 'patient.search', patient: null, reason: 'no-match' },
  { kind: 'emergency', action: 'emergency.open', role: 'clinician' },
  { session: 'bbbbbbbb-0000-4000-8000-000000000000', network: '203.0.113.0/24' },
];
const stream = fc
  .array(
    fc.record({ kind: fc.nat(kinds.length - 1), patient: fc.nat(11), time: fc.integer({ min: 0, max: 5 * 24 * 60 }) }),
    { minLength: 1, maxLength: 60 },
  )
  .map((drawn) =>
    drawn
      .map(({ kind, patient, time }) => ({ kind: kinds[kind] ?? {}, patient, at: start + time * 60_000 }))
      .sort((a, b) => a.at - b.at)
      .map(({ kind, patient, at }, index) =>
        observed(index, { patient: patientOf(patient), ...kind, id: eventOf(index), at: new Date(at).toISOString() }),
      ),
  );

/** What is told of a patient does not depend on when it is looked up, so that the order of events alone is tried. */
function factsOf({ patient }: Observation): Facts {
  const number = Array.from({ length: 12 }, (_, index) => patientOf(index)).indexOf(patient ?? '');
  return {
    explanations: number % 3 === 0 ? ['appointment'] : [],
    relations: number % 4 === 1 ? ['same-family'] : [],
    vip: number === 5,
    active: number % 2 === 0,
    ownDepartment: number < 6,
  };
}

/** @returns the last telling of each alert, when all that waits is settled in the end */
function alertsOf(observations: readonly Observation[], settleAlso: (index: number) => boolean = () => false) {
  const alerts = new Map<string, Finding>();
  const tell = (findings: readonly Finding[]) => {
    for (const finding of findings) alerts.set(alertKey(finding), finding);
  };
  let state: ActorState | undefined;
  const settleBy = (from: ActorState, now: string): ActorState => {
    const looked = new Map<string, Facts>();
    for (const { key, patient } of due(from, now, context)) looked.set(key, factsOf(observed(0, { patient })));
    const result = settle(from, looked, context);
    tell(result.findings);
    return result.state;
  };
  for (const [index, observation] of observations.entries()) {
    const result = detect(state, observation, factsOf(observation), context);
    tell(result.findings);
    state = settleAlso(index) ? settleBy(result.state, observation.at) : result.state;
  }
  if (state) settleBy(state, new Date(start + 8 * 24 * hour).toISOString());
  return alerts;
}
const keysOf = (alerts: ReadonlyMap<string, Finding>) => [...alerts.keys()].sort();

/** Each event comes at most 24 hours after any later one, and any of them twice. */
const disturbed = stream.chain((events) =>
  fc.tuple(
    fc.constant(events),
    fc
      .array(fc.record({ delay: fc.nat(23 * 60), again: fc.option(fc.nat(23 * 60)) }), {
        minLength: events.length,
        maxLength: events.length,
      })
      .map((drawn) =>
        events
          .flatMap((event, index) => {
            const { delay = 0, again = null } = drawn[index] ?? {};
            const at = (minutes: number) => ({ event, at: Date.parse(event.at) + minutes * 60_000 });
            return again === null ? [at(delay)] : [at(delay), at(again)];
          })
          .sort((a, b) => a.at - b.at)
          .map(({ event }) => event),
      ),
  ),
);

test('events of the last day in another order, and some twice, lead to the same alerts with the same content', () => {
  fc.assert(
    fc.property(disturbed, ([events, told]) => {
      const [inOrder, asTold] = [alertsOf(events), alertsOf(told)];
      expect(keysOf(asTold)).toEqual(keysOf(inOrder));
      for (const [key, { patients, reason, severity }] of inOrder)
        expect(asTold.get(key)).toMatchObject({ patients, reason, severity });
    }),
    { numRuns: 60 },
  );
});

test('the whole stream told again changes neither state nor alerts', () => {
  fc.assert(
    fc.property(stream, (events) => {
      const played = events.reduce<ActorState | undefined>(
        (state, event) => detect(state, event, factsOf(event), context).state,
        undefined,
      );
      const last = events.filter(({ at }) => Date.parse(at) > Date.parse(played?.watermark ?? '') - 24 * hour);
      const again = last.reduce((state, event) => detect(state, event, factsOf(event), context).state, played);
      expect(again).toEqual(played);
    }),
    { numRuns: 40 },
  );
});

test('an hour before midnight, told again just after the short day on which clocks go forward, changes nothing', () => {
  const [elsewhere] = kinds.filter(({ network }) => network !== undefined);
  const at = (index: number, time: string, more: Partial<Observation> = {}) =>
    observed(index, { patient: patientOf(index), id: eventOf(index), at: time, ...more });
  const late = at(1, '2026-03-08T04:01:00.000Z'); // 7 March, 23:01
  const events = [at(0, '2026-03-06T20:00:00.000Z', elsewhere), late, at(2, '2026-03-09T04:00:00.000Z')];
  const played = events.reduce<ActorState | undefined>(
    (state, event) => detect(state, event, { ...factsOf(event), explanations: [] }, context).state,
    undefined,
  );
  expect(detect(played, late, { ...factsOf(late), explanations: [] }, context).state).toEqual(played);
});

test('a state is JSON of bounded size, whatever one person does in three days', () => {
  let state: ActorState | undefined;
  for (let index = 0; index < 4_300; index++) {
    const at = new Date(start + index * 60_000).toISOString();
    const event = observed(index, {
      at,
      ...kinds[index % 2 === 0 ? 0 : index % kinds.length],
      patient: patientOf(index),
    });
    state = detect(state, event, { ...factsOf(event), explanations: [] }, context).state;
  }
  const written = JSON.stringify(state);
  expect(JSON.parse(written)).toEqual(state);
  expect(written.length).toBeLessThan(390_000); // an item of DynamoDB has 400 KB at most
  expect(
    Object.values(state?.days ?? {})
      .flatMap((day) => Object.values(day))
      .every(({ patients }) => (patients?.members.length ?? 0) <= mostMembers.patients),
  ).toBe(true);
});
