import {
  checkConditional,
  type Item,
  type Level,
  type Operation,
  type Request,
  type Store,
  type TableDescription,
  validateItem,
  validateKey,
} from 'dynalite/db';
import { ServiceError } from '../service';
import { asServiceError, demand, ITEM_LIMIT_BYTES, invalid, run } from './engine';
import { itemBytes, sameItem } from './items';
import type { Journal } from './journal';
import { derivedEntries, expiresAt, itemKey } from './layout';
import type { Locks } from './locks';
import { type Change, streamRecord } from './streams';
import type { Table, Tables } from './tables';

export type WriteAction = 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'ConditionCheckItem';

/** One validated write of one item. */
export interface Write {
  readonly action: WriteAction;
  readonly request: Request;
  /** `ReturnValuesOnConditionCheckFailure` is `ALL_OLD` */
  readonly returnOld: boolean;
  /** Deletes only what has expired by then, in seconds since 1970: the item may have been renewed since it was found. */
  readonly expiredBefore?: number;
}

export interface Prepared {
  readonly write: Write;
  readonly table: Table;
  readonly key: string;
}

export interface Outcome {
  readonly change: Change;
  readonly key: string;
  readonly response: Record<string, unknown>;
}

/** Why an item of a transaction was not written, and the item where the request asked for it. */
export class Refusal {
  constructor(
    readonly error: ServiceError,
    readonly old: Item | undefined,
  ) {}
}

/** Whether a write may be committed. */
export const isOutcome = (result: Outcome | Refusal | undefined): result is Outcome =>
  result !== undefined && !(result instanceof Refusal);

/** Applies writes: an item, its index entries, its stream record and what the caller adds land in one batch. */
export class Writer {
  readonly #level: Level;
  readonly #tables: Tables;
  readonly #journal: Journal;
  readonly #locks: Locks;
  readonly #clock: () => number;
  readonly #region: string;
  readonly #changed: (tables: ReadonlySet<string>) => void;

  constructor(parts: {
    level: Level;
    tables: Tables;
    journal: Journal;
    locks: Locks;
    clock: () => number;
    region: string;
    changed: (tables: ReadonlySet<string>) => void;
  }) {
    this.#level = parts.level;
    this.#tables = parts.tables;
    this.#journal = parts.journal;
    this.#locks = parts.locks;
    this.#clock = parts.clock;
    this.#region = parts.region;
    this.#changed = parts.changed;
  }

  /** @throws ServiceError when the item's key or the table does not fit */
  prepare(write: Write): Prepared {
    const table = this.#tables.get(write.request.TableName);
    const item = (write.action === 'PutItem' ? write.request.Item : write.request.Key) ?? {};
    demand(write.action === 'PutItem' ? validateItem(item, table.table) : validateKey(item, table.table));
    return { write, table, key: itemKey(table.table, item) };
  }

  /** Writes one item. @returns the operation's answer @throws ServiceError such as ConditionalCheckFailedException */
  async one(write: Write): Promise<Record<string, unknown>> {
    const prepared = this.prepare(write);
    return this.#locks.hold([prepared.key], async () => {
      const [old] = (await this.#level.getMany([prepared.key])) as (Item | undefined)[];
      const result = await this.#apply(prepared, old);
      if (result instanceof Refusal) {
        const { code, message, status } = result.error;
        throw new ServiceError(code, message, status, result.old ? { Item: result.old } : {});
      }
      await this.commit([result], []);
      return result.response;
    });
  }

  /** Deletes an item that has expired, unless it has changed since. @returns 1 when it is gone, 0 when it stays */
  async expire(table: string, key: unknown, now: number): Promise<number> {
    const prepared = this.prepare({
      action: 'DeleteItem',
      request: { TableName: table, Key: key as Item },
      returnOld: false,
      expiredBefore: now,
    });
    return this.#locks.hold([prepared.key], async () => {
      const outcomes = (await this.judge([prepared])).filter(isOutcome);
      await this.commit(outcomes, []);
      return outcomes.filter(({ change }) => change.before !== change.after).length;
    });
  }

  /**
   * Judges all writes against one state and keeps the first reason of each that fails. The caller holds their locks.
   *
   * @returns an outcome or a refusal for every write, in order
   */
  async judge(writes: readonly Prepared[]): Promise<(Outcome | Refusal)[]> {
    const olds = (await this.#level.getMany(writes.map(({ key }) => key))) as (Item | undefined)[];
    return Promise.all(writes.map((prepared, position) => this.#apply(prepared, olds[position])));
  }

  /** Writes outcomes and further operations in one batch, then tells who listens for stream records. */
  async commit(outcomes: readonly Outcome[], further: readonly Operation[]): Promise<void> {
    const changed = outcomes.filter(({ change }) => change.before !== change.after);
    if (changed.length === 0 && further.length === 0) return;
    const streaming = new Set<string>();
    await this.#journal.write((next) => {
      const operations = [...further];
      const at = { region: this.#region, seconds: this.#clock() / 1000 };
      for (const { change, key } of changed) {
        const { table, before, after } = change;
        operations.push(after ? { type: 'put', key, value: after } : { type: 'del', key });
        const entries = derivedEntries(table.table, table.timeToLive, after);
        for (const old of derivedEntries(table.table, table.timeToLive, before).keys())
          if (!entries.has(old)) operations.push({ type: 'del', key: old });
        for (const [entry, value] of entries) operations.push({ type: 'put', key: entry, value });
        if (!table.stream) continue;
        operations.push({ type: 'put', ...streamRecord(change, next(), at) });
        streaming.add(table.table.TableName);
      }
      return operations;
    });
    if (streaming.size > 0) this.#changed(streaming);
  }

  async #apply(prepared: Prepared, old: Item | undefined): Promise<Outcome | Refusal> {
    const { write, table, key } = prepared;
    const unchanged = { key, change: { table, before: old, after: old, byTimeToLive: false }, response: {} };
    if (write.expiredBefore !== undefined) {
      const expiry = expiresAt(old, table.timeToLive);
      if (expiry === undefined || expiry >= write.expiredBefore) return unchanged;
    }
    try {
      if (write.action === 'ConditionCheckItem') {
        demand(checkConditional(write.request, old));
        return unchanged;
      }
      const stage = new Stage(table, old);
      const response = await run(write.action, stage.store, write.request);
      const after = stage.item;
      if (itemBytes(after) > ITEM_LIMIT_BYTES)
        throw invalid(
          write.action === 'UpdateItem'
            ? 'Item size to update has exceeded the maximum allowed size'
            : 'Item size has exceeded the maximum allowed size',
        );
      refuseEmptyIndexKey(table.table, after);
      const change = {
        table,
        before: old,
        after: sameItem(old, after) ? old : after,
        byTimeToLive: write.expiredBefore !== undefined,
      };
      return { key, change, response };
    } catch (error) {
      const refused = asServiceError(error);
      if (!(refused instanceof ServiceError)) throw refused;
      const shown = write.returnOld && refused.code === 'ConditionalCheckFailedException' ? old : undefined;
      return new Refusal(refused, shown);
    }
  }
}

function refuseEmptyIndexKey(table: TableDescription, item: Item | undefined): void {
  for (const { KeySchema } of table.GlobalSecondaryIndexes ?? [])
    for (const { AttributeName } of KeySchema) {
      const value = item?.[AttributeName];
      if (value?.S === '' || value?.B === '')
        throw invalid(`One or more parameter values are not valid. The index key ${AttributeName} cannot be empty`);
    }
}

/** A store of one item, on which dynalite's action works as if it were LevelDB; nothing is written. */
class Stage {
  item: Item | undefined;
  readonly store: Store;

  constructor(table: Table, old: Item | undefined) {
    this.item = old;
    const nothing = { put: done, del: done };
    this.store = {
      options: { maxItemSize: Number.POSITIVE_INFINITY },
      getTable: (_name, checkStatus, callback) => {
        const answer = typeof checkStatus === 'function' ? checkStatus : callback;
        answer?.(null, table.table);
      },
      getItemDb: () => ({
        lock: (_key, work) => work((callback) => callback),
        get: (_key, callback) => callback(null, old),
        put: (_key, item, callback) => {
          this.item = item as Item;
          callback(null);
        },
        del: (_key, callback) => {
          this.item = undefined;
          callback(null);
        },
      }),
      getIndexDb: () => nothing,
    };
  }
}

/** Index entries are derived when the outcome is committed (layout.ts). */
function done(_key: string, ...rest: unknown[]): void {
  const callback = rest.at(-1);
  if (typeof callback === 'function') callback(null);
}
