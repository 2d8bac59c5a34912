import type { S3Context, S3Operations } from './context';
import { xmlReply } from './context';
import { bypassesGovernance } from './delete-object';
import { failure } from './failure';
import { findObject } from './get-object';
import { parseLegalHold, parseRetention, requireRetentionChange, retentionConditions } from './lock';
import { readPayload } from './payload';
import { requireOnly, type S3Request } from './request';
import { childText, type Element, parseXml } from './xml';

/** Retention and legal hold of a version, and the default of its bucket. */
export function lockOperations(context: S3Context): S3Operations {
  const { store, permissions, clock } = context;

  /** The bucket, when objects in it can be locked at all. */
  const lockable = (request: S3Request) => {
    const bucket = store.bucket(request.bucket);
    if (!bucket.settings.objectLock) throw failure('InvalidRequest', 'Bucket is missing Object Lock Configuration');
    return bucket;
  };

  return {
    'GET object?retention': (request) => {
      requireOnly(request, ['retention', 'versionId']);
      permissions.requireObject(request, 'GetObjectRetention');
      const { retention } = findObject(permissions, request, lockable(request)).version;
      if (!retention) throw failure('NoSuchObjectLockConfiguration');
      return xmlReply('Retention', [
        ['Mode', retention.mode],
        ['RetainUntilDate', new Date(retention.until).toISOString()],
      ]);
    },

    'PUT object?retention': (request) => {
      requireOnly(request, ['retention', 'versionId']);
      const wanted = verifiedDocument(request, 'Retention');
      const now = clock();
      const mode = childText(wanted, 'Mode');
      const until = childText(wanted, 'RetainUntilDate');
      const retention = mode === undefined && until === undefined ? undefined : parseRetention(mode, until, now);
      const conditions = retention ? retentionConditions(retention, now) : {};
      permissions.requireObject(request, 'PutObjectRetention', conditions);
      const bypasses = bypassesGovernance(context, request, request.key);
      const bucket = lockable(request);
      const { version } = findObject(permissions, request, bucket);
      requireRetentionChange(version, retention, now, bypasses);
      bucket.relock(version, { retention, legalHold: version.legalHold });
      return { status: 200 };
    },

    'GET object?legal-hold': (request) => {
      requireOnly(request, ['legal-hold', 'versionId']);
      permissions.requireObject(request, 'GetObjectLegalHold');
      const { legalHold } = findObject(permissions, request, lockable(request)).version;
      if (legalHold === undefined) throw failure('NoSuchObjectLockConfiguration');
      return xmlReply('LegalHold', [['Status', legalHold ? 'ON' : 'OFF']]);
    },

    'PUT object?legal-hold': (request) => {
      requireOnly(request, ['legal-hold', 'versionId']);
      const status = childText(verifiedDocument(request, 'LegalHold'), 'Status');
      const legalHold = parseLegalHold(status);
      permissions.requireObject(request, 'PutObjectLegalHold', {
        's3:object-lock-legal-hold': legalHold ? 'ON' : 'OFF',
      });
      const bucket = lockable(request);
      const { version } = findObject(permissions, request, bucket);
      bucket.relock(version, { retention: version.retention, legalHold });
      return { status: 200 };
    },

    'GET bucket?object-lock': (request) => {
      requireOnly(request, ['object-lock']);
      permissions.requireBucket(request, 'GetBucketObjectLockConfiguration');
      const { objectLock, defaultRetention } = store.bucket(request.bucket).settings;
      if (!objectLock) throw failure('ObjectLockConfigurationNotFoundError');
      const { mode, days, years } = defaultRetention ?? {};
      const period = years === undefined ? (['Days', days ?? 0] as const) : (['Years', years] as const);
      return xmlReply('ObjectLockConfiguration', [
        ['ObjectLockEnabled', 'Enabled'],
        mode ? ['Rule', [['DefaultRetention', [['Mode', mode], period]]]] : undefined,
      ]);
    },
  };
}

/** The body, when a digest came with it, as AWS demands of every change of a lock. */
function verifiedDocument(request: S3Request, name: string): Element {
  const payload = readPayload(request);
  if (!payload.verified) throw failure('InvalidRequest', 'Missing required header for this request: Content-MD5');
  const element = parseXml(payload.bytes.toString('utf8'));
  if (element.name !== name) throw failure('MalformedXML');
  return element;
}
