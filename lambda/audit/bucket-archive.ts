import {
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { Archive, ArchiveObject } from './archive';

interface Listed {
  readonly key: string;
  readonly id: string;
  readonly deleted: boolean;
  readonly at: number;
}

/** The archive as it lies in its bucket, with every version: what a later one hides is still read. */
export class BucketArchive implements Archive {
  constructor(
    private readonly s3: S3Client,
    private readonly bucket: string,
  ) {}

  async *list(prefix: string): AsyncGenerator<ArchiveObject> {
    let gathered: Listed[] = [];
    for await (const page of this.#pages(prefix)) {
      gathered.push(...listed(page));
      // Versions of the last name may go on in the next page.
      const last = gathered.at(-1)?.key;
      const open = gathered.filter(({ key }) => key === last);
      yield* objects(gathered.filter(({ key }) => key !== last));
      gathered = open;
    }
    yield* objects(gathered);
  }

  async read(key: string, version?: string): Promise<Buffer | undefined> {
    try {
      const { Body } = await this.s3.send(
        new GetObjectCommand({ Bucket: this.bucket, Key: key, ...(version && { VersionId: version }) }),
      );
      return Body && Buffer.from(await Body.transformToByteArray());
    } catch (error) {
      if (error instanceof S3ServiceException && ['NoSuchKey', 'NoSuchVersion'].includes(error.name)) return undefined;
      throw error;
    }
  }

  async *#pages(prefix: string): AsyncGenerator<ListObjectVersionsCommandOutput> {
    let after: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
    while (after) {
      const page: ListObjectVersionsCommandOutput = await this.s3.send(
        new ListObjectVersionsCommand({ Bucket: this.bucket, Prefix: prefix, ...after }),
      );
      yield page;
      const { NextKeyMarker, NextVersionIdMarker } = page;
      after = page.IsTruncated
        ? {
            ...(NextKeyMarker !== undefined && { KeyMarker: NextKeyMarker }),
            ...(NextVersionIdMarker !== undefined && { VersionIdMarker: NextVersionIdMarker }),
          }
        : undefined;
    }
  }
}

/** @returns versions and delete markers of a page in order of their names, of one name the oldest first */
function listed({ Versions = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput): Listed[] {
  const all = [
    ...Versions.map((version) => ({ version, deleted: false })),
    ...DeleteMarkers.map((version) => ({ version, deleted: true })),
  ];
  return all
    .map(({ version: { Key = '', VersionId = 'null', LastModified }, deleted }) => ({
      key: Key,
      id: VersionId,
      deleted,
      at: LastModified?.getTime() ?? 0,
    }))
    .reverse() // a page has the newest of a name first
    .sort((a, b) => (a.key === b.key ? a.at - b.at : a.key < b.key ? -1 : 1));
}

function objects(all: readonly Listed[]): ArchiveObject[] {
  const byKey = new Map<string, Listed[]>();
  for (const each of all) byKey.set(each.key, [...(byKey.get(each.key) ?? []), each]);
  return [...byKey].map(([key, versions]) => ({
    key,
    versions: [...versions].sort((a, b) => a.at - b.at).map(({ id, deleted }) => ({ id, deleted })),
  }));
}
