import { randomUUID } from 'node:crypto';
import { caredFor, expectProblem, idOf, join, registered, told } from './scene';
import { type Person, ward } from './ward';

const cloud = ward();
const clinician = cloud.as('clinician');
const billing = cloud.as('billing');
const condition = (patient: string, text: string) => ({
  resourceType: 'Condition',
  code: { text },
  subject: { reference: `Patient/${patient}` },
});
const put = (person: Person, path: string, body: unknown, version?: number) =>
  person.put(path, body, version === undefined ? {} : { 'if-match': `"${version}"` });

describe('an entry of a category', () => {
  test('is created, listed, read and changed, and every version of it stays; 45 CFR 164.312(c)(1)', async () => {
    const patient = await caredFor();
    const path = `/v1/patients/${patient}/records/diagnoses`;
    const texts = ['Asthma', 'Mild asthma', 'Mild intermittent asthma'];
    const created = await clinician.post(path, condition(patient, texts[0] ?? ''));
    const id = idOf(created, 201);
    expect([created.headers.get('etag'), created.body]).toEqual(['"1"', { id, version: 1 }]);
    for (const version of [1, 2]) {
      const changed = await put(clinician, `${path}/${id}`, condition(patient, texts[version] ?? ''), version);
      expect([changed.status, changed.headers.get('etag')]).toEqual([200, `"${version + 1}"`]);
    }
    const { body: list } = await clinician.get(path);
    const author = cloud.user('clinician').sub;
    expect(list.entries).toEqual([
      {
        id,
        version: 3,
        author,
        createdAt: expect.any(String),
        updatedAt: expect.any(String),
        value: condition(patient, texts[2] ?? ''),
      },
    ]);
    const one = await clinician.get(`${path}/${id}`);
    expect([one.body, one.headers.get('etag')]).toEqual([list.entries[0], '"3"']);
    const { versions } = (await clinician.get(`${path}/${id}/versions`)).body;
    expect(versions).toEqual([1, 2, 3].map((version) => ({ version, updatedAt: expect.any(String), author })));
    for (const version of [1, 2, 3]) {
      const earlier = await clinician.get(`${path}/${id}/versions/${version}`);
      expect(earlier.body).toMatchObject({ version, value: { code: { text: texts[version - 1] } } });
    }
    expectProblem(await clinician.get(`${path}/${id}/versions/4`), 404, 'not-found');
    expectProblem(await clinician.get(`${path}/${randomUUID()}`), 404, 'not-found');
  });

  test('is changed by one of those who change it at the same time', async () => {
    const patient = await caredFor();
    const path = `/v1/patients/${patient}/records/notes`;
    const id = idOf(await clinician.post(path, { text: 'first' }), 201);
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, index) => put(clinician, `${path}/${id}`, { text: `change ${index}` }, 1)),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412, 412]);
    const winner = answers.findIndex(({ status }) => status === 200);
    expect((await clinician.get(`${path}/${id}`)).body).toMatchObject({
      version: 2,
      value: { text: `change ${winner}` },
    });
    expectProblem(await put(clinician, `${path}/${id}`, { text: 'late' }), 428, 'version-required');
    expectProblem(await put(clinician, `${path}/${id}`, { text: 'late' }, 1), 412, 'stale-version');
  });

  test('of several at once all are there, in a list that names each in its event', async () => {
    const patient = await caredFor();
    const path = `/v1/patients/${patient}/records/medical_history`;
    const made = await Promise.all(Array.from({ length: 8 }, (_, index) => clinician.post(path, { number: index })));
    const list = await clinician.get(path);
    expect(list.body.entries.map(({ id }: { id: string }) => id).sort()).toEqual(
      made.map(({ body }) => body.id).sort(),
    );
    const [event] = (await cloud.eventsOf(list.requestId)).map(told);
    expect(event).toMatchObject({ patient, categories: ['medical_history'], basis: 'care-team', purpose: 'TREAT' });
    expect(event?.resources.map(([, id]) => id).sort()).toEqual(made.map(({ body }) => body.id).sort());
  });

  test('that an Idempotency-Key made is made once', async () => {
    const patient = await caredFor();
    const path = `/v1/patients/${patient}/records/notes`;
    const headers = { 'idempotency-key': randomUUID() };
    const [first, again] = [
      await clinician.post(path, { text: 'once' }, headers),
      await clinician.post(path, { text: 'once' }, headers),
    ];
    expect(again.body).toEqual(first.body);
    expect((await clinician.get(path)).body.entries).toHaveLength(1);
    expect((await cloud.eventsOf(again.requestId)).map(({ reason }) => reason)).toEqual(['replay']);
    // The key goes through the whole pipeline again: it opens nothing that is closed by now.
    await cloud.as('admin').delete(`/v1/patients/${patient}/care-team/${cloud.user('clinician').sub}`);
    expectProblem(await clinician.post(path, { text: 'once' }, headers), 403, 'forbidden');
  });

  test('about another patient, of another category or not valid is refused by name', async () => {
    const patient = await caredFor();
    const other = await registered();
    const path = `/v1/patients/${patient}/records/diagnoses`;
    const wrong = [
      condition(other, 'Asthma'),
      { ...condition(patient, 'Asthma'), code: 'Asthma' },
      { ...condition(patient, 'Asthma'), unheardOf: true },
      {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: `Patient/${patient}` },
      },
      { resourceType: 'Claim' },
    ];
    for (const body of wrong) expectProblem(await clinician.post(path, body), 400, 'invalid-input', other, 'unheardOf');
    expect((await clinician.get(path)).body.entries).toEqual([]);
  });
});

describe('a structured category', () => {
  test('is one entry, made once and changed by version', async () => {
    const patient = await registered();
    const path = `/v1/patients/${patient}/records/billing_address`;
    const address = { line: ['1 Orchard Road'], city: 'Old Ferry', state: 'OH', postalCode: '43004', country: 'US' };
    expect((await billing.get(path)).body.entries).toEqual([]);
    expect((await billing.post(path, address)).body).toEqual({ id: 'main', version: 1 });
    expectProblem(await billing.post(path, address), 409, 'conflict');
    expect((await put(billing, `${path}/main`, { ...address, city: 'Mill Hollow' }, 1)).status).toBe(200);
    expect((await billing.get(`${path}/main`)).body.value).toEqual({ ...address, city: 'Mill Hollow' });
    expect((await billing.get(`${path}/main/versions/1`)).body.value).toEqual(address);
    expectProblem(await billing.post(path, { line: 'no list' }), 400, 'invalid-input', 'no list');
  });

  test('of demographics is changed as demographics are, not as an entry', async () => {
    const patient = await caredFor();
    for (const person of [clinician, cloud.as('registrar'), billing]) {
      const answer = await put(person, `/v1/patients/${patient}/records/demographics/main`, { name: [] }, 1);
      expectProblem(answer, 403, 'forbidden');
    }
  });
});

describe('psychotherapy notes', () => {
  test('are seen and changed by who wrote them alone; 45 CFR 164.508(a)(2)', async () => {
    const patient = await caredFor();
    await join(patient, 'clinician2');
    const colleague = cloud.as('clinician2');
    const path = `/v1/patients/${patient}/records/psychotherapy_notes`;
    const id = idOf(await clinician.post(path, { text: 'spoken in confidence' }), 201);
    const theirs = idOf(await colleague.post(path, { text: 'of a colleague' }), 201);

    expect((await clinician.get(path)).body.entries.map((entry: { id: string }) => entry.id)).toEqual([id]);
    expect((await colleague.get(path)).body.entries.map((entry: { id: string }) => entry.id)).toEqual([theirs]);
    for (const answer of [
      await colleague.get(`${path}/${id}`),
      await colleague.get(`${path}/${id}/versions`),
      await colleague.get(`${path}/${id}/versions/1`),
      await put(colleague, `${path}/${id}`, { text: 'overwritten' }, 1),
    ])
      expectProblem(answer, 404, 'not-found', 'confidence');
    expect((await put(clinician, `${path}/${id}`, { text: 'spoken in confidence, twice' }, 1)).status).toBe(200);
    const shared = await colleague.get(`/v1/patients/${patient}/export`);
    expect(shared.text).toContain(Buffer.from('{"text":"of a colleague"}').toString('base64'));
    expect(shared.text).not.toContain(Buffer.from('{"text":"spoken').toString('base64').slice(0, 16));
    for (const name of ['billing', 'registrar', 'patient', 'admin', 'compliance', 'auditor'])
      expectProblem(await cloud.as(name).get(path), 403, 'forbidden');
  });
});
