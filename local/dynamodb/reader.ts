import { Readable } from 'node:stream';
import {
  type Item,
  type Level,
  mapPaths,
  type Range,
  type Request,
  type Store,
  validateKey,
  validateKeyPaths,
} from 'dynalite/db';
import type { Touched } from './capacity';
import { demand, run } from './engine';
import { itemBytes } from './items';
import { indexKey, itemKey, prefixes } from './layout';
import type { Tables } from './tables';

const BATCH_BYTES = 16 * 1024 * 1024;

type TableRequest = Request & { readonly Keys: Item[] };

/** GetItem, BatchGetItem, Query and Scan; each sees one state of the store. */
export class Reader {
  readonly #level: Level;
  readonly #tables: Tables;

  constructor(level: Level, tables: Tables) {
    this.#level = level;
    this.#tables = tables;
  }

  get(request: Request): Promise<Record<string, unknown>> {
    return run('GetItem', this.#store(request), request);
  }

  query(request: Request): Promise<Record<string, unknown>> {
    return run('Query', this.#store(request), request);
  }

  scan(request: Request): Promise<Record<string, unknown>> {
    return run('Scan', this.#store(request), request);
  }

  /** Items come in the order of the store, not of the request: AWS promises none. What exceeds 16 MB is unprocessed. */
  async batchGet(
    requests: ReadonlyMap<string, TableRequest>,
  ): Promise<{ Responses: Record<string, Item[]>; UnprocessedKeys: Record<string, unknown>; items: Touched[] }> {
    const wanted = [...requests].flatMap(([name, request]) => {
      const { table } = this.#tables.get(name);
      demand(validateKeyPaths(request._projection?.nestedPaths, table));
      return request.Keys.map((key) => {
        demand(validateKey(key, table));
        return { name, request, key, place: itemKey(table, key) };
      });
    });
    wanted.sort((a, b) => (a.place < b.place ? -1 : 1));
    const items = (await this.#level.getMany(wanted.map(({ place }) => place))) as (Item | undefined)[];
    const Responses: Record<string, Item[]> = Object.fromEntries([...requests.keys()].map((name) => [name, []]));
    const unprocessed = new Map<string, Item[]>();
    let bytes = 0;
    wanted.forEach(({ name, request, key }, position) => {
      const item = items[position];
      if (!item) return;
      bytes += itemBytes(item);
      if (bytes > BATCH_BYTES) unprocessed.set(name, [...(unprocessed.get(name) ?? []), key]);
      else Responses[name]?.push(request._projection ? mapPaths(request._projection.paths, item) : item);
    });
    const UnprocessedKeys = Object.fromEntries(
      [...unprocessed].map(([name, Keys]) => {
        const { _projection, ...request } = requests.get(name) ?? {};
        return [name, { ...request, Keys }];
      }),
    );
    const touched = wanted.map(({ name }, position) => ({ table: name, item: items[position], use: 'read' as const }));
    return { Responses, UnprocessedKeys, items: touched };
  }

  #store(request: Request): Store {
    const { table } = this.#tables.get(request.TableName);
    const values = (prefix: string, place: (key: Item) => string) => (range: Range) =>
      Readable.from(this.#level.values(within(prefix, range, request, place)), { highWaterMark: 64 });
    return {
      options: { maxItemSize: Number.POSITIVE_INFINITY },
      getTable: (_name, checkStatus, callback) => {
        const answer = typeof checkStatus === 'function' ? checkStatus : callback;
        answer?.(null, table);
      },
      getItemDb: (name) => ({
        get: (key, callback) => {
          this.#level
            .get(prefixes.items(name) + key)
            .then((value) => callback(null, value))
            .catch(callback);
        },
        createValueStream: values(prefixes.items(name), (key) => itemKey(table, key)),
      }),
      getIndexDb: (_type, name, index) => {
        const prefix = prefixes.index(name, index);
        const keySchema = table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === index)?.KeySchema;
        return {
          createValueStream: values(prefix, (key) => prefix + indexKey(table, keySchema ?? table.KeySchema, key)),
        };
      },
    };
  }
}

/**
 * dynalite's range as a range of LevelDB. Where a page continues is computed here, because index entries have our own
 * keys (layout.ts).
 */
function within(prefix: string, range: Range, request: Request, place: (key: Item) => string): Range {
  const { gt, gte, lt, lte, reverse, limit } = range;
  const start = request.ExclusiveStartKey;
  const after = start ? place(start) : undefined;
  const lower: Range =
    after !== undefined && !reverse
      ? { gt: after }
      : gt !== undefined
        ? { gt: prefix + gt }
        : { gte: prefix + (gte ?? '') };
  const upper: Range =
    after !== undefined && reverse
      ? { lt: after }
      : lte !== undefined
        ? { lte: prefix + lte }
        : { lt: prefix + (lt ?? '~') };
  return { ...lower, ...upper, reverse: reverse ?? false, limit: limit ?? -1 };
}
