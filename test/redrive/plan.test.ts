import fc from 'fast-check';
import type { Message } from '../../bin/redrive/letter';
import { plan, type Started } from '../../bin/redrive/plan';
import { functions as declared, type FunctionName } from '../../lib/functions';
import { logLines, message, ofBatch, ofDeadLetterQueue, ofScheduler, ofStart, sender } from './forms';

const stage = new Map<string, Started>(
  (Object.keys(declared) as FunctionName[]).map((name) => [`ward-prod-${name}-1A`, { name, senders: [sender] }]),
);
const nameOf = (name: FunctionName): string => `ward-prod-${name}-1A`;
const minute = 60_000;
const at = (minutes: number): Date => new Date(Date.parse('2026-11-23T06:00:00Z') + minutes * minute);
const batch = (name: FunctionName, first: number, last: number): Message =>
  message(ofBatch(nameOf(name), at(first).toISOString(), at(last).toISOString()), at(last + 5));
const planned = (...letters: readonly Message[]) => plan(letters, stage);

test('runs of a schedule that were missed are made up for by one', () => {
  const letters = [1, 2, 3].map((minutes) => message(ofScheduler(nameOf('checkpointer')), at(minutes)));
  const also = message(ofStart(nameOf('checkpointer'), { source: 'aws.scheduler', restored: 'x' }), at(0));
  const { jobs, kept } = planned(...letters, also);
  expect(jobs).toEqual([
    {
      kind: 'run',
      function: 'checkpointer',
      why: ['RetriesExhausted', 'AWS.Lambda.TooManyRequestsException'],
      letters: [also, ...letters],
    },
  ]);
  expect(kept).toEqual([]);
});

test('log lines of sign-ins are handed over as they were, each letter by itself', () => {
  const letters = [1, 2].map((minutes) => message(ofStart(nameOf('sign-in-log'), logLines), at(minutes)));
  expect(planned(...letters).jobs).toEqual(
    letters.map((letter) => ({
      kind: 'start',
      function: 'sign-in-log',
      payload: JSON.stringify(logLines),
      why: ['RetriesExhausted'],
      letters: [letter],
    })),
  );
});

test('what the sealer gave up is the reconciler’s to seal, and its own missed runs with it', () => {
  const letters = [batch('sealer', 0, 1), batch('sealer', 30, 31), message(ofScheduler(nameOf('reconciler')), at(90))];
  expect(planned(...letters).jobs).toMatchObject([{ kind: 'run', function: 'reconciler', letters }]);
});

test('what the detector gave up is replayed, with the time between an event and its record in the stream', () => {
  expect(planned(batch('detector', 60, 61)).jobs).toMatchObject([
    { kind: 'replay', function: 'detector', from: at(45), to: at(76) },
  ]);
});

test('stretches that overlap are replayed once, those apart each by itself', () => {
  const near = [batch('detector', 0, 1), batch('detector', 40, 41), batch('detector', 20, 21)];
  const far = batch('detector', 200, 201);
  const { jobs } = planned(...near, far);
  expect(jobs).toMatchObject([
    { from: at(-15), to: at(56) },
    { from: at(185), to: at(216), letters: [far] },
  ]);
  expect(jobs[0]?.letters).toHaveLength(3);
});

test.each([
  ['of another stage', message(ofScheduler('ward-other-checkpointer-1A')), 'not-of-this-stage'],
  ['that the API calls', message(ofStart(nameOf('patients'), { httpMethod: 'GET' })), 'not-started-so'],
  ['that the user pool calls', message(ofStart(nameOf('post-authentication'), {})), 'not-started-so'],
  ['that reads no stream', batch('checkpointer', 0, 1), 'not-started-so'],
  ['of a schedule with another event', message(ofStart(nameOf('restore-replay'), { restored: 'x' })), 'not-started-so'],
  ['of log lines with another event', message(ofStart(nameOf('sign-in-log'), { Records: [] })), 'not-started-so'],
  ['of a stream with events of its own', message(ofStart(nameOf('detector'), { Records: [] })), 'not-started-so'],
  ['that nobody names', message(ofDeadLetterQueue()), 'names-no-function'],
] as const)('a letter of a function %s is kept, and nothing is run', (_, letter, why) => {
  expect(planned(letter)).toEqual({ jobs: [], kept: [{ letter, why }] });
});

test.each([
  ['another role, whoever may send as it', 'AROAQ3EGRVZEXAMPLE002'],
  ['no role', undefined],
])('a letter that was sent by %s is kept, whatever it says', (_, senderRole) => {
  const letters = [
    { ...message(ofStart(nameOf('sign-in-log'), logLines)), senderRole },
    { ...message(ofScheduler(nameOf('checkpointer'))), senderRole },
    { ...batch('detector', 0, 1), senderRole },
  ];
  expect(planned(...letters)).toEqual({
    jobs: [],
    kept: expect.arrayContaining(letters.map((letter) => ({ letter, why: 'sent-by-another' }))),
  });
});

test('a restore that was tested is validated with the event that told of it', () => {
  const event = { source: 'aws.backup', detail: { restoreJobId: 'a' } };
  expect(planned(message(ofStart(nameOf('restore-validation'), event))).jobs).toMatchObject([
    { kind: 'start', function: 'restore-validation', payload: JSON.stringify(event) },
  ]);
});

test('each letter is in one job or kept; every batch of the detector is replayed whole, and no moment twice', () => {
  const start = fc.integer({ min: 0, max: 2000 });
  const letter = fc.oneof(
    fc.tuple(start, fc.integer({ min: 0, max: 30 })).map(([first, more]) => batch('detector', first, first + more)),
    fc.constantFrom<FunctionName>('checkpointer', 'reconciler').map((name) => message(ofScheduler(nameOf(name)))),
    start.map((first) => batch('sealer', first, first)),
    fc.constant(null).map(() => message(ofDeadLetterQueue())),
  );
  fc.assert(
    fc.property(fc.array(letter, { maxLength: 30 }), (letters) => {
      const { jobs, kept } = planned(...letters);
      const told = [...jobs.flatMap((job) => job.letters), ...kept.map((each) => each.letter)];
      expect(told.map(({ id }) => id).sort()).toEqual(letters.map(({ id }) => id).sort());
      const replays = jobs.flatMap((job) => (job.kind === 'replay' ? [job] : [])).sort((a, b) => +a.from - +b.from);
      for (const [index, job] of replays.entries()) {
        const before = replays[index - 1];
        if (before) expect(+before.to).toBeLessThan(+job.from);
        for (const { body } of job.letters) {
          const info = JSON.parse(body).DDBStreamBatchInfo;
          expect(+job.from).toBeLessThanOrEqual(Date.parse(info.approximateArrivalOfFirstRecord) - 15 * minute);
          expect(+job.to).toBeGreaterThanOrEqual(Date.parse(info.approximateArrivalOfLastRecord) + 15 * minute);
        }
      }
      expect(jobs.filter(({ kind }) => kind === 'run').length).toBeLessThanOrEqual(2);
    }),
  );
});
