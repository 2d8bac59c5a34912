import { GetObjectCommand, NoSuchKey, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { Archives } from '../../lambda/audit/archives';
import { IndexReader } from '../../lambda/audit/index-reader';
import { predecessor } from '../../lambda/environment';
import { problemOf } from '../../lambda/http/problem-of';

const s3 = mockClient(S3Client);
const table = mockClient(DynamoDBDocumentClient);
const named = { PREDECESSOR_ARCHIVE: 'old', PREDECESSOR_ORIGIN: 'ward/clinic/prod', PREDECESSOR_FINGERPRINT: 'ab' };
const before = { archive: 'old', origin: 'ward/clinic/prod', fingerprint: 'ab' };

beforeEach(() => {
  s3.reset();
  table.reset();
});
afterEach(() => {
  for (const name of Object.keys(named)) delete process.env[name];
});

describe('what a stage answers from', () => {
  const has = (Bucket: string, Key: string, text: string) =>
    s3
      .on(GetObjectCommand, { Bucket, Key })
      .resolves({ Body: { transformToByteArray: async () => Buffer.from(text) } as never });
  const archives = (of: typeof before | undefined) => new Archives(s3 as unknown as S3Client, 'own', of);
  const asked = () => s3.commandCalls(GetObjectCommand).map(({ args }) => args[0].input.Bucket);
  beforeEach(() => {
    s3.on(GetObjectCommand).rejects(new NoSuchKey({ $metadata: {}, message: 'none' }));
    has('own', 'a', 'of its own');
    has('old', 'b', 'of the stage before');
  });

  test('is its own archive, and then that of the stage that it succeeds', async () => {
    expect(String(await archives(before).get('a'))).toBe('of its own');
    expect(asked()).toEqual(['own']);
    expect(String(await archives(before).get('b'))).toBe('of the stage before');
    expect(await archives(before).get('c')).toBeUndefined();
  });

  test('is its own archive alone where it succeeds none', async () => {
    expect(await archives(undefined).get('b')).toBeUndefined();
    expect(asked()).toEqual(['own']);
  });

  test('is nothing while one of them cannot be read', async () => {
    s3.on(GetObjectCommand, { Bucket: 'old' }).rejects(new Error('AccessDenied'));
    await expect(archives(before).get('b')).rejects.toThrow('AccessDenied');
  });
});

describe('the stage that another succeeds', () => {
  test('is named whole, or not at all', () => {
    expect(predecessor()).toBeUndefined();
    Object.assign(process.env, named);
    expect(predecessor()).toEqual(before);
    delete process.env['PREDECESSOR_ORIGIN'];
    expect(predecessor).toThrow('PREDECESSOR_ORIGIN');
  });

  const page = (of?: string) =>
    new IndexReader(table as unknown as DynamoDBDocumentClient, 'index', of).page(
      { partition: 'P#1', from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' },
      10,
    );
  const marked = (item: Record<string, unknown> | undefined) =>
    table
      .on(QueryCommand, { ExpressionAttributeValues: { ':pk': 'INDEXED', ':sk': 'old' } })
      .resolves({ Items: item ? [item] : [] });

  test.each([
    ['not indexed', undefined],
    ['indexed in part', { PK: 'INDEXED', SK: 'old', after: 'v1/segments/a', refused: 0 }],
  ])('is answered for by no index in which it is %s', async (_, mark) => {
    table.on(QueryCommand).resolves({ Items: [] });
    marked(mark);
    const failure = await page('old').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'predecessor-not-indexed' });
    expect(problemOf(failure)).toMatchObject({
      type: 'unavailable',
      members: { detail: expect.stringContaining('not indexed') },
    });
    await expect(page()).resolves.toEqual({ entries: [] });
  });

  test('is in the index once all of it is', async () => {
    table.on(QueryCommand).resolves({ Items: [] });
    marked({ PK: 'INDEXED', SK: 'old', at: '2026-01-05T00:00:00.000Z' });
    await expect(page('old')).resolves.toEqual({ entries: [] });
  });
});
