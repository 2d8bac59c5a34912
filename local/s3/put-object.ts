import { createHash, randomBytes } from 'node:crypto';
import type { Reply } from '../service';
import { matches } from './conditions';
import { refuseHeaders, type S3Context, type S3Operation } from './context';
import { failure } from './failure';
import { defaultRetention, parseLegalHold, parseRetention, type Retention, retentionConditions } from './lock';
import { readPayload } from './payload';
import type { Encryption } from './permissions';
import { requireOnly, type S3Request } from './request';
import type { BucketStore, Version } from './store';

/** Headers that would change what is stored or who reads it, and are not emulated: ignoring one would be a lie. */
const REFUSED = [
  'x-amz-copy-source',
  'x-amz-tagging',
  'x-amz-website-redirect-location',
  'x-amz-write-offset-bytes',
  'x-amz-server-side-encryption-context',
  'x-amz-server-side-encryption-customer-algorithm',
  'x-amz-server-side-encryption-customer-key',
  'x-amz-grant-read',
  'x-amz-grant-read-acp',
  'x-amz-grant-write-acp',
  'x-amz-grant-full-control',
];
const KEPT = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires'];

interface Wanted {
  readonly retention?: Retention;
  readonly legalHold?: boolean;
  readonly encryption: Encryption;
}

/** PutObject: nothing is stored before every permission, digest and precondition has been asked. */
export function putObject({ store, permissions, clock }: S3Context): S3Operation {
  return (request) => {
    requireOnly(request, []);
    refuse(request);
    const bucket = store.bucket(request.bucket);
    const now = clock();
    const wanted: Wanted = {
      ...lockHeaders(request, now),
      encryption: permissions.encryptionFor(request, bucket.settings),
    };
    if ((wanted.retention || wanted.legalHold !== undefined) && !bucket.settings.objectLock)
      throw failure('InvalidRequest', 'Bucket is missing Object Lock Configuration');

    requirePermissions(request, wanted);
    const payload = readPayload(request);
    const retention = wanted.retention ?? defaultRetention(bucket.settings, now);
    if ((retention || wanted.legalHold !== undefined) && !payload.verified)
      throw failure('InvalidRequest', 'Content-MD5 OR x-amz-checksum- HTTP header is required with Object Lock');
    requirePreconditions(request, bucket);

    const kms = wanted.encryption.algorithm === 'aws:kms';
    const version = bucket.put(
      {
        key: request.key,
        content: {
          size: payload.bytes.length,
          // An entity tag under KMS is no digest, so that nobody comes to depend on one.
          etag: kms ? randomBytes(16).toString('hex') : createHash('md5').update(payload.bytes).digest('hex'),
          headers: keptHeaders(request),
          checksum: payload.checksum,
          encryption: wanted.encryption,
        },
        retention,
        legalHold: wanted.legalHold,
      },
      payload.bytes,
    );
    return { status: 200, headers: storedHeaders(version, true) };
  };

  function requirePermissions(request: S3Request, { retention, legalHold, encryption }: Wanted): void {
    const conditions = putConditions(request, retention, clock());
    permissions.requireObject(request, 'PutObject', conditions);
    if (retention) permissions.requireObject(request, 'PutObjectRetention', conditions);
    if (legalHold !== undefined) permissions.requireObject(request, 'PutObjectLegalHold', conditions);
    if (request.header('if-match') !== undefined) permissions.requireObject(request, 'GetObject');
    permissions.requireKey(request, 'GenerateDataKey', encryption);
  }
}

function refuse(request: S3Request): void {
  refuseHeaders(request, REFUSED);
  if ((request.header('x-amz-storage-class') ?? 'STANDARD') !== 'STANDARD')
    throw failure('NotImplemented', 'storage classes are not emulated');
  if ((request.header('x-amz-acl') ?? 'bucket-owner-full-control') !== 'bucket-owner-full-control')
    throw failure('NotImplemented', 'access control lists are not emulated');
}

function lockHeaders(request: S3Request, now: number): { retention?: Retention; legalHold?: boolean } {
  const mode = request.header('x-amz-object-lock-mode');
  const until = request.header('x-amz-object-lock-retain-until-date');
  const hold = request.header('x-amz-object-lock-legal-hold');
  return {
    ...(mode !== undefined || until !== undefined ? { retention: parseRetention(mode, until, now) } : {}),
    ...(hold !== undefined ? { legalHold: parseLegalHold(hold) } : {}),
  };
}

/** Each condition key stands for a header, and is absent with it, as `Null` conditions expect. */
function putConditions(request: S3Request, retention: Retention | undefined, now: number): Record<string, string> {
  const headers = {
    's3:if-none-match': 'if-none-match',
    's3:if-match': 'if-match',
    's3:x-amz-acl': 'x-amz-acl',
    's3:x-amz-storage-class': 'x-amz-storage-class',
    's3:x-amz-server-side-encryption': 'x-amz-server-side-encryption',
    's3:x-amz-server-side-encryption-aws-kms-key-id': 'x-amz-server-side-encryption-aws-kms-key-id',
    's3:object-lock-legal-hold': 'x-amz-object-lock-legal-hold',
  };
  const sent = Object.entries(headers).flatMap(([key, name]) => {
    const value = request.header(name);
    return value === undefined ? [] : [[key, value] as const];
  });
  return { ...Object.fromEntries(sent), ...(retention ? retentionConditions(retention, now) : {}) };
}

/** `If-None-Match: *` stores an object only where none is; `If-Match` only over the one it names. */
function requirePreconditions(request: S3Request, bucket: BucketStore): void {
  const ifNoneMatch = request.header('if-none-match');
  const ifMatch = request.header('if-match');
  const current = bucket.current(request.key)?.content;
  if (ifNoneMatch !== undefined && (ifNoneMatch !== '*' || ifMatch !== undefined))
    throw failure('NotImplemented', 'If-None-Match is emulated with * alone');
  if (ifNoneMatch !== undefined && current) throw failure('PreconditionFailed');
  if (ifMatch === undefined) return;
  if (!current) throw failure('NoSuchKey');
  if (!matches(ifMatch, current.etag)) throw failure('PreconditionFailed');
}

function keptHeaders(request: S3Request): Record<string, string> {
  const names = [...KEPT, ...request.headerNames.filter((name) => name.startsWith('x-amz-meta-'))];
  const kept: [string, string][] = names.flatMap((name) => {
    const value = request.header(name);
    return value === undefined ? [] : [[name, value]];
  });
  const codings = (request.header('content-encoding') ?? '').split(',').map((coding) => coding.trim());
  const encoding = codings.filter((coding) => coding !== '' && coding !== 'aws-chunked').join(',');
  return Object.fromEntries(encoding === '' ? kept : [...kept, ['content-encoding', encoding]]);
}

/** Headers that tell of a stored version, in the replies to reads and writes alike. */
export function storedHeaders(version: Version, withChecksum: boolean): NonNullable<Reply['headers']> {
  const { content, versionId } = version;
  if (!content) return {};
  const { algorithm, keyArn, bucketKey } = content.encryption;
  return {
    etag: `"${content.etag}"`,
    'x-amz-server-side-encryption': algorithm,
    ...(keyArn ? { 'x-amz-server-side-encryption-aws-kms-key-id': keyArn } : {}),
    ...(bucketKey ? { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' } : {}),
    ...(versionId === 'null' ? {} : { 'x-amz-version-id': versionId }),
    ...(withChecksum && content.checksum
      ? {
          [`x-amz-checksum-${content.checksum.algorithm}`]: content.checksum.value,
          'x-amz-checksum-type': 'FULL_OBJECT',
        }
      : {}),
  };
}
