import { type Newcomer, newcomer } from './newcomer';
import { demographics, enrolled, expectProblem, idOf, registered } from './scene';
import { ward } from './ward';

const cloud = ward();
let registrar: Newcomer;
let parent: Newcomer;
let child: string;
const born = `${new Date().getUTCFullYear() - 9}-05-04`;
const of = (patient: string, user: string) => `/v1/patients/${patient}/representatives/${user}`;
const parenthood = { relationship: 'parent-of-minor', evidence: 'birth-certificate' };
const guardian = { relationship: 'guardian', evidence: 'court-order' };

beforeAll(async () => {
  [registrar, parent] = await Promise.all([newcomer('registrar'), newcomer('patient')]);
  child = idOf(
    await registrar.post('/v1/patients', { demographics: demographics({ birthDate: born }), ssn: '123-45-6789' }),
    201,
  );
});

test('a parent reads a minor’s record until the 18th birthday, 45 CFR 164.502(g)(3)', async () => {
  expectProblem(await parent.get(`/v1/patients/${child}`), 403, 'forbidden');
  const recorded = await registrar.put(of(child, parent.sub), parenthood);
  expect(recorded).toMatchObject({
    status: 201,
    body: {
      scope: 'all',
      ends_at: `${new Date().getUTCFullYear() + 9}-05-04T00:00:00.000Z`,
      recorded_by: registrar.sub,
    },
  });
  const read = await parent.get(`/v1/patients/${child}`);
  expect(Object.keys(read.body.categories).sort()).toEqual(['demographics', 'ssn']);
  expect(await cloud.eventsOf(read.requestId)).toMatchObject([{ basis: 'representative', patient: child }]);
  expect((await parent.get('/v1/me')).body.represents).toEqual([
    { patient: child, scope: 'all', relationship: 'parent-of-minor' },
  ]);
});

test('a scope shows its categories and no others', async () => {
  const aunt = await newcomer('patient');
  expect((await registrar.put(of(child, aunt.sub), { ...guardian, scope: ['demographics'] })).status).toBe(201);
  expect(Object.keys((await aunt.get(`/v1/patients/${child}`)).body.categories)).toEqual(['demographics']);
  const refused = await aunt.get(`/v1/patients/${child}/records/diagnoses`);
  expectProblem(refused, 403, 'forbidden');
  expect(await cloud.eventsOf(refused.requestId)).toMatchObject([{ reason: 'category' }]);
});

test('who represents no more is refused on the next request', async () => {
  const former = await newcomer('patient');
  await registrar.put(of(child, former.sub), guardian);
  expect((await former.get(`/v1/patients/${child}`)).status).toBe(200);
  expect((await registrar.delete(of(child, former.sub))).status).toBe(200);
  expectProblem(await former.get(`/v1/patients/${child}`), 403, 'forbidden');
  expect((await former.get('/v1/me')).body.represents).toEqual([]);
});

test('a representative writes nothing, brings in nobody and reads no other record', async () => {
  const other = await registered({}, registrar);
  expectProblem(await parent.get(`/v1/patients/${other}`), 403, 'forbidden');
  expectProblem(await parent.post(`/v1/patients/${child}/records/notes`, { note: 'x' }), 403, 'forbidden');
  expectProblem(await parent.put(of(child, parent.sub), guardian), 403, 'forbidden');
});

test.each([
  ['a parent of somebody grown up', { birthDate: '1970-02-03' }, parenthood, 'relationship'],
  [
    'a parent beyond the 18th birthday',
    { birthDate: born },
    { ...parenthood, ends_at: '2999-01-01T00:00:00Z' },
    'ends_at',
  ],
  ['an end before the start', { birthDate: born }, { ...guardian, ends_at: '2000-01-01T00:00:00Z' }, 'ends_at'],
])('%s is not recorded', async (_, person, body, field) => {
  const patient = idOf(await registrar.post('/v1/patients', { demographics: demographics(person) }), 201);
  const refused = await registrar.put(of(patient, parent.sub), body);
  expectProblem(refused, 403, 'not-allowed');
  expect(refused.body.errors[0]).toMatchObject({ field });
});

test('neither somebody with another role nor the patient themselves is a representative', async () => {
  const self = await newcomer('patient');
  await enrolled(child, self, registrar);
  for (const { sub } of [registrar, self, { sub: '00000000-0000-4000-8000-000000000000' }])
    expectProblem(await registrar.put(of(child, sub), guardian), 403, 'not-allowed');
});

test('of an adult the whole way is open to who holds a power of attorney', async () => {
  const [patient, attorney] = await Promise.all([registered({}, registrar), newcomer('patient')]);
  const body = { relationship: 'healthcare-power-of-attorney', evidence: 'power-of-attorney-document' };
  const recorded = await registrar.put(of(patient, attorney.sub), body);
  expect(recorded.body.ends_at).toBeUndefined();
  expect((await attorney.get(`/v1/patients/${patient}/export`)).status).toBe(200);
});
