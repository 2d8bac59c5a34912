import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, PutObjectRetentionCommand, type S3Client } from '@aws-sdk/client-s3';

export interface DocumentsOptions {
  readonly s3: S3Client;
  readonly bucket: string;
  /** COMPLIANCE cannot be undone, even by root: a development stage uses GOVERNANCE */
  readonly mode: 'COMPLIANCE' | 'GOVERNANCE';
  /** 2192: six years, leap days included; 1 on a development stage */
  readonly retentionDays: number;
}
export interface Stored {
  readonly key: string;
  readonly sha256: string;
  /** of the object; what is locked is this version */
  readonly objectVersion?: string;
}

const dayMilliseconds = 24 * 60 * 60 * 1000;

/** Documents that must be kept: locked from the moment that they are stored. 45 CFR 164.316(b)(2)(i), 164.414(b), 164.530(j). */
export class DocumentsStore {
  constructor(private readonly options: DocumentsOptions) {}

  async put(key: string, body: Uint8Array, contentType: string, now: Date): Promise<Stored> {
    const { s3, bucket, mode } = this.options;
    const { VersionId } = await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: key,
        Body: body,
        ContentType: contentType,
        ObjectLockMode: mode,
        ObjectLockRetainUntilDate: this.#until(now),
        ChecksumAlgorithm: 'SHA256', // S3 wants one with every locked object
      }),
    );
    return { key, sha256: sha256(body), ...(VersionId && { objectVersion: VersionId }) };
  }

  /** Keeps one version for another six years from now: the last action counts. Never shortens. */
  async extend(key: string, version: string | undefined, now: Date): Promise<void> {
    const { s3, bucket, mode } = this.options;
    await s3.send(
      new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: key,
        ...(version && { VersionId: version }),
        Retention: { Mode: mode, RetainUntilDate: this.#until(now) },
      }),
    );
  }

  /** @throws Error when what is there is not what was stored */
  async get({ key, sha256: expected, objectVersion }: Stored): Promise<Buffer> {
    const { s3, bucket } = this.options;
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, ...(objectVersion && { VersionId: objectVersion }) }),
    );
    const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
    if (sha256(bytes) !== expected) throw new Error('a document is not what was stored');
    return bytes;
  }

  #until(now: Date): Date {
    return new Date(now.getTime() + this.options.retentionDays * dayMilliseconds);
  }
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * @returns a SHA-256 as two resources of an audit event, 128 bits each in the form of an id: the log takes ids alone, and
 *   with both the whole hash is in the evidence
 */
export const hashResources = (hash: string) =>
  (['sha256-high', 'sha256-low'] as const).map((type, index) => {
    const half = hash.slice(index * 32, index * 32 + 32);
    const id = `${half.slice(0, 8)}-${half.slice(8, 12)}-${half.slice(12, 16)}-${half.slice(16, 20)}-${half.slice(20)}`;
    return { id, type, version: null };
  });
