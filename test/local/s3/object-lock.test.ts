import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  GetObjectLegalHoldCommand,
  GetObjectLockConfigurationCommand,
  GetObjectRetentionCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  type ObjectLockRetention,
  PutObjectCommand,
  PutObjectLegalHoldCommand,
  PutObjectRetentionCommand,
} from '@aws-sdk/client-s3';
import { codeOf } from '../service-server';
import { startS3 } from './harness';

const DAY_MS = 86_400_000;

let s3: Awaited<ReturnType<typeof startS3>>;
beforeEach(async () => {
  s3 = await startS3();
});
afterEach(() => s3.stop());

const inDays = (days: number) => new Date(s3.clock.now + days * DAY_MS);

async function put(Bucket: string, more = {}): Promise<{ Bucket: string; Key: string; VersionId: string }> {
  const { VersionId } = await s3.client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'evidence', ...more }));
  return { Bucket, Key: 'k', VersionId: VersionId ?? '' };
}
const lockedUntil = (mode: 'COMPLIANCE' | 'GOVERNANCE', days: number) =>
  put('lockable', { ObjectLockMode: mode, ObjectLockRetainUntilDate: inDays(days) });
const remove = (version: { Bucket: string; Key: string; VersionId: string }, BypassGovernanceRetention?: boolean) =>
  codeOf(s3.client.send(new DeleteObjectCommand({ ...version, BypassGovernanceRetention })));
const retain = (
  version: { Bucket: string; Key: string; VersionId: string },
  Retention: ObjectLockRetention,
  BypassGovernanceRetention?: boolean,
) => codeOf(s3.client.send(new PutObjectRetentionCommand({ ...version, Retention, BypassGovernanceRetention })));
const retentionOf = async (version: { Bucket: string; Key: string; VersionId: string }) =>
  (await s3.client.send(new GetObjectRetentionCommand(version))).Retention;

describe('default retention', () => {
  test('the archive locks every object for six years in compliance mode (45 CFR 164.316(b)(2)(i))', async () => {
    const version = await put('archive');

    expect(await retentionOf(version)).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(2192) });
    const head = await s3.client.send(new HeadObjectCommand(version));
    expect(head).toMatchObject({ ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(2192) });
    const { ObjectLockConfiguration } = await s3.client.send(
      new GetObjectLockConfigurationCommand({ Bucket: 'archive' }),
    );
    expect(ObjectLockConfiguration).toEqual({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 2192 } },
    });
  });

  test('headers of the request take the place of the default', async () => {
    const version = await put('archive', { ObjectLockMode: 'GOVERNANCE', ObjectLockRetainUntilDate: inDays(1) });

    // Nothing but a bucket policy on s3:object-lock-mode stops this: the permission carries what such a policy needs.
    expect((await retentionOf(version))?.Mode).toBe('GOVERNANCE');
    for (const action of ['s3:PutObject', 's3:PutObjectRetention'])
      expect(s3.recorder.of(action)).toMatchObject([
        {
          resource: 'arn:aws:s3:::archive/k',
          context: {
            's3:object-lock-mode': 'GOVERNANCE',
            's3:object-lock-remaining-retention-days': '1',
            's3:object-lock-retain-until-date': inDays(1).toISOString(),
          },
        },
      ]);
  });

  test('a put without a digest is refused where it would be locked', async () => {
    const response = await fetch(`${s3.url()}/archive/k`, { method: 'PUT', body: 'x' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('InvalidRequest');
  });
});

describe('a version under compliance retention', () => {
  test('cannot be deleted by anyone until its date, and can be after it', async () => {
    const version = await put('archive');

    expect(await remove(version)).toBe('AccessDenied');
    expect(await remove(version, true)).toBe('AccessDenied');
    s3.clock.now += 2192 * DAY_MS - 1;
    expect(await remove(version, true)).toBe('AccessDenied');
    s3.clock.now += 1;
    expect(await remove(version)).toBe('no failure');
    expect(await codeOf(s3.client.send(new GetObjectCommand(version)))).not.toBe('no failure');
  });

  test('is not shortened, weakened or released, with or without bypass', async () => {
    const version = await lockedUntil('COMPLIANCE', 10);
    const attacks: ObjectLockRetention[] = [
      { Mode: 'COMPLIANCE', RetainUntilDate: inDays(9) },
      { Mode: 'GOVERNANCE', RetainUntilDate: inDays(10) },
      { Mode: 'GOVERNANCE', RetainUntilDate: inDays(99) },
      {},
    ];
    for (const attack of attacks)
      for (const bypass of [undefined, true]) expect(await retain(version, attack, bypass)).toBe('AccessDenied');

    expect(await retentionOf(version)).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(10) });
    expect(await retain(version, { Mode: 'COMPLIANCE', RetainUntilDate: inDays(11) })).toBe('no failure');
  });

  test('survives deletions without a version and overwrites, which only hide it', async () => {
    const version = await put('archive');
    await s3.client.send(new DeleteObjectCommand({ Bucket: 'archive', Key: 'k' }));
    await s3.client.send(new PutObjectCommand({ Bucket: 'archive', Key: 'k', Body: 'forged' }));

    const body = (await s3.client.send(new GetObjectCommand(version))).Body;
    expect(await body?.transformToString()).toBe('evidence');
    const { Versions } = await s3.client.send(new ListObjectVersionsCommand({ Bucket: 'archive' }));
    expect(Versions).toHaveLength(2);
  });

  test('is refused in a deletion of many, which goes on with the others', async () => {
    const locked = await put('archive');
    const free = await put('versioned', { Key: 'free' });
    const both = await s3.client.send(
      new DeleteObjectsCommand({
        Bucket: 'archive',
        Delete: { Objects: [{ Key: 'k', VersionId: locked.VersionId }, { Key: 'new' }] },
      }),
    );

    expect(both.Errors).toMatchObject([{ Key: 'k', VersionId: locked.VersionId, Code: 'AccessDenied' }]);
    expect(both.Deleted).toMatchObject([{ Key: 'new', DeleteMarker: true }]);
    expect(await remove({ ...free, Key: 'free' })).toBe('no failure');
  });

  test('is still locked after a restart', async () => {
    const version = await lockedUntil('COMPLIANCE', 10);
    await retain(version, { Mode: 'COMPLIANCE', RetainUntilDate: inDays(20) });
    await s3.restart();

    expect(await retentionOf(version)).toEqual({ Mode: 'COMPLIANCE', RetainUntilDate: inDays(20) });
    expect(await remove(version, true)).toBe('AccessDenied');
  });
});

describe('a version under governance retention', () => {
  test('yields to header and permission together, and to neither alone', async () => {
    const version = await put('develop');

    expect(await remove(version)).toBe('AccessDenied');
    s3.recorder.denied.add('s3:BypassGovernanceRetention');
    expect(await remove(version, true)).toBe('AccessDenied');
    expect(await retain(version, {}, true)).toBe('AccessDenied');
    s3.recorder.denied.clear();
    expect(await remove(version, true)).toBe('no failure');
    expect(s3.recorder.of('s3:BypassGovernanceRetention').at(-1)).toMatchObject({
      resource: 'arn:aws:s3:::develop/k',
    });
  });

  test('is prolonged by anyone who may retain, and otherwise changed by bypass only', async () => {
    const version = await lockedUntil('GOVERNANCE', 10);

    expect(await retain(version, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(11) })).toBe('no failure');
    expect(await retain(version, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(10) })).toBe('AccessDenied');
    expect(await retain(version, { Mode: 'COMPLIANCE', RetainUntilDate: inDays(12) })).toBe('AccessDenied');
    expect(await retain(version, { Mode: 'COMPLIANCE', RetainUntilDate: inDays(12) }, true)).toBe('no failure');
    expect(await remove(version, true)).toBe('AccessDenied');
  });
});

describe('a legal hold', () => {
  const hold = (version: { Bucket: string; Key: string; VersionId: string }, Status: 'ON' | 'OFF') =>
    s3.client.send(new PutObjectLegalHoldCommand({ ...version, LegalHold: { Status } }));

  test('keeps a version without a date, until it is lifted', async () => {
    const version = await put('lockable');
    await hold(version, 'ON');

    s3.clock.now += 10_000 * DAY_MS;
    expect(await remove(version, true)).toBe('AccessDenied');
    const { LegalHold } = await s3.client.send(new GetObjectLegalHoldCommand(version));
    expect(LegalHold?.Status).toBe('ON');
    await hold(version, 'OFF');
    expect(await remove(version)).toBe('no failure');
  });

  test('and retention do not undo each other', async () => {
    const version = await lockedUntil('GOVERNANCE', 1);
    await hold(version, 'ON');
    await retain(version, { Mode: 'GOVERNANCE', RetainUntilDate: inDays(2) });

    expect(await retentionOf(version)).toEqual({ Mode: 'GOVERNANCE', RetainUntilDate: inDays(2) });
    expect(await remove(version, true)).toBe('AccessDenied');
  });

  test('needs a permission of its own, in a put too', async () => {
    s3.recorder.denied.add('s3:PutObjectLegalHold');

    expect(await codeOf(put('lockable', { ObjectLockLegalHoldStatus: 'ON' }))).toBe('AccessDenied');
    expect(await codeOf(s3.client.send(new GetObjectCommand({ Bucket: 'lockable', Key: 'k' })))).toBe('NoSuchKey');
  });
});

describe('what is not valid', () => {
  test.each([
    ['a date in the past', { Mode: 'COMPLIANCE', RetainUntilDate: new Date(0) }, 'InvalidArgument'],
    ['a mode without a date', { Mode: 'COMPLIANCE' }, 'InvalidRequest'],
  ] as const)('%s is refused', async (_case, retention, code) => {
    expect(await retain(await put('lockable'), retention)).toBe(code);
  });

  test('a lock in a bucket without Object Lock is refused, and nothing is stored', async () => {
    const lock = { ObjectLockMode: 'COMPLIANCE', ObjectLockRetainUntilDate: inDays(1) };
    expect(await codeOf(put('versioned', lock))).toBe('InvalidRequest');
    expect(await codeOf(s3.client.send(new GetObjectCommand({ Bucket: 'versioned', Key: 'k' })))).toBe('NoSuchKey');
  });

  test('a document that hides anything is refused', async () => {
    const version = await put('lockable');
    for (const body of [
      '<!DOCTYPE x [<!ENTITY a "ON">]><LegalHold><Status>&a;</Status></LegalHold>',
      '<LegalHold><Status>OFF</Status><Status>ON</Status></LegalHold>',
      '<LegalHold><Status>&toString;</Status></LegalHold>',
      '<LegalHold><Status>ON</LegalHold></Status>',
      '<Retention><Mode>GOVERNANCE</Mode></Retention>',
    ]) {
      const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
      const target = `${s3.url()}/lockable/k?legal-hold&versionId=${version.VersionId}`;
      const response = await fetch(target, { method: 'PUT', body, headers });
      expect(await response.text()).toContain('MalformedXML');
    }
  });
});
