import type { Role } from '../../lambda/authentication/actor';
import { type Newcomer, newcomer } from './newcomer';
import { enrolled, expectProblem, registered } from './scene';
import { type Person, type Response, ward } from './ward';

const cloud = ward();
const soon = () => new Date(Date.now() + 3_600_000).toISOString();
const freeze = () => ({ reason: 'suspected-breach', expires_at: soon() });

let officer: Newcomer;
let clinician: Newcomer;
let registrar: Newcomer;
let patient: string;
let patientAccount: Newcomer;

beforeAll(async () => {
  [officer, clinician, registrar, patientAccount] = (await Promise.all(
    (['compliance_officer', 'clinician', 'registrar', 'patient'] as const).map((role) => newcomer(role)),
  )) as [Newcomer, Newcomer, Newcomer, Newcomer];
  patient = await registered({}, registrar);
  await enrolled(patient, patientAccount, registrar);
  const joined = await cloud.as('admin').put(`/v1/patients/${patient}/care-team/${clinician.sub}`, {});
  expect(joined.status).toBe(201);
});

const read = (person: Person): Promise<Response> => person.get(`/v1/patients/${patient}`);
async function deniedFor(response: Response, reason: string): Promise<void> {
  expectProblem(response, 403, 'forbidden', patient);
  expect(await cloud.eventsOf(response.requestId)).toMatchObject([{ outcome: 'deny', reason }]);
}

test('a frozen record opens to the patient alone, from the next request on and until the freeze ends, 45 CFR 164.308(a)(6)(ii)', async () => {
  const path = `/v1/controls/patients/${patient}`;
  expect((await read(clinician)).status).toBe(200);
  const placed = await officer.put(path, freeze());
  expect(placed).toMatchObject({ status: 200, body: { kind: 'patient', target: patient, in_force: true } });
  await deniedFor(await read(clinician), 'patient-frozen');
  await deniedFor(await read(registrar), 'patient-frozen');
  await deniedFor(
    await registrar.post(`/v1/patients/${patient}/enrollment-codes`, { identity_check: 'government-id' }),
    'patient-frozen',
  );
  expect((await read(patientAccount)).status).toBe(200);
  expect((await officer.delete(path)).status).toBe(200);
  expect((await read(clinician)).status).toBe(200);
  expectProblem(await officer.delete(path), 404, 'not-found');
});

test('a frozen record is in no search', async () => {
  const mrn = `F-${patient}`;
  const found = await registered(
    {
      demographics: {
        identifier: [
          { type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] }, value: mrn },
        ],
        name: [{ family: 'Frozen' }],
        birthDate: '1980-01-01',
      },
    },
    registrar,
  );
  const search = async () => (await registrar.post('/v1/patients/search', { mrn })).body.patients.length;
  expect(await search()).toBe(1);
  await officer.put(`/v1/controls/patients/${found}`, freeze());
  expect(await search()).toBe(0);
});

test('a frozen role may do nothing, and others go on', async () => {
  const auditor = await newcomer('auditor');
  expect((await auditor.get('/v1/me')).status).toBe(200);
  expect((await officer.put('/v1/controls/roles/auditor', freeze())).status).toBe(200);
  try {
    const refused = await auditor.get('/v1/me');
    expectProblem(refused, 403, 'forbidden');
    expect(await cloud.eventsOf(refused.requestId)).toMatchObject([{ reason: 'role-frozen' }]);
    expect((await read(clinician)).status).toBe(200);
  } finally {
    expect((await officer.delete('/v1/controls/roles/auditor')).status).toBe(200);
  }
  expect((await auditor.get('/v1/me')).status).toBe(200);
});

test('the role of the compliance officers cannot be frozen: nobody could end it', async () => {
  expectProblem(await officer.put('/v1/controls/roles/compliance_officer', freeze()), 400, 'invalid-input');
});

test.each(['clinician', 'registrar', 'admin', 'billing', 'auditor', 'patient'] as const)(
  '%s puts no control in place',
  async (role: Role) => {
    const person = await newcomer(role);
    for (const path of ['/v1/controls/lockdown', '/v1/controls/roles/billing', `/v1/controls/patients/${patient}`]) {
      const refused = await person.put(path, freeze());
      expectProblem(refused, 403, 'forbidden');
      expect(await cloud.eventsOf(refused.requestId)).toMatchObject([{ outcome: 'deny', reason: 'role' }]);
    }
  },
);

test.each([
  ['no reason', {}, 400],
  ['a reason of its own', { reason: 'because', expires_at: soon() }, 400],
  ['an end in the past', { reason: 'drill', expires_at: '2020-01-01T00:00:00Z' }, 400],
  ['no end in sight', { reason: 'drill', expires_at: '2999-01-01T00:00:00Z' }, 400],
])('a freeze for %s is refused, and that is on record', async (_, body, status) => {
  const refused = await officer.put(`/v1/controls/patients/${patient}`, body);
  expectProblem(refused, status, 'invalid-input', 'because');
  expect(await cloud.eventsOf(refused.requestId)).toMatchObject([{ outcome: 'error', reason: 'invalid-input' }]);
});

test('a freeze of nobody is refused', async () => {
  expectProblem(
    await officer.put('/v1/controls/patients/00000000-0000-4000-8000-000000000000', freeze()),
    404,
    'not-found',
  );
});
