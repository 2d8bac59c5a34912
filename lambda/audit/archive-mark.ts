import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { consistentItem } from '../records/consistent-reads';
import type { ArchiveStore } from './archive-store';
import { checkpointKey, checkpointPrefix, readCheckpointKey } from './log-keys';

/** Where each table that decides or holds PHI stands beside the archive. `PK` and `SK` `ARCHIVE-MARK`. */
export const markKey = { PK: 'ARCHIVE-MARK', SK: 'ARCHIVE-MARK' } as const;
const mark = z.object({
  /** of the log that it is about: a table that came from another stage names that one's */
  origin: z.string(),
  size: z.int().min(0),
  at: z.iso.datetime(),
});
export type Mark = z.infer<typeof mark>;

/**
 * Says of a table how far the log was when the table last heard of it. The archive cannot go back and a restored table does,
 * so a table whose mark is behind the newest checkpoint was restored, and one whose mark is of another log comes from another
 * stage. To be sure of it, a mark is always written before the checkpoint that it announces, and one that is behind or of
 * another log is never moved by this.
 */
export class ArchiveMarks {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly tables: readonly string[],
    /** of the stage's own log */
    private readonly origin: string,
    private readonly clock: () => Date,
  ) {}

  /**
   * Announces a checkpoint.
   * @param before leaves that the archive has
   * @param next leaves under the checkpoint
   * @throws when a table does not answer: the checkpoint must wait then
   */
  async announce(before: number, next: number): Promise<void> {
    await Promise.all(
      this.tables.map((table) =>
        this.#write(table, next, {
          condition: `${before === 0 ? 'attribute_not_exists(PK) OR ' : ''}(#origin = :origin AND #size >= :before AND #size <= :size)`,
          values: { ':before': before },
        }),
      ),
    );
  }

  /** Ends a restore: the tables have made up for what the archive knows. */
  async settle(size: number): Promise<void> {
    await Promise.all(
      this.tables.map((table) =>
        this.#write(table, size, {
          condition: 'attribute_not_exists(PK) OR #origin <> :origin OR #size < :size',
          values: {},
        }),
      ),
    );
  }

  isOwn({ origin }: Pick<Mark, 'origin'>): boolean {
    return origin === this.origin;
  }

  read(): Promise<(Mark | undefined)[]> {
    return readMarks(this.documents, this.tables);
  }

  async #write(
    table: string,
    size: number,
    { condition, values }: { readonly condition: string; readonly values: Readonly<Record<string, number>> },
  ): Promise<void> {
    try {
      await this.documents.send(
        new UpdateCommand({
          TableName: table,
          Key: markKey,
          UpdateExpression: 'SET #origin = :origin, #size = :size, #at = :at',
          ConditionExpression: condition,
          ExpressionAttributeNames: { '#origin': 'origin', '#size': 'size', '#at': 'at' },
          ExpressionAttributeValues: {
            ':origin': this.origin,
            ':size': size,
            ':at': this.clock().toISOString(),
            ...values,
          },
        }),
      );
    } catch (error) {
      // Behind: it was restored, and must stay visibly so. Ahead: another run announced more, which is as good.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
}

/** @returns the mark of each table, in their order; undefined where a table has none */
export const readMarks = (
  documents: DynamoDBDocumentClient,
  tables: readonly string[],
): Promise<(Mark | undefined)[]> => Promise.all(tables.map((table) => consistentItem(documents, table, markKey, mark)));

/** @returns leaves under the newest checkpoint that has more than `after`; undefined where there is none */
export async function newestCheckpoint(archive: ArchiveStore, after: number): Promise<number | undefined> {
  let newest: number | undefined;
  for await (const key of archive.list(checkpointPrefix, checkpointKey(after)))
    newest = readCheckpointKey(key) ?? newest;
  return newest;
}
