import { createHash } from 'node:crypto';
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  BatchWriteCommand,
  type DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
} from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { AuditError } from './audit-error';
import { decodeState, emptyLog, encodeState, type LogState } from './log-state';

/** Where the log stands, and what a run set out to append: written before anything of it is. */
export interface LogPosition {
  /** of the item: whoever writes it must have seen the newest; 0 before the first */
  readonly version: number;
  readonly state: LogState;
  /** encoded leaves of the next checkpoint */
  readonly intent?: readonly string[];
  /** of the settings that the log has an event of */
  readonly settings?: string;
  readonly pieces: readonly string[];
}
/** A leaf that waits for the log. */
export interface QueuedLeaf {
  /** leaf-queue.ts */
  readonly name: string;
  readonly leaf: string;
}

const positionKey = { PK: 'STATE', SK: 'STATE' };
const position = z.object({
  version: z.int().positive(),
  state: z.string(),
  intent: z.string().optional(),
  settings: z.string().optional(),
});
const part = z.object({ bytes: z.instanceof(Uint8Array) });
const queued = z.object({ SK: z.string(), leaf: z.string() });
/** An item has at most 400 KB. */
const partBytes = 350_000;
/** of an intent, and of a state that another has replaced */
const partSeconds = 30 * 24 * 60 * 60;
const batch = 25;
const attempts = 8;

/** The table of the log's state. What it says can be made again from the archive; that two runs do not undo each other is its use. */
export class LogStore {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly clock: () => Date,
  ) {}

  /** @throws AuditError `log-contradicted` when it holds what no run has written */
  async read(): Promise<LogPosition> {
    // A run that ends in the meantime takes away the pieces of the position that it replaced.
    for (let attempt = 1; ; attempt++) {
      const { Item } = await this.documents.send(
        new GetCommand({ TableName: this.table, Key: positionKey, ConsistentRead: true }),
      );
      if (!Item) return { version: 0, state: emptyLog, pieces: [] };
      const { version, state, intent, settings } = position.parse(Item);
      const bytes = await this.#readBlob(state);
      const leaves = intent === undefined ? undefined : await this.#readBlob(intent);
      if (bytes && (intent === undefined || leaves))
        return {
          version,
          state: decodeState(bytes),
          ...(leaves && { intent: leaves.toString('utf8').split('\n') }),
          ...(settings !== undefined && { settings }),
          pieces: [state, ...(intent === undefined ? [] : [intent])],
        };
      if (attempt === attempts) throw new AuditError('log-contradicted');
    }
  }

  /** @returns false when another run was faster: read again */
  begin(from: LogPosition, intent: readonly string[]): Promise<boolean> {
    return this.#replace(from, { state: from.state, intent, settings: from.settings });
  }

  /** @returns false when another run was faster */
  commit(from: LogPosition, state: LogState): Promise<boolean> {
    return this.#replace(from, { state, settings: from.settings });
  }

  noteSettings(from: LogPosition, settings: string): Promise<boolean> {
    return this.#replace(from, { state: from.state, intent: from.intent, settings });
  }

  async queue(limit: number): Promise<QueuedLeaf[]> {
    const found: QueuedLeaf[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.documents.send(
        new QueryCommand({
          TableName: this.table,
          ConsistentRead: true,
          KeyConditionExpression: 'PK = :queue',
          ExpressionAttributeValues: { ':queue': 'QUEUE' },
          Limit: limit,
          ...(start && { ExclusiveStartKey: start }),
        }),
      );
      found.push(...(page.Items ?? []).map((item) => queued.parse(item)).map(({ SK, leaf }) => ({ name: SK, leaf })));
      start = page.LastEvaluatedKey;
    } while (start && found.length < limit);
    return found;
  }

  /** @param names of leaves that the log has */
  async unqueue(names: readonly string[]): Promise<void> {
    await this.#write(names.map((SK) => ({ DeleteRequest: { Key: { PK: 'QUEUE', SK } } })));
  }

  async #replace(
    from: LogPosition,
    next: { state: LogState; intent?: readonly string[] | undefined; settings?: string | undefined },
  ): Promise<boolean> {
    const state = await this.#writeBlob(encodeState(next.state), false);
    const intent = next.intent && (await this.#writeBlob(Buffer.from(next.intent.join('\n')), true));
    const pieces = [state, ...(intent ? [intent] : [])];
    try {
      await this.documents.send(
        new PutCommand({
          TableName: this.table,
          Item: {
            ...positionKey,
            version: from.version + 1,
            state,
            ...(intent && { intent }),
            ...(next.settings !== undefined && { settings: next.settings }),
          },
          ConditionExpression: from.version === 0 ? 'attribute_not_exists(PK)' : 'version = :version',
          ...(from.version > 0 && { ExpressionAttributeValues: { ':version': from.version } }),
        }),
      );
    } catch (error) {
      // Also when an answer was lost and the call was made again: then it is this run's own, which reads it as any other.
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
    for (const piece of from.pieces) if (!pieces.includes(piece)) await this.#deleteBlob(piece);
    return true;
  }

  /** @returns its name, which says what is in it and in how many parts */
  async #writeBlob(bytes: Buffer, expires: boolean): Promise<string> {
    const parts = Array.from({ length: Math.max(1, Math.ceil(bytes.length / partBytes)) }, (_, index) =>
      bytes.subarray(index * partBytes, (index + 1) * partBytes),
    );
    const name = `${createHash('sha256').update(bytes).digest('hex')}:${parts.length}`;
    const ttl = Math.floor(this.clock().getTime() / 1000) + partSeconds;
    for (const [index, piece] of parts.entries())
      await this.documents.send(
        new PutCommand({
          TableName: this.table,
          Item: { ...partKey(name, index), bytes: piece, ...(expires && { ttl }) },
        }),
      );
    return name;
  }

  async #readBlob(name: string): Promise<Buffer | undefined> {
    const [sha256, count] = name.split(':');
    const parts: Uint8Array[] = [];
    for (let index = 0; index < Number(count); index++) {
      const { Item } = await this.documents.send(
        new GetCommand({ TableName: this.table, Key: partKey(name, index), ConsistentRead: true }),
      );
      if (!Item) return undefined;
      parts.push(part.parse(Item).bytes);
    }
    const bytes = Buffer.concat(parts);
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) throw new AuditError('log-contradicted');
    return bytes;
  }

  async #deleteBlob(name: string): Promise<void> {
    const count = Number(name.split(':')[1]);
    await this.#write(Array.from({ length: count }, (_, index) => ({ DeleteRequest: { Key: partKey(name, index) } })));
  }

  async #write(all: readonly { DeleteRequest: { Key: Record<string, unknown> } }[]): Promise<void> {
    for (let first = 0; first < all.length; first += batch) {
      let requests = all.slice(first, first + batch);
      for (let attempt = 1; requests.length > 0; attempt++) {
        if (attempt > attempts) throw new AuditError('not-durable');
        const { UnprocessedItems } = await this.documents.send(
          new BatchWriteCommand({ RequestItems: { [this.table]: requests } }),
        );
        requests = (UnprocessedItems?.[this.table] ?? []) as typeof requests;
      }
    }
  }
}

const partKey = (name: string, index: number) => ({ PK: `BATCH#${name}`, SK: String(index).padStart(6, '0') });
