import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { OutboxLane } from './epoch';

/** An event as the outbox holds it. */
export interface StoredEvent {
  readonly seq: number;
  readonly hash: string;
  readonly line: string;
}
export interface Registration {
  readonly lane: string;
  readonly function: string;
  readonly openedAt: string;
}

const stored = z.object({ SK: z.string(), hash: z.string(), line: z.string() });
const registration = z.object({ SK: z.string(), function: z.string(), openedAt: z.string() });
const inParallel = 32;
const pageEvents = 100;
const sequence = (seq: number): string => String(seq).padStart(12, '0');

/** Reads lanes of the outbox, consistently: what was acknowledged is seen. */
export class OutboxReader {
  constructor(
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
  ) {}

  /** @returns lanes that were registered at `since` or later, by the time in their name (UUIDv7, RFC 9562) */
  async registeredSince(since: Date): Promise<Registration[]> {
    const hex = Math.max(0, since.getTime()).toString(16).padStart(12, '0');
    const found: Registration[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#query('PK = :pk AND SK >= :from', { ':pk': 'LANES', ':from': uuidFloor(hex) }, start);
      found.push(
        ...page.items.map((item) => {
          const { SK, function: name, openedAt } = registration.parse(item);
          return { lane: SK, function: name, openedAt };
        }),
      );
      start = page.next;
    } while (start);
    return found;
  }

  /** @returns the heads of those lanes that have any event */
  async heads(lanes: readonly Registration[]): Promise<OutboxLane[]> {
    const heads: OutboxLane[] = [];
    for (let first = 0; first < lanes.length; first += inParallel)
      heads.push(...(await Promise.all(lanes.slice(first, first + inParallel).map((lane) => this.#head(lane)))).flat());
    return heads;
  }

  /** @returns the newest sequence of a lane, read without its event; 0 when the outbox does not know the lane, or no more */
  async newest(lane: string): Promise<number> {
    const { items } = await this.#query('PK = :pk', { ':pk': `LANE#${lane}` }, undefined, {
      Limit: 1,
      ScanIndexForward: false,
      ProjectionExpression: 'SK',
    });
    return Number(items[0]?.['SK'] ?? 0);
  }

  /** @returns the events of a stretch of a lane that are there, ascending */
  async events(lane: string, from: number, to: number): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#query(
        'PK = :pk AND SK BETWEEN :from AND :to',
        { ':pk': `LANE#${lane}`, ':from': sequence(from), ':to': sequence(to) },
        start,
      );
      events.push(...page.items.map(eventOf));
      start = page.next;
    } while (start);
    return events;
  }

  /** pages of a lane, the newest event first */
  async *backwards(lane: string): AsyncGenerator<readonly StoredEvent[]> {
    let start: Record<string, unknown> | undefined;
    do {
      const page = await this.#query('PK = :pk', { ':pk': `LANE#${lane}` }, start, {
        Limit: pageEvents,
        ScanIndexForward: false,
      });
      yield page.items.map(eventOf);
      start = page.next;
    } while (start);
  }

  async #head({ lane, function: name, openedAt }: Registration): Promise<OutboxLane[]> {
    const { items } = await this.#query('PK = :pk', { ':pk': `LANE#${lane}` }, undefined, {
      Limit: 1,
      ScanIndexForward: false,
    });
    return items.map(eventOf).map(({ seq, hash }) => ({ lane, seq, hash, function: name, openedAt }));
  }

  async #query(
    KeyConditionExpression: string,
    ExpressionAttributeValues: Record<string, string>,
    start: Record<string, unknown> | undefined,
    more: Pick<QueryCommandInput, 'Limit' | 'ScanIndexForward' | 'ProjectionExpression'> = {},
  ): Promise<{ items: Record<string, unknown>[]; next: Record<string, unknown> | undefined }> {
    const { Items = [], LastEvaluatedKey } = await this.documents.send(
      new QueryCommand({
        TableName: this.table,
        ConsistentRead: true,
        KeyConditionExpression,
        ExpressionAttributeValues,
        ...(start && { ExclusiveStartKey: start }),
        ...more,
      }),
    );
    return { items: Items, next: LastEvaluatedKey };
  }
}

function eventOf(item: unknown): StoredEvent {
  const { SK, hash, line } = stored.parse(item);
  return { seq: Number(SK), hash, line };
}

/** the least UUIDv7 of a millisecond */
const uuidFloor = (hex: string): string => `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7000-8000-000000000000`;
