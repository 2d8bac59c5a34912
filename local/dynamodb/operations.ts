import type { Item, Request } from 'dynalite/db';
import type { Access, Authorize, Caller, Operations } from '../service';
import { consumed } from './capacity';
import { describeTable, listTables } from './describe';
import { ITEM_LIMIT_BYTES, invalid, refuseLegacy, validate } from './engine';
import { itemBytes } from './items';
import type { Permissions } from './permissions';
import type { Reader } from './reader';
import type { Streams } from './streams';
import type { Tables } from './tables';
import { parseTransactGet, parseTransactWrite, type TransactionInput, type Transactions } from './transactions';
import type { Write, Writer } from './writer';

interface Parts {
  readonly tables: Tables;
  readonly reader: Reader;
  readonly writer: Writer;
  readonly transactions: Transactions;
  readonly streams: Streams;
  readonly permissions: Permissions;
  readonly authorize: Authorize;
  readonly tableKey: (table: string) => string | undefined;
}

type Input = Readonly<Record<string, unknown>>;
const BATCH_WRITES_LIMIT = 25;

/**
 * The operations that Ward calls. Each first checks its input, then asks IAM for every permission that it needs, and
 * only then looks at tables or items, so that a refusal says nothing about what exists.
 */
export function operations(parts: Parts): Operations {
  const { tables, reader, writer, transactions, streams, permissions, authorize } = parts;
  const ask = (caller: Caller, accesses: Iterable<Access>): void => {
    for (const access of accesses) authorize(caller, access);
  };
  const askTable = (caller: Caller, action: string, input: Input): string => {
    const name = input['TableName'];
    if (typeof name !== 'string')
      throw invalid("Value at 'tableName' failed to satisfy constraint: Member must not be null");
    ask(caller, [permissions.table(action, name)]);
    return name;
  };
  const keysOf = (names: Iterable<string>, use: 'read' | 'write'): Access[] =>
    [...new Set(names)].flatMap((name) => permissions.key(name, use));

  const write = (action: 'PutItem' | 'UpdateItem' | 'DeleteItem') => async (input: Input, caller: Caller) => {
    const request = validate(action, input);
    ask(caller, [permissions.write(action, request), ...keysOf([request.TableName], 'write')]);
    return writer.one({ action, request, returnOld: input['ReturnValuesOnConditionCheckFailure'] === 'ALL_OLD' });
  };
  const askStream = (caller: Caller, action: string, input: Input): void => {
    ask(caller, [{ action: `dynamodb:${action}`, resource: streams.arnOf(input) }]);
  };

  return {
    PutItem: write('PutItem'),
    UpdateItem: write('UpdateItem'),
    DeleteItem: write('DeleteItem'),

    async GetItem(input: Input, caller) {
      const request = validate('GetItem', input);
      ask(caller, [permissions.get(request), ...keysOf([request.TableName], 'read')]);
      return reader.get(request);
    },

    async Query(input: Input, caller) {
      const request = validate('Query', input);
      ask(caller, [permissions.query(request), ...keysOf([request.TableName], 'read')]);
      return reader.query(request);
    },

    async Scan(input: Input, caller) {
      const request = validate('Scan', input);
      ask(caller, [permissions.scan(request), ...keysOf([request.TableName], 'read')]);
      return reader.scan(request);
    },

    async BatchGetItem(input: Input, caller) {
      const requests = batchOf<Request & { Keys: Item[] }>('BatchGetItem', input);
      for (const [table, request] of requests) ask(caller, [permissions.batchGet(table, request, request.Keys)]);
      ask(caller, keysOf(requests.keys(), 'read'));
      const { items, ...answer } = await reader.batchGet(requests);
      return { ...answer, ...consumed(input, items) };
    },

    async BatchWriteItem(input: Input, caller) {
      const requests = batchOf<WriteRequest[]>('BatchWriteItem', input);
      const writes = [...requests].flatMap(([table, members]) => members.map((member) => batchWrite(table, member)));
      if (writes.length > BATCH_WRITES_LIMIT) throw invalid('Too many items requested for the BatchWriteItem call');
      for (const table of requests.keys()) {
        const own = writes.filter(({ request }) => request.TableName === table);
        ask(caller, [
          permissions.batchWrite(
            table,
            own.map(({ request }) => request.Item ?? request.Key ?? {}),
          ),
        ]);
      }
      ask(caller, keysOf(requests.keys(), 'write'));
      const places = writes.map((one) => writer.prepare(one).key);
      if (new Set(places).size < places.length) throw invalid('Provided list of item keys contains duplicates');
      await Promise.all(writes.map((one) => writer.one(one)));
      const items = writes.map(({ request }) => ({
        table: request.TableName,
        item: request.Item,
        use: 'write' as const,
      }));
      return { UnprocessedItems: {}, ...consumed(input, items) };
    },

    async TransactWriteItems(input: TransactionInput & Input, caller) {
      const writes = parseTransactWrite(input);
      ask(
        caller,
        writes.map(({ action, request }) => permissions.write(action, request, 'TransactWriteItems')),
      );
      const tablesOf = (checked: boolean) =>
        writes
          .filter(({ action }) => (action === 'ConditionCheckItem') === checked)
          .map(({ request }) => request.TableName);
      ask(caller, [...keysOf(tablesOf(true), 'read'), ...keysOf(tablesOf(false), 'write')]); // a check only reads
      await transactions.write(writes, input);
      const items = writes.map(({ request }) => ({
        table: request.TableName,
        item: request.Item,
        use: 'write' as const,
      }));
      return consumed(input, items, 2);
    },

    async TransactGetItems(input: TransactionInput & Input, caller) {
      const requests = parseTransactGet(input);
      ask(
        caller,
        requests.map((request) => permissions.get(request, 'TransactGetItems')),
      );
      ask(
        caller,
        keysOf(
          requests.map(({ TableName }) => TableName),
          'read',
        ),
      );
      const { items, ...answer } = await transactions.get(requests);
      return { ...answer, ...consumed(input, items, 2) };
    },

    async DescribeTable(input: Input, caller) {
      return { Table: describeTable(tables, tables.get(askTable(caller, 'DescribeTable', input)), parts.tableKey) };
    },

    async ListTables(input: Input, caller) {
      ask(caller, [{ action: 'dynamodb:ListTables', resource: '*' }]);
      return listTables(tables, input);
    },

    async DescribeTimeToLive(input: Input, caller) {
      const { timeToLive } = tables.get(askTable(caller, 'DescribeTimeToLive', input));
      const TimeToLiveDescription =
        timeToLive === undefined
          ? { TimeToLiveStatus: 'DISABLED' }
          : { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive };
      return { TimeToLiveDescription };
    },

    async DescribeContinuousBackups(input: Input, caller) {
      const { pointInTimeRecovery } = tables.get(askTable(caller, 'DescribeContinuousBackups', input));
      const status = pointInTimeRecovery ? 'ENABLED' : 'DISABLED';
      const PointInTimeRecoveryDescription = { PointInTimeRecoveryStatus: status };
      return { ContinuousBackupsDescription: { ContinuousBackupsStatus: 'ENABLED', PointInTimeRecoveryDescription } };
    },

    async ListStreams(input: Input, caller) {
      ask(caller, [{ action: 'dynamodb:ListStreams', resource: '*' }]);
      return streams.list(input);
    },

    async DescribeStream(input: Input, caller) {
      askStream(caller, 'DescribeStream', input);
      return streams.describe(input);
    },

    async GetShardIterator(input: Input, caller) {
      askStream(caller, 'GetShardIterator', input);
      return streams.iterator(input);
    },

    async GetRecords(input: Input, caller) {
      askStream(caller, 'GetRecords', input);
      ask(caller, keysOf([streams.tableOf(input)], 'read'));
      return streams.records(input);
    },
  };
}

interface WriteRequest {
  readonly PutRequest?: { readonly Item: Item };
  readonly DeleteRequest?: { readonly Key: Item };
}

function batchWrite(TableName: string, member: WriteRequest): Write {
  const { PutRequest: put, DeleteRequest: remove } = member;
  // Checked before the first item is written: a batch whose form is wrong writes nothing.
  if (put && itemBytes(put.Item) > ITEM_LIMIT_BYTES) throw invalid('Item size has exceeded the maximum allowed size');
  if (put && !remove) return { action: 'PutItem', request: { TableName, Item: put.Item }, returnOld: false };
  if (remove && !put) return { action: 'DeleteItem', request: { TableName, Key: remove.Key }, returnOld: false };
  throw invalid('A write request must hold one PutRequest or DeleteRequest');
}

/** A batch's requests by table, checked. */
function batchOf<T>(operation: 'BatchGetItem' | 'BatchWriteItem', input: Input): Map<string, T> {
  for (const part of Object.values(input['RequestItems'] ?? {}))
    if (typeof part === 'object' && part) refuseLegacy(part);
  // validate() checks that each entry has the shape that the operation documents
  const { RequestItems } = validate(operation, input) as { readonly RequestItems?: Record<string, T> };
  return new Map(Object.entries(RequestItems ?? {}));
}
