import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { AuditError } from './audit-error';
import { inflateSegment } from './segment';

/** The locked archive, in which an object is written once. 45 CFR 164.312(c)(1). */
export class ArchiveStore {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
  ) {}

  /**
   * Puts an object under a new name. One that is there already counts as put when it holds the same: whoever was
   * cut off may do everything again.
   * @throws AuditError `archive-contradicted` when another object has the name
   */
  async put(key: string, bytes: Uint8Array | string, contentType: string): Promise<void> {
    const Body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes;
    try {
      await this.s3.send(
        new PutObjectCommand({ Bucket: this.bucket, Key: key, Body, ContentType: contentType, IfNoneMatch: '*' }),
      );
    } catch (error) {
      // 409: another put of this name is under way; what comes of it shows when it is read.
      const taken = error instanceof S3ServiceException && [409, 412].includes(error.$metadata.httpStatusCode ?? 0);
      if (!taken) throw error;
      const stored = await this.get(key);
      if (!stored) throw error;
      if (!stored.equals(Body) && !holdTheSame(key, stored, Body))
        throw new AuditError('archive-contradicted', { cause: error });
    }
  }

  /** @returns undefined when there is no such object; needs permission to list, for S3 tells nobody else */
  async get(key: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.s3.send(new GetObjectCommand({ Bucket: this.bucket, Key: key }));
      return Body && Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (error instanceof S3ServiceException && error.name === 'NoSuchKey') return undefined;
      throw error;
    }
  }

  /** @returns names in the order of their bytes @param after names greater than this one alone @param limit of a page */
  async *list(prefix: string, after?: string, limit?: number): AsyncGenerator<string> {
    let token: string | undefined;
    do {
      const page = await this.s3.send(
        new ListObjectsV2Command({
          Bucket: this.bucket,
          Prefix: prefix,
          ...(limit !== undefined && { MaxKeys: limit }),
          ...(token ? { ContinuationToken: token } : after ? { StartAfter: after } : {}),
        }),
      );
      for (const { Key } of page.Contents ?? []) if (Key) yield Key;
      token = page.NextContinuationToken;
    } while (token);
  }
}

/** Two releases of zlib may compress the same lines to other bytes; what is sealed are the lines. */
function holdTheSame(key: string, stored: Buffer, given: Uint8Array): boolean {
  if (!key.endsWith('.gz')) return false;
  try {
    return inflateSegment(stored).equals(inflateSegment(given));
  } catch {
    return false;
  }
}
