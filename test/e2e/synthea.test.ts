import { describeSynthea, type SyntheaBundle, syntheaBundles } from '../records/fhir/synthea';
import { commit, enrolled, expectProblem, imported, join, newPerson, staged, told } from './scene';
import { type Response, ward } from './ward';

const cloud = ward();
const [clinician, billing] = [cloud.as('clinician'), cloud.as('billing')];
if (syntheaBundles.length === 0)
  process.stdout.write('no Synthea bundles beside the repository: their tests are skipped\n');

/** Strings anywhere in a value. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* textsOf(each);
}
const codingsOf = (condition: unknown): { code: string; display: string }[] =>
  (condition as { code: { coding: { code: string; display: string }[] } }).code.coding;
const conditionsOf = ({ entry }: SyntheaBundle) =>
  entry.filter(({ resource }) => resource.resourceType === 'Condition').map(({ resource }) => resource);

describeSynthea('the eight patients of Synthea', () => {
  const imports = new Map<string, Response>();
  let person: Awaited<ReturnType<typeof newPerson>>;

  beforeAll(async () => {
    const registrar = cloud.as('registrar');
    for (const { name, bundle } of syntheaBundles)
      imports.set(name, await commit(registrar, await staged(registrar, bundle)));
    person = await newPerson('patient');
  }, 120_000);
  const patientOf = (name: string): string => imports.get(name)?.body.patient;

  test('are imported whole: each resource is an entry, each claim two', () => {
    expect(imports.size).toBe(8);
    for (const { name, bundle } of syntheaBundles) {
      const claims = bundle.entry.filter(({ resource }) =>
        /^(Claim|ExplanationOfBenefit)$/.test(resource.resourceType),
      );
      const { status, body } = imports.get(name) ?? {};
      // The Patient is demographics and an SSN.
      expect([name, status, body.stored + body.unchanged]).toEqual([
        name,
        200,
        bundle.entry.length + claims.length + 1,
      ]);
    }
  });

  test.each(syntheaBundles)('$name imported again stores nothing', async ({ name, bundle }) => {
    const again = await imported(bundle);
    expect(again.body).toMatchObject({ patient: patientOf(name), stored: 0 });
    expect(again.body.unchanged).toBe(imports.get(name)?.body.stored + imports.get(name)?.body.unchanged);
  });

  test.each(syntheaBundles)('a clinician on the care team of $name reads every diagnosis', async ({ name, bundle }) => {
    const patient = patientOf(name);
    await join(patient, 'clinician');
    const { entries } = (await clinician.get(`/v1/patients/${patient}/records/diagnoses`)).body;
    const byId = (resources: readonly { id: string }[]) => [...resources].sort((a, b) => (a.id < b.id ? -1 : 1));
    expect(byId(entries.map(({ value }: { value: unknown }) => value))).toEqual(byId(conditionsOf(bundle)));
  });

  test.each(syntheaBundles)(
    'nothing that billing reads of $name holds a diagnosis; 45 CFR 164.502(b)',
    async ({ name, bundle }) => {
      const patient = patientOf(name);
      const payments = await billing.get(`/v1/patients/${patient}/records/payment_history`);
      expect(payments.body.entries.length).toBeGreaterThan(0);
      expect(payments.text).toMatch(/"value":\d/);
      const seen = [payments, await billing.get(`/v1/patients/${patient}`)];
      for (const category of ['insurance_id', 'billing_address', 'ssn', 'demographics'])
        seen.push(await billing.get(`/v1/patients/${patient}/records/${category}`));
      for (const { entries } of [payments.body])
        for (const { id } of entries)
          seen.push(await billing.get(`/v1/patients/${patient}/records/payment_history/${id}`));
      for (const { status } of seen) expect(status).toBe(200);
      const texts = seen.flatMap(({ body }) => [...textsOf(body)]);
      const all = texts.join('\n').toLowerCase();
      for (const { code, display } of conditionsOf(bundle).flatMap(codingsOf)) {
        expect(all).not.toContain(display.toLowerCase());
        expect(texts).not.toContain(code);
      }
      for (const category of [
        'diagnoses',
        'medical_history',
        'prescriptions',
        'notes',
        'psychotherapy_notes',
        'claim_clinical',
      ])
        expectProblem(await billing.get(`/v1/patients/${patient}/records/${category}`), 403, 'forbidden');
      expectProblem(await billing.get(`/v1/patients/${patient}/export`), 403, 'forbidden');
    },
  );

  test('a patient exports a bundle in which every resource equals the imported one; 45 CFR 164.524', async () => {
    const [first] = syntheaBundles;
    if (!first) throw new Error('no bundle');
    const patient = patientOf(first.name);
    await enrolled(patient, person.api, cloud.as('registrar'));
    const exported = await person.api.get(`/v1/patients/${patient}/export`);
    expect(exported.headers.get('content-type')).toBe('application/fhir+json');
    expect(exported.body).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
    const sorted = (entries: SyntheaBundle['entry']) =>
      entries.map(({ fullUrl, resource }) => ({ fullUrl, resource })).sort((a, b) => (a.fullUrl < b.fullUrl ? -1 : 1));
    expect(sorted(exported.body.entry)).toEqual(sorted(first.bundle.entry));
    const events = (await cloud.eventsOf(exported.requestId)).map(told);
    const named = new Set(events.flatMap(({ resources }) => resources.map((each) => each.join())));
    const items = (await cloud.partition('RecordsTable', `P#${patient}`)).filter((item) =>
      String(item['SK']).startsWith('C#'),
    );
    expect(named.size).toBe(items.length);
    for (const event of events)
      expect(event).toMatchObject({ action: 'patient.export', patient, basis: 'self', purpose: 'REQUEST' });
    for (const other of syntheaBundles.slice(1, 3))
      expectProblem(await person.api.get(`/v1/patients/${patientOf(other.name)}/export`), 403, 'forbidden');
  });

  test.each(syntheaBundles)(
    'a clinician’s export of $name lacks what only billing and the patient may see',
    async ({ name, bundle }) => {
      const patient = patientOf(name);
      await join(patient, 'clinician');
      const exported = await clinician.get(`/v1/patients/${patient}/export`);
      const types = new Set(
        exported.body.entry.map(({ resource }: SyntheaBundle['entry'][number]) => resource.resourceType),
      );
      expect(types).not.toContain('ExplanationOfBenefit');
      expect(types).not.toContain('Coverage');
      const ssn = /\d{3}-\d{2}-\d{4}/.exec(JSON.stringify(bundle.entry[0]))?.[0] ?? 'none';
      expect(ssn).toMatch(/^\d/);
      expect(exported.text).not.toContain(ssn);
    },
  );
});
