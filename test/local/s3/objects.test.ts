import { readdirSync, readFileSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { codeOf } from '../service-server';
import { BUCKETS, KEY_ARN, startS3 } from './harness';

let s3: Awaited<ReturnType<typeof startS3>>;
beforeEach(async () => {
  s3 = await startS3();
});
afterEach(() => s3.stop());

const put = (Bucket: string, Key: string, Body: PutObjectCommandInput['Body'] = 'text', more = {}) =>
  s3.client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Bucket: string, Key: string, more = {}) => s3.client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Bucket: string, Key: string, more = {}) =>
  (await get(Bucket, Key, more)).Body?.transformToString();

/** A request without the SDK, to send what the SDK never would. */
async function raw(method: string, target: string, headers: Record<string, string>, body: string | Buffer = '') {
  const response = await fetch(s3.url() + target, { method, headers, body: method === 'PUT' ? body : undefined });
  const text = await response.text();
  return { status: response.status, code: /<Code>(.*)<\/Code>/.exec(text)?.[1], headers: response.headers, text };
}

/** A request whose path no client has normalized. */
function bare(method: string, path: string, body?: string): Promise<string> {
  const { hostname, port } = new URL(s3.url());
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path }, async (response) => {
      resolve(`${response.statusCode} ${Buffer.concat(await response.toArray()).toString()}`);
    });
    call.on('error', reject);
    call.end(body);
  });
}

describe('storing and reading', () => {
  test('an object comes back with its bytes, type and metadata', async () => {
    const bytes = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 251));
    await put('plain', 'segments/1', bytes, {
      ContentType: 'application/x-ward',
      ContentEncoding: 'gzip',
      Metadata: { lane: '7' },
    });

    const got = await get('plain', 'segments/1');
    expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    expect(got).toMatchObject({
      ContentType: 'application/x-ward',
      ContentEncoding: 'gzip',
      ContentLength: 70_000,
      Metadata: { lane: '7' },
      LastModified: new Date(s3.clock.now),
    });
    const head = await s3.client.send(new HeadObjectCommand({ Bucket: 'plain', Key: 'segments/1' }));
    expect(head).toMatchObject({ ContentLength: 70_000, ETag: got.ETag });
  });

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a stream sent in chunks is unwrapped, its %s behind the last chunk checked and given back',
    async (ChecksumAlgorithm) => {
      const body = Readable.from([Buffer.alloc(40_000, 'a'), Buffer.alloc(30_000, 'b')]);
      await put('plain', 'stream', body, { ContentLength: 70_000, ChecksumAlgorithm });

      const got = await get('plain', 'stream', { ChecksumMode: 'ENABLED' });
      expect((await got.Body?.transformToString())?.replace(/(.)\1*/g, '$1')).toBe('ab'); // the SDK checks the digest
      expect(got[`Checksum${ChecksumAlgorithm}`]).toEqual(expect.any(String));
      expect(got.ContentEncoding).toBeUndefined();
    },
  );

  test('bytes that do not fit their digest are not stored', async () => {
    const digests: Record<string, string>[] = [
      { 'x-amz-checksum-crc32': 'AAAAAA==' },
      { 'x-amz-checksum-sha256': Buffer.alloc(32).toString('base64') },
      { 'x-amz-checksum-crc64nvme': Buffer.alloc(8).toString('base64') },
      { 'content-md5': Buffer.alloc(16).toString('base64') },
    ];
    for (const headers of digests)
      expect(await raw('PUT', '/plain/k', headers, 'x')).toMatchObject({ code: 'BadDigest' });
    const hash = { 'x-amz-content-sha256': '0'.repeat(64) };
    expect(await raw('PUT', '/plain/k', hash, 'x')).toMatchObject({ code: 'XAmzContentSHA256Mismatch' });
    const short = { 'x-amz-checksum-crc32': 'AAAA' };
    expect(await raw('PUT', '/plain/k', short, 'x')).toMatchObject({ code: 'InvalidDigest' });

    expect(await codeOf(get('plain', 'k'))).toBe('NoSuchKey');
  });

  test.each([
    ['cut off', 'IncompleteBody', '5\r\nab'],
    ['shorter than announced', 'IncompleteBody', '2\r\nab\r\n0\r\n\r\n'],
    ['of a size that is no number', 'InvalidRequest', '-1\r\nab\r\n0\r\n\r\n'],
    ['without its trailer', 'InvalidRequest', '5\r\nabcde\r\n0\r\n\r\n'],
    ['with a wrong trailer', 'BadDigest', '5\r\nabcde\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'],
  ])('a chunked body %s is refused', async (_case, code, body) => {
    const headers = {
      'content-encoding': 'aws-chunked',
      'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    };
    expect(await raw('PUT', '/plain/k', headers, body)).toMatchObject({ code });
    expect(await codeOf(get('plain', 'k'))).toBe('NoSuchKey');
  });

  test('chunks that claim signatures are refused, since nobody would check them', async () => {
    const headers = { 'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD' };
    expect(await raw('PUT', '/plain/k', headers, '0\r\n\r\n')).toMatchObject({ code: 'NotImplemented' });
  });

  test('a part of an object is read by its range', async () => {
    await put('plain', 'k', '0123456789');

    const part = await get('plain', 'k', { Range: 'bytes=2-4' });
    expect([await part.Body?.transformToString(), part.ContentRange]).toEqual(['234', 'bytes 2-4/10']);
    expect(await textOf('plain', 'k', { Range: 'bytes=-3' })).toBe('789');
    expect(await textOf('plain', 'k', { Range: 'bytes=7-99' })).toBe('789');
    expect(await codeOf(get('plain', 'k', { Range: 'bytes=10-' }))).toBe('InvalidRange');
  });

  test('a read under conditions is served, refused or told that nothing changed', async () => {
    const { ETag } = await put('plain', 'k');

    expect(await textOf('plain', 'k', { IfMatch: ETag })).toBe('text');
    expect(await codeOf(get('plain', 'k', { IfMatch: '"other"' }))).toBe('PreconditionFailed');
    expect((await raw('GET', '/plain/k', { 'if-none-match': ETag ?? '' })).status).toBe(304);
    const since = new Date(s3.clock.now).toUTCString();
    expect((await raw('GET', '/plain/k', { 'if-modified-since': since })).status).toBe(304);
    const before = new Date(s3.clock.now - 5000).toUTCString();
    expect((await raw('GET', '/plain/k', { 'if-unmodified-since': before })).status).toBe(412);
  });

  test('a signed request can rename the headers of the reply', async () => {
    await put('plain', 'k');
    const got = await get('plain', 'k', { ResponseContentDisposition: 'attachment; filename="export.json"' });
    expect(got.ContentDisposition).toBe('attachment; filename="export.json"');
  });
});

describe('conditional writes', () => {
  test('If-None-Match * stores an object only where there is none', async () => {
    await put('versioned', 'k', 'first', { IfNoneMatch: '*' });

    expect(await codeOf(put('versioned', 'k', 'second', { IfNoneMatch: '*' }))).toBe('PreconditionFailed');
    expect(await textOf('versioned', 'k')).toBe('first');
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'k' }));
    await put('versioned', 'k', 'third', { IfNoneMatch: '*' });
    expect(await textOf('versioned', 'k')).toBe('third');
  });

  test('of many that race to create one object, one wins', async () => {
    const codes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => codeOf(put('versioned', 'race', `${index}`, { IfNoneMatch: '*' }))),
    );
    expect(codes.filter((code) => code === 'no failure')).toHaveLength(1);
    expect(codes.filter((code) => code === 'PreconditionFailed')).toHaveLength(7);
  });

  test('If-Match stores an object only over the one it names', async () => {
    const { ETag } = await put('plain', 'k', 'first');

    await put('plain', 'k', 'second', { IfMatch: ETag });
    expect(await codeOf(put('plain', 'k', 'third', { IfMatch: ETag }))).toBe('PreconditionFailed');
    expect(await codeOf(put('plain', 'none', 'x', { IfMatch: ETag }))).toBe('NoSuchKey');
  });
});

describe('versions', () => {
  test('each put makes a version that cannot be guessed and stays readable', async () => {
    const first = await put('versioned', 'k', 'one');
    const second = await put('versioned', 'k', 'two');

    expect(first.VersionId).toMatch(/^[\w-]{32}$/);
    expect(await textOf('versioned', 'k')).toBe('two');
    expect(await textOf('versioned', 'k', { VersionId: first.VersionId })).toBe('one');
    expect(await codeOf(get('versioned', 'k', { VersionId: `${second.VersionId}x` }))).toBe('NoSuchVersion');
    const status = await s3.client.send(new GetBucketVersioningCommand({ Bucket: 'versioned' }));
    expect(status.Status).toBe('Enabled');
  });

  test('a deletion sets a marker, and the marker can be deleted', async () => {
    const stored = await put('versioned', 'k', 'one');
    const marker = await s3.client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'k' }));

    expect(marker.DeleteMarker).toBe(true);
    expect(await codeOf(get('versioned', 'k'))).toBe('NoSuchKey');
    expect(await codeOf(get('versioned', 'k', { VersionId: marker.VersionId }))).toBe('MethodNotAllowed');
    expect(await textOf('versioned', 'k', { VersionId: stored.VersionId })).toBe('one');
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'k', VersionId: marker.VersionId }));
    expect(await textOf('versioned', 'k')).toBe('one');
  });

  test('without versioning a put replaces and a deletion removes', async () => {
    await put('plain', 'k', 'one');
    expect((await put('plain', 'k', 'two')).VersionId).toBeUndefined();
    expect(readdirSync(join(s3.directory, 'plain'))).toHaveLength(3);
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'plain', Key: 'k' }));
    expect(readdirSync(join(s3.directory, 'plain'))).toEqual(['bucket.json']);
  });
});

describe('key names', () => {
  const names = [
    '../../escape',
    '..',
    '/etc/passwd',
    'a/../b',
    'a//b',
    'C:\\x',
    '%2e%2e/x',
    'ä 日 😀+&?#=',
    '__proto__',
    '\u0001\n',
  ];

  test.each(names)('%j is a name like any other and never a path', async (name) => {
    expect(await bare('PUT', `/plain/${encodeURIComponent(name)}`, name)).toBe('200 ');
    // Once more as a client might send it that leaves slashes as they are.
    expect(await bare('GET', `/plain/${encodeURIComponent(name).replaceAll('%2F', '/')}`)).toBe(`200 ${name}`);

    const files = readdirSync(s3.directory, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    for (const { name: file } of files) expect(file).toMatch(/^(bucket\.json|[0-9a-f]{32}\.(json|data))$/);
    const { Contents } = await s3.client.send(new ListObjectsV2Command({ Bucket: 'plain', EncodingType: 'url' }));
    expect(Contents?.map(({ Key }) => decodeURIComponent(Key ?? ''))).toEqual([name]);
  });

  test('a bucket name never becomes a path either', async () => {
    for (const target of ['/../x', '/%2e%2e/x', '/..%2fplain/x', '/%00/x'])
      expect(await bare('PUT', target, 'x')).toContain('<Code>NoSuchBucket</Code>');
    expect(await codeOf(put('constructor', 'k'))).toBe('NoSuchBucket');
  });

  test('an encoding that is not valid and a name too long are refused', async () => {
    expect(await raw('PUT', '/plain/%ff', {}, 'x')).toMatchObject({ code: 'InvalidURI' });
    expect(await codeOf(put('plain', 'x'.repeat(1025)))).toBe('KeyTooLongError');
  });
});

describe('what is not emulated', () => {
  test('is refused by name', async () => {
    const attempts = [
      s3.client.send(new CopyObjectCommand({ Bucket: 'plain', Key: 'k', CopySource: 'plain/other' })),
      s3.client.send(new CreateMultipartUploadCommand({ Bucket: 'plain', Key: 'k' })),
      s3.client.send(new ListObjectsCommand({ Bucket: 'plain' })),
      put('plain', 'k', 'x', { Tagging: 'a=b' }),
      put('plain', 'k', 'x', { ACL: 'public-read' }),
      put('plain', 'k', 'x', { StorageClass: 'GLACIER' }),
      put('plain', 'k', 'x', { SSECustomerAlgorithm: 'AES256' }),
    ];
    for (const attempt of attempts) expect(await codeOf(attempt)).toBe('NotImplemented');
    expect((await raw('PUT', '/plain/k?acl', {}, 'x')).text).toContain('acl is not emulated');
  });
});

describe('authorization', () => {
  const OBJECT = 'arn:aws:s3:::sealed/k';

  test('a put asks for the object and the key of the bucket, with the headers as conditions', async () => {
    await put('sealed', 'k', 'x', { IfNoneMatch: '*' });

    expect(s3.recorder.asked).toEqual([
      {
        action: 's3:PutObject',
        resource: OBJECT,
        context: expect.objectContaining({ 's3:if-none-match': '*', 's3:signatureversion': 'AWS4-HMAC-SHA256' }),
      },
      {
        action: 'kms:GenerateDataKey',
        resource: KEY_ARN,
        context: expect.objectContaining({
          'kms:ViaService': 's3.us-east-1.amazonaws.com',
          'kms:EncryptionContext:aws:s3:arn': OBJECT,
          'kms:EncryptionContextKeys': ['aws:s3:arn'],
        }),
      },
    ]);
    expect(Object.keys(s3.recorder.asked[0]?.context ?? {})).not.toContain('s3:x-amz-server-side-encryption');
  });

  test('a bucket key is bound to the bucket, and a read asks to decrypt', async () => {
    const stored = await put('sealed-by-bucket-key', 'k');
    await get('sealed-by-bucket-key', 'k');

    expect(stored).toMatchObject({ ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY_ARN, BucketKeyEnabled: true });
    const context = { 'kms:EncryptionContext:aws:s3:arn': 'arn:aws:s3:::sealed-by-bucket-key' };
    expect(s3.recorder.of('kms:GenerateDataKey')).toMatchObject([{ context }]);
    expect(s3.recorder.of('kms:Decrypt')).toMatchObject([{ resource: KEY_ARN, context }]);
  });

  test('encryption asked for in the request is a condition', async () => {
    await put('plain', 'k', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KEY_ARN });

    expect(s3.recorder.of('s3:PutObject')).toMatchObject([
      {
        context: {
          's3:x-amz-server-side-encryption': 'aws:kms',
          's3:x-amz-server-side-encryption-aws-kms-key-id': KEY_ARN,
        },
      },
    ]);
    expect(s3.recorder.of('kms:GenerateDataKey')).toHaveLength(1);
  });

  test('a version is a permission of its own', async () => {
    const { VersionId } = await put('versioned', 'k');
    await get('versioned', 'k', { VersionId });
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'versioned', Key: 'k', VersionId }));

    const context = { 's3:VersionId': VersionId };
    expect(s3.recorder.of('s3:GetObjectVersion')).toMatchObject([{ resource: 'arn:aws:s3:::versioned/k', context }]);
    expect(s3.recorder.of('s3:DeleteObjectVersion')).toMatchObject([{ context }]);
    expect(s3.recorder.of('s3:GetObject')).toEqual([]);
  });

  test.each([
    ['s3:PutObject', 'plain'],
    ['kms:GenerateDataKey', 'sealed'],
  ])('a put without %s stores nothing', async (action, bucket) => {
    s3.recorder.denied.add(action);

    expect(await codeOf(put(bucket, 'k'))).toBe('AccessDenied');
    expect(readdirSync(join(s3.directory, bucket))).toEqual(['bucket.json']);
  });

  test('reads and deletions without permission do nothing', async () => {
    await put('sealed', 'k');
    for (const action of ['s3:GetObject', 'kms:Decrypt', 's3:DeleteObject', 's3:ListBucket', 's3:ListAllMyBuckets'])
      s3.recorder.denied.add(action);

    expect(await codeOf(get('sealed', 'k'))).toBe('AccessDenied');
    s3.recorder.denied.delete('s3:GetObject');
    expect(await codeOf(get('sealed', 'k'))).toBe('AccessDenied');
    expect(await codeOf(s3.client.send(new DeleteObjectCommand({ Bucket: 'sealed', Key: 'k' })))).toBe('AccessDenied');
    expect(await codeOf(s3.client.send(new ListObjectsV2Command({ Bucket: 'sealed' })))).toBe('AccessDenied');
    expect(await codeOf(s3.client.send(new ListBucketsCommand({})))).toBe('AccessDenied');
    expect(await codeOf(s3.client.send(new HeadBucketCommand({ Bucket: 'sealed' })))).not.toBe('no failure');
    s3.recorder.denied.clear();
    expect(await textOf('sealed', 'k')).toBe('text');
  });

  test('who may not list a bucket does not learn that an object is missing', async () => {
    s3.recorder.denied.add('s3:ListBucket');

    expect(await codeOf(get('plain', 'none'))).toBe('AccessDenied');
  });
});

describe('on disk', () => {
  test('everything is there after a restart, in files for the owner alone', async () => {
    const { VersionId } = await put('versioned', 'k', 'one');
    await put('versioned', 'k', 'two', { Metadata: { a: 'b' } });
    await s3.restart();

    expect(await textOf('versioned', 'k')).toBe('two');
    expect(await textOf('versioned', 'k', { VersionId })).toBe('one');
    expect((await get('versioned', 'k')).Metadata).toEqual({ a: 'b' });
    const { Buckets } = await s3.client.send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(Object.keys(BUCKETS).sort());
    for (const file of readdirSync(s3.directory, { recursive: true, withFileTypes: true })) {
      const { mode } = statSync(join(file.parentPath, file.name));
      expect((mode & 0o777).toString(8)).toBe(file.isFile() ? '600' : '700');
      if (file.name.endsWith('.json')) JSON.parse(readFileSync(join(file.parentPath, file.name), 'utf8'));
    }
  });
});
