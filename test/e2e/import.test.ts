import { randomInt } from 'node:crypto';
import { demoBundle } from '../../local/demo-patients';
import { cloneOf, commit, expectProblem, idOf, imported, partsOf, staged, told } from './scene';
import { ward } from './ward';

const cloud = ward();
const registrar = cloud.as('registrar');
/** The seed is in the medical record number: a new one is a new patient. */
const bundleOf = (seed = randomInt(1e6, 1e9)) => cloneOf(demoBundle(seed));
const entriesOf = async (patient: string) =>
  (await cloud.partition('RecordsTable', `P#${patient}`)).filter((item) => String(item['SK']).startsWith('C#'));

describe('an import', () => {
  test('is staged in any order, goes on where it stopped, and is there whole once it is committed', async () => {
    const { entry } = bundleOf();
    const parts = [entry.slice(0, 3), entry.slice(3, 7), entry.slice(7, 8), entry.slice(8)];
    const begun = await registrar.post('/v1/imports', { parts: parts.length });
    const id = idOf(begun, 201);
    const path = `/v1/imports/${id}`;
    expect(begun.body).toEqual({ id, state: 'staging', parts: 4, staged: [] });
    for (const part of [3, 1])
      expect((await registrar.put(`${path}/parts/${part}`, { entries: parts[part - 1] })).status).toBe(200);

    const early = await registrar.post(`${path}/commit`, {});
    expectProblem(early, 409, 'import-state');
    expect(early.body.detail).toBe('missing parts: 2, 4');

    // Somebody else's turn: what is missing is asked for, and only that is sent.
    const halfway = await registrar.get(path);
    expect(halfway.body).toEqual({ id, state: 'staging', parts: 4, staged: [1, 3] });
    for (const part of [2, 4])
      expect((await registrar.put(`${path}/parts/${part}`, { entries: parts[part - 1] })).status).toBe(200);
    const done = await commit(registrar, id);
    expect(done.status).toBe(200);
    const { patient, stored } = done.body;
    expect(done.body).toEqual({ id, state: 'committed', patient, stored, unchanged: 0 });
    expect(await entriesOf(patient)).toHaveLength(stored);
    expect((await registrar.get(path)).body).toEqual({ ...done.body, parts: 4, staged: [] });
    // A part of a bundle does not outlive its import.
    expect(await cloud.partition('RecordsTable', `I#${id}`)).toEqual([]);
  });

  test('of the same bundle again stores nothing twice', async () => {
    const bundle = bundleOf();
    const first = await imported(bundle);
    const { patient, stored } = first.body;
    const before = await entriesOf(patient);
    const again = await imported(bundle);
    expect(again.body).toEqual({ ...again.body, patient, stored: 0, unchanged: stored });
    expect(await entriesOf(patient)).toEqual(before);
  });

  test('of a longer bundle adds what is new', async () => {
    const bundle = bundleOf();
    const shorter = {
      ...bundle,
      entry: bundle.entry.filter(({ resource }) => resource['resourceType'] !== 'ExplanationOfBenefit'),
    };
    const [{ patient, stored }, more] = [(await imported(shorter)).body, (await imported(bundle)).body];
    // Each of the two is split in two.
    expect(more).toMatchObject({ patient, stored: 4, unchanged: stored });
  });

  test('never overwrites: other content under the same id is refused, and nothing of that bundle is stored', async () => {
    const bundle = bundleOf();
    const { patient } = (await imported(bundle)).body;
    const before = await entriesOf(patient);
    const changed = cloneOf(bundle);
    const condition = changed.entry.find(({ resource }) => resource['resourceType'] === 'Condition');
    Object.assign(condition?.resource ?? {}, { note: [{ text: 'changed afterwards' }] });
    const answer = await imported(changed);
    expectProblem(answer, 422, 'import-refused', 'changed afterwards');
    expect(answer.body.errors).toEqual([{ field: expect.stringContaining('diagnoses'), message: expect.any(String) }]);
    expect(await entriesOf(patient)).toEqual(before);
  });

  test('that is committed answers a second commit like the first, on record', async () => {
    const id = await staged(registrar, bundleOf());
    const first = await commit(registrar, id);
    const again = await registrar.post(`/v1/imports/${id}/commit`, {});
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect((await cloud.eventsOf(again.requestId)).map(told)).toEqual([
      expect.objectContaining({ action: 'import.commit', reason: 'replay', patient: first.body.patient }),
    ]);
    expectProblem(await registrar.put(`/v1/imports/${id}/parts/1`, { entries: bundleOf().entry }), 409, 'import-state');
  });

  test('committed by two at once is stored once', async () => {
    const id = await staged(registrar, bundleOf());
    const answers = await Promise.all([1, 2, 3].map(() => registrar.post(`/v1/imports/${id}/commit`, {})));
    for (const { status } of answers) expect([200, 202, 409]).toContain(status);
    const done = await commit(registrar, id);
    expect(done.status).toBe(200);
    expect(await entriesOf(done.body.patient)).toHaveLength(done.body.stored);
  });

  test('of the same new patient in two bundles at once makes one patient', async () => {
    const bundle = bundleOf();
    const ids = await Promise.all([0, 1].map(() => staged(registrar, bundle)));
    const answers = await Promise.all(ids.map((id) => commit(registrar, id)));
    const done = answers.filter(({ status }) => status === 200).map(({ body }) => body);
    expect(new Set(done.map(({ patient }) => patient)).size).toBe(1);
    // Whoever came second found everything there, or was asked to come again.
    const stored = done.map((body) => Number(body.stored));
    expect(await entriesOf(done[0].patient)).toHaveLength(Math.max(...stored));
    expect(stored.filter((count) => count > 0)).toHaveLength(1);
    for (const answer of answers.filter(({ status }) => status !== 200)) expect(answer.status).toBe(409);
  });

  test('belongs to the registrar who began it, and gives a registrar nothing to read but demographics', async () => {
    const id = await staged(registrar, bundleOf());
    for (const name of ['clinician', 'billing', 'patient', 'admin']) {
      const person = cloud.as(name);
      expectProblem(await person.get(`/v1/imports/${id}`), 403, 'forbidden');
      expectProblem(await person.post(`/v1/imports/${id}/commit`, {}), 403, 'forbidden');
    }
    const { patient } = (await commit(registrar, id)).body;
    for (const category of ['diagnoses', 'notes', 'medical_history', 'payment_history', 'claim_clinical', 'ssn'])
      expectProblem(await registrar.get(`/v1/patients/${patient}/records/${category}`), 403, 'forbidden');
    expectProblem(await registrar.get(`/v1/patients/${patient}/export`), 403, 'forbidden');
  });

  test('tells in its events which entries it stored, each once', async () => {
    const done = await commit(registrar, await staged(registrar, bundleOf()));
    const { patient, stored } = done.body;
    const events = (await cloud.eventsOf(done.requestId)).map(told);
    expect(events.map(({ action }) => action).sort()).toEqual(['import.begin', 'import.commit', 'import.store']);
    const named = events.filter(({ action }) => action === 'import.store').flatMap(({ resources }) => resources);
    const items = await entriesOf(patient);
    expect(named).toHaveLength(stored);
    expect(named.map((each) => each.join()).sort()).toEqual(
      items.map((item) => [item['category'], item['entry'], item['version']].join()).sort(),
    );
    for (const event of events)
      expect(event).toMatchObject({ patient, actor: cloud.user('registrar').sub, purpose: 'OPERATIONS' });
  });

  test('is cut into parts that the API takes', () => {
    for (const part of partsOf(bundleOf())) expect(JSON.stringify({ entries: part }).length).toBeLessThan(256 * 1024);
  });
});
