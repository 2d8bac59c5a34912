import { mkdirSync } from 'node:fs';
import { create, type Level } from 'dynalite/db';
import { type Authorize, awsJson, type Call, type Reply, type Service } from '../service';
import type { TableDefinition } from './definition';
import { Journal } from './journal';
import { expiryTime, prefixes } from './layout';
import { Locks } from './locks';
import { operations } from './operations';
import { Permissions } from './permissions';
import { Reader } from './reader';
import { type StreamRecord, Streams } from './streams';
import { Tables } from './tables';
import { Transactions } from './transactions';
import { Writer } from './writer';

export interface DynamoDbOptions {
  /** LevelDB's folder; in memory when absent */
  readonly directory?: string;
  readonly authorize: Authorize;
  /** milliseconds since 1970 */
  readonly clock?: () => number;
  readonly region: string;
  readonly account: string;
  /** ARN of the customer's key that encrypts a table, by the table's name */
  readonly tableKey?: (table: string) => string | undefined;
}

/** TTL leaves alone what expired more than five years ago, as AWS does: most likely it is no time at all. */
const TTL_HORIZON_SECONDS = 5 * 365 * 86_400;

/** DynamoDB of the laptop cloud: dynalite's validation and expressions over one LevelDB. */
export class DynamoDb implements Service {
  readonly name = 'DYNAMODB';
  readonly #level: Level;
  readonly #journal: Journal;
  readonly #tables: Tables;
  readonly #streams: Streams;
  readonly #writer: Writer;
  readonly #transactions: Transactions;
  readonly #clock: () => number;
  readonly #answer: (call: Call) => Promise<Reply>;
  readonly #ready: Promise<void>;
  readonly #listeners = new Set<(table: string) => void>();

  constructor(options: DynamoDbOptions) {
    const { directory, region, account, clock = Date.now } = options;
    if (directory !== undefined) mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#clock = clock;
    const level = create({ path: directory }).db;
    this.#level = level;
    this.#journal = new Journal(level);
    this.#tables = new Tables(level, { clock, region, account });
    this.#streams = new Streams(level, this.#tables, () => this.#journal.landed, clock);
    const locks = new Locks();
    const shared = { level, tables: this.#tables, locks, clock };
    this.#writer = new Writer({ ...shared, region, journal: this.#journal, changed: (names) => this.#notify(names) });
    this.#transactions = new Transactions({ ...shared, writer: this.#writer });
    const tableKey = options.tableKey ?? (() => undefined);
    this.#answer = awsJson(
      'dynamodb',
      '1.0',
      operations({
        tables: this.#tables,
        reader: new Reader(level, this.#tables),
        writer: this.#writer,
        transactions: this.#transactions,
        streams: this.#streams,
        permissions: new Permissions({ tables: this.#tables, region, account, tableKey }),
        authorize: options.authorize,
        tableKey,
      }),
    );
    this.#ready = this.#open();
    this.#ready.catch(() => {}); // whoever calls first hears of it
  }

  async #open(): Promise<void> {
    await this.#level.open();
    await this.#journal.open();
    await this.#tables.open();
  }

  async handle(call: Call): Promise<Reply> {
    await this.#ready;
    return this.#answer(call);
  }

  /**
   * Creates a table or brings it up to its definition; call it before the table is served.
   *
   * @param definition `Properties` of an AWS::DynamoDB::GlobalTable with its references resolved
   * @throws Error that names the table and what differs when it exists with another key, or what the definition lacks
   */
  async ensureTable(definition: TableDefinition): Promise<void> {
    await this.#ready;
    await this.#tables.ensure(definition);
  }

  /**
   * Stream records of a table, oldest first, in the form that Lambda gives to a function.
   *
   * @param after the sequence number of the last record that was seen; undefined for all that are kept
   */
  async readStream(table: string, after: string | undefined, limit: number): Promise<StreamRecord[]> {
    await this.#ready;
    return this.#streams.read(table, after, limit);
  }

  /** ARN of a table's stream, as `Fn::GetAtt StreamArn` gives it; undefined while the stream is off. */
  streamArn(table: string): string | undefined {
    return this.#tables.streamArn(this.#tables.get(table));
  }

  /** Calls back with a table's name after records of its stream are on disk. @returns ends it */
  onStream(listener: (table: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #notify(tables: ReadonlySet<string>): void {
    // A listener that throws must not turn a write that is on disk into one that failed.
    for (const table of tables) for (const listener of this.#listeners) queueMicrotask(() => listener(table));
  }

  /** Deletes what TTL lets expire and forgets old idempotency tokens. @returns the number of deleted items */
  async sweepExpired(): Promise<number> {
    await this.#ready;
    await this.#transactions.forgetTokens();
    const now = this.#clock() / 1000;
    let deleted = 0;
    for (const { table, timeToLive } of this.#tables.all()) {
      if (timeToLive === undefined) continue;
      const prefix = prefixes.expiry(table.TableName);
      const range = { gte: prefix + expiryTime(Math.max(0, now - TTL_HORIZON_SECONDS)), lt: prefix + expiryTime(now) };
      for await (const key of this.#level.values(range))
        deleted += await this.#writer.expire(table.TableName, key, now);
    }
    return deleted;
  }

  /** Forgets stream records older than an age in milliseconds; AWS does so after 24 hours. */
  async trimStreams(olderThanMs: number): Promise<void> {
    await this.#ready;
    await this.#streams.trim(olderThanMs);
  }

  /** What was acknowledged is on disk before this resolves. */
  async close(): Promise<void> {
    await this.#ready.catch(() => {});
    await this.#journal.idle();
    await this.#level.close();
  }
}
