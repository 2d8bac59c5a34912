import { GetObjectCommand, ListObjectVersionsCommand, type S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import type { Archive, ArchiveObject, ArchiveVersion } from './archive';

/** The archive in its bucket. Needs s3:ListBucketVersions, s3:GetObject and s3:GetObjectVersion, and nothing that writes. */
export class BucketArchive implements Archive {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
  ) {}

  async *list(prefix: string, after?: string): AsyncGenerator<ArchiveObject> {
    let keyMarker = after;
    let versionMarker: string | undefined;
    let open: { key: string; versions: ArchiveVersion[] } | undefined; // its versions may go on on the next page
    do {
      const page = await this.s3.send(
        new ListObjectVersionsCommand({
          Bucket: this.bucket,
          Prefix: prefix,
          KeyMarker: keyMarker,
          VersionIdMarker: versionMarker,
        }),
      );
      const entries = [
        ...(page.Versions ?? []).map(({ Key, VersionId }) => ({ Key, VersionId, deleted: false })),
        ...(page.DeleteMarkers ?? []).map(({ Key, VersionId }) => ({ Key, VersionId, deleted: true })),
      ].sort((a, b) => Buffer.compare(Buffer.from(a.Key ?? ''), Buffer.from(b.Key ?? '')));
      for (const { Key, VersionId, deleted } of entries) {
        if (!Key) continue;
        if (open && open.key !== Key) yield inOrder(open);
        if (open?.key !== Key) open = { key: Key, versions: [] };
        open.versions.push({ id: VersionId ?? 'null', deleted });
      }
      keyMarker = page.IsTruncated ? page.NextKeyMarker : undefined;
      versionMarker = page.IsTruncated ? page.NextVersionIdMarker : undefined;
    } while (keyMarker !== undefined);
    if (open) yield inOrder(open);
  }

  async read(key: string, version?: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.s3.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key, VersionId: version === 'null' ? undefined : version }),
      );
      return Body && Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (error instanceof S3ServiceException && ['NoSuchKey', 'NoSuchVersion'].includes(error.name)) return undefined;
      throw error;
    }
  }
}

/** S3 lists the newest version first; delete markers come apart, and where among the later versions they stand decides nothing. */
function inOrder({ key, versions }: ArchiveObject): ArchiveObject {
  return {
    key,
    versions: [...versions.filter(({ deleted }) => !deleted).reverse(), ...versions.filter(({ deleted }) => deleted)],
  };
}
