import type { Reply } from '../service';
import { parseRange, requireConditions } from './conditions';
import { refuseHeaders, type S3Context, type S3Operation } from './context';
import { failure } from './failure';
import type { Permissions } from './permissions';
import { storedHeaders } from './put-object';
import { requireOnly, type S3Request } from './request';
import type { BucketStore, Version } from './store';

/** Query parameters by which a signed request renames headers of the reply. */
const OVERRIDES = [
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
];

/** GetObject and HeadObject. */
export function getObject({ store, permissions }: S3Context): S3Operation {
  return (request) => {
    requireOnly(request, ['versionId', ...OVERRIDES]);
    refuseHeaders(request, ['x-amz-server-side-encryption-customer-algorithm']);
    const bucket = store.bucket(request.bucket);
    permissions.requireObject(request, versioned('GetObject', request));
    const { version, content } = findObject(permissions, request, bucket);
    const withChecksum = request.header('x-amz-checksum-mode') === 'ENABLED';
    if (request.method === 'GET' || withChecksum) permissions.requireKey(request, 'Decrypt', content.encryption);
    requireConditions(
      {
        ifMatch: request.header('if-match'),
        ifNoneMatch: request.header('if-none-match'),
        ifModifiedSince: request.header('if-modified-since'),
        ifUnmodifiedSince: request.header('if-unmodified-since'),
      },
      content.etag,
      version.modifiedAt,
    );
    const range = parseRange(request.header('range'), content.size);
    const headers = {
      'content-type': 'application/octet-stream',
      ...content.headers,
      ...storedHeaders(version, withChecksum && !range),
      ...lockHeaders(permissions, request, version),
      'last-modified': new Date(version.modifiedAt).toUTCString(),
      'accept-ranges': 'bytes',
      'content-length': range ? range.last - range.first + 1 : content.size,
      ...(range ? { 'content-range': `bytes ${range.first}-${range.last}/${content.size}` } : {}),
      ...overrides(request),
    };
    const status = range ? 206 : 200;
    if (request.method === 'HEAD') return { status, headers };
    const bytes = bucket.read(version);
    return { status, headers, body: range ? bytes.subarray(range.first, range.last + 1) : bytes };
  };
}

/** @returns the action's name for a request that names a version, such as `GetObjectVersion` */
export function versioned(action: string, request: S3Request): string {
  return request.query.has('versionId') ? `${action}Version` : action;
}

/**
 * The version that the request names, or the current one.
 *
 * @throws ServiceError NoSuchKey, NoSuchVersion, or MethodNotAllowed for a delete marker; AccessDenied instead of the
 *   first two to a caller who may not list the bucket
 */
export function findObject(
  permissions: Permissions,
  request: S3Request,
  bucket: BucketStore,
): { version: Version; content: NonNullable<Version['content']> } {
  const versionId = request.query.get('versionId');
  const versions = bucket.versions(request.key);
  const version = versionId === undefined ? versions[0] : versions.find((each) => each.versionId === versionId);
  if (!version) throw permissions.missing(request, versionId === undefined ? 'NoSuchKey' : 'NoSuchVersion');
  const { content } = version;
  if (content) return { version, content };
  const marker = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
  if (versionId === undefined) throw permissions.missing(request, 'NoSuchKey', marker);
  throw failure('MethodNotAllowed', undefined, { ...marker, allow: 'DELETE' });
}

/** Told only to those who may ask for them by themselves, as in AWS. */
function lockHeaders(permissions: Permissions, request: S3Request, version: Version): NonNullable<Reply['headers']> {
  const { retention, legalHold } = version;
  return {
    ...(retention && permissions.allowsObject(request, 'GetObjectRetention')
      ? {
          'x-amz-object-lock-mode': retention.mode,
          'x-amz-object-lock-retain-until-date': new Date(retention.until).toISOString(),
        }
      : {}),
    ...(legalHold !== undefined && permissions.allowsObject(request, 'GetObjectLegalHold')
      ? { 'x-amz-object-lock-legal-hold': legalHold ? 'ON' : 'OFF' }
      : {}),
  };
}

function overrides(request: S3Request): Record<string, string> {
  const asked = OVERRIDES.flatMap((name): [string, string][] => {
    const value = request.query.get(name);
    return value === undefined ? [] : [[name.slice('response-'.length), value]];
  });
  if (asked.length > 0 && request.caller.kind === 'anonymous')
    throw failure('InvalidRequest', 'Request specific response headers cannot be used for anonymous GET requests.');
  return Object.fromEntries(asked);
}
