import { putVersion } from '../../lambda/records/transaction';

const item = { PK: 'CONTROL#lockdown', SK: 'CONTROL', version: 3 };

test('the next version of an item takes the place of the version that was read, and of no other', () => {
  expect(putVersion('governance', item, 2).Put).toEqual({
    TableName: 'governance',
    Item: item,
    ConditionExpression: '#version = :before',
    ExpressionAttributeNames: { '#version': 'version' },
    ExpressionAttributeValues: { ':before': 2 },
  });
});

test('the first version of an item takes the place of nothing', () => {
  expect(putVersion('governance', { ...item, version: 1 }, 0).Put).toEqual({
    TableName: 'governance',
    Item: { ...item, version: 1 },
    ConditionExpression: 'attribute_not_exists(PK)',
  });
});
