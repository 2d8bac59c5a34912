import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { checkRecords, describeCheck, type RecordsCheck } from '../../bin/records';
import { operator } from './operator';
import { caredFor, expectProblem, told } from './scene';
import { ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

const cloud = ward();
const clinician = cloud.as('clinician');

/** The sealer takes seconds: asks until the log knows of every write, or says what it says. */
async function settled(patient: string): Promise<RecordsCheck> {
  const { client } = await operator(cloud, 'compliance');
  for (const deadline = Date.now() + 60_000; ; ) {
    const check = await checkRecords(client, patient);
    if (check.findings.every(({ status }) => status !== 'unrecorded') || Date.now() > deadline) return check;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

test('an old version put back in place is found by the log and by who knows a later one. 45 CFR 164.312(c)', async () => {
  const id = await caredFor();
  const notes = `/v1/patients/${id}/records/notes`;
  const { body } = await clinician.post(notes, { text: 'ten milligrams' });
  const path = `${notes}/${body.id}`;
  const item = async () =>
    (await cloud.partition('RecordsTable', `P#${id}`)).find(({ SK }) => SK === `C#notes#${body.id}`);
  const first = await item();
  expect((await clinician.put(path, { text: 'one milligram' }, { 'if-match': '"1"' })).status).toBe(200);
  const sound = await settled(id);
  expect(describeCheck(sound)).toMatchObject({ sound: true });
  expect(sound.entries).toBe(2);

  // Whoever can write the table puts the old item back, byte for byte.
  await cloud.documents().send(new PutCommand({ TableName: cloud.output('RecordsTable'), Item: first }));
  expect((await clinician.get(path)).body.value).toEqual({ text: 'ten milligrams' }); // authentic, only old
  const change = await clinician.put(path, { text: 'two milligrams' }, { 'if-match': '"2"' });
  expectProblem(change, 412, 'stale-version');
  expect((await cloud.eventsOf(change.requestId)).map(told)).toEqual([
    expect.objectContaining({ outcome: 'error', reason: 'stale-version', resources: [['notes', body.id, 1]] }),
  ]);
  const found = describeCheck(await settled(id));
  expect(found.sound).toBe(false);
  expect(found.lines[0]).toBe(`ROLLED_BACK  notes  ${body.id}  stored 1  recorded 2`);
}, 120_000);

test('which versions there are is for officers and auditors, and opens nothing', async () => {
  const id = await caredFor();
  for (const name of ['clinician', 'admin', 'registrar', 'billing'])
    expectProblem(await cloud.as(name).get(`/v1/patients/${id}/versions`), 403, 'forbidden');
  const { body } = await cloud.as('auditor').get(`/v1/patients/${id}/versions`);
  expect(body.entries).toEqual([{ category: 'demographics', entry: 'main', version: 1, sealed: 1 }]);
});
