import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Listed, StoredObject } from './restored-documents';
import { fromAnywhere } from './restored-samples';

/** Every document is one of an incident, whose id is random. */
const anywhere = () => ({ name: `incidents/${randomUUID()}` });

export function sampleObjects(s3: S3Client, bucket: string, most: number): AsyncGenerator<Listed> {
  return fromAnywhere(
    async (after) => {
      const { Contents = [], IsTruncated } = await s3.send(
        new ListObjectsV2Command({ Bucket: bucket, ...(after && { StartAfter: String(after['name']) }) }),
      );
      const items = Contents.flatMap(({ Key: name, LastModified: writtenAt }) =>
        name !== undefined && writtenAt ? [{ name, writtenAt }] : [],
      );
      const last = items.at(-1);
      return { items, ...(IsTruncated && last && { next: { name: last.name } }) };
    },
    ({ name }) => name,
    most,
    anywhere(),
  );
}

/** @returns undefined when the bucket has no such object; needs permission to list, for S3 tells nobody else */
export async function lookAt(s3: S3Client, bucket: string, name: string): Promise<StoredObject | undefined> {
  try {
    const { ContentLength, LastModified, SSEKMSKeyId } = await s3.send(
      new HeadObjectCommand({ Bucket: bucket, Key: name }),
    );
    if (ContentLength === undefined || !LastModified)
      throw new Error('S3 does not say how long or how old an object is');
    return { bytes: ContentLength, writtenAt: LastModified, ...(SSEKMSKeyId && { keyArn: SSEKMSKeyId }) };
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return undefined;
    throw withoutName(error);
  }
}

/** @returns SHA-256 of the bytes of an object, in hex; they pass through and are not kept */
export async function hashObject(s3: S3Client, bucket: string, name: string): Promise<string> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: name }));
    if (!(Body instanceof Readable)) throw new Error('S3 gave an object no body');
    const hash = createHash('sha256');
    for await (const chunk of Body) hash.update(chunk);
    return hash.digest('hex');
  } catch (error) {
    throw withoutName(error);
  }
}

/** An error of S3 may repeat the name of the object, which has the id of an incident in it. */
const withoutName = (error: unknown): unknown =>
  error instanceof S3ServiceException ? new Error(`a document could not be read: ${error.name}`) : error;
