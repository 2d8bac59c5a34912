import { createHash } from 'node:crypto';
import {
  createKey,
  type Item,
  type Level,
  mapPaths,
  type Operation,
  type Request,
  validateKey,
  validateKeyPaths,
} from 'dynalite/db';
import { ServiceError } from '../service';
import type { Touched } from './capacity';
import { demand, invalid, validate } from './engine';
import { itemBytes } from './items';
import { itemKey, prefixes, under } from './layout';
import type { Locks } from './locks';
import type { Tables } from './tables';
import { isOutcome, type Prepared, Refusal, type Write, type WriteAction, type Writer } from './writer';

const ITEMS_LIMIT = 100;
const BYTES_LIMIT = 4 * 1024 * 1024;
const TOKEN_LIFETIME_MS = 10 * 60 * 1000;

const kinds = {
  Put: { action: 'PutItem', rules: 'PutItem' },
  Update: { action: 'UpdateItem', rules: 'UpdateItem' },
  Delete: { action: 'DeleteItem', rules: 'DeleteItem' },
  ConditionCheck: { action: 'ConditionCheckItem', rules: 'DeleteItem' },
} as const satisfies Record<string, { action: WriteAction; rules: string }>;

const isKind = (name: string): name is keyof typeof kinds => Object.hasOwn(kinds, name);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function membersOf(input: { TransactItems?: unknown }): Record<string, unknown>[] {
  const items = input.TransactItems;
  if (!Array.isArray(items) || items.length < 1 || items.length > ITEMS_LIMIT)
    throw invalid(
      `1 validation error detected: Value at 'transactItems' failed to satisfy constraint: Member must have length between 1 and ${ITEMS_LIMIT}`,
    );
  return items.map((item) => {
    if (isObject(item)) return item;
    throw invalid('TransactItems must hold objects');
  });
}

export interface TransactionInput {
  readonly TransactItems?: unknown;
  readonly ClientRequestToken?: unknown;
  readonly ReturnConsumedCapacity?: unknown;
}

/** @throws ServiceError ValidationException when an item is not one valid Put, Update, Delete or ConditionCheck */
export function parseTransactWrite(input: TransactionInput): Write[] {
  return membersOf(input).map((member) => {
    const [name, ...others] = Object.keys(member);
    const body = name === undefined ? undefined : member[name];
    if (name === undefined || others.length > 0 || !isKind(name) || !isObject(body))
      throw invalid('TransactItems can only contain one of Check, Put, Update or Delete');
    const { action, rules } = kinds[name];
    const { ReturnValuesOnConditionCheckFailure: shown, ReturnValues: _none, ...rest } = body;
    const request = validate(rules, rest);
    if (action === 'ConditionCheckItem' && !request._condition)
      throw invalid('A ConditionCheck needs a ConditionExpression');
    return { action, request, returnOld: shown === 'ALL_OLD' };
  });
}

/** @throws ServiceError ValidationException when an item is not one valid Get */
export function parseTransactGet(input: TransactionInput): Request[] {
  return membersOf(input).map((member) => {
    if (!isObject(member['Get'])) throw invalid('TransactItems can only contain Get');
    return validate('GetItem', member['Get']);
  });
}

interface Token {
  readonly digest: string;
  readonly at: number;
}

/** TransactWriteItems and TransactGetItems: all or nothing, across tables. */
export class Transactions {
  readonly #level: Level;
  readonly #tables: Tables;
  readonly #locks: Locks;
  readonly #writer: Writer;
  readonly #clock: () => number;

  constructor(parts: { level: Level; tables: Tables; locks: Locks; writer: Writer; clock: () => number }) {
    this.#level = parts.level;
    this.#tables = parts.tables;
    this.#locks = parts.locks;
    this.#writer = parts.writer;
    this.#clock = parts.clock;
  }

  /**
   * @returns nothing: the same answer to a repetition with the same token within ten minutes, which writes nothing again
   * @throws ServiceError TransactionCanceledException with one reason an item, in order, or
   *   IdempotentParameterMismatchException when the token was used for another transaction
   */
  async write(writes: readonly Write[], input: TransactionInput): Promise<void> {
    const tokenKey =
      typeof input.ClientRequestToken === 'string' ? prefixes.tokens + input.ClientRequestToken : undefined;
    const digest = createHash('sha256').update(JSON.stringify(input.TransactItems)).digest('hex');
    const keys = this.#keysOf(writes);
    await this.#locks.hold(tokenKey ? [...keys, tokenKey] : keys, async () => {
      if (tokenKey && (await this.#wasDone(tokenKey, digest))) return;
      const prepared = writes.map((write) => {
        try {
          return this.#writer.prepare(write);
        } catch (error) {
          if (error instanceof ServiceError && error.code === 'ValidationException')
            return new Refusal(error, undefined);
          throw error;
        }
      });
      const sound = prepared.filter((one): one is Prepared => !(one instanceof Refusal));
      const judged = await this.#writer.judge(sound);
      const results = prepared.map((one) => (one instanceof Refusal ? one : judged.shift()));
      const outcomes = results.filter(isOutcome);
      if (outcomes.length < results.length)
        throw cancelled(results.map((one) => (one instanceof Refusal ? one : undefined)));
      const bytes = outcomes.reduce((sum, { change }) => sum + itemBytes(change.after ?? change.before), 0);
      if (bytes > BYTES_LIMIT) throw invalid('Collection size exceeded: a transaction can hold at most 4 MB');
      const token: Operation[] = tokenKey
        ? [{ type: 'put', key: tokenKey, value: { digest, at: this.#clock() } satisfies Token }]
        : [];
      await this.#writer.commit(outcomes, token);
    });
  }

  /** Reads all items from one state: no transaction is seen half. */
  async get(requests: readonly Request[]): Promise<{ Responses: { Item?: Item }[]; items: Touched[] }> {
    const keys = requests.map((request) => {
      const { table } = this.#tables.get(request.TableName);
      demand(validateKey(request.Key ?? {}, table));
      demand(validateKeyPaths(request._projection?.nestedPaths, table));
      return itemKey(table, request.Key ?? {});
    });
    const items = (await this.#level.getMany(keys)) as (Item | undefined)[];
    if (items.reduce((sum, item) => sum + itemBytes(item), 0) > BYTES_LIMIT)
      throw invalid('Collection size exceeded: a transaction can hold at most 4 MB');
    const Responses = requests.map((request, position) => {
      const item = items[position];
      if (!item) return {};
      return { Item: request._projection ? mapPaths(request._projection.paths, item) : item };
    });
    const touched = requests.map(({ TableName }, position) => ({
      table: TableName,
      item: items[position],
      use: 'read' as const,
    }));
    return { Responses, items: touched };
  }

  /** Forgets tokens past their ten minutes. */
  async forgetTokens(): Promise<void> {
    for await (const [key, value] of this.#level.iterator(under(prefixes.tokens)))
      if ((value as Token).at <= this.#clock() - TOKEN_LIFETIME_MS)
        await this.#locks.hold([key], async () => {
          const token = (await this.#level.get(key)) as Token | undefined;
          if (token && token.at <= this.#clock() - TOKEN_LIFETIME_MS)
            await this.#writer.commit([], [{ type: 'del', key }]);
        });
  }

  /** The items' places, for the locks; an item whose key does not fit its table has none and is refused later. */
  #keysOf(writes: readonly Write[]): string[] {
    const keys: string[] = [];
    for (const { request } of writes) {
      const { table } = this.#tables.get(request.TableName);
      const named = request.Item ?? request.Key ?? {};
      const key = Object.fromEntries(
        table.KeySchema.map(({ AttributeName }) => [AttributeName, named[AttributeName] ?? {}]),
      );
      if (!validateKey(key, table)) keys.push(prefixes.items(table.TableName) + createKey(key, table));
    }
    if (new Set(keys).size < keys.length)
      throw invalid('Transaction request cannot include multiple operations on one item');
    return keys;
  }

  async #wasDone(tokenKey: string, digest: string): Promise<boolean> {
    const token = (await this.#level.get(tokenKey)) as Token | undefined;
    if (!token || token.at <= this.#clock() - TOKEN_LIFETIME_MS) return false;
    if (token.digest === digest) return true;
    throw new ServiceError(
      'IdempotentParameterMismatchException',
      'The request token was used with different parameters within the last ten minutes',
    );
  }
}

function cancelled(refusals: readonly (Refusal | undefined)[]): ServiceError {
  const CancellationReasons = refusals.map((refusal) => {
    if (!refusal) return { Code: 'None' };
    const { code, message } = refusal.error;
    return {
      Code: code === 'ValidationException' ? 'ValidationError' : code.replace(/Exception$/, ''),
      Message: message,
      ...(refusal.old ? { Item: refusal.old } : {}),
    };
  });
  const codes = CancellationReasons.map(({ Code }) => Code).join(', ');
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return new ServiceError('TransactionCanceledException', message, 400, { Message: message, CancellationReasons });
}
