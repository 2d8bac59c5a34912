import { ConditionalCheckFailedException, TransactionConflictException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { emptyState } from '../../lambda/breach/detect/state';
import { DetectionStates } from '../../lambda/breach/detection-states';

type Member = { Put?: { Item: { PK: string } }; Delete?: { Key: { PK: string } } };
const state = (expiresAt: string, role: 'clinician' | 'billing' = 'clinician') => ({
  ...emptyState({ subject: 'a', role }),
  expiresAt,
});

/** A table of one subject: what was written last is what is read. */
function table() {
  let item: Record<string, unknown> | undefined;
  const writes: string[][] = [];
  let changed: Error | undefined;
  const documents = {
    send: async ({ input }: { input: { TransactItems?: Member[]; Item?: { PK: string } } }) => {
      if (changed && (input.TransactItems || input.Item)) throw changed;
      if (input.Item) writes.push([`put ${input.Item.PK}, alone`]);
      else if (input.TransactItems)
        writes.push(
          input.TransactItems.map(({ Put, Delete }) => (Put ? `put ${Put.Item.PK}` : `delete ${Delete?.Key.PK}`)),
        );
      else return { Responses: { t: item ? [item] : [] }, UnprocessedKeys: {} };
      item = input.Item ?? input.TransactItems?.[0]?.Put?.Item;
      return {};
    },
  };
  return {
    states: new DetectionStates(documents as unknown as DynamoDBDocumentClient, 't'),
    writes,
    put: (value: Record<string, unknown>) => (item = value),
    refuse: (error: Error) => (changed = error),
  };
}

test('the lists are written with the first state, and from then on where they change alone', async () => {
  const { states, writes } = table();
  const next = async (expiresAt: string, dueAt?: string, role?: 'billing') => {
    expect(await states.write(await states.read('a'), state(expiresAt, role), dueAt)).toBe(true);
    return writes.at(-1);
  };
  const itself = 'put DETECT#a';
  expect(await next('2026-12-01T08:00:00.000Z')).toEqual([itself, 'delete DETECT-DUE', 'put DETECT-SUBJECTS']);
  expect(await next('2026-12-01T09:00:00.000Z')).toEqual([`${itself}, alone`]);
  expect(await next('2026-12-01T10:00:00.000Z', '2026-11-24T10:00:00.000Z')).toEqual([itself, 'put DETECT-DUE']);
  expect(await next('2026-12-01T11:00:00.000Z', '2026-11-24T10:00:00.000Z')).toEqual([`${itself}, alone`]);
  expect(await next('2026-12-02T00:00:00.000Z', '2026-11-24T10:00:00.000Z')).toEqual([itself, 'put DETECT-SUBJECTS']);
  expect(await next('2026-12-02T01:00:00.000Z')).toEqual([itself, 'delete DETECT-DUE']);
  expect(await next('2026-12-02T02:00:00.000Z', undefined, 'billing')).toEqual([itself, 'put DETECT-SUBJECTS']);
});

test('of a state that an older version wrote, nobody knows what the lists say: they are written', async () => {
  const { states, writes, put } = table();
  const before = state('2026-12-01T08:00:00.000Z');
  put({ PK: 'DETECT#a', SK: 'DETECT', state: JSON.stringify(before), version: 3 });
  expect(await states.write(await states.read('a'), before, undefined)).toBe(true);
  expect(writes).toEqual([['put DETECT#a', 'delete DETECT-DUE', 'put DETECT-SUBJECTS']]);
});

const $metadata = {};
test.each([
  [false, new ConditionalCheckFailedException({ message: '', $metadata })],
  [false, new TransactionConflictException({ message: '', $metadata })],
  [true, new Error('the table does not answer')],
])(
  'a single write that somebody else overtook is decided again, any other failure is thrown: thrown %s',
  async (thrown, error) => {
    const { states, refuse } = table();
    await states.write(await states.read('a'), state('2026-12-01T08:00:00.000Z'), undefined);
    const before = await states.read('a');
    refuse(error);
    const written = states.write(before, state('2026-12-01T09:00:00.000Z'), undefined);
    if (thrown) await expect(written).rejects.toThrow(error);
    else expect(await written).toBe(false);
  },
);
