import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectRetentionCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { checkpointPrefix } from '../../lambda/audit/log-keys';
import { type Check, type Finding, green, red, unseen } from '../doctor/finding';
import { output } from '../doctor/place';
import type { Subject } from './subject';

const remedy = 'the archive is no evidence as it is: find what differs from the template, docs/operations.md';
/** AWS answers a write under a condition that does not hold, or beside another such write, with these */
const refusals = ['AccessDenied', 'PreconditionFailed', 'ConditionalRequestConflict', 'InvalidRequest'];
const lastingMilliseconds = 60_000;

/** 45 CFR 164.312(c)(1): an operator, with all that their credentials allow, can neither remove nor replace evidence. */
export const lockedArchive: Check<Subject> = {
  name: 'Archive',
  rule: '45 CFR 164.312(c)(1)',
  look: async ({ place }) => {
    const bucket = output(place, 'ArchiveBucket');
    const found = await newestCheckpoint(place.objects, bucket);
    // A lock that is over is no lock: what is tried here would then destroy what somebody may still want.
    if (!found || found.until.getTime() - Date.now() < lastingMilliseconds)
      return [unseen('locked objects', 'no checkpoint is locked: wait until one is signed')];
    return tryToTamper(place.objects, bucket, found);
  },
};

interface Locked {
  readonly key: string;
  readonly version: string;
  readonly until: Date;
  readonly bytes: Uint8Array;
}

async function newestCheckpoint(client: S3Client, Bucket: string): Promise<Locked | undefined> {
  let key: string | undefined;
  let ContinuationToken: string | undefined;
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket, Prefix: checkpointPrefix, ContinuationToken }));
    key = page.Contents?.at(-1)?.Key ?? key;
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);
  if (key === undefined) return undefined;
  const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket, Prefix: key }));
  const version = Versions?.find((each) => each.Key === key)?.VersionId;
  if (version === undefined) return undefined;
  const { Retention } = await client.send(new GetObjectRetentionCommand({ Bucket, Key: key, VersionId: version }));
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key, VersionId: version }));
  if (!Retention?.RetainUntilDate || !Body) return undefined;
  return { key, version, until: Retention.RetainUntilDate, bytes: await Body.transformToByteArray() };
}

async function tryToTamper(client: S3Client, Bucket: string, locked: Locked): Promise<readonly Finding[]> {
  const { key: Key, version: VersionId, bytes: Body, until } = locked;
  const name = { Bucket, Key };
  return [
    await mustFail('delete a locked version', () => client.send(new DeleteObjectCommand({ ...name, VersionId }))),
    await mustFail('write over a name', () => client.send(new PutObjectCommand({ ...name, Body }))),
    await mustFail('write over a name, if it is new', () =>
      client.send(new PutObjectCommand({ ...name, Body, IfNoneMatch: '*' })),
    ),
    await mustFail('shorten a lock', () =>
      client.send(
        new PutObjectRetentionCommand({
          ...name,
          VersionId,
          Retention: { Mode: 'GOVERNANCE', RetainUntilDate: new Date(until.getTime() - lastingMilliseconds / 2) },
        }),
      ),
    ),
  ];
}

async function mustFail(what: string, attempt: () => Promise<unknown>): Promise<Finding> {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof S3ServiceException && refusals.includes(error.name))
      return green(what, `refused: ${error.name}`);
    throw error;
  }
  return red(what, 'was done', remedy);
}
