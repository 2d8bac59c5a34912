import { setTimeout } from 'node:timers/promises';
import { BatchWriteCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AuditError } from './audit-error';
import { auditEvent } from './event';
import { type IndexEntry, indexEntries } from './index-entry';
import { leafHash } from './lane';

const itemsPerBatch = 25;
/** How long to wait with what the table did not take: doubled each time, 3.2 s at last. */
const patience = Array.from({ length: 8 }, (_, index) => 25 * 2 ** index);

/**
 * @param lines of a segment
 * @param segment key of the archive's object that holds them
 * @throws ZodError for a line that is no event
 */
export const entriesOf = (lines: readonly string[], segment: string): IndexEntry[] =>
  lines.flatMap((line) => {
    const event = auditEvent.parse(JSON.parse(line));
    return indexEntries(event, { lane: event.lane, seq: event.seq, hash: leafHash(line) }, segment);
  });

/** Writes the index of the audit log: by the sealer as events are sealed, and anew from the archive. */
export class IndexWriter {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  /** Writing an entry again changes nothing. @throws AuditError `not-durable` when the table does not take all */
  async write(entries: readonly IndexEntry[]): Promise<void> {
    for (let first = 0; first < entries.length; first += itemsPerBatch)
      await this.#batch(entries.slice(first, first + itemsPerBatch));
  }

  async #batch(entries: readonly IndexEntry[]): Promise<void> {
    let requests = entries.map((Item) => ({ PutRequest: { Item: Item as Record<string, unknown> } }));
    for (const milliseconds of patience) {
      const { UnprocessedItems } = await this.documents.send(
        new BatchWriteCommand({ RequestItems: { [this.table]: requests } }),
      );
      requests = (UnprocessedItems?.[this.table] ?? []) as typeof requests;
      if (requests.length === 0) return;
      await setTimeout(milliseconds);
    }
    throw new AuditError('not-durable');
  }
}
