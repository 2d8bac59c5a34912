import { randomUUID } from 'node:crypto';
import type { Item, Level, Operation, TableDescription } from 'dynalite/db';
import { ServiceError } from '../service';
import { type Definition, parseDefinition, type TableDefinition } from './definition';
import { derivedEntries, prefixes, under } from './layout';

/** What is stored of a table beside its items. */
export interface Table extends Definition {
  readonly id: string;
  readonly createdAt: number;
  /** names the stream, as in the last part of its ARN; a stream that is switched off and on gets another */
  readonly streamLabel: string | undefined;
  /** false while indexes are being built: a start that was killed then builds them again */
  readonly built: boolean;
}

const BATCH_OPERATIONS = 1000;

/** The tables of one account and Region, kept in memory and in LevelDB. */
export class Tables {
  readonly #level: Level;
  readonly #clock: () => number;
  readonly #region: string;
  readonly #account: string;
  readonly #tables = new Map<string, Table>();

  constructor(level: Level, options: { clock: () => number; region: string; account: string }) {
    this.#level = level;
    this.#clock = options.clock;
    this.#region = options.region;
    this.#account = options.account;
  }

  async open(): Promise<void> {
    for await (const table of this.#level.values(under(prefixes.tables)))
      this.#tables.set((table as Table).table.TableName, table as Table);
  }

  arn = (name: string): string => `arn:aws:dynamodb:${this.#region}:${this.#account}:table/${name}`;

  indexArn = (name: string, index: string): string => `${this.arn(name)}/index/${index}`;

  streamArn = (table: Table): string | undefined =>
    table.streamLabel === undefined ? undefined : `${this.arn(table.table.TableName)}/stream/${table.streamLabel}`;

  find = (name: string): Table | undefined => this.#tables.get(name);

  /** @throws ServiceError ResourceNotFoundException */
  get(name: string): Table {
    const table = this.#tables.get(name);
    if (!table) throw new ServiceError('ResourceNotFoundException', 'Requested resource not found');
    return table;
  }

  /** every table, by name */
  all(): Table[] {
    return [...this.#tables.values()].sort((a, b) => (a.table.TableName < b.table.TableName ? -1 : 1));
  }

  /**
   * Creates a table, or brings an existing one up to its definition: indexes and TTL are built from the items.
   *
   * @throws Error naming the table and what differs when the existing table has another key
   */
  async ensure(input: TableDefinition): Promise<void> {
    const definition = parseDefinition(input, this.#region);
    const name = definition.table.TableName;
    const existing = this.#tables.get(name);
    if (existing) refuseOtherKey(existing.table, definition.table);
    const sameStream = existing !== undefined && existing.stream === definition.stream;
    const label = sameStream ? existing.streamLabel : new Date(this.#clock()).toISOString().slice(0, 23);
    const table: Table = {
      ...definition,
      id: existing?.id ?? randomUUID(),
      createdAt: existing?.createdAt ?? this.#clock() / 1000,
      streamLabel: definition.stream ? label : undefined,
      built: true,
    };
    if (existing && !(existing.built && derivation(existing) === derivation(table))) {
      await this.#store({ ...existing, built: false });
      await this.#rebuild(existing, table);
    }
    if (JSON.stringify(existing) !== JSON.stringify(table)) await this.#store(table);
    this.#tables.set(name, table);
  }

  #store(table: Table): Promise<void> {
    return this.#level.batch([{ type: 'put', key: prefixes.tables + table.table.TableName, value: table }]);
  }

  async #rebuild(existing: Table, table: Table): Promise<void> {
    const name = table.table.TableName;
    for (const { IndexName } of [
      ...(existing.table.GlobalSecondaryIndexes ?? []),
      ...(table.table.GlobalSecondaryIndexes ?? []),
    ])
      await this.#level.clear(under(prefixes.index(name, IndexName)));
    await this.#level.clear(under(prefixes.expiry(name)));
    let operations: Operation[] = [];
    for await (const item of this.#level.values(under(prefixes.items(name)))) {
      for (const [key, value] of derivedEntries(table.table, table.timeToLive, item as Item))
        operations.push({ type: 'put', key, value });
      if (operations.length < BATCH_OPERATIONS) continue;
      await this.#level.batch(operations);
      operations = [];
    }
    if (operations.length > 0) await this.#level.batch(operations);
  }
}

/** what the index and expiry entries are computed from */
const derivation = ({ table, timeToLive }: Table): string =>
  JSON.stringify([table.GlobalSecondaryIndexes ?? [], typesOf(table), timeToLive]);

const typesOf = (table: TableDescription): string[] =>
  table.AttributeDefinitions.map(({ AttributeName, AttributeType }) => `${AttributeName} ${AttributeType}`).sort();

function refuseOtherKey(existing: TableDescription, wanted: TableDescription): void {
  const describe = (table: TableDescription): string =>
    table.KeySchema.map(({ AttributeName, KeyType }) => {
      const type = table.AttributeDefinitions.find((one) => one.AttributeName === AttributeName)?.AttributeType;
      return `${AttributeName} (${KeyType}, ${type})`;
    }).join(', ');
  if (describe(existing) !== describe(wanted))
    throw new Error(
      `table ${wanted.TableName} exists with the key ${describe(existing)}, the definition has ${describe(wanted)}; ` +
        'a key cannot be changed: rename the table, or clear the local state',
    );
}
