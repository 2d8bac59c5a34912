import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { type Archive, type ArchiveObject, ahead, originalVersion } from '../../lambda/audit/archive';
import { readEventLine } from '../../lambda/audit/event-line';
import { type IndexEntry, indexedArchive, indexedKey, retentionDays } from '../../lambda/audit/index-entry';
import { entriesOf, IndexWriter } from '../../lambda/audit/index-writer';
import { LogError } from '../../lambda/audit/log-error';
import { isSegmentKey, segmentPrefix } from '../../lambda/audit/log-keys';
import { readSegment } from '../../lambda/audit/segment';
import { daysAfter } from '../../lambda/instant';

export interface ReindexOptions {
  readonly archive: Archive;
  /** names the archive in the index */
  readonly bucket: string;
  readonly documents: DynamoDBDocumentClient;
  readonly indexTable: string;
  /** whose events are indexed: those of any of its stages */
  readonly organization: string;
  /** segments that were closed before are left out, and the archive does not count as indexed; absent: all whose events are kept */
  readonly since?: Date | undefined;
  readonly now: Date;
  readonly onProgress?: (progress: Pick<Reindexed, 'segments' | 'entries'>) => void;
}
export interface Reindexed {
  /** whether it went on where another walk was cut off */
  readonly resumed: boolean;
  /** that were read and are what their names say */
  readonly segments: number;
  readonly entries: number;
  /** names of objects that are not what they say: nothing of them is indexed */
  readonly refused: readonly string[];
  /** how many were refused before the walk was cut off */
  readonly refusedBefore: number;
}

/** segments that are read at a time */
const width = 8;
/** segments after which the walk's place is written down */
const stretch = 200;

/**
 * Makes the index of the audit log again from an archive. Each segment is held against the digest in its name, in the version
 * that was written first. What is cut off goes on where it was: the place is in the index itself, so an index that was lost
 * begins anew. The archive counts as indexed when all of it was walked and nothing refused.
 */
export async function reindex(options: ReindexOptions): Promise<Reindexed> {
  const { archive, documents, indexTable, since, now } = options;
  const place = new IndexedArchive(documents, indexTable, options.bucket);
  const whole = since === undefined;
  const known = whole ? await place.read() : {};
  const from = known.after ?? beginningOf(since?.toISOString() ?? daysAfter(now, -retentionDays));
  const writer = new IndexWriter(documents, indexTable);
  const alive = (entry: IndexEntry): boolean => entry.ttl * 1000 > now.getTime();
  const refusedBefore = known.refused ?? 0;
  const refused: string[] = [];
  let [objects, segments, entries] = [0, 0, 0];
  const index = async (object: ArchiveObject): Promise<{ key: string; written: number | undefined }> => {
    const found = await entriesIn(archive, object, options.organization);
    const kept = found?.filter(alive);
    if (kept) await writer.write(kept);
    return { key: object.key, written: kept?.length };
  };
  for await (const { key, written } of ahead(archive.list(segmentPrefix, from), width, index)) {
    if (written === undefined) refused.push(key);
    else segments++;
    entries += written ?? 0;
    options.onProgress?.({ segments, entries });
    if (whole && ++objects % stretch === 0)
      await place.write({ ...known, after: key, refused: refusedBefore + refused.length });
  }
  // A walk that refused something begins anew, so that it can become whole.
  const at = refusedBefore + refused.length === 0 ? now.toISOString() : known.at;
  if (whole) await place.write(at === undefined ? {} : { at });
  return { resumed: known.after !== undefined, segments, entries, refused, refusedBefore };
}

/** @returns undefined for an object that is no segment, or not the one of its name */
async function entriesIn(
  archive: Archive,
  object: ArchiveObject,
  organization: string,
): Promise<IndexEntry[] | undefined> {
  const version = originalVersion(object);
  const bytes =
    version === undefined || !isSegmentKey(object.key) ? undefined : await archive.read(object.key, version);
  if (!bytes) return undefined;
  try {
    const { sha256, lines } = readSegment(bytes);
    const ours = lines.every((line) => readEventLine(line).origin.startsWith(`ward/${organization}/`));
    return ours && object.key.endsWith(`/${sha256}.ndjson.gz`) ? entriesOf(lines, object.key) : undefined;
  } catch (error) {
    if (error instanceof LogError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** @returns a name that sorts before every segment whose newest event is of that hour or later */
const beginningOf = (at: string): string => `${segmentPrefix}dt=${at.slice(0, 10)}/hr=${at.slice(11, 13)}`;

/** How far the index has one archive. */
class IndexedArchive {
  readonly #key: ReturnType<typeof indexedKey>;

  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    bucket: string,
  ) {
    this.#key = indexedKey(bucket);
  }

  async read(): Promise<z.infer<typeof indexedArchive>> {
    const { Item } = await this.documents.send(
      new GetCommand({ TableName: this.table, Key: this.#key, ConsistentRead: true }),
    );
    return indexedArchive.parse(Item ?? {});
  }

  async write(state: z.infer<typeof indexedArchive>): Promise<void> {
    await this.documents.send(new PutCommand({ TableName: this.table, Item: { ...this.#key, ...state } }));
  }
}
