import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { ArchiveStore } from './archive-store';
import { entriesOf, IndexWriter } from './index-writer';
import { enqueue } from './leaf-queue';
import { buildSegment, type Segment } from './segment';

export interface SealingOptions {
  readonly documents: DynamoDBDocumentClient;
  readonly archive: ArchiveStore;
  /** where the log stands and which segments wait for it */
  readonly logTable: string;
  readonly indexTable: string;
  readonly clock: () => Date;
}

/** As long as the outbox keeps events: until then the reconciler could seal one again. */
const registrationSeconds = 180 * 24 * 60 * 60;
const attempts = 8;

/** Puts events into the archive, queues their segment for the log, and indexes them. Doing it again changes nothing. */
export class Sealing {
  readonly #index: IndexWriter;

  constructor(private readonly options: SealingOptions) {
    this.#index = new IndexWriter(options.documents, options.indexTable);
  }

  /**
   * @param stored lines as the outbox holds them, at least one
   * @returns the segment that holds them now
   * @throws AuditError `archive-contradicted`, LogError for a line that is no event; anything else may be tried again
   */
  async seal(stored: readonly string[]): Promise<Segment> {
    const segment = buildSegment(stored);
    await this.options.archive.put(segment.key, segment.bytes, 'application/x-ndjson');
    await this.queue(segment);
    const lines = segment.ndjson.toString('utf8').trimEnd().split('\n');
    await this.#index.write(entriesOf(lines, segment.key));
    return segment;
  }

  /** Registers the segment and queues its leaf together: one that has been queued before is not logged twice. */
  async queue({ sha256, leaf }: Segment): Promise<void> {
    const { clock, documents, logTable } = this.options;
    const at = clock();
    const ttl = Math.floor(at.getTime() / 1000) + registrationSeconds;
    const registration = {
      Put: {
        TableName: logTable,
        Item: { PK: `SEGMENT#${sha256}`, SK: 'SEGMENT', key: leaf.key, at: at.toISOString(), ttl },
        ConditionExpression: 'attribute_not_exists(PK)',
      },
    };
    const TransactItems = [registration, enqueue(logTable, leaf, at)];
    for (let attempt = 1; ; attempt++) {
      try {
        await documents.send(new TransactWriteCommand({ TransactItems }));
        return;
      } catch (error) {
        if (!(error instanceof TransactionCanceledException)) throw error;
        const codes = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None');
        if (codes.includes('ConditionalCheckFailed')) return;
        if (attempt === attempts) throw error;
      }
    }
  }
}
