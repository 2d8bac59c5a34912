import { randomUUID } from 'node:crypto';
import { demographics, expectProblem, idOf, mrnIdentifier, newMrn, registered, told } from './scene';
import { ward } from './ward';

const cloud = ward();
const registrar = cloud.as('registrar');
const clinician = cloud.as('clinician');

test('a registrar registers a patient, and what each role may see of it is there', async () => {
  const given = demographics({});
  const response = await registrar.post('/v1/patients', {
    demographics: given,
    ssn: '999-12-3456',
    billing_address: { line: ['1 Orchard Road'], city: 'Old Ferry', state: 'OH', postalCode: '43004' },
    insurance_id: [{ member: 'S-1' }, { member: 'S-2' }],
  });
  const id = idOf(response, 201);
  expect(response.headers.get('etag')).toBe('"1"');
  expect(response.body).toEqual({ id, version: 1 });

  const seen = await registrar.get(`/v1/patients/${id}`);
  expect(seen.body).toEqual({
    id,
    categories: { demographics: expect.objectContaining({ version: 1, value: given }) },
  });

  const paid = (await cloud.as('billing').get(`/v1/patients/${id}`)).body.categories;
  expect(Object.keys(paid).sort()).toEqual(['billing_address', 'demographics', 'ssn']);
  expect(paid.ssn.value).toEqual({ value: '999123456' });
  expect(paid.billing_address.value.city).toBe('Old Ferry');
  const coverages = await cloud.as('billing').get(`/v1/patients/${id}/records/insurance_id`);
  expect(coverages.body.entries.map(({ value }: { value: object }) => value)).toEqual(
    expect.arrayContaining([{ member: 'S-1' }, { member: 'S-2' }]),
  );
});

test('of ten registrations with one medical record number at the same time exactly one is made', async () => {
  const mrn = newMrn();
  const answers = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      // Written differently, it is the same number.
      registrar.post('/v1/patients', {
        demographics: demographics({ mrn: index % 2 ? mrn.toLowerCase() : ` ${mrn.replace('-', ' ')}` }),
      }),
    ),
  );
  const made = answers.filter(({ status }) => status === 201);
  expect(made).toHaveLength(1);
  for (const answer of answers.filter(({ status }) => status !== 201)) expectProblem(answer, 409, 'mrn-in-use', mrn);
  const found = await registrar.post('/v1/patients/search', { mrn });
  expect(found.body.patients.map(({ id }: { id: string }) => id)).toEqual([made[0]?.body.id]);

  const events = await cloud.events();
  const of = (id: string) => events.filter(({ request }) => request?.id === id).map(told);
  for (const { requestId, status } of answers)
    expect(of(requestId)).toEqual([
      expect.objectContaining({
        action: 'patient.register',
        status,
        outcome: status === 201 ? 'permit' : 'error',
        reason: status === 201 ? null : 'mrn-in-use',
      }),
    ]);
});

describe('an Idempotency-Key', () => {
  test('makes a creation sent again answer with the first one’s id and make nothing new, on record', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { demographics: demographics({}) };
    const first = await registrar.post('/v1/patients', body, headers);
    const again = await registrar.post('/v1/patients', body, headers);
    const id = idOf(first, 201);
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([201, first.body, '"1"']);
    expect((await cloud.eventsOf(again.requestId)).map(told)).toEqual([
      expect.objectContaining({
        action: 'patient.register',
        outcome: 'permit',
        reason: 'replay',
        patient: id,
        resources: [],
      }),
    ]);
    expect(
      (await cloud.items('RecordsTable')).filter((item) => item['patient'] === id && item['SK'] === 'PATIENT'),
    ).toHaveLength(1);
  });

  test('of many at once makes one', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { demographics: demographics({}) };
    const answers = await Promise.all(Array.from({ length: 6 }, () => registrar.post('/v1/patients', body, headers)));
    const ids = new Set(answers.filter(({ status }) => status === 201).map((answer) => answer.body.id));
    expect(ids.size).toBe(1);
    for (const answer of answers) expect([201, 409]).toContain(answer.status);
  });

  test('is bound to the person: another’s is another', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await registrar.post('/v1/patients', { demographics: demographics({}) }, headers);
    const other = await clinician.post('/v1/patients', { demographics: demographics({}) }, headers);
    expect(idOf(other, 201)).not.toBe(idOf(first, 201));
  });

  test('is refused where it is too short to be unique', async () => {
    const answer = await registrar.post(
      '/v1/patients',
      { demographics: demographics({}) },
      { 'idempotency-key': 'abc' },
    );
    expectProblem(answer, 400, 'invalid-input');
  });
});

test('a clinician who registers a patient is on the care team for 24 hours, flagged for review', async () => {
  const before = Date.now();
  const id = await registered({}, clinician);
  expect((await clinician.get(`/v1/patients/${id}`)).status).toBe(200);
  const { members } = (await cloud.as('admin').get(`/v1/patients/${id}/care-team`)).body;
  expect(members).toEqual([
    {
      user: cloud.user('clinician').sub,
      role_in_team: 'registering',
      added_by: cloud.user('clinician').sub,
      starts_at: expect.any(String),
      ends_at: expect.any(String),
      review_due: true,
    },
  ]);
  const [{ starts_at: startsAt, ends_at: endsAt }] = members;
  expect(Date.parse(endsAt) - Date.parse(startsAt)).toBe(24 * 60 * 60 * 1000);
  expect(Date.parse(startsAt)).toBeGreaterThanOrEqual(before);
});

test('a registration needs exactly one medical record number, and no social security number outside its field', async () => {
  const twice = { ...demographics({}), identifier: [mrnIdentifier(newMrn()), mrnIdentifier(newMrn())] };
  const ssn = {
    ...demographics({}),
    identifier: [mrnIdentifier(newMrn()), { system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-55-1234' }],
  };
  for (const wrong of [{ ...demographics({}), identifier: [] }, twice, ssn])
    expectProblem(await registrar.post('/v1/patients', { demographics: wrong }), 400, 'invalid-input', '999-55-1234');
});
