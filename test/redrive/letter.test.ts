import fc from 'fast-check';
import { readLetter } from '../../bin/redrive/letter';
import { arnOf, logLines, ofBatch, ofDeadLetterQueue, ofScheduler, ofStart, secret } from './forms';

describe('a letter is read by the documented form of whoever sent it', () => {
  test('EventBridge Scheduler: the attributes name the function, the body is the event', () => {
    const form = ofScheduler('checkpointer-1A');
    expect(readLetter(form)).toEqual({
      kind: 'start',
      function: 'checkpointer-1A',
      why: 'AWS.Lambda.TooManyRequestsException',
      payload: form.body,
    });
  });

  test('a failure destination of Lambda: function and event are in the record', () => {
    expect(readLetter(ofStart('sign-in-log-1A', logLines))).toEqual({
      kind: 'start',
      function: 'sign-in-log-1A',
      why: 'RetriesExhausted',
      payload: JSON.stringify(logLines),
    });
  });

  test('a discarded batch of a stream: times, and no event', () => {
    expect(readLetter(ofBatch('detector-1A', '2026-11-23T07:00:00Z', '2026-11-23T07:00:09Z'))).toEqual({
      kind: 'batch',
      function: 'detector-1A',
      why: 'RetryAttemptsExhausted',
      from: new Date('2026-11-23T07:00:00Z'),
      to: new Date('2026-11-23T07:00:09Z'),
    });
  });
});

test.each([
  ['is no JSON', { body: `${secret} {`, attributes: {} }, 'not-json'],
  ['is of a dead-letter queue, which names no function', ofDeadLetterQueue(), 'names-no-function'],
  ['was cut off, so that its event is not whole', ofScheduler('a', { IS_PAYLOAD_TRUNCATED: 'true' }), 'cut-off'],
  ['names what is no function', ofScheduler('a', { TARGET_ARN: 'arn:aws:sqs:us-east-1:1:a' }), 'names-no-function'],
  ['has no event', ofStart('a', undefined), 'names-no-function'],
  ['tells of longer than a stream keeps', ofBatch('a', '2026-11-22T07:00:08Z', '2026-11-23T07:00:09Z'), 'too-long'],
  ['has a time that is none', ofBatch('a', 'yesterday', '2026-11-23T07:00:09Z'), 'names-no-function'],
])('a letter that %s is unknown', (_, form, why) => {
  expect(readLetter(form)).toEqual({ kind: 'unknown', why });
});

test('a reason that is no code is not told: sentences of services quote what they were given', () => {
  expect(readLetter(ofScheduler('a', { ERROR_CODE: `failed for ${secret}` }))).toMatchObject({ why: 'unknown' });
});

test('whatever a letter is, it is read or unknown, and shows nothing but names and codes', () => {
  const name = fc.constantFrom('detector', 'sign-in-log');
  const json = fc.json();
  const forms = fc.oneof(
    fc.record({ body: fc.string(), attributes: fc.dictionary(fc.string(), fc.string()) }),
    fc.record({ body: json, attributes: fc.constant({ TARGET_ARN: arnOf('detector') }) }),
    fc.tuple(name, fc.jsonValue()).map(([each, payload]) => ofStart(each, payload)),
    fc.tuple(name, fc.string(), fc.string()).map(([each, first, last]) => ofBatch(each, first, last)),
  );
  fc.assert(
    fc.property(forms, (form) => {
      const letter = readLetter(form);
      expect(letter.why).toMatch(/^[A-Za-z][\w.:-]{0,80}$/);
      if (letter.kind !== 'unknown') expect(letter.function).toMatch(/^[\w-]+$/);
    }),
  );
});
