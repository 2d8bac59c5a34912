import { DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { consistentPages, consistentQuery } from '../../lambda/records/consistent-queries';

const table = mockClient(DynamoDBDocumentClient);
const documents = table as unknown as DynamoDBDocumentClient;
const items = (...sorts: readonly string[]) => sorts.map((SK) => ({ PK: 'P#1', SK }));
const asked = () => table.commandCalls(QueryCommand).map(({ args }) => args[0].input);

beforeEach(() => {
  table.reset();
  table
    .on(QueryCommand)
    .resolvesOnce({ Items: items('a', 'b'), LastEvaluatedKey: { PK: 'P#1', SK: 'b' } })
    // DynamoDB may read a whole page of what is not asked for
    .resolvesOnce({ Items: [], LastEvaluatedKey: { PK: 'P#1', SK: 'm' } })
    .resolvesOnce({ Items: items('z') });
});

test('a query goes on until there is no more, each page from where the one before it ended', async () => {
  await expect(consistentQuery(documents, { table: 'records', PK: 'P#1' })).resolves.toEqual(items('a', 'b', 'z'));
  expect(asked().map(({ ExclusiveStartKey }) => ExclusiveStartKey?.['SK'])).toEqual([undefined, 'b', 'm']);
});

test('every page is read consistently, of the same partition, prefix and attributes', async () => {
  const projection = { ProjectionExpression: '#version', ExpressionAttributeNames: { '#version': 'version' } };
  await consistentQuery(documents, { table: 'records', PK: 'P#1', prefix: 'C#' }, projection);
  for (const page of asked())
    expect(page).toMatchObject({
      TableName: 'records',
      ConsistentRead: true,
      KeyConditionExpression: 'PK = :pk AND begins_with(SK, :prefix)',
      ExpressionAttributeValues: { ':pk': 'P#1', ':prefix': 'C#' },
      ...projection,
    });
  expect(asked()).toHaveLength(3);
});

test('no prefix is the whole partition', async () => {
  await consistentQuery(documents, { table: 'records', PK: 'P#1' });
  expect(asked()[0]).toMatchObject({
    KeyConditionExpression: 'PK = :pk',
    ExpressionAttributeValues: { ':pk': 'P#1' },
  });
});

test('whoever has seen enough asks for no further page', async () => {
  for await (const page of consistentPages(documents, { table: 'records', PK: 'P#1' })) {
    expect(page).toEqual(items('a', 'b'));
    break;
  }
  expect(asked()).toHaveLength(1);
});
