import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { downloadArchive } from '../../bin/audit/download';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { type Archive, originalVersion } from '../../lambda/audit/archive';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { verifyArchive } from '../../lambda/audit/verify';
import { startS3 } from '../local/s3/harness';
import { ArchiveBuilder, codes } from './archive';

/* The locked bucket itself: what one person puts over an object or hides, the verifier sees through. */
let s3: Awaited<ReturnType<typeof startS3>>;
let archive: ArchiveBuilder;
const Bucket = 'archive';
const put = (Key: string, Body: string | Buffer) => s3.client.send(new PutObjectCommand({ Bucket, Key, Body }));
const verify = (from: Archive = new BucketArchive(s3.client, Bucket)) =>
  verifyArchive(from, { fingerprint: archive.signer.fingerprint, reference: archive.now });

beforeEach(async () => {
  s3 = await startS3();
  archive = new ArchiveBuilder();
  for (let minute = 0; minute < 4; minute++) archive.minute([1, 2], 3);
  for (const key of archive.keys()) await put(key, archive.read(key));
});
afterEach(async () => {
  await s3.stop();
  archive.discard();
});

test('a bucket verifies as the folder does, and downloads to one that does', async () => {
  expect(await verify()).toEqual(await archive.verify({ reference: archive.now }));
  const folder = mkdtempSync(join(tmpdir(), 'ward-download-'));
  try {
    await downloadArchive(new BucketArchive(s3.client, Bucket), folder, () => undefined);
    expect(await verify(new FolderArchive(folder))).toMatchObject({ ok: true, events: 24 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('an object that was put over and then hidden is read as it was written first: OBJECT_SHADOWED', async () => {
  const [key = ''] = archive.segments();
  await put(key, 'later');
  await put(key, 'later still');
  await s3.client.send(new DeleteObjectCommand({ Bucket, Key: key }));
  const store = new BucketArchive(s3.client, Bucket);
  for await (const object of store.list(key)) {
    expect(object.versions.map(({ deleted }) => deleted)).toEqual([false, false, false, true]);
    expect(await store.read(key, originalVersion(object))).toEqual(archive.read(key));
  }
  expect(await store.read(key)).toBeUndefined();
  expect(codes(await verify())).toEqual(['OBJECT_SHADOWED']);
  const folder = mkdtempSync(join(tmpdir(), 'ward-download-'));
  try {
    await downloadArchive(store, folder, () => undefined);
    expect(codes(await verify(new FolderArchive(folder)))).toEqual(['OBJECT_SHADOWED']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('versions of one object that come on two pages are those of one object', async () => {
  const [key = ''] = archive.segments();
  for (let version = 0; version < 5; version++) await put(key, String(version));
  const send = s3.client.send.bind(s3.client);
  const paging = Object.assign(Object.create(s3.client), {
    send: (command: { input: object }) => {
      Object.assign(command.input, { MaxKeys: 3 });
      return send(command as PutObjectCommand);
    },
  });
  const listed = [];
  for await (const object of new BucketArchive(paging, Bucket).list('v1/')) listed.push(object);
  expect(listed.map((object) => object.key)).toEqual(archive.keys());
  expect(listed.find((object) => object.key === key)?.versions).toHaveLength(6);
});
