import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  ExecuteStatementCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';
import { itemBytes, sameItem } from '../../../local/dynamodb/items';
import { arn, failure, type Harness, records, start } from './harness';

let harness: Harness;
beforeEach(async () => {
  harness = await start();
});
afterEach(() => harness.close());

const TableName = 'records';
const key = { pk: { S: 'P#1' }, sk: { S: 'C#notes#1' } };
const read = (Key: Record<string, { S: string }> = key) =>
  harness.client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true })).then(({ Item }) => Item);
const put = (attributes: Record<string, { S: string } | { N: string } | { B: Uint8Array }>) =>
  harness.client.send(new PutItemCommand({ TableName, Item: { ...key, ...attributes } }));

describe('items', () => {
  test('every type of attribute comes back as it was put, binary included', async () => {
    const Item = {
      ...key,
      bytes: { B: new Uint8Array([0, 1, 254, 255]) },
      sets: { BS: [new Uint8Array([7])] },
      empty: { S: '' },
      number: { N: '-12.5' },
      list: { L: [{ S: 'a' }, { M: { deep: { BOOL: true } } }, { NULL: true as const }] },
      names: { SS: ['é', '𝄞'] },
    };
    await harness.client.send(new PutItemCommand({ TableName, Item }));
    expect(await read()).toEqual(Item);
  });

  test('a condition that fails writes nothing and shows the item when asked for ALL_OLD', async () => {
    await put({ version: { N: '1' } });
    const error = await failure(
      harness.client.send(
        new PutItemCommand({
          TableName,
          Item: { ...key, version: { N: '2' } },
          ConditionExpression: 'attribute_not_exists(pk)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      ),
    );
    expect(error.name).toBe('ConditionalCheckFailedException');
    expect(error['Item']).toEqual({ ...key, version: { N: '1' } });
    expect((await read())?.['version']).toEqual({ N: '1' });
  });

  test('an update sets, counts and removes, and removes list elements by their index before the update', async () => {
    await harness.client.send(
      new PutItemCommand({
        TableName,
        Item: { ...key, list: { L: [{ S: '0' }, { S: '1' }, { S: '2' }, { S: '3' }] }, stale: { S: 'x' } },
      }),
    );
    const { Attributes } = await harness.client.send(
      new UpdateItemCommand({
        TableName,
        Key: key,
        UpdateExpression: 'REMOVE #l[0], #l[2], stale SET title = if_not_exists(title, :t) ADD hits :one',
        ExpressionAttributeNames: { '#l': 'list' },
        ExpressionAttributeValues: { ':t': { S: 'new' }, ':one': { N: '1' } },
        ReturnValues: 'ALL_NEW',
      }),
    );
    expect(Attributes).toEqual({
      ...key,
      list: { L: [{ S: '1' }, { S: '3' }] },
      title: { S: 'new' },
      hits: { N: '1' },
    });
  });

  test('a delete gives back what it deleted', async () => {
    await put({ title: { S: 't' } });
    const { Attributes } = await harness.client.send(
      new DeleteItemCommand({ TableName, Key: key, ReturnValues: 'ALL_OLD' }),
    );
    expect(Attributes).toEqual({ ...key, title: { S: 't' } });
    expect(await read()).toBeUndefined();
  });

  test('an item may hold 400 KB, counted in bytes and not in characters', async () => {
    const room = 409_600 - itemBytes({ ...key }) - 'text'.length;
    await put({ text: { S: 'a'.repeat(room) } });
    for (const text of ['a'.repeat(room + 1), 'é'.repeat(room - 10)])
      expect((await failure(put({ text: { S: text } }))).name).toBe('ValidationException');
    const grow = new UpdateItemCommand({
      TableName,
      Key: key,
      UpdateExpression: 'SET more = :m',
      ExpressionAttributeValues: { ':m': { S: 'b' } },
    });
    expect((await failure(harness.client.send(grow))).message).toMatch('exceeded the maximum');
    expect(Object.keys((await read()) ?? {}).sort()).toEqual(['pk', 'sk', 'text']);
  });

  test('comparing a whole map or list is refused, since the engine would answer wrongly', async () => {
    const error = await failure(
      harness.client.send(
        new DeleteItemCommand({
          TableName,
          Key: key,
          ConditionExpression: 'attribute_exists(pk) AND NOT m <> :m',
          ExpressionAttributeValues: { ':m': { M: {} } },
        }),
      ),
    );
    expect(error.message).toMatch('not emulated');
  });

  test('of a hundred conditional writers at once exactly one wins', async () => {
    const attempts = Array.from({ length: 100 }, async (_, writer) => {
      const Item = { ...key, writer: { N: String(writer) } };
      const { status } = await harness.call('PutItem', {
        TableName,
        Item,
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      return status;
    });
    const results = await Promise.all(attempts);
    expect(results.filter((status) => status === 200)).toHaveLength(1);
    expect(results.filter((status) => status === 400)).toHaveLength(99);
    expect((await read())?.['writer']).toEqual({ N: String(results.indexOf(200)) });
  });

  test('a hundred increments at once are all counted', async () => {
    const add = {
      TableName,
      Key: key,
      UpdateExpression: 'ADD n :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    };
    await Promise.all(Array.from({ length: 100 }, () => harness.call('UpdateItem', add)));
    expect((await read())?.['n']).toEqual({ N: '100' });
  });
});

describe('queries and scans', () => {
  const fill = (count: number, attributes: (position: number) => Record<string, { S: string } | { N: string }>) =>
    Promise.all(
      Array.from({ length: count }, (_, position) =>
        harness.client.send(
          new PutItemCommand({
            TableName,
            Item: { pk: { S: 'P#1' }, sk: { S: `E#${String(position).padStart(4, '0')}` }, ...attributes(position) },
          }),
        ),
      ),
    );

  test('a query pages through a range in either direction and leaves nothing out', async () => {
    await fill(25, (n) => ({ n: { N: String(n) } }));
    for (const ScanIndexForward of [true, false]) {
      const seen: string[] = [];
      let ExclusiveStartKey: Record<string, never> | undefined;
      do {
        const page = await harness.client.send(
          new QueryCommand({
            TableName,
            KeyConditionExpression: 'pk = :p AND begins_with(sk, :s)',
            FilterExpression: 'n <> :seven',
            ProjectionExpression: 'sk',
            ExpressionAttributeValues: { ':p': { S: 'P#1' }, ':s': { S: 'E#00' }, ':seven': { N: '7' } },
            Limit: 10,
            ScanIndexForward,
            ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
          }),
        );
        seen.push(...(page.Items ?? []).map((item) => String(item['sk']?.S)));
        ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
      } while (ExclusiveStartKey);
      const expected = Array.from({ length: 25 }, (_, n) => `E#${String(n).padStart(4, '0')}`).filter(
        (sk) => sk !== 'E#0007',
      );
      expect(seen).toEqual(ScanIndexForward ? expected : expected.reverse());
    }
  });

  test('an index follows its items at once, projects what it declares and pages over equal keys', async () => {
    await fill(7, (n) => ({ owner: { S: 'O' }, at: { N: '5' }, title: { S: `t${n}` }, secret: { S: 'x' } }));
    await put({ owner: { S: 'O' }, at: { N: '-3' } });
    await put({ at: { N: '-3' } });
    const query = (ScanIndexForward: boolean, start?: Record<string, never>) =>
      harness.client.send(
        new QueryCommand({
          TableName,
          IndexName: 'by-owner',
          KeyConditionExpression: '#o = :o',
          ExpressionAttributeNames: { '#o': 'owner' },
          ExpressionAttributeValues: { ':o': { S: 'O' } },
          Limit: 2,
          ScanIndexForward,
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
    for (const forward of [true, false]) {
      const titles: string[] = [];
      let start: Record<string, never> | undefined;
      do {
        const page = await query(forward, start);
        for (const item of page.Items ?? []) {
          expect(Object.keys(item).sort()).toEqual(['at', 'owner', 'pk', 'sk', 'title']);
          titles.push(String(item['title']?.S));
        }
        start = page.LastEvaluatedKey as typeof start;
      } while (start);
      expect(titles.sort()).toEqual(['t0', 't1', 't2', 't3', 't4', 't5', 't6']);
    }
  });

  test('an index tells apart thousands of items under one key', async () => {
    const writes = Array.from({ length: 6000 }, (_, n) => ({
      PutRequest: { Item: { pk: { S: `P#${n}` }, sk: { S: 's' }, owner: { S: 'same' }, at: { N: '1' } } },
    }));
    for (let from = 0; from < writes.length; from += 25)
      await harness.client.send(
        new BatchWriteItemCommand({ RequestItems: { records: writes.slice(from, from + 25) } }),
      );
    let count = 0;
    let start: Record<string, never> | undefined;
    do {
      const page = await harness.client.send(
        new QueryCommand({
          TableName,
          IndexName: 'by-owner',
          KeyConditionExpression: '#o = :o',
          ExpressionAttributeNames: { '#o': 'owner' },
          ExpressionAttributeValues: { ':o': { S: 'same' } },
          Select: 'COUNT',
          ...(start ? { ExclusiveStartKey: start } : {}),
        }),
      );
      count += page.Count ?? 0;
      start = page.LastEvaluatedKey as typeof start;
    } while (start);
    expect(count).toBe(6000);
  }, 30_000);

  test('a scan sees every item once, in pages and in segments', async () => {
    await fill(20, () => ({}));
    const seen = new Set<string>();
    for (const Segment of [0, 1, 2]) {
      let start: Record<string, never> | undefined;
      do {
        const page = await harness.client.send(
          new ScanCommand({
            TableName,
            Segment,
            TotalSegments: 3,
            Limit: 6,
            ...(start ? { ExclusiveStartKey: start } : {}),
          }),
        );
        for (const item of page.Items ?? []) {
          const sk = String(item['sk']?.S);
          expect(seen.has(sk)).toBe(false);
          seen.add(sk);
        }
        start = page.LastEvaluatedKey as typeof start;
      } while (start);
    }
    expect(seen.size).toBe(20);
  });
});

describe('batches', () => {
  test('a batch writes and reads across tables; what does not exist is left out', async () => {
    await harness.client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          records: [{ PutRequest: { Item: { ...key, a: { S: '1' }, b: { S: '2' } } } }],
          keys: [{ PutRequest: { Item: { id: { S: 'k' } } } }, { DeleteRequest: { Key: { id: { S: 'gone' } } } }],
        },
      }),
    );
    const { Responses, UnprocessedKeys } = await harness.client.send(
      new BatchGetItemCommand({
        RequestItems: {
          records: { Keys: [key, { ...key, sk: { S: 'no' } }], ProjectionExpression: 'a', ConsistentRead: true },
          keys: { Keys: [{ id: { S: 'k' } }] },
        },
      }),
    );
    expect(Responses).toEqual({ records: [{ a: { S: '1' } }], keys: [{ id: { S: 'k' } }] });
    expect(UnprocessedKeys).toEqual({});
  });

  test('a batch with one item that is too large writes none of them', async () => {
    const large = { ...key, sk: { S: 'large' }, text: { S: 'a'.repeat(410_000) } };
    const error = await failure(
      harness.client.send(
        new BatchWriteItemCommand({
          RequestItems: { records: [{ PutRequest: { Item: key } }, { PutRequest: { Item: large } }] },
        }),
      ),
    );
    expect(error.message).toMatch('exceeded the maximum');
    expect(await read()).toBeUndefined();
  });

  test('what exceeds 16 MB stays unprocessed and can be asked for as it came back', async () => {
    const ids = Array.from({ length: 42 }, (_, n) => `k${n}`);
    for (const id of ids)
      await harness.client.send(
        new PutItemCommand({ TableName: 'keys', Item: { id: { S: id }, text: { S: 'a'.repeat(409_000) } } }),
      );
    const seen: string[] = [];
    let RequestItems: BatchGetItemCommand['input']['RequestItems'] = {
      keys: { Keys: ids.map((id) => ({ id: { S: id } })), ProjectionExpression: 'id' },
    };
    let calls = 0;
    while (RequestItems && Object.keys(RequestItems).length > 0) {
      const answer: {
        Responses?: Record<string, Record<string, { S?: string }>[]>;
        UnprocessedKeys?: typeof RequestItems;
      } = (await harness.client.send(new BatchGetItemCommand({ RequestItems }))) as never;
      seen.push(...(answer.Responses?.['keys'] ?? []).map((item) => String(item['id']?.S)));
      RequestItems = answer.UnprocessedKeys;
      calls++;
    }
    expect(calls).toBe(2);
    expect(seen.sort()).toEqual(ids.sort());
  });

  test.each([
    ['duplicates', [{ DeleteRequest: { Key: key } }, { DeleteRequest: { Key: key } }]],
    ['Too many', Array.from({ length: 26 }, (_, n) => ({ DeleteRequest: { Key: { ...key, sk: { S: `${n}` } } } }))],
  ])('a batch with %s is refused', async (reason, requests) => {
    const error = await failure(
      harness.client.send(new BatchWriteItemCommand({ RequestItems: { records: requests } })),
    );
    expect(error.name).toBe('ValidationException');
    if (reason === 'duplicates') expect(error.message).toMatch(reason);
  });
});

describe('descriptions', () => {
  test('a table shows its key, indexes, stream, encryption and protection', async () => {
    const { Table } = await harness.client.send(new DescribeTableCommand({ TableName }));
    expect(Table).toMatchObject({
      TableArn: arn('table/records'),
      TableStatus: 'ACTIVE',
      KeySchema: records.KeySchema,
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      GlobalSecondaryIndexes: [{ IndexName: 'by-owner', IndexStatus: 'ACTIVE' }],
      DeletionProtectionEnabled: false,
    });
    expect(Table?.LatestStreamArn).toBe(harness.database.streamArn('records'));
    const names = await harness.client.send(new ListTablesCommand({ Limit: 1 }));
    expect(names).toMatchObject({ TableNames: ['keys'], LastEvaluatedTableName: 'keys' });
    const ttl = await harness.client.send(new DescribeTimeToLiveCommand({ TableName }));
    expect(ttl.TimeToLiveDescription).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires' });
    const backups = await harness.client.send(new DescribeContinuousBackupsCommand({ TableName }));
    expect(backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus).toBe(
      'DISABLED',
    );
  });

  test('an operation that is not emulated is refused by name', async () => {
    const create = await failure(
      harness.client.send(new CreateTableCommand({ TableName: 'x', KeySchema: [], AttributeDefinitions: [] })),
    );
    expect(create.message).toBe('dynamodb CreateTable is not emulated');
    const sql = await failure(harness.client.send(new ExecuteStatementCommand({ Statement: 'SELECT * FROM records' })));
    expect(sql.message).toBe('dynamodb ExecuteStatement is not emulated');
  });

  test('an unknown table is not found', async () => {
    const error = await failure(harness.client.send(new ScanCommand({ TableName: 'nowhere' })));
    expect(error.name).toBe('ResourceNotFoundException');
  });
});

describe('item arithmetic', () => {
  const text = fc.string({ minLength: 1 });
  const item = fc.dictionary(
    text,
    fc.oneof(
      text.map((S) => ({ S })),
      fc.uniqueArray(text).map((SS) => ({ SS })),
    ),
  );

  test('an item equals itself in any order of attributes and members, and no longer after a change', () => {
    fc.assert(
      fc.property(item, text, (one, name) => {
        const shuffled = Object.fromEntries(
          Object.entries(one)
            .reverse()
            .map(([attribute, value]) => [attribute, 'SS' in value ? { SS: [...value.SS].reverse() } : value]),
        );
        expect(sameItem(one, shuffled)).toBe(true);
        expect(sameItem(one, { ...one, [name]: { N: '1' } })).toBe(false);
      }),
    );
  });
});
