import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { governanceKeys } from '../../lambda/access/governance';
import { GovernanceReads } from '../../lambda/access/governance-reads';
import { type Role, roles } from '../../lambda/authentication/actor';

const sub = '0196a0a0-0000-7000-8000-000000000001';
type Item = { PK: string; SK: string };

/** A governance table with one person in it. @returns what it was asked for, a list of partitions a call */
function table(role: Role) {
  const items = new Map<string, Item>();
  const asked: string[][] = [];
  const put = (item: Item) => items.set(item.PK, item);
  const is = (now: Role) =>
    put({
      ...governanceKeys.actor(sub),
      ...{ sub, role: now, status: 'active', createdBy: 'operator', createdAt: '2026-11-23T08:00:00.000Z', version: 1 },
    });
  const freeze = (target: Role) =>
    put({
      ...governanceKeys.frozenRole(target),
      ...{ kind: 'role', target, reason: 'malware', author: 'a', version: 1 },
      ...{ at: '2026-11-23T08:00:00.000Z', expiresAt: '2026-11-24T08:00:00.000Z' },
    });
  is(role);
  const documents = {
    send: async ({ input }: { input: { RequestItems: { t: { Keys: Item[]; ConsistentRead: boolean } } } }) => {
      const { Keys, ConsistentRead } = input.RequestItems.t;
      expect(ConsistentRead).toBe(true);
      asked.push(Keys.map(({ PK }) => PK));
      return { Responses: { t: Keys.flatMap(({ PK }) => items.get(PK) ?? []) }, UnprocessedKeys: {} };
    },
  };
  const reads = new GovernanceReads(documents as unknown as DynamoDBDocumentClient, 't');
  return { read: () => reads.read({ sub, session: 's', incidents: false }), asked, is, freeze, items };
}
const freezesIn = (partitions: readonly string[] = []) =>
  partitions.filter((each) => each.startsWith('CONTROL#ROLE#')).map((each) => each.slice('CONTROL#ROLE#'.length));

test('of somebody who was met, the freeze of their role alone is asked for, and counts on the very next read', async () => {
  const { read, asked, freeze } = table('clinician');
  await read();
  await read();
  freeze('clinician');
  const { controls } = await read();
  expect(asked.map(freezesIn)).toEqual([
    roles.filter((role) => role !== 'compliance_officer'),
    ['clinician'],
    ['clinician'],
  ]);
  expect(controls).toMatchObject([{ kind: 'role', target: 'clinician' }]);
});

test('a role that changed meanwhile is under its own freeze at once', async () => {
  const { read, asked, is, freeze } = table('clinician');
  await read();
  freeze('billing');
  is('billing');
  const { actor, controls } = await read();
  expect(actor?.role).toBe('billing');
  expect(controls).toMatchObject([{ kind: 'role', target: 'billing' }]);
  expect(asked).toHaveLength(3);
  await read();
  expect(freezesIn(asked[3])).toEqual(['billing']);
});

test('whoever was an officer, whom no freeze concerns, is under the freeze of the next role at once', async () => {
  const { read, asked, is, freeze } = table('compliance_officer');
  await read();
  await read();
  expect(freezesIn(asked[1])).toEqual([]);
  is('auditor');
  freeze('auditor');
  expect((await read()).controls).toMatchObject([{ kind: 'role', target: 'auditor' }]);
});

test('somebody who is not there any more is nobody, whoever they were', async () => {
  const { read, items } = table('clinician');
  await read();
  items.clear();
  expect((await read()).actor).toBeUndefined();
});
