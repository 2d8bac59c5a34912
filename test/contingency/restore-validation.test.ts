import { randomUUID } from 'node:crypto';
import {
  BackupClient,
  DescribeRestoreJobCommand,
  ListRestoreJobsCommand,
  PutRestoreValidationResultCommand,
} from '@aws-sdk/client-backup';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { RestoreJobs } from '../../lambda/contingency/restore-jobs';
import { type Validation, type ValidationOptions, validateRestore } from '../../lambda/contingency/restore-validation';
import { type ComparedTable, compareItem, type Item, itemHash } from '../../lambda/contingency/restored-items';
import { fromAnywhere } from '../../lambda/contingency/restored-samples';

const origin = 'ward/example-health/prod';
const at = new Date('2026-01-04T05:00:00.000Z');
const now = new Date('2026-01-04T07:00:00.000Z');
const seconds = (time: Date) => time.getTime() / 1000;
const patient = randomUUID();
const version = { PK: `P#${patient}`, SK: 'V#notes#1#1', version: 1, fields: { text: Uint8Array.of(1, 2, 3) } };
const current = { ...version, SK: 'C#notes#1', version: 2 };
const known = { PK: `P#${patient}`, SK: 'PATIENT', version: 3 };
const ring = { PK: `P#${patient}`, SK: 'KEY', newest: 2, state: 'active' };
const key = { PK: `P#${patient}`, SK: 'KEY#0000000001', wrapped: Uint8Array.of(9) };
const line = { PK: 'LANE#1', SK: '000000000001', line: '{}', ttl: seconds(now) + 60 };
const actor = { PK: 'ACTOR#1', SK: 'ACTOR', version: 4, status: 'active' };

describe('a restored item beside the live one', () => {
  test.each<[string, ComparedTable, Item, Item | undefined, string]>([
    ['a version of an entry is there to the byte', 'records', version, { ...version }, 'same'],
    ['an earlier version is never written again', 'records', version, { ...version, version: 2 }, 'changed'],
    ['a version of an entry is never removed', 'records', version, undefined, 'missing'],
    ['an entry was changed since the backup', 'records', current, { ...current, version: 3 }, 'later'],
    ['an entry of one version has one content', 'records', current, { ...current, fields: {} }, 'changed'],
    ['an entry does not go back', 'records', current, { ...current, version: 1 }, 'older'],
    ['lookups move to other keys', 'records', { PK: 'L#1', SK: patient }, undefined, 'incomparable'],
    ['a patient item has marks beside its number', 'records', known, { ...known, importedAt: '2026' }, 'later'],
    ['a key ring grows', 'keys', ring, { ...ring, newest: 3 }, 'later'],
    ['a key ring is disposed of', 'keys', ring, { ...ring, state: 'disposed' }, 'later'],
    ['a disposal is not undone', 'keys', { ...ring, state: 'disposed' }, ring, 'older'],
    ['a key ends with a disposal', 'keys', key, undefined, 'expired'],
    ['a wrapped key is never wrapped again', 'keys', key, { ...key, wrapped: Uint8Array.of(8) }, 'changed'],
    ['an event of the outbox is there', 'audit', line, line, 'same'],
    ['an event of the outbox never changes', 'audit', line, { ...line, line: '{ }' }, 'changed'],
    ['an event is not gone before its time', 'audit', line, undefined, 'missing'],
    ['an event is gone at its time', 'audit', { ...line, ttl: seconds(now) }, undefined, 'expired'],
    ['a person was suspended', 'governance', actor, { ...actor, version: 5, status: 'suspended' }, 'later'],
    ['a person is never deleted', 'governance', actor, undefined, 'missing'],
    ['a session comes and goes', 'governance', { PK: 'SESSION#1', SK: 'SESSION' }, undefined, 'incomparable'],
  ])('%s', (_, table, restored, live, expected) => {
    expect(compareItem(table, restored, live, now)).toBe(expected);
  });

  test('a hash is of attributes and bytes, whatever their order', () => {
    const value = fc.oneof(fc.string(), fc.integer(), fc.uint8Array(), fc.array(fc.string()));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), value), (item) => {
        expect(itemHash(Object.fromEntries(Object.entries(item).reverse()))).toBe(itemHash(item));
      }),
    );
    expect(itemHash({ a: Uint8Array.of(1) })).not.toBe(itemHash({ a: Uint8Array.of(2) }));
    expect(itemHash({ a: '1' })).not.toBe(itemHash({ a: 1 }));
  });
});

describe('a restored table', () => {
  const job = { id: randomUUID(), kind: 'table' as const, source: 'live', restored: 'awsbackup-restore-test-1', at };
  type World = Readonly<Record<'live' | 'restored', readonly Item[]>>;
  const validate = (
    world: World,
    more: Partial<ValidationOptions> = {},
    table = 'records',
    canary = 'set',
  ): Promise<Validation> =>
    validateRestore(table, job, {
      sample: async function* () {
        yield* world.restored;
      },
      read: async (name, items) =>
        items.map(({ PK, SK }) =>
          (name === 'live' ? world.live : world.restored).find((item) => item['PK'] === PK && item['SK'] === SK),
        ),
      patients: async function* () {
        yield { patient, newestSince: '2026-01-01T00:00:00.000Z' };
      },
      mark: async () => ({ origin, size: 7, at: '2026-01-04T04:59:00.000Z' }),
      archived: async (leaves) => leaves <= 7,
      ...(canary === 'set' && { openCanary: async () => 3 }),
      clock: () => now,
      ...more,
    });
  const whole = [known, version, current];

  test('it is valid when it is the one that was backed up, and says how much of it was looked at - 45 CFR 164.308(a)(7)(ii)(D)', async () => {
    await expect(validate({ live: whole, restored: whole })).resolves.toEqual({
      valid: true,
      message: 'records, looked 3, same 3, patients 1, mark archived, canary opened',
    });
  });

  test('a batch is as good as the whole: every item of many is compared', async () => {
    const many = Array.from({ length: 103 }, (_, index) => ({ ...version, SK: `V#notes#1#${index}` }));
    const { valid, message } = await validate({ live: [known, ...many.slice(0, -1)], restored: [known, ...many] });
    expect([valid, message]).toEqual([false, expect.stringContaining('looked 104, same 103, missing 1')]);
  });

  test('a stage without a canary says so', async () => {
    const result = await validate({ live: whole, restored: whole }, {}, 'records', 'none');
    expect(result).toMatchObject({ valid: true, message: expect.stringContaining('canary not-set') });
  });

  test('a table that holds no record opens none', async () => {
    const result = await validate({ live: [actor], restored: [actor] }, {}, 'governance');
    expect(result).toEqual({ valid: true, message: 'governance, looked 1, same 1, mark archived, canary none' });
  });

  test.each<[string, World, Partial<ValidationOptions>, string]>([
    ['a patient is not in it', { live: whole, restored: [version, current] }, {}, 'lost 1'],
    ['what it has is gone from the live table', { live: [known], restored: whole }, {}, 'missing 2'],
    ['it has no mark', { live: whole, restored: whole }, { mark: async () => undefined }, 'mark absent'],
    [
      'its mark is beyond the archive',
      { live: whole, restored: whole },
      { mark: async () => ({ origin, size: 8, at: at.toISOString() }) },
      'mark refuted',
    ],
    [
      'its mark is of later than the backup',
      { live: whole, restored: whole },
      { mark: async () => ({ origin, size: 7, at: '2026-01-04T06:00:00.000Z' }) },
      'mark refuted',
    ],
    ['the canary has no entry', { live: whole, restored: whole }, { openCanary: async () => 0 }, 'canary failed'],
    [
      'the canary does not open',
      { live: whole, restored: whole },
      { openCanary: () => Promise.reject(new Error('authentication')) },
      'canary failed',
    ],
  ])('it is not valid when %s', async (_, world, more, told) => {
    const { valid, message } = await validate(world, more);
    expect([valid, message]).toEqual([false, expect.stringContaining(told)]);
  });

  test('a patient of after the backup need not be in it', async () => {
    const later = async function* () {
      yield { patient: randomUUID(), newestSince: '2026-01-04T04:58:00.000Z' };
    };
    await expect(validate({ live: whole, restored: whole }, { patients: later })).resolves.toMatchObject({
      valid: true,
    });
  });
});

test('a sample begins anywhere and has each item once, to the most that is asked for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(20), fc.nat(20), fc.integer({ min: 1, max: 25 }), async (length, start, most) => {
      const page = async (after: Record<string, unknown> | undefined) => {
        const from = after ? Number(after['n']) + 1 : 0;
        const items = Array.from({ length }, (_, n) => n).slice(from, from + 3);
        return { items, next: from + 3 < length ? { n: from + 2 } : undefined };
      };
      const found: number[] = [];
      for await (const each of fromAnywhere(page, String, most, { n: start })) found.push(each);
      expect(found).toHaveLength(Math.min(length, most));
      expect(new Set(found).size).toBe(found.length);
    }),
  );
});

describe('restore jobs of AWS Backup', () => {
  const backup = mockClient(BackupClient);
  const jobs = new RestoreJobs(new BackupClient({ region: 'us-east-1' }));
  const arn = (table: string) => `arn:aws:dynamodb:us-east-1:123456789012:table/${table}`;
  const finished = {
    Status: 'COMPLETED' as const,
    SourceResourceArn: arn('ward-records'),
    CreatedResourceArn: arn('awsbackup-restore-test-7'),
    RecoveryPointCreationDate: at,
    CreatedBy: { RestoreTestingPlanArn: 'arn:aws:backup:us-east-1:123456789012:restore-testing-plan:ward' },
  };
  beforeEach(() => backup.reset());

  test('a finished test says what was restored, of which moment, to where', async () => {
    backup.on(DescribeRestoreJobCommand, { RestoreJobId: 'A' }).resolves(finished);
    await expect(jobs.describe('A')).resolves.toEqual({
      id: 'A',
      kind: 'table',
      source: 'ward-records',
      restored: 'awsbackup-restore-test-7',
      at,
    });
  });

  test('so does one of a bucket', async () => {
    backup.on(DescribeRestoreJobCommand, { RestoreJobId: 'B' }).resolves({
      ...finished,
      SourceResourceArn: 'arn:aws:s3:::ward-documents',
      CreatedResourceArn: 'arn:aws:s3:::awsbackup-restore-test-8',
    });
    await expect(jobs.describe('B')).resolves.toEqual({
      id: 'B',
      kind: 'bucket',
      source: 'ward-documents',
      restored: 'awsbackup-restore-test-8',
      at,
    });
  });

  test.each([
    ['is not finished', { Status: 'RUNNING' as const }],
    ['is no test', { CreatedBy: {} }],
    ['went to another table, such as a live one', { CreatedResourceArn: arn('ward-records') }],
    ['is of something else', { SourceResourceArn: 'arn:aws:rds:us-east-1:123456789012:db:ward' }],
    ['says a bucket was restored to a table', { SourceResourceArn: 'arn:aws:s3:::ward-documents' }],
    [
      'went over the live bucket',
      { SourceResourceArn: 'arn:aws:s3:::ward-documents', CreatedResourceArn: 'arn:aws:s3:::ward-documents' },
    ],
  ])('nothing is read because of a job that %s', async (_, wrong) => {
    backup.on(DescribeRestoreJobCommand).resolves({ ...finished, ...wrong });
    await expect(jobs.describe('A')).rejects.toThrow('not a finished restore test');
  });

  test('AWS Backup is told of the result', async () => {
    backup.on(PutRestoreValidationResultCommand).resolves({});
    await jobs.report('A', false, 'records, missing 2');
    expect(backup.commandCalls(PutRestoreValidationResultCommand).map(({ args }) => args[0].input)).toEqual([
      { RestoreJobId: 'A', ValidationStatus: 'FAILED', ValidationStatusMessage: 'records, missing 2' },
    ]);
  });

  test('a table counts as restored of late when one of its tests was found valid, on whatever page', async () => {
    backup
      .on(ListRestoreJobsCommand, { NextToken: undefined, ByResourceType: 'DynamoDB' })
      .resolves({ RestoreJobs: [{ ...finished, ValidationStatus: 'FAILED' }], NextToken: 'more' })
      .on(ListRestoreJobsCommand, { NextToken: 'more' })
      .resolves({ RestoreJobs: [{ SourceResourceArn: arn('ward-keys'), ValidationStatus: 'SUCCESSFUL' }] });
    await expect(jobs.validSince('table', at)).resolves.toEqual(new Set(['ward-keys']));
  });

  test('so does a bucket, among the tests of buckets', async () => {
    backup.on(ListRestoreJobsCommand, { ByResourceType: 'S3' }).resolves({
      RestoreJobs: [
        { SourceResourceArn: 'arn:aws:s3:::ward-documents', ValidationStatus: 'SUCCESSFUL' },
        { SourceResourceArn: 'arn:aws:s3:::ward-others', ValidationStatus: 'FAILED' },
      ],
    });
    await expect(jobs.validSince('bucket', at)).resolves.toEqual(new Set(['ward-documents']));
  });
});
