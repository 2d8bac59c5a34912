import { randomUUID } from 'node:crypto';
import { type ApiClient, ApiError } from '../../bin/api-client';
import { rotateAll } from '../../bin/keys';
import { Place } from '../../bin/place';
import { operator } from './operator';
import { caredFor, expectProblem, registered, told } from './scene';
import { ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

const cloud = ward();
const officer = cloud.as('compliance');
const clinician = cloud.as('clinician');
const note = (text: string) => ({ text });
const versionOf = async (patient: string): Promise<number> =>
  Number((await cloud.partition('KeysTable', `P#${patient}`)).find(({ SK }) => SK === 'KEY')?.['newest']);

/** @returns the key versions that a patient's current entries are sealed under */
async function sealedUnder(patient: string): Promise<number[]> {
  const items = await cloud.partition('RecordsTable', `P#${patient}`);
  return items.flatMap(({ header }) => (header instanceof Uint8Array ? [Buffer.from(header).readUInt32BE(2)] : []));
}

describe('a rotation of one patient’s key', () => {
  test('leaves what is stored readable, seals what is written under the new version, and is on record', async () => {
    const id = await caredFor();
    const path = `/v1/patients/${id}/records/notes`;
    const first = await clinician.post(path, note('before'));
    const rotation = await officer.post(`/v1/patients/${id}/keys`, {});
    expect([rotation.status, rotation.body]).toEqual([201, { id, version: 2 }]);
    await clinician.post(path, note('after'));
    const entries = (await clinician.get(path)).body.entries.map(({ value }: { value: object }) => value);
    expect(entries).toEqual(expect.arrayContaining([note('before'), note('after')]));
    expect((await sealedUnder(id)).sort()).toEqual([1, 1, 2]);

    await clinician.put(`${path}/${first.body.id}`, note('changed'), { 'if-match': '"1"' });
    expect((await clinician.get(`${path}/${first.body.id}/versions/1`)).body.value).toEqual(note('before'));
    expect((await cloud.eventsOf(rotation.requestId)).map(told)).toEqual([
      expect.objectContaining({
        action: 'key.rotate',
        role: 'compliance_officer',
        patient: id,
        resources: [['key', id, 2]],
        outcome: 'permit',
        status: 201,
      }),
    ]);
  });

  test('is made once where it is sent twice, or by two at once', async () => {
    const id = await registered();
    const answers = await Promise.all([1, 2, 3].map(() => officer.post(`/v1/patients/${id}/keys`, { from: 1 })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    expectProblem(await officer.post(`/v1/patients/${id}/keys`, { from: 1 }), 409, 'conflict');
    expect(await versionOf(id)).toBe(2);
  });

  test('is a compliance officer’s alone, and of a patient who is there', async () => {
    const id = await caredFor();
    for (const name of ['admin', 'auditor', 'clinician', 'registrar', 'billing', 'patient']) {
      expectProblem(await cloud.as(name).post(`/v1/patients/${id}/keys`, {}), 403, 'forbidden');
      expectProblem(await cloud.as(name).post('/v1/key-rotations', {}), 403, 'forbidden');
    }
    expectProblem(await officer.post(`/v1/patients/${randomUUID()}/keys`, {}), 404, 'not-found');
    expect(await versionOf(id)).toBe(1);
  });
});

test('no write is lost or refused while the keys that it is sealed under are rotated all the time', async () => {
  const patients = await Promise.all(Array.from({ length: 5 }, () => caredFor()));
  let writing = true;
  const rotations = patients.map(async (id) => {
    let made = 0;
    for (; writing && made < 50; made++) await officer.post(`/v1/patients/${id}/keys`, {});
    return made;
  });
  const writers = patients.map(async (id) => {
    const statuses: number[] = [];
    for (let index = 0; index < 40; index++)
      statuses.push((await clinician.post(`/v1/patients/${id}/records/notes`, note(`${index}`))).status);
    return statuses;
  });
  const statuses = (await Promise.all(writers)).flat();
  writing = false;
  expect(Math.min(...(await Promise.all(rotations)))).toBeGreaterThan(3);
  expect(statuses.filter((status) => ![201, 409].includes(status))).toEqual([]);
  // Twice in one request the key may have changed: then it says so, and stores nothing.
  expect(statuses.filter((status) => status === 409).length).toBeLessThan(20);
  let stored = 0;
  for (const id of patients) {
    const { entries } = (await clinician.get(`/v1/patients/${id}/records/notes`)).body;
    stored += entries.length;
    expect(new Set(await sealedUnder(id)).size).toBeGreaterThan(2);
  }
  expect(stored).toBe(statuses.filter((status) => status === 201).length);
}, 120_000);

describe('ward keys rotate --all', () => {
  test('gives every patient a next key, and cut off goes on where it was without rotating anybody twice', async () => {
    const before = await Promise.all(Array.from({ length: 12 }, () => registered()));
    const { client, target } = await operator(cloud, 'compliance');
    const place = new Place(target, 'key-rotation');
    let left = 5;
    const failing = {
      call: (method: string, path: string, body?: unknown) => {
        if (path.endsWith('/keys') && left-- <= 0) throw new ApiError(503, 'urn:ward:problem:unavailable', 'cut off');
        return client.call(method, path, body);
      },
    } as ApiClient;
    const versions = () => Promise.all(before.map(versionOf));
    await expect(rotateAll(failing, place)).rejects.toThrow('cut off');
    const startedAt = new Date();
    await rotateAll(client, place, () => startedAt);
    const after = await versions();
    expect(after.every((version) => version === 2 || version === 3)).toBe(true);
    expect(place.read()).toBeUndefined();
    // Nobody has a key that is older than this rotation, so beginning it again makes none.
    place.remember({ startedAt: startedAt.toISOString(), step: 'rotate', done: 0 });
    expect(await rotateAll(client, place)).toBe(0);
    expect(await versions()).toEqual(after);
  }, 60_000);

  test('is told ids, versions and ages, never a key', async () => {
    await registered();
    const { body, requestId } = await officer.post('/v1/key-rotations', {});
    expect(Object.keys(body.patients[0]).sort()).toEqual(['id', 'since', 'version']);
    expect((await cloud.eventsOf(requestId))[0]).toMatchObject({ action: 'key.list', patient: null });
    expectProblem(await officer.post('/v1/key-rotations', { after: 'nowhere' }), 400, 'invalid-input', 'nowhere');
  });
});
