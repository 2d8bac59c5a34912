import { bundleEnvelope, cutBundle, partLimits } from '../../../lambda/records/fhir/bundle';
import { type ExportedEntry, exportBundle } from '../../../lambda/records/fhir/export-bundle';
import { type ImportEntry, type ImportPlan, importLimits, planImport } from '../../../lambda/records/fhir/import-plan';
import { validateResource } from '../../../lambda/records/fhir/validate';
import { describeSynthea, syntheaBundles } from './synthea';

const fullUrl = 'urn:uuid:11111111-1111-4111-8111-111111111111';
const ssn = { type: { coding: [{ code: 'SS' }] }, system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-12-3456' };
const mrn = { type: { coding: [{ code: 'MR' }] }, value: 'M-1' };
const patient = (more: object = {}) => ({
  fullUrl,
  resource: { resourceType: 'Patient', id: 'p', identifier: [mrn, ssn], name: [{ family: 'Example' }], ...more },
});
const subject = { reference: fullUrl };
const condition = (id: string, more: object = {}) => ({
  resource: { resourceType: 'Condition', id, subject, ...more },
});
const claim = {
  resource: {
    resourceType: 'Claim',
    id: 'c',
    status: 'active',
    use: 'claim',
    type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'pharmacy' }] },
    patient: subject,
    created: '2020-01-01',
    provider: { display: 'x' },
    priority: { text: 'normal' },
    insurance: [{ sequence: 1, focal: true, coverage: { display: 'Acme' } }],
  },
};

function planned(entries: readonly ImportEntry[]): ImportPlan {
  const plan = planImport(entries);
  if ('issues' in plan) throw new Error(JSON.stringify(plan.issues));
  return plan;
}
function refused(entries: readonly ImportEntry[]): string[] {
  const plan = planImport(entries);
  return 'issues' in plan ? plan.issues.map(({ entry, code, path }) => `${entry} ${code} ${path}`) : [];
}

describe('planImport', () => {
  it('puts every resource into its category and splits what is split', () => {
    const plan = planned([
      condition('d'),
      patient(),
      claim,
      {
        resource: {
          resourceType: 'MedicationStatement',
          id: 'm',
          status: 'active',
          subject,
          medicationCodeableConcept: { text: 'x' },
        },
      },
      { resource: { resourceType: 'Organization', id: 'o', name: 'x' } },
    ]);
    expect(plan.patient).toEqual({
      demographics: { ...patient().resource, identifier: [mrn] },
      ssn: { value: '999123456', identifier: ssn, index: 1 },
      fullUrl,
      resource: patient().resource,
    });
    expect(plan.resources.map(({ identity, pieces }) => [identity, ...pieces.map(({ category }) => category)])).toEqual(
      [
        ['Condition/d', 'diagnoses'],
        ['Claim/c', 'payment_history', 'claim_clinical'],
        ['MedicationStatement/m', 'prescriptions'],
        ['Organization/o', 'medical_history'],
      ],
    );
  });

  it('keeps the fullUrl with each piece, and takes it for the identity of a resource without id', () => {
    const url = 'urn:uuid:44444444-4444-4444-8444-444444444444';
    const { resources } = planned([patient(), { fullUrl: url, resource: { resourceType: 'Condition', subject } }]);
    expect(resources).toMatchObject([
      { identity: `Condition/${url}`, fullUrl: url, pieces: [{ body: { fullUrl: url } }] },
    ]);
  });

  it.each<[string, readonly ImportEntry[], string[]]>([
    ['nothing', [], ['-1 patient Bundle']],
    ['no patient', [condition('d')], ['-1 patient Bundle']],
    ['two patients', [patient(), { resource: { ...patient().resource, id: 'q' } }], ['-1 patient Bundle']],
    ['a patient without MRN', [patient({ identifier: [ssn] })], ['0 mrn Patient.identifier']],
    ['two SSNs', [patient({ identifier: [mrn, ssn, ssn] })], ['0 ssn Patient.identifier[2]']],
    ['an invalid resource', [patient(), condition('d', { code: 'x' })], ['1 type Condition.code']],
    [
      'a resource that is not kept',
      [patient(), { resource: { resourceType: 'Person', id: 'x' } }],
      ['1 not-kept Person'],
    ],
    [
      'a resource of another patient',
      [patient(), condition('d', { subject: { reference: 'Patient/q' } })],
      ['1 subject Condition.subject'],
    ],
    ['the same id twice', [patient(), condition('d'), condition('d')], ['2 duplicate Bundle.entry']],
    ["a fullUrl that is another entry's", [patient(), { ...condition('d'), fullUrl }], ['1 duplicate Bundle.entry']],
    [
      'a fullUrl that reads as another resource',
      [patient(), { ...condition('d'), fullUrl: 'https://a.example/Condition/e' }],
      ['1 format Bundle.entry.fullUrl'],
    ],
    [
      'a fullUrl that is no address',
      [patient(), { ...condition('d'), fullUrl: 'd' }],
      ['1 format Bundle.entry.fullUrl'],
    ],
    [
      'neither id nor fullUrl',
      [patient(), { resource: { resourceType: 'Condition', subject } }],
      ['1 missing Bundle.entry'],
    ],
    [
      'a request to delete',
      [patient(), { ...condition('d'), request: { method: 'DELETE', url: 'Condition/d' } }],
      ['1 request Bundle.entry.request.method'],
    ],
    [
      'a request to patch',
      [patient(), { ...condition('d'), request: { method: 'PATCH' } }],
      ['1 request Bundle.entry.request.method'],
    ],
    ['a nested bundle', [patient(), { resource: { resourceType: 'Bundle', type: 'batch' } }], ['1 not-kept Bundle']],
    [
      'the SSN in a note',
      [patient(), condition('d', { note: [{ text: 'his SSN 999-12-3456' }] })],
      ['1 ssn Condition.note[0].text'],
    ],
    [
      'an SSN of a relative',
      [
        patient(),
        {
          resource: {
            resourceType: 'RelatedPerson',
            id: 'r',
            patient: subject,
            identifier: [{ ...ssn, value: '888-11-2222' }],
          },
        },
      ],
      ['1 ssn RelatedPerson.identifier[0]'],
    ],
    [
      'psychotherapy notes, 45 CFR 164.501',
      [patient(), condition('d', { meta: { security: [{ code: 'PSYTHPN' }] } })],
      ['1 psychotherapy Condition'],
    ],
    [
      'a resource that is too large',
      [patient(), condition('d', { note: [{ text: 'x'.repeat(importLimits.resourceBytes) }] })],
      ['1 size Bundle.entry.resource'],
    ],
    ['too many entries', Array.from({ length: importLimits.entries + 1 }, () => condition('d')), ['-1 size Bundle']],
    ['no resource at all', [patient(), { resource: null }], ['1 type Resource']],
  ])('refuses %s, and with it the whole', (_, entries, issues) => {
    expect(refused(entries)).toEqual(issues);
  });

  it('refuses what is nested so deeply that walking through it would end the function', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
    expect(refused([patient(), condition('d', { extension: deep })])).toEqual(['1 type Condition.extension[0]']);
    let extension: object = { url: 'x', valueString: 'x' };
    for (let level = 0; level < 50_000; level += 1) extension = { url: 'x', extension: [extension] };
    expect(refused([patient(), condition('d', { extension: [extension] })])[0]).toMatch(/^1 depth /);
    const entry = [condition('d', { extension: [extension] })];
    expect(bundleEnvelope({ resourceType: 'Bundle', type: 'batch', entry })).toMatchObject({
      issues: [{ code: 'size' }],
    });
  });

  it('names each refused entry by type and id, if that is well-formed, and echoes no value', () => {
    const plan = planImport([patient(), condition('d', { code: 'Zebulon' }), condition('Zebulon!')]);
    if (!('issues' in plan)) throw new Error('expected issues');
    expect(plan.issues).toMatchObject([
      { entry: 1, resourceType: 'Condition', id: 'd' },
      { entry: 2, resourceType: 'Condition' },
    ]);
    expect(JSON.stringify(plan.issues)).not.toContain('Zebulon');
  });

  it('lists so many issues and no more', () => {
    const bad = Array.from({ length: importLimits.issues * 2 }, (_, index) => condition(`d${index}`, { code: 1 }));
    expect(refused([patient(), ...bad])).toHaveLength(importLimits.issues + 1);
  });

  it('takes a relative address of the patient, and the absolute one it gave itself', () => {
    const url = 'https://ehr.example/fhir/Patient/p';
    expect(
      refused([
        { ...patient(), fullUrl: url },
        condition('a', { subject: { reference: url } }),
        condition('b', { subject: { reference: 'Patient/p' } }),
      ]),
    ).toEqual([]);
  });
});

describe('bundleEnvelope and cutBundle', () => {
  const bundle = (entry: unknown, more: object = {}) => ({
    resourceType: 'Bundle',
    type: 'collection',
    entry,
    ...more,
  });

  it.each<[string, unknown, string]>([
    ['no bundle', { resourceType: 'Patient' }, 'Bundle'],
    ['text', 'x', 'Bundle'],
    ['a search result', bundle([patient()], { type: 'searchset' }), 'Bundle.type'],
    ['an empty bundle', bundle([]), 'Bundle.entry'],
    ['an entry without resource', bundle([{ fullUrl }]), 'Bundle.entry[0].resource'],
    [
      'an entry that fits no part',
      bundle([condition('d', { note: [{ text: 'x'.repeat(partLimits.bytes) }] })]),
      'Bundle.entry[0]',
    ],
  ])('refuse %s', (_, value, path) => {
    expect(bundleEnvelope(value)).toMatchObject({ issues: [{ path }] });
  });

  it('cut a bundle into parts that lose nothing, keep the order and stay below both limits', () => {
    const entry = Array.from({ length: 450 }, (_, index) =>
      condition(`d${index}`, { note: [{ text: 'é'.repeat(index * 4) }] }),
    );
    const envelope = bundleEnvelope(bundle(entry));
    if ('issues' in envelope) throw new Error('expected entries');
    const parts = cutBundle(envelope);
    expect(parts.flatMap(({ entries }) => entries)).toEqual(entry);
    for (const part of parts) {
      expect(part.entries.length).toBeLessThanOrEqual(partLimits.entries);
      expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThanOrEqual(partLimits.bytes);
    }
    expect(Math.max(...parts.map(({ entries }) => entries.length))).toBe(partLimits.entries);
  });
});

/** what a store would give back of a plan, each resource an entry */
function stored(plan: ImportPlan): ExportedEntry[] {
  return [
    { category: 'demographics', entry: 'main', value: plan.patient.demographics },
    ...(plan.patient.ssn === undefined ? [] : [{ category: 'ssn' as const, entry: 'main', value: plan.patient.ssn }]),
    ...plan.resources.flatMap(({ pieces }, index) =>
      pieces.map(({ category, body }) => ({
        category,
        entry: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        value: body,
      })),
    ),
  ];
}
const patientId = '55555555-5555-4555-8555-555555555555';
const exported = (entries: readonly ExportedEntry[]) =>
  exportBundle({ patient: patientId, id: 'b', now: new Date('2024-01-02T03:04:05Z'), entries });

describe('exportBundle', () => {
  it('puts the patient first, with the fullUrl that the entries refer to', () => {
    const bundle = exported(stored(planned([condition('d'), patient()])));
    expect(bundle).toMatchObject({
      resourceType: 'Bundle',
      type: 'collection',
      id: 'b',
      timestamp: '2024-01-02T03:04:05.000Z',
    });
    expect(bundle.entry[0]).toEqual(patient());
    expect(bundle.entry[1]).toMatchObject({
      fullUrl: 'urn:uuid:00000000-0000-4000-8000-000000000000',
      ...condition('d'),
    });
  });

  it('shows no half of a claim whose other half the reader may not see, 45 CFR 164.502(b)', () => {
    const entries = stored(planned([patient(), claim]));
    expect(exported(entries).entry).toHaveLength(2);
    for (const hidden of ['payment_history', 'claim_clinical'])
      expect(exported(entries.filter(({ category }) => category !== hidden)).entry).toHaveLength(1);
  });

  it('shows no SSN to who may not see it, and no patient to who may not see demographics', () => {
    const entries = stored(planned([patient(), condition('d')]));
    expect(JSON.stringify(exported(entries.filter(({ category }) => category !== 'ssn')))).not.toContain('3456');
    const [first] = exported(entries.filter(({ category }) => category !== 'demographics')).entry;
    expect(first?.resource['resourceType']).toBe('Condition');
  });

  it('attaches what is no FHIR resource, so that the export is complete, 45 CFR 164.524', () => {
    const note = { text: 'Slept badly' };
    const address = { line: ['1 Main Street'] };
    const { entry } = exported([
      { category: 'notes', entry: patientId, value: { resource: note } },
      { category: 'billing_address', entry: 'main', value: address },
    ]);
    const contents = entry.map(({ resource }) => {
      expect(validateResource(resource)).toEqual([]);
      const data = /"data":"([^"]+)"/.exec(JSON.stringify(resource))?.[1] ?? '';
      return JSON.parse(Buffer.from(data, 'base64').toString('utf8'));
    });
    expect(contents).toEqual([note, address]);
    expect(new Set(entry.map((one) => one.fullUrl)).size).toBe(2);
  });
});

describeSynthea('Synthea bundles', () => {
  it.each(syntheaBundles)('every resource of $name comes out as it went in', ({ bundle }) => {
    const envelope = bundleEnvelope(bundle);
    if ('issues' in envelope) throw new Error('expected entries');
    const entries = cutBundle(envelope).flatMap((part) => part.entries);
    const plan: ImportPlan = JSON.parse(JSON.stringify(planned(entries)));
    const out = new Map(exported(stored(plan)).entry.map((one) => [one.fullUrl, one.resource]));
    expect(out.size).toBe(bundle.entry.length);
    for (const one of bundle.entry) expect(out.get(one.fullUrl)).toEqual(one.resource);
  });

  it('are refused whole if one resource is of another patient', () => {
    const [mine, theirs] = syntheaBundles;
    const smuggled = theirs?.bundle.entry.find(({ resource }) => resource.resourceType === 'Condition');
    if (mine === undefined || smuggled === undefined) throw new Error('expected two bundles');
    const issues = refused([...mine.bundle.entry, smuggled]);
    expect(issues).toContain(`${mine.bundle.entry.length} subject Condition.subject`);
  });
});
