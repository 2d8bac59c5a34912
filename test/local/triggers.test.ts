import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { FunctionError } from '../../local/functions';
import { ServiceError } from '../../local/service';
import { type TriggerOptions, Triggers } from '../../local/triggers';
import { compileFilter } from '../../local/triggers/event-filter';
import { parseSchedule } from '../../local/triggers/schedule-expression';
import { ScheduleTrigger } from '../../local/triggers/schedule-trigger';
import { StreamTrigger, type StreamTriggerSettings } from '../../local/triggers/stream-trigger';

const root = mkdtempSync(join(tmpdir(), 'ward-triggers-'));
afterAll(() => rmSync(root, { recursive: true }));

interface TestRecord {
  readonly eventName: string;
  readonly dynamodb: { readonly SequenceNumber: string };
}
const record = (n: number, eventName = 'INSERT'): TestRecord => ({
  eventName,
  dynamodb: { SequenceNumber: String(n).padStart(21, '0') },
});
const sequence = (n: number): string => record(n).dynamodb.SequenceNumber;
const numbers = (event: string): number[] =>
  JSON.parse(event).Records.map((each: TestRecord) => Number(each.dynamodb.SequenceNumber));
const page = (records: readonly TestRecord[], after = '', limit = 100) =>
  records.filter(({ dynamodb }) => dynamodb.SequenceNumber > after).slice(0, limit);
const failures = (...ns: number[]) =>
  JSON.stringify({ batchItemFailures: ns.map((n) => ({ itemIdentifier: record(n).dynamodb.SequenceNumber })) });

const plain: StreamTriggerSettings = {
  batchSize: 4,
  batchingWindowMilliseconds: 0,
  maximumRetryAttempts: -1,
  bisectBatchOnFunctionError: false,
  reportsItemFailures: false,
  filters: [],
};

/** One trigger over records 1 to count. `answer` stands for the function. */
function stream(
  count: number,
  answer: (batch: number[], call: number) => string | Promise<string>,
  settings: Partial<StreamTriggerSettings> = {},
) {
  const records = Array.from({ length: count }, (_, index) => record(index + 1));
  let heard = (): void => undefined;
  const seen = {
    calls: [] as number[][],
    saved: [] as number[],
    waits: [] as number[],
    dropped: [] as number[][],
    failed: 0,
    /** resolves when the function has been called */
    called: new Promise<void>((resolve) => {
      heard = resolve;
    }),
  };
  const trigger = new StreamTrigger(
    { ...plain, ...settings },
    {
      read: async (after, limit) => page(records, after, limit),
      invoke: async (event) => {
        seen.calls.push(numbers(event));
        heard();
        return answer(numbers(event), seen.calls.length);
      },
      save: (after) => seen.saved.push(Number(after)),
      tooLarge: (error) => error instanceof FunctionError && error.code === 'request-too-large',
      wait: async (milliseconds) => {
        seen.waits.push(milliseconds);
      },
      onDropped: (first, last) => seen.dropped.push([Number(first), Number(last)]),
      onFailed: () => {
        seen.failed += 1;
      },
    },
    undefined,
  );
  return { trigger, records, seen };
}
const fail = (): never => {
  throw new FunctionError('unhandled', 'failed');
};

describe('a stream', () => {
  test('is delivered in order, in batches of at most the batch size', async () => {
    const { trigger, seen } = stream(6, () => 'null');
    trigger.wake();
    await trigger.settled();
    expect(seen.calls).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
    expect(seen.saved).toEqual([4, 6]);
  });

  test('a record that comes while a batch is delivered follows at once, with no second call at the same time', async () => {
    const { trigger, records, seen } = stream(1, (_, call) => {
      if (call === 1) {
        records.push(record(2));
        trigger.wake();
      }
      return 'null';
    });
    trigger.wake();
    trigger.wake();
    await trigger.settled();
    expect(seen.calls).toEqual([[1], [2]]);
  });

  test('a batch that is not full waits for its window, unless somebody waits for the end', async () => {
    const { trigger, records, seen } = stream(1, () => 'null', { batchingWindowMilliseconds: 2000 });
    records.push(record(2)); // there when the window has passed
    trigger.wake();
    await seen.called;
    expect(seen.waits).toEqual([2000]);
    expect(seen.calls).toEqual([[1, 2]]);
    records.push(record(3));
    const settled = trigger.settled();
    trigger.wake();
    await settled;
    await trigger.settled();
    expect(seen.calls.flat()).toEqual([1, 2, 3]);
  });

  test('a full batch waits for nothing', async () => {
    const { trigger, seen } = stream(4, () => 'null', { batchingWindowMilliseconds: 2000 });
    trigger.wake();
    await seen.called;
    expect(seen.waits).toEqual([]);
  });

  test('a failed batch comes again, later each time, and nothing behind it overtakes', async () => {
    const { trigger, seen } = stream(5, (_, call) => (call <= 3 ? fail() : 'null'));
    trigger.wake();
    await trigger.settled();
    expect(seen.calls).toEqual([[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [5]]);
    expect(seen.waits).toEqual([100, 200, 400]);
  });

  test('a batch that never succeeds is given up after its attempts, and that is told', async () => {
    const { trigger, seen } = stream(5, (batch) => (batch.includes(2) ? fail() : 'null'), { maximumRetryAttempts: 2 });
    trigger.wake();
    await trigger.settled();
    expect(seen.calls.filter((batch) => batch.includes(2))).toHaveLength(3);
    expect(seen.dropped).toEqual([[1, 4]]);
    expect(seen.saved).toEqual([4, 5]);
  });

  test('bisecting isolates the one record that fails', async () => {
    const { trigger, seen } = stream(8, (batch) => (batch.includes(3) ? fail() : 'null'), {
      batchSize: 8,
      bisectBatchOnFunctionError: true,
      maximumRetryAttempts: 1,
    });
    trigger.wake();
    await trigger.settled();
    expect(seen.dropped).toEqual([[3, 3]]);
    expect(seen.calls.at(-1)).toEqual([5, 6, 7, 8]);
  });

  test('a batch that is larger than Lambda takes is halved', async () => {
    const { trigger, seen } = stream(4, (batch) => {
      if (batch.length > 1) throw new FunctionError('request-too-large', 'limit');
      return 'null';
    });
    trigger.wake();
    await trigger.settled();
    expect(seen.calls.filter((batch) => batch.length === 1)).toEqual([[1], [2], [3], [4]]);
    expect(seen.waits).toEqual([]);
  });

  test('a partial failure moves the position to the first failed record and no further', async () => {
    const { trigger, seen } = stream(4, (_, call) => (call === 1 ? failures(4, 3) : 'null'), {
      reportsItemFailures: true,
    });
    trigger.wake();
    await trigger.settled();
    expect(seen.calls).toEqual([
      [1, 2, 3, 4],
      [3, 4],
    ]);
    expect(seen.saved).toEqual([2, 4]);
  });

  test.each([
    ['an item that is not in the batch', '{"batchItemFailures":[{"itemIdentifier":"9"}]}'],
    ['an empty identifier', '{"batchItemFailures":[{"itemIdentifier":""}]}'],
    ['a malformed entry', '{"batchItemFailures":[7]}'],
    ['no list', '{"batchItemFailures":"1"}'],
    ['a text', '"ok"'],
  ])('an answer with %s fails the whole batch', async (_, answer) => {
    const { trigger, seen } = stream(2, (__, call) => (call === 1 ? answer : 'null'), { reportsItemFailures: true });
    trigger.wake();
    await trigger.settled();
    expect(seen.calls).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test.each(['null', '{}', '{"batchItemFailures":[]}', '{"batchItemFailures":null}'])(
    'the answer %s is success',
    async (answer) => {
      const { trigger, seen } = stream(2, () => answer, { reportsItemFailures: true });
      trigger.wake();
      await trigger.settled();
      expect(seen.calls).toEqual([[1, 2]]);
    },
  );

  test('what a filter leaves out is passed over and moves the position', async () => {
    const { trigger, records, seen } = stream(0, () => 'null', {
      filters: [compileFilter('{"eventName":["INSERT"]}', 'Mapping')],
    });
    records.push(record(1, 'MODIFY'), record(2), record(3, 'REMOVE'));
    trigger.wake();
    await trigger.settled();
    expect(seen.calls).toEqual([[2]]);
    expect(seen.saved).toEqual([2, 3]);
  });

  test('stopping in the middle of a call counts as no attempt and moves nothing', async () => {
    const { trigger, seen } = stream(
      2,
      () => {
        void trigger.stop();
        return fail();
      },
      { maximumRetryAttempts: 0 },
    );
    trigger.wake();
    await trigger.settled();
    expect(seen).toMatchObject({ saved: [], dropped: [] });
  });

  test('nothing is lost or skipped, whenever the process is killed and whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        fc.array(fc.constantFrom('ok', 'fail', 'partial', 'killed before', 'killed after'), { maxLength: 40 }),
        async (count, batchSize, bisectBatchOnFunctionError, script) => {
          const records = Array.from({ length: count }, (_, index) => record(index + 1));
          const taken: number[] = [];
          const acts = [...script];
          let saved: string | undefined;
          for (let lives = 0; saved !== record(count).dynamodb.SequenceNumber; lives++) {
            expect(lives).toBeLessThanOrEqual(script.length);
            let alive = true;
            const trigger = new StreamTrigger(
              { ...plain, batchSize, bisectBatchOnFunctionError, reportsItemFailures: true },
              {
                read: async (after, limit) => (alive ? page(records, after, limit) : []),
                invoke: async (event) => {
                  const act = acts.shift();
                  const batch = numbers(event);
                  const middle = Math.floor(batch.length / 2);
                  if (act === 'killed before' || act === 'killed after') {
                    alive = false;
                    void trigger.stop();
                    if (act === 'killed before') fail();
                  }
                  if (act === 'fail') fail();
                  if (act === 'partial') {
                    taken.push(...batch.slice(0, middle));
                    return failures(batch[middle] ?? 0);
                  }
                  taken.push(...batch);
                  return 'null';
                },
                save: (after) => {
                  if (alive) saved = after;
                },
                tooLarge: () => false,
                wait: async () => undefined,
                onDropped: () => expect('dropped').toBe('never'),
                onFailed: () => expect('failed').toBe('never'),
              },
              saved,
            );
            trigger.wake();
            await trigger.settled();
          }
          const first = taken.filter((n, index) => taken.indexOf(n) === index);
          expect(first).toEqual(Array.from({ length: count }, (_, index) => index + 1));
        },
      ),
    );
  });
});

describe('an event filter', () => {
  const accepts = (pattern: object, value: unknown) => compileFilter(JSON.stringify(pattern), 'Mapping')(value);

  test('compares nested members, prefixes, presence and exclusions', () => {
    const value = { eventName: 'INSERT', dynamodb: { NewImage: { PK: { S: 'LANE#1' } } } };
    expect(accepts({ eventName: ['INSERT', 'MODIFY'] }, value)).toBe(true);
    expect(accepts({ eventName: ['REMOVE'] }, value)).toBe(false);
    expect(accepts({ dynamodb: { NewImage: { PK: { S: [{ prefix: 'LANE#' }] } } } }, value)).toBe(true);
    expect(accepts({ dynamodb: { NewImage: { PK: { S: [{ prefix: 'HEAD#' }] } } } }, value)).toBe(false);
    expect(accepts({ dynamodb: { OldImage: { PK: [{ exists: false }] } } }, value)).toBe(true);
    expect(accepts({ userIdentity: [{ exists: true }] }, value)).toBe(false);
    expect(accepts({ eventName: [{ 'anything-but': ['REMOVE'] }] }, value)).toBe(true);
    expect(accepts({ eventName: [{ 'anything-but': 'INSERT' }] }, value)).toBe(false);
  });

  test('an operator that is not emulated fails by name', () => {
    expect(() => accepts({ a: [{ numeric: ['>', 1] }] }, {})).toThrow('Mapping: filter numeric is not emulated');
    expect(() => accepts({ $or: [{ a: [1] }] }, {})).toThrow('Mapping: filter $or is not emulated');
  });
});

describe('a schedule', () => {
  const next = (expression: string, after: string) =>
    new Date(parseSchedule(expression, 'Sweep')(Date.parse(after))).toISOString();

  test.each([
    ['rate(5 minutes)', '2025-03-09T10:02:30.000Z', '2025-03-09T10:07:30.000Z'],
    ['rate(1 hour)', '2025-03-09T10:02:30.000Z', '2025-03-09T11:02:30.000Z'],
    ['rate(2 days)', '2025-03-09T10:02:30.000Z', '2025-03-11T10:02:30.000Z'],
    ['cron(* * * * ? *)', '2025-03-09T10:02:30.000Z', '2025-03-09T10:03:00.000Z'],
    ['cron(0/15 * * * ? *)', '2025-03-09T10:45:00.000Z', '2025-03-09T11:00:00.000Z'],
    ['cron(30 6 * * ? *)', '2025-12-31T06:30:00.000Z', '2026-01-01T06:30:00.000Z'],
    ['cron(0 9 ? * MON-FRI *)', '2025-03-07T09:00:00.000Z', '2025-03-10T09:00:00.000Z'],
    ['cron(5,35 8-9 1 JAN,JUL ? *)', '2025-01-01T09:35:00.000Z', '2025-07-01T08:05:00.000Z'],
    ['cron(0 0 29 2 ? *)', '2096-03-01T00:00:00.000Z', '2104-02-29T00:00:00.000Z'],
  ])('%s after %s is %s', (expression, after, expected) => {
    expect(next(expression, after)).toBe(expected);
  });

  test.each([
    'rate(0 minutes)',
    'rate(1 week)',
    'at(2030-01-01T00:00:00)',
    'cron(0 0 L * ? *)',
    'cron(0 0 ? * 2#1 *)',
    'cron(0 0 1 1 ? 2030)',
    'cron(60 * * * ? *)',
    'cron(* * * *)',
  ])('%s fails by name', (expression) => {
    expect(() => parseSchedule(expression, 'Sweep')).toThrow(`Sweep: schedule ${expression} is not emulated`);
  });

  /** A clock that moves when it is told to. */
  function manualClock(start: number) {
    let now = start;
    let armed: { time: number; callback: () => void } | undefined;
    return {
      clock: {
        now: () => now,
        at: (time: number, callback: () => void) => {
          armed = { time, callback };
          return () => {
            armed = undefined;
          };
        },
      },
      armedFor: () => armed?.time,
      moveTo: (time: number) => {
        now = time;
        if (armed && armed.time <= now) {
          const { callback } = armed;
          armed = undefined;
          callback();
        }
      },
    };
  }

  test('runs at its times, and once for those that passed while the laptop was off', async () => {
    const runs: number[] = [];
    let saved: number | undefined;
    const begin = (clock: ReturnType<typeof manualClock>) => {
      const trigger = new ScheduleTrigger(parseSchedule('rate(10 minutes)', 'Sweep'), {
        clock: clock.clock,
        run: async (time) => void runs.push(time),
        save: (ranAt) => {
          saved = ranAt;
        },
        wait: async () => undefined,
        onFailed: () => undefined,
      });
      trigger.start(saved);
      return trigger;
    };
    const minute = 60_000;
    const first = manualClock(0);
    const before = begin(first);
    first.moveTo(9 * minute);
    expect(runs).toEqual([]);
    first.moveTo(10 * minute);
    await before.settled();
    expect(runs).toEqual([10 * minute]);
    await before.stop();
    expect(first.armedFor()).toBeUndefined();
    const second = manualClock(55 * minute);
    const after = begin(second);
    expect(second.armedFor()).toBe(20 * minute); // overdue
    second.moveTo(55 * minute);
    await after.settled();
    expect(runs).toEqual([10 * minute, 20 * minute]);
    expect(second.armedFor()).toBe(65 * minute);
    await after.stop();
  });

  test('a run that fails is tried twice more and then told', async () => {
    const clock = manualClock(0);
    let attempts = 0;
    let failed = 0;
    const trigger = new ScheduleTrigger(parseSchedule('rate(1 minute)', 'Sweep'), {
      clock: clock.clock,
      run: async () => {
        attempts += 1;
        throw new Error('failed');
      },
      save: () => undefined,
      wait: async () => undefined,
      onFailed: () => {
        failed += 1;
      },
    });
    trigger.start(undefined);
    clock.moveTo(60_000);
    await trigger.settled();
    expect({ attempts, failed }).toEqual({ attempts: 3, failed: 1 });
    expect(clock.armedFor()).toBe(120_000);
    await trigger.stop();
  });
});

describe('the triggers of a template', () => {
  const streamArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/Audit/stream/2025-01-01T00:00:00.000';
  const sealer = 'arn:aws:lambda:us-east-1:000000000000:function:Sealer';
  const role = 'arn:aws:iam::000000000000:role/Sealer';
  const mapping = { EventSourceArn: streamArn, FunctionName: 'Sealer', StartingPosition: 'TRIM_HORIZON', BatchSize: 2 };
  let folders = 0;

  function start(resources: Record<string, Record<string, object>>, changes: Partial<TriggerOptions> = {}) {
    const records = [record(1), record(2), record(3)];
    const invoked: (readonly [string, string])[] = [];
    const authorized: string[] = [];
    let listener: (table: string) => void = () => undefined;
    const options: TriggerOptions = {
      assembly: {
        resources: (type) =>
          Object.entries(resources[type] ?? {}).map(([id, properties]) => ({
            stack: 'ward',
            id,
            arn: `arn:aws:x:us-east-1:000000000000:${id}`,
            properties,
          })),
      },
      region: 'us-east-1',
      account: '000000000000',
      directory: join(root, String(++folders)),
      streams: {
        readStream: async (_, after, limit) => page(records, after, limit),
        onStream: (added) => {
          listener = added;
          return () => undefined;
        },
      },
      invoke: async (id, event) => {
        invoked.push([id, event]);
        return 'null';
      },
      roleOf: (id) => {
        if (!id.endsWith('Sealer')) throw new Error(`no function is named ${id}`);
        return role;
      },
      authorize: ({ arn }, { action, resource }) => void authorized.push(`${arn} ${action} ${resource}`),
      mayInvoke: () => true,
      mayAssume: () => true,
      report: () => undefined,
      ...changes,
    };
    return { options, invoked, authorized, records, notify: (table: string) => listener(table) };
  }
  const mappings = (changes: object = {}) => ({
    'AWS::Lambda::EventSourceMapping': { Seal: { ...mapping, ...changes } },
  });

  test('a mapping reads with the function’s role, and goes on behind its position at the next start', async () => {
    const { options, invoked, authorized, records, notify } = start(mappings());
    const first = await Triggers.start(options);
    await first.settled();
    expect(invoked.map(([id, event]) => [id, numbers(event)])).toEqual([
      ['Sealer', [1, 2]],
      ['Sealer', [3]],
    ]);
    expect(authorized).toContain(`${role} dynamodb:GetRecords ${streamArn}`);
    expect(JSON.parse(readFileSync(join(options.directory, 'ward.Seal.json'), 'utf8'))).toEqual({
      after: record(3).dynamodb.SequenceNumber,
    });
    records.push(record(4));
    notify('Records');
    expect(first.busy).toBe(false);
    notify('Audit');
    expect(first.busy).toBe(true);
    await first.settled();
    await first.stop();
    records.push(record(5));
    const second = await Triggers.start(options);
    await second.settled();
    await second.stop();
    expect(invoked.slice(2).map(([, event]) => numbers(event))).toEqual([[4], [5]]);
  });

  test('what is given up is named in the queue of the mapping, and a role that may not send there stops the start', async () => {
    const queue = 'arn:aws:sqs:us-east-1:000000000000:Failures';
    const failing = mappings({ MaximumRetryAttempts: 0, DestinationConfig: { OnFailure: { Destination: queue } } });
    const { options, authorized } = start(failing, { invoke: async () => fail() });
    const triggers = await Triggers.start(options);
    await triggers.settled();
    await triggers.stop();
    expect(authorized).toContain(`${role} sqs:SendMessage ${queue}`);
    const letters = JSON.parse(readFileSync(join(options.directory, 'Failures.dead-letters.json'), 'utf8'));
    expect(letters).toEqual([
      { at: expect.any(String), table: 'Audit', first: sequence(1), last: sequence(2), attempts: 1 },
      { at: expect.any(String), table: 'Audit', first: sequence(3), last: sequence(3), attempts: 1 },
    ]);
    const refused = start(failing, {
      authorize: (_, { action }) => {
        if (action.startsWith('sqs:')) throw new ServiceError('AccessDeniedException', `not authorized: ${action}`);
      },
    });
    await expect(Triggers.start(refused.options)).rejects.toThrow('sqs:SendMessage');
  });

  test('LATEST begins behind what is there at the first start, and only then', async () => {
    const { options, invoked, records } = start(mappings({ StartingPosition: 'LATEST' }));
    const first = await Triggers.start(options);
    await first.settled();
    await first.stop();
    expect(invoked).toEqual([]);
    records.push(record(4));
    const second = await Triggers.start(options);
    await second.settled();
    await second.stop();
    expect(invoked.map(([, event]) => numbers(event))).toEqual([[4]]);
  });

  test('a function whose role may not read the stream stops the start', async () => {
    const { options } = start(mappings(), {
      authorize: () => {
        throw new ServiceError('AccessDeniedException', 'not authorized to perform: dynamodb:DescribeStream');
      },
    });
    await expect(Triggers.start(options)).rejects.toThrow('dynamodb:DescribeStream');
  });

  test.each([
    [
      'another event source',
      mappings({ EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q' }),
      /^Seal: an event source other/,
    ],
    ['a tumbling window', mappings({ TumblingWindowInSeconds: 30 }), /^Seal: TumblingWindowInSeconds/],
    [
      'a filter',
      mappings({ FilterCriteria: { Filters: [{ Pattern: '{"a":[{"suffix":"b"}]}' }] } }),
      /^Seal: filter suffix/,
    ],
    ['a function that is not there', mappings({ FunctionName: 'Gone' }), /Gone/],
    [
      'a time zone',
      {
        'AWS::Scheduler::Schedule': {
          Sweep: {
            ScheduleExpression: 'rate(1 day)',
            ScheduleExpressionTimezone: 'Europe/Berlin',
            Target: { Arn: sealer, RoleArn: role },
          },
        },
      },
      /^Sweep: ScheduleExpressionTimezone/,
    ],
    [
      'another target',
      { 'AWS::Events::Rule': { Sweep: { ScheduleExpression: 'rate(1 day)', Targets: [{ Arn: 'arn:aws:sns:x' }] } } },
      /arn:aws:sns:x/,
    ],
  ])('%s that is not emulated fails by name', async (_, resources, message) => {
    await expect(Triggers.start(start(resources).options)).rejects.toThrow(message);
  });

  const due = (callback: () => void) => {
    let times = 0;
    return {
      now: () => Date.parse('2025-03-09T10:00:00Z'),
      at: (_: number, run: () => void) => {
        if (times++ === 0) {
          run();
          callback();
        }
        return () => undefined;
      },
    };
  };

  test('a schedule calls its function with a scheduled event, as its role', async () => {
    const { options, invoked, authorized } = start(
      {
        'AWS::Scheduler::Schedule': {
          Sweep: { ScheduleExpression: 'rate(1 hour)', Target: { Arn: sealer, RoleArn: role } },
        },
      },
      { clock: due(() => undefined) },
    );
    const triggers = await Triggers.start(options);
    await triggers.settled();
    await triggers.stop();
    expect(authorized).toEqual([`${role} lambda:InvokeFunction ${sealer}`]);
    expect(invoked.map(([id, event]) => [id, JSON.parse(event)])).toEqual([
      [sealer, expect.objectContaining({ source: 'aws.scheduler', time: '2025-03-09T11:00:00Z' })],
    ]);
  });

  test('a rule needs the function’s permission, and a rule with an event pattern alone does nothing', async () => {
    const resources = {
      'AWS::Events::Rule': {
        Sweep: { ScheduleExpression: 'rate(1 hour)', Targets: [{ Arn: sealer, Input: '{"own":1}' }] },
        Findings: {
          EventPattern: { source: ['aws.guardduty'] },
          Targets: [{ Arn: 'arn:aws:sns:x', InputTransformer: { InputTemplate: '"found"' } }],
        },
      },
    };
    const { options, invoked } = start(resources, { clock: due(() => undefined) });
    const triggers = await Triggers.start(options);
    await triggers.settled();
    await triggers.stop();
    expect(invoked).toEqual([[sealer, '{"own":1}']]);
    await expect(Triggers.start({ ...options, mayInvoke: () => false })).rejects.toThrow(
      'Sweep: EventBridge may not invoke its target',
    );
  });

  test('a disabled trigger stays quiet', async () => {
    const { options, invoked } = start({
      ...mappings({ Enabled: false }),
      'AWS::Scheduler::Schedule': {
        Sweep: { ScheduleExpression: 'rate(1 hour)', State: 'DISABLED', Target: { Arn: sealer, RoleArn: role } },
      },
    });
    const triggers = await Triggers.start(options);
    await triggers.settled();
    await triggers.stop();
    expect(invoked).toEqual([]);
  });
});
