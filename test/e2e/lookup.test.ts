import { randomUUID } from 'node:crypto';
import { type ApiClient, ApiError } from '../../bin/api-client';
import { rotateLookupKey } from '../../bin/lookup';
import { operator } from './operator';
import { type OwnCloud, ownCloud } from './own-cloud';
import { demographics, expectProblem, idOf, imported, mrnIdentifier, newMrn } from './scene';
import type { Person, Ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

let own: OwnCloud;
let cloud: Ward;
let registrar: Person;
beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
  registrar = cloud.as('registrar');
}, 60_000);
afterAll(() => own.remove());

interface Known {
  readonly id: string;
  mrn: string;
  family: string;
}
async function register(): Promise<Known> {
  const [mrn, family] = [newMrn(), `Family-${randomUUID()}`];
  const body = { demographics: demographics({ mrn, family, birthDate: '1970-02-03' }), ssn: '999-12-3456' };
  return { id: idOf(await registrar.post('/v1/patients', body), 201), mrn, family };
}
const found = async (question: object): Promise<string[]> =>
  (await registrar.post('/v1/patients/search', question)).body.patients.map(({ id }: { id: string }) => id);
/** the index; tokens of relations are under the first key, which never changes */
const lookups = async () =>
  (await cloud.items('RecordsTable')).filter(({ PK }) => /^L#(mrn|ssn|family-birth-date)#/.test(String(PK)));
const relations = async () =>
  (await cloud.items('RecordsTable')).map(({ PK }) => String(PK)).filter((PK) => /^L#(family|address)#/.test(PK));
const states = async () =>
  (await cloud.partition('KeysTable', 'O#')).flatMap(({ SK, state }) =>
    String(SK).startsWith('LOOKUP#') ? [state] : [],
  );
async function expectFound({ id, mrn, family }: Known): Promise<void> {
  expect([await found({ mrn }), await found({ family, birth_date: '1970-02-03' })]).toEqual([[id], [id]]);
}

test('a rotation of the lookup key beside live writes leaves everybody findable, at each moment, and no old token', async () => {
  const people: Known[] = [];
  for (let count = 0; count < 8; count++) people.push(await register());
  const before = new Set((await lookups()).map(({ PK }) => PK));
  expect(before.size).toBe(8 * 2 + 1); // they share one SSN
  const related = await relations();
  expect(related).toHaveLength(8);
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [{ fullUrl: `urn:uuid:${randomUUID()}`, resource: { resourceType: 'Patient', ...demographics({}) } }],
  };
  const patient = bundle.entry[0]?.fullUrl;
  Object.assign(bundle, {
    entry: [
      ...bundle.entry,
      {
        fullUrl: `urn:uuid:${randomUUID()}`,
        resource: { resourceType: 'Condition', subject: { reference: patient }, code: { text: 'measles' } },
      },
    ],
  });
  const first = await imported(bundle, registrar);
  expect([first.status, first.body?.stored]).toEqual([200, 2]);

  let rotating = true;
  const missed: string[] = [];
  const searching = (async () => {
    while (rotating)
      for (const { id, mrn } of people.slice(0, 8)) if ((await found({ mrn }))[0] !== id) missed.push(mrn);
  })();
  const writing = (async () => {
    while (rotating) {
      const known = await register();
      const mrn = newMrn();
      const patch = { identifier: [mrnIdentifier(mrn)] };
      if ((await registrar.patch(`/v1/patients/${known.id}`, patch, 1)).status === 200) known.mrn = mrn;
      people.push(known);
      // A number that is somebody's stays theirs, under whichever key it is looked for.
      const [taken] = people;
      if (taken)
        expectProblem(
          await registrar.post('/v1/patients', { demographics: demographics({ mrn: taken.mrn }) }),
          409,
          'mrn-in-use',
        );
    }
  })();
  const { client } = await operator(cloud, 'compliance');
  expect(
    await rotateLookupKey(client).finally(() => {
      rotating = false;
    }),
  ).toBe(2);
  await Promise.all([searching, writing]);

  expect(missed).toEqual([]);
  expect(people.length).toBeGreaterThan(9);
  for (const known of people) await expectFound(known);
  expect(await states()).toEqual(['retired', 'current']);
  const after = await lookups();
  expect(after.filter(({ PK }) => before.has(PK))).toEqual([]);
  expect(await relations()).toEqual(expect.arrayContaining(related));
  const byPatient = (id: string) => after.filter(({ patient }) => patient === id).length;
  for (const { id } of people) expect(byPatient(id)).toBe(3);

  // What was imported is met again under the new key: nothing is stored twice.
  const again = await imported(bundle, registrar);
  expect([again.status, again.body.patient, again.body.stored]).toEqual([200, first.body.patient, 0]);
}, 180_000);

test('a rotation that was cut off goes on where it was, also by somebody else', async () => {
  const known = await register();
  const { client } = await operator(cloud, 'compliance');
  let left = 1;
  const failing = {
    call: (method: string, path: string, body?: unknown) => {
      if (left-- <= 0) throw new ApiError(503, 'urn:ward:problem:unavailable', 'cut off');
      return client.call(method, path, body);
    },
  } as ApiClient;
  await expect(rotateLookupKey(failing)).rejects.toThrow('cut off');
  expect(await states()).toEqual(['retired', 'current', 'next']);
  await expectFound(known);
  expect(await Promise.all([rotateLookupKey(client), rotateLookupKey(client)])).toEqual([3, 3]);
  expect(await states()).toEqual(['retired', 'retired', 'current']);
  await expectFound(known);
}, 120_000);

test('is a compliance officer’s alone', async () => {
  for (const name of ['admin', 'registrar'])
    expectProblem(await cloud.as(name).post('/v1/lookup-rotation', { begin: true }), 403, 'forbidden');
});
