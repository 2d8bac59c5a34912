import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DescribeTableCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { account, arn, failure, type Harness, region, start } from './harness';

const customerKey = `arn:aws:kms:${region}:${account}:key/records`;

let harness: Harness;
beforeEach(async () => {
  harness = await start({ tableKey: (table) => (table === 'records' ? customerKey : undefined) });
});
afterEach(() => harness.close());

const table = arn('table/records');
const TableName = 'records';
const key = { pk: { S: 'P#1' }, sk: { S: 's' } };
const ofData = () => harness.asked.filter(({ action }) => action.startsWith('dynamodb:'));
const ofKey = () =>
  harness.asked
    .filter(({ action }) => action.startsWith('kms:'))
    .map(({ action, resource }) => `${action} ${resource}`);
const reads = [`kms:Decrypt ${customerKey}`];
const writes = ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'].map((action) => `${action} ${customerKey}`);

describe('before an operation is served, IAM is asked', () => {
  test('for PutItem with its leading key and attributes, and for the table’s key in the caller’s name', async () => {
    await harness.client.send(
      new PutItemCommand({
        TableName,
        Item: { ...key, a: { S: '1' } },
        ConditionExpression: 'attribute_not_exists(b.c)',
      }),
    );
    expect(ofData()).toEqual([
      {
        action: 'dynamodb:PutItem',
        resource: table,
        context: {
          'dynamodb:LeadingKeys': ['P#1'],
          'dynamodb:Attributes': ['pk', 'sk', 'a', 'b'],
          'dynamodb:ReturnValues': 'NONE',
        },
      },
    ]);
    expect(ofKey()).toEqual(writes);
    expect(harness.asked.at(-1)?.context).toEqual({
      'kms:ViaService': 'dynamodb.us-east-1.amazonaws.com',
      'kms:EncryptionContext:aws:dynamodb:tableName': 'records',
      'kms:EncryptionContext:aws:dynamodb:subscriberId': account,
    });
  });

  test('for UpdateItem with every attribute that its expressions read or write', async () => {
    await harness.client
      .send(
        new UpdateItemCommand({
          TableName,
          Key: key,
          UpdateExpression: 'SET a = if_not_exists(b, :v), #m.x = c REMOVE d',
          ConditionExpression: 'attribute_not_exists(e) AND size(f) < :n OR attribute_not_exists(g)',
          ExpressionAttributeNames: { '#m': 'm' },
          ExpressionAttributeValues: { ':v': { S: 'v' }, ':n': { N: '3' } },
          ReturnValues: 'ALL_NEW',
        }),
      )
      .catch(() => undefined);
    const { action, context } = ofData()[0] ?? {};
    expect(action).toBe('dynamodb:UpdateItem');
    expect([...(context?.['dynamodb:Attributes'] ?? [])].sort()).toEqual(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'm', 'pk', 'sk'].sort(),
    );
    expect(context?.['dynamodb:ReturnValues']).toBe('ALL_NEW');
  });

  test('for GetItem with what it selects: all attributes unless it projects', async () => {
    await harness.client.send(new GetItemCommand({ TableName, Key: key }));
    await harness.client.send(new GetItemCommand({ TableName, Key: key, ProjectionExpression: 'a, b[0].c' }));
    expect(ofData().map(({ context }) => context)).toEqual([
      {
        'dynamodb:LeadingKeys': ['P#1'],
        'dynamodb:Attributes': ['pk', 'sk'],
        'dynamodb:Select': 'ALL_ATTRIBUTES',
      },
      {
        'dynamodb:LeadingKeys': ['P#1'],
        'dynamodb:Attributes': ['pk', 'sk', 'a', 'b'],
        'dynamodb:Select': 'SPECIFIC_ATTRIBUTES',
      },
    ]);
    expect(ofKey()).toEqual([...reads, ...reads]);
  });

  test('for Query with the leading key of its condition, on the index that it names', async () => {
    await harness.client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :p AND sk > :s',
        FilterExpression: 'attribute_exists(f)',
        ExpressionAttributeValues: { ':p': { S: 'P#1' }, ':s': { S: 's' } },
        Select: 'COUNT',
      }),
    );
    await harness.client.send(
      new QueryCommand({
        TableName,
        IndexName: 'by-owner',
        KeyConditionExpression: ':o = #o',
        ExpressionAttributeNames: { '#o': 'owner' },
        ExpressionAttributeValues: { ':o': { S: 'O#1' } },
      }),
    );
    expect(ofData()).toEqual([
      {
        action: 'dynamodb:Query',
        resource: table,
        context: {
          'dynamodb:LeadingKeys': ['P#1'],
          'dynamodb:Attributes': ['pk', 'sk', 'f'],
          'dynamodb:Select': 'COUNT',
        },
      },
      {
        action: 'dynamodb:Query',
        resource: `${table}/index/by-owner`,
        context: {
          'dynamodb:LeadingKeys': ['O#1'],
          'dynamodb:Attributes': ['owner'],
          'dynamodb:Select': 'ALL_PROJECTED_ATTRIBUTES',
        },
      },
    ]);
  });

  test('for Scan without leading keys', async () => {
    await harness.client.send(new ScanCommand({ TableName }));
    expect(ofData()).toEqual([
      {
        action: 'dynamodb:Scan',
        resource: table,
        context: { 'dynamodb:Attributes': [], 'dynamodb:Select': 'ALL_ATTRIBUTES' },
      },
    ]);
  });

  test('for a batch once a table, with the leading keys of all its items', async () => {
    await harness.client.send(
      new BatchGetItemCommand({
        RequestItems: {
          records: { Keys: [key, { ...key, pk: { S: 'P#2' } }] },
          keys: { Keys: [{ id: { S: 'k' } }] },
        },
      }),
    );
    await harness.client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          records: [
            { PutRequest: { Item: { ...key, a: { S: '1' } } } },
            { DeleteRequest: { Key: { ...key, pk: { S: 'P#2' } } } },
          ],
        },
      }),
    );
    expect(
      ofData().map(({ action, resource, context }) => [action, resource, context?.['dynamodb:LeadingKeys']]),
    ).toEqual([
      ['dynamodb:BatchGetItem', table, ['P#1', 'P#2']],
      ['dynamodb:BatchGetItem', arn('table/keys'), ['k']],
      ['dynamodb:BatchWriteItem', table, ['P#1', 'P#2']],
    ]);
    expect(ofKey()).toEqual([...reads, ...writes]);
  });

  test('for a transaction once an item, by the item’s own action', async () => {
    await harness.client.send(
      new TransactWriteItemsCommand({
        TransactItems: [
          { Put: { TableName, Item: key } },
          {
            Update: {
              TableName,
              Key: { ...key, sk: { S: 't' } },
              UpdateExpression: 'SET a = :a',
              ExpressionAttributeValues: { ':a': { S: '1' } },
            },
          },
          { Delete: { TableName: 'keys', Key: { id: { S: 'k' } } } },
          {
            ConditionCheck: {
              TableName: 'keys',
              Key: { id: { S: 'l' } },
              ConditionExpression: 'attribute_not_exists(id)',
            },
          },
        ],
      }),
    );
    await harness.client.send(
      new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName: 'keys', Key: { id: { S: 'k' } } } }] }),
    );
    expect(
      ofData().map(({ action, resource, context }) => [
        action,
        resource,
        context?.['dynamodb:LeadingKeys'],
        context?.['dynamodb:EnclosingOperation'],
      ]),
    ).toEqual([
      ['dynamodb:PutItem', table, ['P#1'], 'TransactWriteItems'],
      ['dynamodb:UpdateItem', table, ['P#1'], 'TransactWriteItems'],
      ['dynamodb:DeleteItem', arn('table/keys'), ['k'], 'TransactWriteItems'],
      ['dynamodb:ConditionCheckItem', arn('table/keys'), ['l'], 'TransactWriteItems'],
      ['dynamodb:GetItem', arn('table/keys'), ['k'], 'TransactGetItems'],
    ]);
    expect(ofKey()).toEqual(writes);
  });

  test('for a condition check with the table’s key for reading only', async () => {
    const check = { TableName, Key: key, ConditionExpression: 'attribute_not_exists(pk)' };
    const put = { TableName: 'keys', Item: { id: { S: 'k' } } };
    await harness.client.send(
      new TransactWriteItemsCommand({ TransactItems: [{ ConditionCheck: check }, { Put: put }] }),
    );
    expect(ofKey()).toEqual(reads);
  });

  test('for a description of the table, for all tables and for a stream', async () => {
    await harness.client.send(new DescribeTableCommand({ TableName }));
    await harness.client.send(new ListTablesCommand({}));
    const StreamArn = harness.database.streamArn('records');
    await harness.post('DescribeStream', { StreamArn });
    expect(ofData().map(({ action, resource }) => [action, resource])).toEqual([
      ['dynamodb:DescribeTable', table],
      ['dynamodb:ListTables', '*'],
      ['dynamodb:DescribeStream', StreamArn],
    ]);
    const iterator = await harness.post('GetShardIterator', {
      StreamArn,
      ShardId: 'shardId-00000000000000000000-00000001',
      ShardIteratorType: 'TRIM_HORIZON',
    });
    await harness.post('GetRecords', iterator.body);
    expect(ofData().at(-1)).toEqual({ action: 'dynamodb:GetRecords', resource: StreamArn });
    expect(ofKey()).toEqual(reads);
  });
});

describe('a refusal', () => {
  const nothing = async () => {
    harness.deny = () => false;
    for (const name of ['records', 'keys'])
      expect((await harness.client.send(new ScanCommand({ TableName: name }))).Count).toBe(0);
    expect(await harness.database.readStream('records', undefined, 10)).toEqual([]);
  };

  test.each(['dynamodb:PutItem', 'kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'])(
    'of %s alone is AccessDeniedException, and nothing is written',
    async (denied) => {
      harness.deny = ({ action }) => action === denied;
      const error = await failure(harness.client.send(new PutItemCommand({ TableName, Item: key })));
      expect(error.name).toBe('AccessDeniedException');
      await nothing();
    },
  );

  test('of one item of a transaction or of one table of a batch refuses all of it', async () => {
    harness.deny = ({ resource }) => resource === arn('table/keys');
    const put = { TableName: 'keys', Item: { id: { S: 'k' } } };
    for (const command of [
      new TransactWriteItemsCommand({ TransactItems: [{ Put: { TableName, Item: key } }, { Put: put }] }),
      new BatchWriteItemCommand({
        RequestItems: { records: [{ PutRequest: { Item: key } }], keys: [{ PutRequest: { Item: put.Item } }] },
      }),
    ])
      expect((await failure(harness.client.send(command as TransactWriteItemsCommand))).name).toBe(
        'AccessDeniedException',
      );
    await nothing();
  });

  test('does not tell whether a table, stream or item exists', async () => {
    harness.deny = () => true;
    for (const name of ['records', 'nowhere'])
      for (const command of [
        new GetItemCommand({ TableName: name, Key: key }),
        new DescribeTableCommand({ TableName: name }),
      ])
        expect((await failure(harness.client.send(command as GetItemCommand))).name).toBe('AccessDeniedException');
    const { body } = await harness.post('DescribeStream', { StreamArn: `${arn('table/nowhere')}/stream/x` });
    expect(body['__type']).toBe('AccessDeniedException');
  });

  test.each(['Expected', 'AttributeUpdates', 'QueryFilter', 'ScanFilter', 'KeyConditions', 'AttributesToGet'])(
    'names the legacy parameter %s, which would slip past the attributes that IAM sees',
    async (parameter) => {
      const { status, body } = await harness.post('UpdateItem', { TableName, Key: key, [parameter]: {} });
      expect([status, body['__type']]).toEqual([400, 'ValidationException']);
      expect(body['message']).toMatch(parameter);
    },
  );
});
