import { type Reply, ServiceError } from '../service';
import { refuseHeaders, type S3Context, type S3Operation, xmlReply } from './context';
import { failure } from './failure';
import { requireDeletable } from './lock';
import { readPayload } from './payload';
import { requireOnly, type S3Request } from './request';
import type { Version } from './store';
import { childText, type Element, parseXml, type Xml } from './xml';

const MAXIMUM_OBJECTS = 1000;

/** What a deletion left behind: the marker that it set, or the version that is gone. */
interface Deletion {
  readonly versionId?: string;
  readonly marker: boolean;
}

/** DeleteObject: a marker where the bucket is versioned; a named version goes for good, if its lock lets it. */
export function deleteObject(context: S3Context): S3Operation {
  return (request) => {
    requireOnly(request, ['versionId']);
    refuseHeaders(request, ['if-match', 'x-amz-mfa', 'x-amz-if-match-last-modified-time', 'x-amz-if-match-size']);
    const { versionId, marker } = remove(context, request, request.key, request.query.get('versionId'));
    const headers: Reply['headers'] = {
      ...(versionId === undefined ? {} : { 'x-amz-version-id': versionId }),
      ...(marker ? { 'x-amz-delete-marker': 'true' } : {}),
    };
    return { status: 204, headers };
  };
}

/** DeleteObjects: each is allowed or refused by itself. */
export function deleteObjects(context: S3Context): S3Operation {
  return (request) => {
    requireOnly(request, ['delete']);
    refuseHeaders(request, ['x-amz-mfa']);
    const payload = readPayload(request);
    if (!payload.verified) throw failure('InvalidRequest', 'Missing required header for this request: Content-MD5');
    const wanted = parseXml(payload.bytes.toString('utf8'));
    const objects = wanted.children.filter(({ name }) => name === 'Object');
    if (wanted.name !== 'Delete' || objects.length === 0 || objects.length > MAXIMUM_OBJECTS)
      throw failure('MalformedXML');
    const quiet = childText(wanted, 'Quiet') === 'true';
    context.store.bucket(request.bucket);
    return xmlReply(
      'DeleteResult',
      objects.map((object) => deleteOne(context, request, object, quiet)),
    );
  };
}

function deleteOne(context: S3Context, request: S3Request, object: Element, quiet: boolean): Xml | undefined {
  const key = childText(object, 'Key');
  const versionId = childText(object, 'VersionId');
  if (!key || object.children.some(({ name }) => name !== 'Key' && name !== 'VersionId')) throw failure('MalformedXML');
  const identity: readonly (Xml | undefined)[] = [
    ['Key', key],
    versionId === undefined ? undefined : ['VersionId', versionId],
  ];
  try {
    const deletion = remove(context, request, key, versionId);
    if (quiet) return undefined;
    return [
      'Deleted',
      [
        ...identity,
        deletion.marker ? ['DeleteMarker', true] : undefined,
        deletion.marker && deletion.versionId ? ['DeleteMarkerVersionId', deletion.versionId] : undefined,
      ],
    ];
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return ['Error', [...identity, ['Code', error.code], ['Message', error.message]]];
  }
}

function remove(
  { store, permissions, clock }: S3Context,
  request: S3Request,
  key: string,
  versionId: string | undefined,
): Deletion {
  const bucket = store.bucket(request.bucket);
  if (versionId === undefined) {
    permissions.requireObject(request, 'DeleteObject', {}, key);
    if (bucket.settings.versioning === undefined) {
      const current: Version | undefined = bucket.current(key);
      if (current) bucket.remove(current);
      return { marker: false };
    }
    const { versionId: markerId } = bucket.put({ key }, Buffer.alloc(0));
    return { versionId: markerId, marker: true };
  }
  permissions.requireObject(request, 'DeleteObjectVersion', { 's3:VersionId': versionId }, key);
  const bypasses = bypassesGovernance({ store, permissions, clock }, request, key);
  const version = bucket.versions(key).find((each) => each.versionId === versionId);
  if (!version) return { versionId, marker: false };
  requireDeletable(version, clock(), bypasses);
  bucket.remove(version);
  return { versionId, marker: version.content === undefined };
}

/**
 * Whether the caller asks to bypass governance retention; the header alone does nothing without the permission.
 *
 * @throws ServiceError AccessDenied to who asks and may not
 */
export function bypassesGovernance({ permissions }: S3Context, request: S3Request, key: string): boolean {
  if (request.header('x-amz-bypass-governance-retention')?.toLowerCase() !== 'true') return false;
  permissions.requireObject(request, 'BypassGovernanceRetention', {}, key);
  return true;
}
