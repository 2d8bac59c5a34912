import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import fc from 'fast-check';
import { sha256 } from '../../lambda/breach/documents-store';
import {
  type DocumentsValidationOptions,
  documentSample,
  type StoredObject,
  validateDocuments,
} from '../../lambda/contingency/restored-documents';
import { hashObject, lookAt, sampleObjects } from '../../lambda/contingency/restored-objects';
import { KEY_ARN, startS3 } from '../local/s3/harness';

const [live, restored] = ['sealed-by-bucket-key', 'sealed'];
const at = new Date('2026-01-04T05:00:00.000Z');
const job = { id: randomUUID(), kind: 'bucket' as const, source: live, restored, at };
const before = Date.parse('2026-01-03T12:00:00.000Z');
const after = Date.parse('2026-01-04T08:00:00.000Z');
const letter = `incidents/${randomUUID()}/letters/1.pdf`;
const sheet = `incidents/${randomUUID()}/notices/media.txt`;

describe('a bucket that was restored, in the S3 of the laptop', () => {
  let s3: Awaited<ReturnType<typeof startS3>>;
  beforeEach(async () => {
    s3 = await startS3();
  });
  afterEach(() => s3.stop());

  async function put(bucket: string, name: string, body: string, writtenAt: number): Promise<void> {
    s3.clock.now = writtenAt;
    await s3.client.send(new PutObjectCommand({ Bucket: bucket, Key: name, Body: body }));
  }
  /** AWS Backup writes what it restores after the backup, whenever the original was written. */
  async function backedUp(...objects: readonly (readonly [name: string, body: string])[]): Promise<void> {
    for (const [name, body] of objects) {
      await put(live, name, body, before);
      await put(restored, name, body, after);
    }
  }
  const validate = (more: Partial<DocumentsValidationOptions> = {}, of = job) =>
    validateDocuments(of, {
      sample: (bucket, most) => sampleObjects(s3.client, bucket, most),
      look: (bucket, name) => lookAt(s3.client, bucket, name),
      hash: (bucket, name) => hashObject(s3.client, bucket, name),
      keyArn: KEY_ARN,
      ...more,
    });

  test('it is valid when each object has the bytes of the live one, and says how many there were - 45 CFR 164.308(a)(7)(ii)(D)', async () => {
    await backedUp([letter, 'a letter'], [sheet, 'a sheet']);
    await expect(validate()).resolves.toEqual({ valid: true, message: 'documents, looked 2, same 2, live 2' });
  });

  test('a stage that has no documents yet has none to restore', async () => {
    await expect(validate()).resolves.toEqual({ valid: true, message: 'documents' });
  });

  test('what was written since the backup is neither missed nor compared', async () => {
    await backedUp([letter, 'a letter']);
    await put(live, letter, 'the letter that replaced it', after);
    await put(live, sheet, 'a sheet of after the backup', after);
    await expect(validate()).resolves.toEqual({ valid: true, message: 'documents, looked 1, later 1' });
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a byte of it is another', () => put(restored, letter, 'b letter', after), 'changed 1'],
    ['it is shorter', () => put(restored, letter, 'a lett', after), 'changed 1'],
    [
      'it came back without a document that was there before the backup',
      () => s3.client.send(new DeleteObjectCommand({ Bucket: restored, Key: letter })),
      'lost 1',
    ],
    [
      'nothing came back at all',
      async () => {
        for (const Key of [letter, sheet]) await s3.client.send(new DeleteObjectCommand({ Bucket: restored, Key }));
      },
      'lost 2',
    ],
    [
      'what it has is gone from the live bucket, where nobody deletes',
      () => s3.client.send(new DeleteObjectCommand({ Bucket: live, Key: sheet })),
      'missing 1',
    ],
    [
      'it is not under the key of the documents',
      () =>
        s3.client.send(
          new PutObjectCommand({ Bucket: restored, Key: letter, Body: 'a letter', ServerSideEncryption: 'AES256' }),
        ),
      'unsealed 1',
    ],
  ])('it is not valid when %s', async (_, wrong, told) => {
    await backedUp([letter, 'a letter'], [sheet, 'a sheet']);
    await wrong();
    const { valid, message } = await validate();
    expect([valid, message]).toEqual([false, expect.stringContaining(told)]);
  });

  test('nothing of a document is told: not its name, not its content, also where it cannot be read', async () => {
    await backedUp([letter, 'Ada Canary']);
    await put(restored, letter, 'Ben Canary', after);
    const { message } = await validate();
    const gone = hashObject(s3.client, live, `${letter}x`);
    await Promise.allSettled([gone]);
    s3.recorder.denied.add('s3:GetObject');
    const told = await Promise.allSettled([gone, hashObject(s3.client, live, letter), lookAt(s3.client, live, letter)]);
    for (const text of [message, ...told.map((each) => (each.status === 'rejected' ? inspect(each.reason) : ''))])
      expect(text).not.toMatch(/Canary|letters/);
    expect(told.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  test('what is read passes through: a document is hashed to its end and left as it is', async () => {
    await put(live, letter, 'x'.repeat(3_000_000), before);
    const { Body } = await s3.client.send(new GetObjectCommand({ Bucket: live, Key: letter }));
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
    await expect(hashObject(s3.client, live, letter)).resolves.toBe(sha256(bytes));
  });
});

describe('a bucket of many objects', () => {
  const object = (more: Partial<StoredObject> = {}): StoredObject => ({
    bytes: 1,
    writtenAt: new Date(before),
    keyArn: KEY_ARN,
    ...more,
  });
  /** @param of each object of both buckets */
  async function read(objects: number, of: StoredObject) {
    const names = Array.from({ length: objects }, (_, index) => `incidents/${index}`);
    const hashed: string[] = [];
    const result = await validateDocuments(job, {
      sample: async function* (_, most) {
        for (const name of names.slice(0, most)) yield { name, writtenAt: of.writtenAt };
      },
      look: async () => of,
      hash: async (_, name) => {
        hashed.push(name);
        return 'the same';
      },
      keyArn: KEY_ARN,
    });
    return { ...result, reads: hashed.length };
  }

  test('a sample of them is looked at, and of those some are read: an hour of reading validates nothing', async () => {
    await expect(read(documentSample.objects + 1, object())).resolves.toEqual({
      valid: true,
      message: 'documents, looked 2000, same 200, alike 1800, live 2000',
      reads: 2 * documentSample.read,
    });
  });

  test('large ones are read to a bound together', async () => {
    await expect(read(3, object({ bytes: documentSample.bytes / 2 }))).resolves.toMatchObject({
      message: 'documents, looked 3, same 2, alike 1, live 3',
    });
  });

  test('a listing begins anywhere and has each object once, on however many pages', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.uuid(), { maxLength: 20 }),
        fc.integer({ min: 1, max: 25 }),
        async (ids, most) => {
          const keys = ids.map((id) => `incidents/${id}/letters/1.pdf`).sort();
          const s3 = mockClient(S3Client);
          s3.on(ListObjectsV2Command).callsFake(({ StartAfter = '' }) => {
            const behind = keys.filter((key) => key > StartAfter);
            const Contents = behind.slice(0, 3).map((Key) => ({ Key, LastModified: new Date(before) }));
            return { Contents, IsTruncated: behind.length > 3 };
          });
          const found: string[] = [];
          for await (const { name } of sampleObjects(new S3Client({ region: 'us-east-1' }), 'bucket', most))
            found.push(name);
          s3.restore();
          expect(found).toHaveLength(Math.min(keys.length, most));
          expect(new Set(found).size).toBe(found.length);
        },
      ),
    );
  });
});
