import { randomUUID } from 'node:crypto';
import { caredFor, demographics, expectProblem, newMrn, registered, told } from './scene';
import { ward } from './ward';

const cloud = ward();
const [registrar, clinician, billing] = [cloud.as('registrar'), cloud.as('clinician'), cloud.as('billing')];
const search = '/v1/patients/search';
const ids = (answer: { body: { patients: { id: string }[] } }): string[] =>
  answer.body.patients.map(({ id }) => id).sort();

test('a medical record number finds its patient, however it is written', async () => {
  const mrn = `MRN-00-${randomUUID()}`;
  const id = await registered({ demographics: demographics({ mrn }) });
  for (const written of [mrn, mrn.toLowerCase(), mrn.replaceAll('-', ' '), `  ${mrn.replaceAll('-', '')} `])
    expect(ids(await registrar.post(search, { mrn: written }))).toEqual([id]);
  for (const other of [mrn.slice(0, -1), `${mrn}0`, newMrn()])
    expect(ids(await registrar.post(search, { mrn: other }))).toEqual([]);
});

test('a family name and a birth date find everybody who has both, in any case and Unicode form', async () => {
  const family = `Ångström-Müller ${randomUUID()}`;
  const mine = await Promise.all(
    [0, 1].map(() => registered({ demographics: demographics({ family, birthDate: '1961-12-31' }) })),
  );
  await registered({ demographics: demographics({ family, birthDate: '1961-12-30' }) });
  for (const written of [family, family.toUpperCase(), family.normalize('NFD'), ` ${family.replace(' ', '   ')} `])
    expect(ids(await registrar.post(search, { family: written, birth_date: '1961-12-31' }))).toEqual([...mine].sort());
  // Accents are part of a name: another name finds another person.
  const plain = family.normalize('NFD').replace(/\p{M}/gu, '');
  expect(ids(await registrar.post(search, { family: plain, birth_date: '1961-12-31' }))).toEqual([]);
});

test('a hit shows what tells two people apart and nothing else', async () => {
  const mrn = newMrn();
  const given = demographics({ mrn });
  const id = await registered({ demographics: given, ssn: '999-71-2345', billing_address: { city: 'Old Ferry' } });
  const { name, birthDate, gender } = given;
  for (const person of [registrar, billing]) {
    const answer = await person.post(search, { mrn });
    expect(answer.body).toEqual({ patients: [{ id, demographics: { name, birthDate, gender } }] });
    expect(answer.text).not.toMatch(/999-?71-?2345|Old Ferry|555-0100/);
  }
});

test('a clinician finds their own patients only, and cannot tell whether there are others', async () => {
  const family = `Family-${randomUUID()}`;
  const who = { family, birthDate: '1955-05-05' };
  const [mine, , foreignMrn] = [
    await caredFor({ demographics: demographics(who) }),
    await registered({ demographics: demographics(who) }),
    newMrn(),
  ];
  await registered({ demographics: demographics({ mrn: foreignMrn }) });
  expect(ids(await clinician.post(search, { family, birth_date: '1955-05-05' }))).toEqual([mine]);
  const [foreign, unknown] = [
    await clinician.post(search, { mrn: foreignMrn }),
    await clinician.post(search, { mrn: newMrn() }),
  ];
  expect([foreign.status, foreign.body]).toEqual([unknown.status, unknown.body]);
  const about = async ({ requestId }: { requestId: string }) => (await cloud.eventsOf(requestId)).map(told);
  expect(await about(foreign)).toEqual(await about(unknown));
  await cloud.as('admin').delete(`/v1/patients/${mine}/care-team/${cloud.user('clinician').sub}`);
  expect(ids(await clinician.post(search, { family, birth_date: '1955-05-05' }))).toEqual([]);
});

test('each hit is an event of its own, and a search without hits is one; 45 CFR 164.312(b)', async () => {
  const family = `Family-${randomUUID()}`;
  const patients = await Promise.all(
    [0, 1, 2].map(() => registered({ demographics: demographics({ family, birthDate: '1944-04-04' }) })),
  );
  const hits = await billing.post(search, { family, birth_date: '1944-04-04' });
  const told3 = (await cloud.eventsOf(hits.requestId)).map(told);
  expect(told3.map(({ patient }) => patient).sort()).toEqual([...patients].sort());
  for (const event of told3)
    expect(event).toMatchObject({
      action: 'patient.search',
      actor: cloud.user('billing').sub,
      categories: ['demographics'],
      resources: [['demographics', 'main', 1]],
      outcome: 'permit',
      basis: 'role',
      purpose: 'PAYMENT',
      status: 200,
    });
  const none = await billing.post(search, { family, birth_date: '1944-04-05' });
  expect(none.body).toEqual({ patients: [] });
  expect((await cloud.eventsOf(none.requestId)).map(told)).toEqual([
    expect.objectContaining({ patient: null, categories: [], resources: [], reason: 'no-match', outcome: 'permit' }),
  ]);
});

test('a search that finds a crowd is a listing, and is refused', async () => {
  const family = `Family-${randomUUID()}`;
  const one = () => registered({ demographics: demographics({ family, birthDate: '1990-01-01' }) });
  for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 7 }, one));
  const answer = await registrar.post(search, { family, birth_date: '1990-01-01' });
  expectProblem(answer, 400, 'invalid-input', family);
});

test('who has nothing to search for is refused', async () => {
  for (const name of ['patient', 'admin', 'compliance', 'auditor'])
    expectProblem(await cloud.as(name).post(search, { mrn: newMrn() }), 403, 'forbidden');
});

test.each([
  ['nothing', {}],
  ['a name alone', { family: 'Smith' }],
  ['a birth date alone', { birth_date: '1970-01-01' }],
  ['both kinds at once', { mrn: '1', family: 'Smith', birth_date: '1970-01-01' }],
  ['a social security number', { ssn: '999-12-3456' }],
  ['what is no date', { family: 'Smith', birth_date: '1970-02-31' }],
  ['an empty number', { mrn: '  ' }],
  ['a number that is none', { mrn: 7 }],
  ['a pattern', { mrn: { $gt: '' } }],
])('%s is no question', async (_, question) => {
  expectProblem(await registrar.post(search, question), 400, 'invalid-input', 'Smith', '999-12-3456', '1970-02-31');
});
