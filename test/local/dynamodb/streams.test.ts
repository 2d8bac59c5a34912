import { DeleteItemCommand, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { type Harness, keys, records, start } from './harness';

let harness: Harness;
let now: number;
beforeEach(async () => {
  now = Date.UTC(2030, 0, 1);
  harness = await start({ clock: () => now });
});
afterEach(() => harness.close());

const TableName = 'records';
const key = (sk: string) => ({ pk: { S: 'P#1' }, sk: { S: sk } });
const put = (sk: string, n: number, more = {}) =>
  harness.client.send(new PutItemCommand({ TableName, Item: { ...key(sk), n: { N: String(n) }, ...more } }));
const read = () => harness.database.readStream('records', undefined, 1000);

describe('a stream', () => {
  test('holds insert, modify and remove with both images, in order', async () => {
    await put('a', 1, { bytes: { B: new Uint8Array([255]) } });
    await put('a', 2);
    await harness.client.send(new DeleteItemCommand({ TableName, Key: key('a') }));
    const all = await read();
    expect(all.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE']);
    expect(all[0]).toMatchObject({
      eventSource: 'aws:dynamodb',
      eventSourceARN: harness.database.streamArn('records'),
      awsRegion: 'us-east-1',
      dynamodb: {
        ApproximateCreationDateTime: now / 1000,
        Keys: key('a'),
        NewImage: { ...key('a'), n: { N: '1' }, bytes: { B: '/w==' } },
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
    });
    expect(all[0]?.dynamodb).not.toHaveProperty('OldImage');
    expect(all[1]?.dynamodb).toMatchObject({ OldImage: { n: { N: '1' } }, NewImage: { n: { N: '2' } } });
    expect(all[2]?.dynamodb).toMatchObject({ OldImage: { n: { N: '2' } } });
    expect(all[2]?.dynamodb).not.toHaveProperty('NewImage');
    const numbers = all.map(({ dynamodb }) => dynamodb.SequenceNumber);
    expect(numbers).toEqual([...numbers].sort());
    expect(await harness.database.readStream('records', numbers[0], 1)).toEqual([all[1]]);
  });

  test('has no record of a write that changes nothing', async () => {
    await put('a', 1);
    await put('a', 1);
    await harness.client.send(new DeleteItemCommand({ TableName, Key: key('none') }));
    await harness.client.send(
      new UpdateItemCommand({
        TableName,
        Key: key('a'),
        UpdateExpression: 'SET n = :n',
        ExpressionAttributeValues: { ':n': { N: '1.0' } },
      }),
    );
    expect(await read()).toHaveLength(1);
  });

  test('is whole for a reader that follows it while writers run', async () => {
    const seen: string[] = [];
    let after: string | undefined;
    let reading = Promise.resolve();
    const follow = () => {
      reading = reading.then(async () => {
        for (const { dynamodb } of await harness.database.readStream('records', after, 3)) {
          seen.push(String(dynamodb.Keys['sk']?.S));
          after = dynamodb.SequenceNumber;
        }
      });
    };
    const stop = harness.database.onStream((table) => {
      expect(table).toBe('records');
      follow();
    });
    await Promise.all(Array.from({ length: 200 }, (_, n) => put(String(n), n)));
    stop();
    for (let more = true; more; ) {
      const before = seen.length;
      follow();
      await reading;
      more = seen.length > before;
    }
    expect(seen).toHaveLength(200);
    expect(new Set(seen).size).toBe(200);
  });

  test('tells nobody of a table without a stream', async () => {
    const told: string[] = [];
    harness.database.onStream((table) => told.push(table));
    await harness.client.send(new PutItemCommand({ TableName: 'keys', Item: { id: { S: 'k' } } }));
    await put('a', 1);
    expect(told).toEqual(['records']);
    expect(harness.database.streamArn('keys')).toBeUndefined();
    await expect(harness.database.readStream('keys', undefined, 1)).rejects.toThrow('no stream');
  });

  test('forgets records older than a day when it is trimmed', async () => {
    await put('old', 1);
    now += 86_400_000;
    await put('new', 1);
    await harness.database.trimStreams(86_399_000);
    expect((await read()).map(({ dynamodb }) => dynamodb.Keys['sk']?.S)).toEqual(['new']);
  });

  test('can be read through the streams API, from the horizon, after a number and from now on', async () => {
    await put('a', 1);
    await put('b', 1);
    const StreamArn = harness.database.streamArn('records');
    const { body } = await harness.post('ListStreams', { TableName });
    expect(body).toMatchObject({ Streams: [{ StreamArn, TableName }] });
    const { body: described } = await harness.post('DescribeStream', { StreamArn });
    const { Shards } = described['StreamDescription'] as { Shards: [{ ShardId: string }] };
    const get = async (more: object) => {
      const iterator = await harness.post('GetShardIterator', { StreamArn, ShardId: Shards[0].ShardId, ...more });
      const answer = await harness.post('GetRecords', iterator.body);
      return answer.body as unknown as {
        Records: { dynamodb: { SequenceNumber: string } }[];
        NextShardIterator: string;
      };
    };
    const horizon = await get({ ShardIteratorType: 'TRIM_HORIZON' });
    expect(horizon.Records).toHaveLength(2);
    const SequenceNumber = horizon.Records[1]?.dynamodb.SequenceNumber;
    expect((await get({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber })).Records).toHaveLength(1);
    expect((await get({ ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber })).Records).toHaveLength(0);
    const latest = await get({ ShardIteratorType: 'LATEST' });
    await put('c', 1);
    const next = await harness.post('GetRecords', { ShardIterator: latest.NextShardIterator });
    expect(next.body['Records']).toMatchObject([{ dynamodb: { Keys: key('c') } }]);
    expect((await harness.post('GetRecords', { ShardIterator: 'nonsense' })).body['__type']).toBe(
      'ValidationException',
    );
  });
});

describe('time to live', () => {
  const seconds = () => Math.floor(now / 1000);
  const exists = async (sk: string) =>
    (await harness.client.send(new GetItemCommand({ TableName, Key: key(sk) }))).Item !== undefined;

  test('an expired item is readable until it is swept, then its removal is the service’s', async () => {
    await put('expired', 1, { expires: { N: String(seconds() - 1) } });
    await put('later', 1, { expires: { N: String(seconds() + 60) } });
    await put('text', 1, { expires: { S: String(seconds() - 1) } });
    await put('ancient', 1, { expires: { N: String(seconds() - 6 * 365 * 86_400) } });
    expect(await exists('expired')).toBe(true);
    expect(await harness.database.sweepExpired()).toBe(1);
    expect(await Promise.all(['expired', 'later', 'text', 'ancient'].map(exists))).toEqual([false, true, true, true]);
    const last = (await read()).at(-1);
    expect(last).toMatchObject({
      eventName: 'REMOVE',
      userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
      dynamodb: { Keys: key('expired') },
    });
    now += 61_000;
    expect(await harness.database.sweepExpired()).toBe(1);
    expect(await harness.database.sweepExpired()).toBe(0);
  });

  test('an item that was renewed or replaced is not swept by its old time', async () => {
    await put('a', 1, { expires: { N: String(seconds() - 10) } });
    await put('a', 2, { expires: { N: String(seconds() + 10) } });
    await put('b', 1, { expires: { N: String(seconds() - 10) } });
    await put('b', 2);
    expect(await harness.database.sweepExpired()).toBe(0);
  });

  test('an item that is renewed while the sweep runs stays', async () => {
    for (let n = 0; n < 20; n++) await put(`item-${n}`, 1, { expires: { N: String(seconds() - 10) } });
    await put('last', 1, { expires: { N: String(seconds() - 5) } });
    const renewed = { ...key('last'), expires: { N: String(seconds() + 10) } };
    const renewals: Promise<unknown>[] = [];
    const stop = harness.database.onStream(() => {
      stop(); // the sweep has deleted its first item, and has read the times of all
      renewals.push(harness.call('PutItem', { TableName, Item: renewed }));
    });
    expect(await harness.database.sweepExpired()).toBe(20);
    await Promise.all(renewals);
    expect(await exists('last')).toBe(true);
  });
});

describe('a table’s definition', () => {
  test('can be ensured again without effect', async () => {
    await put('a', 1);
    const before = harness.database.streamArn('records');
    now += 1000;
    await harness.database.ensureTable(records);
    expect(harness.database.streamArn('records')).toBe(before);
    expect(await read()).toHaveLength(1);
  });

  test('with another key is refused with the table’s name and both keys', async () => {
    const other = { ...keys, AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'N' as const }] };
    await expect(harness.database.ensureTable(other)).rejects.toThrow(
      /table keys exists with the key id \(HASH, S\), the definition has id \(HASH, N\)/,
    );
  });

  test('that CloudFormation would refuse is refused with the table’s name', async () => {
    const unused = { ...keys, TableName: 'other', AttributeDefinitions: records.AttributeDefinitions };
    await expect(harness.database.ensureTable(unused)).rejects.toThrow(/table other: /);
  });

  test('with a new index or TTL attribute builds both from the items that exist', async () => {
    await put('a', 1, { author: { S: 'x' }, until: { N: String(now / 1000 - 5) } });
    await put('b', 1, { author: { N: '1' } });
    await harness.database.ensureTable({
      ...records,
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
        { AttributeName: 'author', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'by-author',
          KeySchema: [{ AttributeName: 'author', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
    });
    const { body } = await harness.post('Scan', { TableName, IndexName: 'by-author' });
    expect(body['Items']).toEqual([{ ...key('a'), author: { S: 'x' } }]);
    expect(await harness.database.sweepExpired()).toBe(1);
    expect((await harness.post('Scan', { TableName, IndexName: 'by-author' })).body['Items']).toEqual([]);
  });
});
