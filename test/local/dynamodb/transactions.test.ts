import {
  DeleteItemCommand,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactGetItemsCommand,
  type TransactWriteItem,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';
import { failure, type Harness, start } from './harness';

let harness: Harness;
let now = Date.UTC(2030, 0, 1);
beforeEach(async () => {
  harness = await start({ clock: () => now });
});
afterEach(() => harness.close());

const transact = (TransactItems: TransactWriteItem[], ClientRequestToken?: string) =>
  harness.client.send(
    new TransactWriteItemsCommand({ TransactItems, ...(ClientRequestToken ? { ClientRequestToken } : {}) }),
  );
const record = (sk: string) => ({ pk: { S: 'P#1' }, sk: { S: sk } });
const read = (sk: string) =>
  harness.client.send(new GetItemCommand({ TableName: 'records', Key: record(sk) })).then(({ Item }) => Item);
const stream = () => harness.database.readStream('records', undefined, 1000);

const putRecord = (sk: string, n = 0): TransactWriteItem => ({
  Put: {
    TableName: 'records',
    Item: { ...record(sk), n: { N: String(n) } },
    ConditionExpression: 'attribute_not_exists(pk)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  },
});
const keyExists: TransactWriteItem = {
  ConditionCheck: { TableName: 'keys', Key: { id: { S: 'k' } }, ConditionExpression: 'attribute_exists(id)' },
};

describe('a transaction', () => {
  test('writes all its items across tables, and its stream records follow its order', async () => {
    await harness.client.send(new PutItemCommand({ TableName: 'keys', Item: { id: { S: 'k' } } }));
    await transact([
      putRecord('b'),
      keyExists,
      {
        Update: {
          TableName: 'records',
          Key: record('a'),
          UpdateExpression: 'SET n = :n',
          ExpressionAttributeValues: { ':n': { N: '1' } },
        },
      },
      { Delete: { TableName: 'records', Key: record('none') } },
    ]);
    expect(await read('b')).toEqual({ ...record('b'), n: { N: '0' } });
    expect(await read('a')).toEqual({ ...record('a'), n: { N: '1' } });
    expect((await stream()).map(({ dynamodb }) => dynamodb.Keys['sk'])).toEqual([{ S: 'b' }, { S: 'a' }]);
  });

  test('writes nothing when one condition fails, and gives a reason for each item in order', async () => {
    await harness.client.send(
      new PutItemCommand({ TableName: 'records', Item: { ...record('taken'), n: { N: '9' } } }),
    );
    const before = await stream();
    const error = await failure(transact([putRecord('new'), putRecord('taken'), keyExists]));
    expect(error.name).toBe('TransactionCanceledException');
    expect(error.message).toMatch('[None, ConditionalCheckFailed, ConditionalCheckFailed]');
    expect(error['CancellationReasons']).toEqual([
      { Code: 'None' },
      {
        Code: 'ConditionalCheckFailed',
        Message: 'The conditional request failed',
        Item: { ...record('taken'), n: { N: '9' } },
      },
      { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' },
    ]);
    expect(await read('new')).toBeUndefined();
    expect(await stream()).toEqual(before);
  });

  test('writes nothing when one item does not fit its table', async () => {
    const wrong = { Put: { TableName: 'records', Item: { pk: { S: 'P#1' } } } };
    const error = await failure(transact([putRecord('new'), wrong]));
    expect(error.message).toMatch('[None, ValidationError]');
    expect(await read('new')).toBeUndefined();
  });

  test('is refused with two operations on one item, with none, with more than 100 and over 4 MB', async () => {
    const large = Array.from({ length: 11 }, (_, n) => ({
      Put: { TableName: 'keys', Item: { id: { S: `${n}` }, text: { S: 'a'.repeat(400_000) } } },
    }));
    const many = Array.from({ length: 101 }, (_, n) => putRecord(String(n)));
    for (const items of [[putRecord('a'), putRecord('a')], [], many, large]) {
      const error = await failure(transact(items));
      expect(error.name).toBe('ValidationException');
    }
    expect(await stream()).toEqual([]);
    await transact(many.slice(0, 100));
    expect(await stream()).toHaveLength(100);
  });

  test('is written once for a token within ten minutes, and refused when the token meets other items', async () => {
    const add: TransactWriteItem = {
      Update: {
        TableName: 'records',
        Key: record('a'),
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    };
    await Promise.all([transact([add], 'token'), transact([add], 'token'), transact([add], 'token')]);
    expect((await read('a'))?.['n']).toEqual({ N: '1' });
    expect((await failure(transact([putRecord('b')], 'token'))).name).toBe('IdempotentParameterMismatchException');
    now += 9 * 60_000;
    await harness.database.sweepExpired();
    await transact([add], 'token');
    expect((await read('a'))?.['n']).toEqual({ N: '1' });
    now += 2 * 60_000;
    await harness.database.sweepExpired();
    await transact([add], 'token');
    expect((await read('a'))?.['n']).toEqual({ N: '2' });
  });

  test('that failed leaves its token free', async () => {
    await harness.client.send(new PutItemCommand({ TableName: 'records', Item: record('a') }));
    await failure(transact([putRecord('a')], 'token'));
    await harness.client.send(new DeleteItemCommand({ TableName: 'records', Key: record('a') }));
    await transact([putRecord('a')], 'token');
    expect(await read('a')).toBeDefined();
  });

  test('never meets another in a deadlock, and each pair of items stays equal', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const add = (sk: string): TransactWriteItem => ({
      Update: {
        TableName: 'records',
        Key: record(sk),
        UpdateExpression: 'ADD n :one',
        ExpressionAttributeValues: { ':one': { N: '1' } },
      },
    });
    const moves = Array.from({ length: 60 }, (_, round) => {
      const rotated = names.map((_name, position) => names[(position * (1 + (round % 4)) + round) % 5] ?? 'a');
      return harness.call('TransactWriteItems', { TransactItems: rotated.map(add) });
    });
    const looks = Array.from({ length: 20 }, () => {
      const gets = names.map((sk) => ({ Get: { TableName: 'records', Key: record(sk) } }));
      return harness.client.send(new TransactGetItemsCommand({ TransactItems: gets }));
    });
    for (const { Responses } of await Promise.all(looks))
      expect(new Set(Responses?.map(({ Item }) => Item?.['n']?.N)).size).toBe(1);
    await Promise.all(moves);
    for (const sk of names) expect((await read(sk))?.['n']).toEqual({ N: '60' });
  });

  test('moves an item in the index together with the item', async () => {
    const owned = (owner: string): TransactWriteItem => ({
      Put: { TableName: 'records', Item: { ...record('a'), owner: { S: owner }, at: { N: '1' } } },
    });
    const owners = async (owner: string) => {
      const { Count } = await harness.client.send(
        new QueryCommand({
          TableName: 'records',
          IndexName: 'by-owner',
          KeyConditionExpression: '#o = :o',
          ExpressionAttributeNames: { '#o': 'owner' },
          ExpressionAttributeValues: { ':o': { S: owner } },
        }),
      );
      return Count;
    };
    await transact([owned('first')]);
    await transact([owned('second')]);
    expect([await owners('first'), await owners('second')]).toEqual([0, 1]);
    await failure(transact([owned('third'), keyExists]));
    expect([await owners('second'), await owners('third')]).toEqual([1, 0]);
  });

  test('reads all its items from one state, with what does not exist left empty', async () => {
    await transact([putRecord('a', 4)]);
    const { Responses } = await harness.client.send(
      new TransactGetItemsCommand({
        TransactItems: [
          { Get: { TableName: 'records', Key: record('a'), ProjectionExpression: 'n' } },
          { Get: { TableName: 'keys', Key: { id: { S: 'none' } } } },
        ],
      }),
    );
    expect(Responses).toEqual([{ Item: { n: { N: '4' } } }, {}]);
  });
});
