import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { type PutBackTable, putBack, putBackTables } from '../../bin/put-back/put-back';
import { markKey } from '../../lambda/audit/archive-mark';
import { type Newcomer, newcomer } from './newcomer';
import { type Change, type OwnCloud, ownCloud, stored } from './own-cloud';
import { expectProblem, registered } from './scene';

jest.setTimeout(240_000);

const outputs = { governance: 'GovernanceTable', records: 'RecordsTable', keys: 'KeysTable' } as const;
const restoredName = (table: PutBackTable) => `ward-local-restored-${table}`;
/** Tables beside the stage's, as point-in-time recovery makes them: neither stream nor protection. */
const withRestored: Change = ({ Resources }) => {
  for (const table of putBackTables) {
    const construct = { governance: 'AccessGovernance', records: 'Records', keys: 'RecordsKeys' }[table];
    const [, resource] =
      Object.entries(Resources).find(
        ([id, { Type }]) => Type === 'AWS::DynamoDB::GlobalTable' && new RegExp(`^${construct}[0-9A-F]{8}$`).test(id),
      ) ?? [];
    if (!resource) continue;
    const copy = structuredClone(resource);
    Resources[`Restored${table}`] = { ...copy, Properties: { ...copy.Properties, TableName: restoredName(table) } };
  }
};

let own: OwnCloud;
let client: DynamoDBClient;
let officer: Newcomer;
let admin: Newcomer;
let clinician: Newcomer;
let registrar: Newcomer;
beforeAll(async () => {
  own = await ownCloud(withRestored, { scheduleClock: { now: Date.now, at: () => () => undefined } });
  const { region, credentials, urls } = own.cloud;
  client = new DynamoDBClient({ region, credentials, endpoint: urls.dynamodb });
  const roles = ['compliance_officer', 'admin', 'clinician', 'registrar'] as const;
  const [one, two, three, four] = await Promise.all(roles.map((role) => newcomer(role, own.ward)));
  if (!one || !two || !three || !four) throw new Error('nobody came');
  [officer, admin, clinician, registrar] = [one, two, three, four];
});
afterAll(() => own.remove());

async function sealed(): Promise<void> {
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  await own.cloud.settled();
}
const pairs = () => ({
  governance: { live: own.ward.output('GovernanceTable'), restored: restoredName('governance') },
  records: { live: own.ward.output('RecordsTable'), restored: restoredName('records') },
  keys: { live: own.ward.output('KeysTable'), restored: restoredName('keys') },
});
const run = () => putBack({ client, pairs: pairs(), now: new Date() });
/** What a point-in-time recovery to now would hold. */
async function restore(): Promise<void> {
  for (const table of putBackTables) {
    const mark = await own.ward.partition(outputs[table], markKey.PK);
    for (const Item of [...(await own.ward.items(outputs[table])), ...mark])
      await own.ward.documents().send(new PutCommand({ TableName: restoredName(table), Item }));
  }
}
const marks = async () =>
  Promise.all(putBackTables.map(async (table) => (await own.ward.partition(outputs[table], markKey.PK))[0]?.['size']));

test('tables go back item by item; a suspension of since is found again before anybody gets in, 45 CFR 164.308(a)(7)(ii)(B), 164.308(a)(3)(ii)(C)', async () => {
  const kept = await registered({}, registrar);
  await sealed();
  await restore();
  const then = await stored(own.ward);
  await expect(run()).rejects.toThrow('is not behind');
  expect(await stored(own.ward)).toEqual(then);

  const later = await registered({}, registrar);
  expect((await admin.post(`/v1/users/${clinician.sub}/suspension`, { reason: 'termination' })).status).toBe(200);
  await sealed();
  const before = await marks();
  const moved = await run();
  expect(moved.keys).toEqual({ put: 0, removed: expect.any(Number) });
  expect(moved.keys.removed).toBeGreaterThan(0);
  expect(moved.governance.put).toBeGreaterThan(0);
  for (const [index, mark] of (await marks()).entries()) expect(mark).toBeLessThan(Number(before[index]));
  expect((await own.ward.partition('KeysTable', `P#${later}`)).length).toBe(0);
  const locked = (items: readonly string[]) => items.filter((item) => !/CONTROL/.test(item));
  expect(locked(await stored(own.ward))).toEqual(locked(then));
  expectProblem(await officer.get('/v1/controls'), 403, 'forbidden');
  expectProblem(await registrar.get(`/v1/patients/${kept}`), 403, 'forbidden');

  expect(await own.invoke('restore-replay', {})).toMatchObject({ waiting: 'replayed' });
  const [actor] = await own.ward.partition('GovernanceTable', `ACTOR#${clinician.sub}`);
  expect(actor).toMatchObject({ status: 'suspended' });
  const [lockdown] = await own.ward.partition('GovernanceTable', 'CONTROL#LOCKDOWN');
  expect(lockdown).toMatchObject({ reason: 'restored' });
  await expect(run()).rejects.toThrow('a restore waits already');
});
