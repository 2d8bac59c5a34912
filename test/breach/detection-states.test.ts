import { ConditionalCheckFailedException, TransactionConflictException } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { emptyState } from '../../lambda/breach/detect/state';
import { DetectionStates } from '../../lambda/breach/detection-states';

type Item = { PK: string; SK: string };
type Member = { Put?: { Item: Item }; Delete?: { Key: Item } };
type Input = { TransactItems?: Member[]; Item?: Item; RequestItems?: { t: { Keys: Item[] } } };
type Days = ReturnType<typeof emptyState>['days'];
const state = (expiresAt: string, role: 'clinician' | 'billing' = 'clinician', days: Days = {}) => ({
  ...emptyState({ subject: 'a', role }),
  expiresAt,
  days,
});
const nameOf = ({ PK, SK }: Item): string => (SK === 'EARLIER' ? 'earlier days' : PK);

/** A table of one subject, written with its condition met unless it refuses. */
function table() {
  const items = new Map<string, Record<string, unknown>>();
  const writes: string[][] = [];
  let changed: Error | undefined;
  let instead: (() => Record<string, unknown>[]) | undefined;
  const documents = {
    send: async ({ input: { TransactItems, Item, RequestItems } }: { input: Input }) => {
      if (RequestItems) {
        const found = RequestItems.t.Keys.flatMap(({ PK, SK }) => items.get(`${PK} ${SK}`) ?? []);
        return { Responses: { t: instead?.() ?? found }, UnprocessedKeys: {} };
      }
      if (changed) throw changed;
      writes.push(
        Item
          ? [`put ${nameOf(Item)}, alone`]
          : (TransactItems ?? []).map(({ Put, Delete }) =>
              Put ? `put ${nameOf(Put.Item)}` : `delete ${Delete?.Key.PK}`,
            ),
      );
      for (const each of Item ? [Item] : (TransactItems ?? []).flatMap(({ Put }) => Put?.Item ?? []))
        items.set(`${each.PK} ${each.SK}`, each);
      return {};
    },
  };
  return {
    states: new DetectionStates(documents as unknown as DynamoDBDocumentClient, 't'),
    items,
    writes,
    put: (value: Item) => items.set(`${value.PK} ${value.SK}`, value),
    refuse: (error: Error) => (changed = error),
    answer: (found: typeof instead) => (instead = found),
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
  const old = { PK: 'DETECT#a', SK: 'DETECT', state: JSON.stringify(before), version: 3 };
  put(old);
  expect(await states.read('a')).toEqual({ state: before, version: 3 });
  expect(await states.write(await states.read('a'), before, undefined)).toBe(true);
  expect(writes).toEqual([['put DETECT#a', 'delete DETECT-DUE', 'put DETECT-SUBJECTS']]);
});

const hour = (member: string) => ({
  '08': { patients: { members: [member], events: ['e'], at: '2026-11-23T08:00:00.000Z' } },
});
const [monday, tuesday] = [{ '2026-11-23': hour('p') }, { '2026-11-24': hour('q') }];
const ends = '2026-12-01T08:00:00.000Z';

test('the newest day is written with each event, the days before it where they change alone', async () => {
  const { states, writes } = table();
  const next = async (days: Days) => {
    const before = await states.read('a');
    expect(await states.write(before, state(ends, 'clinician', days), undefined)).toBe(true);
    expect((await states.read('a')).state).toEqual(state(ends, 'clinician', days));
    return writes.at(-1);
  };
  await next(monday);
  expect(writes).toEqual([['put DETECT#a', 'delete DETECT-DUE', 'put DETECT-SUBJECTS']]);
  expect(await next({ '2026-11-23': hour('r') })).toEqual(['put DETECT#a, alone']);
  expect(await next({ ...monday, ...tuesday })).toEqual(['put DETECT#a', 'put earlier days']);
  expect(await next({ ...monday, '2026-11-24': hour('s') })).toEqual(['put DETECT#a, alone']);
  // An event of Monday that comes late.
  expect(await next({ '2026-11-23': hour('late'), ...tuesday })).toEqual(['put DETECT#a', 'put earlier days']);
  // What is too old to count is named no more, though it lies there.
  expect(await next(tuesday)).toEqual(['put DETECT#a, alone']);
  expect(await next({})).toEqual(['put DETECT#a, alone']);
  expect(await next({ ...monday, ...tuesday })).toEqual(['put DETECT#a', 'put earlier days']);
});

test('a state and earlier days that are not of one moment are read again; those that never are lose the days, for good', async () => {
  const { states, items, answer } = table();
  await states.write(await states.read('a'), state(ends, 'clinician', { ...monday, ...tuesday }), undefined);
  const head = { ...items.get('DETECT#a DETECT') };
  const whole = await states.read('a');
  await states.write(whole, state(ends, 'clinician', { '2026-11-23': hour('late'), ...tuesday }), undefined);
  const torn = [head, { ...items.get('DETECT#a EARLIER') }];
  let turn = 0;
  answer(() => (turn++ === 0 ? torn : [...items.values()].filter(({ PK }) => PK === 'DETECT#a')));
  expect((await states.read('a')).state?.days).toEqual({ '2026-11-23': hour('late'), ...tuesday });
  expect(turn).toBe(2);
  for (const always of [torn, [head]]) {
    answer(() => always);
    const lost = await states.read('a');
    expect(lost.state?.days).toEqual(tuesday);
    answer(undefined);
    items.set('DETECT#a DETECT', head);
    expect(await states.write(lost, state(ends, 'clinician', tuesday), undefined)).toBe(true);
    expect(items.get('DETECT#a DETECT')?.['earlier']).toBeUndefined();
    expect((await states.read('a')).state?.days).toEqual(tuesday);
  }
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
