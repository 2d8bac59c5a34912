import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, type DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { ArchiveStore } from './archive-store';
import { AuditError } from './audit-error';
import { auditEvent } from './event';
import { type IndexEntry, indexEntries } from './index-entry';
import { leafHash } from './lane';
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
const itemsPerBatch = 25;
const attempts = 8;

/** Puts events into the archive, queues their segment for the log, and indexes them. Doing it again changes nothing. */
export class Sealing {
  constructor(private readonly options: SealingOptions) {}

  /**
   * @param lines as the outbox holds them, at least one
   * @returns the segment that holds them now
   * @throws AuditError `archive-contradicted`, LogError for a line that is no event; anything else may be tried again
   */
  async seal(lines: readonly string[]): Promise<Segment> {
    const segment = buildSegment(lines);
    await this.options.archive.put(segment.key, segment.bytes, 'application/x-ndjson');
    await this.queue(segment);
    await this.#index(segment);
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

  async #index({ ndjson, key }: Segment): Promise<void> {
    const entries = ndjson
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .flatMap((line) => {
        const event = auditEvent.parse(JSON.parse(line));
        return indexEntries(event, { lane: event.lane, seq: event.seq, hash: leafHash(line) }, key);
      });
    for (let first = 0; first < entries.length; first += itemsPerBatch)
      await this.#write(entries.slice(first, first + itemsPerBatch));
  }

  async #write(entries: readonly IndexEntry[]): Promise<void> {
    const table = this.options.indexTable;
    let requests = entries.map((Item) => ({ PutRequest: { Item: Item as Record<string, unknown> } }));
    for (let attempt = 1; requests.length > 0; attempt++) {
      if (attempt > attempts) throw new AuditError('not-durable');
      const { UnprocessedItems } = await this.options.documents.send(
        new BatchWriteCommand({ RequestItems: { [table]: requests } }),
      );
      requests = (UnprocessedItems?.[table] ?? []) as typeof requests;
    }
  }
}
