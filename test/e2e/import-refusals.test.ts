import { randomInt, randomUUID } from 'node:crypto';
import { demoBundle } from '../../local/demo-patients';
import { type OwnCloud, ownCloud, stored } from './own-cloud';
import { cloneOf, commit, expectProblem, idOf, imported, mrnIdentifier, newMrn, staged, told } from './scene';
import type { Person, Ward } from './ward';

type Bundle = ReturnType<typeof cloneOf>;
let own: OwnCloud;
let cloud: Ward;
let registrar: Person;
beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
  registrar = cloud.as('registrar');
  // The first import binds the organization; what a refused one leaves is compared from here on.
  await imported(demoBundle(1), registrar);
}, 60_000);
afterAll(() => own.remove());

const canary = `canary-${randomUUID()}`;
const bundleOf = (): Bundle => cloneOf(demoBundle(randomInt(1e6, 1e9)));
/** what an import itself is: its state, which holds no PHI, says that it was refused */
const withoutImports = async (): Promise<string[]> =>
  (await stored(cloud)).filter((line) => !line.includes('"PK":"IMPORT#'));
function of(bundle: Bundle, type: string): Record<string, unknown> {
  const found = bundle.entry.find(({ resource }) => resource['resourceType'] === type);
  if (!found) throw new Error(`no ${type}`);
  return found.resource;
}
const patientOf = (bundle: Bundle) => of(bundle, 'Patient');

const wrong: readonly (readonly [string, (bundle: Bundle) => void, RegExp])[] = [
  [
    'an element of the wrong type',
    (bundle) => Object.assign(of(bundle, 'Condition'), { code: canary }),
    /^entry \d+: Condition\.code/,
  ],
  [
    'an element that FHIR does not have',
    (bundle) => Object.assign(of(bundle, 'Observation'), { [canary]: 1 }),
    /^entry \d+: Observation/,
  ],
  [
    'a code that FHIR does not have',
    (bundle) => Object.assign(of(bundle, 'Encounter'), { status: canary }),
    /^entry \d+: Encounter\.status/,
  ],
  ['a missing element', (bundle) => delete of(bundle, 'MedicationRequest')['subject'], /^entry \d+: MedicationRequest/],
  [
    'a type that Ward does not keep',
    (bundle) => Object.assign(of(bundle, 'Encounter'), { resourceType: 'Parameters' }),
    /^entry \d+/,
  ],
  ['no type', (bundle) => delete of(bundle, 'Encounter')['resourceType'], /^entry \d+/],
  [
    'a resource about another patient',
    (bundle) => Object.assign(of(bundle, 'Condition'), { subject: { reference: `Patient/${canary}` } }),
    /^entry \d+: Condition\.subject/,
  ],
  [
    'a claim of another patient',
    (bundle) => Object.assign(of(bundle, 'Claim'), { patient: { reference: `urn:uuid:${randomUUID()}` } }),
    /^entry \d+: Claim\.patient/,
  ],
  [
    'another patient deep inside a resource',
    (bundle) =>
      Object.assign(of(bundle, 'Encounter'), { participant: [{ individual: { reference: `Patient/${canary}` } }] }),
    /^entry \d+: Encounter/,
  ],
  [
    'two patients',
    (bundle) =>
      bundle.entry.push({
        fullUrl: `urn:uuid:${randomUUID()}`,
        resource: { resourceType: 'Patient', identifier: [mrnIdentifier(newMrn())], name: [{ family: canary }] },
      }),
    /patient|bundle/i,
  ],
  ['no patient', (bundle) => bundle.entry.shift(), /patient|bundle/i],
  [
    'a patient without a medical record number',
    (bundle) => delete patientOf(bundle)['identifier'],
    /Patient\.identifier/,
  ],
  [
    'the same resource twice',
    (bundle) => bundle.entry.push(...cloneOf({ entry: bundle.entry.slice(1, 2) }).entry),
    /^entry \d+/,
  ],
  [
    'a social security number in a note',
    (bundle) => Object.assign(of(bundle, 'Condition'), { note: [{ text: ssnOf(bundle) }] }),
    /^entry \d+: Condition/,
  ],
  [
    'a deletion in place of a creation',
    (bundle) => Object.assign(bundle.entry[1] ?? {}, { request: { method: 'DELETE', url: `Organization/${canary}` } }),
    /^entry \d+/,
  ],
];
function ssnOf(bundle: Bundle): string {
  return /"(\d{3}-\d{2}-\d{4})"/.exec(JSON.stringify(patientOf(bundle)))?.[1] ?? '';
}

test.each(wrong)('a bundle with %s is refused by name, and nothing of it is stored', async (_, spoil, field) => {
  const bundle = bundleOf();
  const mrn = String(/"value":"(DEMO-\d+)"/.exec(JSON.stringify(bundle))?.[1]);
  const ssn = ssnOf(bundle);
  spoil(bundle);
  const before = await withoutImports();
  const id = await staged(registrar, bundle);
  const answer = await commit(registrar, id);
  expectProblem(answer, 422, 'import-refused', canary, mrn, ssn);
  expect(answer.body.errors.length).toBeGreaterThan(0);
  expect(answer.body.errors.map((error: { field: string }) => error.field).join('\n')).toMatch(field);
  // The staged parts are gone as well.
  expect(await withoutImports()).toEqual(before);
  expect((await registrar.get(`/v1/imports/${id}`)).body).toEqual({ id, state: 'refused', parts: 1, staged: [] });
  expectProblem(await registrar.post(`/v1/imports/${id}/commit`, {}), 409, 'import-state');
  expect((await registrar.post('/v1/patients/search', { mrn })).body.patients).toEqual([]);
  expect((await cloud.eventsOf(answer.requestId)).map(told)).toEqual([
    expect.objectContaining({
      action: 'import.commit',
      outcome: 'error',
      reason: 'import-refused',
      patient: null,
      status: 422,
    }),
  ]);
});

test('a part that is missing is named, and the bundle is not stored without it', async () => {
  const { entry } = bundleOf();
  const id = idOf(await registrar.post('/v1/imports', { parts: 3 }), 201);
  await registrar.put(`/v1/imports/${id}/parts/2`, { entries: entry });
  const before = await stored(cloud);
  const answer = await registrar.post(`/v1/imports/${id}/commit`, {});
  expectProblem(answer, 409, 'import-state');
  expect(answer.body.detail).toBe('missing parts: 1, 3');
  expect(await stored(cloud)).toEqual(before);
});

describe('a part', () => {
  let id: string;
  beforeAll(async () => {
    id = idOf(await registrar.post('/v1/imports', { parts: 2 }), 201);
  });
  test.each<[string, string, unknown]>([
    ['without entries', '1', {}],
    ['with none', '1', { entries: [] }],
    ['with what is no resource', '1', { entries: [{ resource: canary }] }],
    ['with too many', '1', { entries: Array.from({ length: 101 }, () => ({ resource: {} })) }],
    ['with an unknown member', '1', { entries: [{ resource: {} }], [canary]: 1 }],
    ['numbered zero', '0', { entries: [{ resource: {} }] }],
    ['numbered in words', 'one', { entries: [{ resource: {} }] }],
    ['numbered past what an import may have', '501', { entries: [{ resource: {} }] }],
  ])('%s is not staged', async (_, part, body) => {
    const before = await stored(cloud);
    expectProblem(await registrar.put(`/v1/imports/${id}/parts/${part}`, body), 400, 'invalid-input', canary);
    expect(await stored(cloud)).toEqual(before);
  });

  test('that the import does not have, or of an import that is not there, is not staged', async () => {
    const before = await stored(cloud);
    const entries = [{ resource: { resourceType: 'Patient' } }];
    expectProblem(await registrar.put(`/v1/imports/${id}/parts/3`, { entries }), 409, 'import-state');
    expectProblem(await registrar.put(`/v1/imports/${randomUUID()}/parts/1`, { entries }), 404, 'not-found');
    expectProblem(await registrar.get(`/v1/imports/${randomUUID()}`), 404, 'not-found');
    expect(await stored(cloud)).toEqual(before);
  });

  test('takes the place of one that was sent before', async () => {
    const { entry } = bundleOf();
    const once = idOf(await registrar.post('/v1/imports', { parts: 1 }), 201);
    const spoilt = [{ resource: { resourceType: 'Parameters' } }];
    await registrar.put(`/v1/imports/${once}/parts/1`, { entries: spoilt });
    await registrar.put(`/v1/imports/${once}/parts/1`, { entries: entry });
    expect((await commit(registrar, once)).status).toBe(200);
  });
});

test.each([{}, { parts: 0 }, { parts: 501 }, { parts: 1.5 }, { parts: '1' }, { parts: 1, more: canary }])(
  'an import is not begun with %j',
  async (body) => {
    const before = await stored(cloud);
    expectProblem(await registrar.post('/v1/imports', body), 400, 'invalid-input', canary);
    expect(await stored(cloud)).toEqual(before);
  },
);
