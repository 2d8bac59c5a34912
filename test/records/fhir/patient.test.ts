import * as fc from 'fast-check';
import {
  birthDate,
  checkDemographics,
  familyNames,
  joinPatient,
  mrnOf,
  splitPatient,
} from '../../../lambda/records/fhir/patient';
import { validateResource } from '../../../lambda/records/fhir/validate';
import { describeSynthea, syntheaBundles } from './synthea';

const typed = (code: string, value: string, more: object = {}) => ({ type: { coding: [{ code }] }, value, ...more });
const mrn = typed('MR', 'M-1', { system: 'https://hospital.example' });
const ssn = typed('SS', '999-12-3456', { system: 'http://hl7.org/fhir/sid/us-ssn' });
const patient = (more: object = {}) => ({
  resourceType: 'Patient',
  id: 'p',
  identifier: [mrn, ssn],
  name: [{ family: 'Example', given: ['Ada'] }],
  birthDate: '1970-01-01',
  ...more,
});
const narrative = (words: string) => ({ text: { status: 'generated', div: `<div>${words}</div>` } });
const pathsOf = (result: ReturnType<typeof splitPatient>): string[] =>
  'issues' in result ? result.issues.map(({ path }) => path) : [];

describe('splitPatient', () => {
  it('takes the SSN out and keeps every other element, 45 CFR 164.502(b)', () => {
    expect(splitPatient(patient())).toEqual({
      demographics: patient({ identifier: [mrn] }),
      ssn: { value: '999123456', identifier: ssn, index: 1 },
    });
  });

  it.each([
    ['by type alone', typed('SS', '999123456')],
    ['by system alone', { system: 'http://hl7.org/fhir/sid/us-ssn', value: '999 12 3456' }],
    ['by the OID of the system', { system: 'urn:oid:2.16.840.1.113883.4.1', value: '999-12-3456' }],
  ])('knows an SSN identifier %s', (_, identifier) => {
    const parts = splitPatient(patient({ identifier: [identifier] }));
    expect(parts).toMatchObject({ ssn: { value: '999123456', index: 0 } });
    expect('demographics' in parts && Object.hasOwn(parts.demographics, 'identifier')).toBe(false);
  });

  it('refuses several SSN identifiers, and one that is not nine digits', () => {
    expect(pathsOf(splitPatient(patient({ identifier: [ssn, mrn, ssn] })))).toEqual(['Patient.identifier[2]']);
    expect(pathsOf(splitPatient(patient({ identifier: [typed('SS', '***-**-3456')] })))).toEqual([
      'Patient.identifier[0].value',
    ]);
    expect(pathsOf(splitPatient(patient({ identifier: [{ ...ssn, value: undefined }] })))).toEqual([
      'Patient.identifier[0].value',
    ]);
  });

  it.each(['999-12-3456', 'SSN 999123456.', '999 12 3456', '<b>999</b>-12-<i>3456</i>', '&#57;99-12-3456'])(
    'moves a narrative that repeats the number to the SSN: %s',
    (words) => {
      const resource = patient(narrative(words));
      const parts = splitPatient(resource);
      if ('issues' in parts || parts.ssn === undefined) throw new Error('expected parts');
      expect(parts.demographics).not.toHaveProperty('text');
      expect(joinPatient(parts.demographics, parts.ssn)).toEqual(resource);
      expect(JSON.stringify(joinPatient(parts.demographics))).not.toMatch(/3456/);
    },
  );

  it.each<[string, object, string]>([
    ['a name', { name: [{ text: 'Ada 999-12-3456' }] }, 'Patient.name[0].text'],
    ['another identifier', { identifier: [ssn, typed('DL', '999123456')] }, 'Patient.identifier[0].value'],
    ['an extension', { extension: [{ url: 'x', valueString: '999123456' }] }, 'Patient.extension[0].valueString'],
    ['a number', { extension: [{ url: 'x', valueInteger: 999123456 }] }, 'Patient.extension[0].valueInteger'],
    [
      'a contact, as an SSN identifier of its own',
      { contact: [{ extension: [{ url: 'x', valueIdentifier: typed('SS', '1') }] }] },
      'Patient.contact[0].extension[0].valueIdentifier',
    ],
    ["somebody else's number", { name: [{ text: '888-11-2222' }] }, 'Patient.name[0].text'],
  ])('refuses a social security number in %s', (_, more, path) => {
    expect(pathsOf(splitPatient(patient(more)))).toEqual([path]);
  });

  it('does not take other numbers for one', () => {
    const telecom = [{ value: '555-123-4567' }, { value: '1999123456' }];
    expect(pathsOf(splitPatient(patient({ telecom })))).toEqual([]);
  });

  it('is undone by joinPatient', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ value: fc.string() })),
        fc.nat(10),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (others, place, more) => {
          const identifier = [...others];
          identifier.splice(place, 0, ssn);
          const resource = { ...more, resourceType: 'Patient', text: more['text'] ?? {}, identifier };
          const parts = splitPatient(resource);
          fc.pre(!('issues' in parts));
          if (!('issues' in parts)) expect(joinPatient(parts.demographics, parts.ssn)).toEqual(resource);
        },
      ),
    );
  });
});

describe('joinPatient', () => {
  it('makes an identifier of a number that came without one', () => {
    const joined = joinPatient({ identifier: [mrn] }, { value: '999123456' });
    expect(joined).toMatchObject({
      identifier: [mrn, { system: 'http://hl7.org/fhir/sid/us-ssn', value: '999-12-3456' }],
    });
    expect(validateResource(joined)).toEqual([]);
    expect(splitPatient(joined)).toMatchObject({ ssn: { value: '999123456' } });
  });
});

describe('lookups', () => {
  it('finds exactly one current medical record number', () => {
    expect(mrnOf({ identifier: [ssn, typed('MR', 'old', { use: 'old' }), mrn] })).toEqual({
      system: 'https://hospital.example',
      value: 'M-1',
    });
    for (const identifier of [[], [ssn], [mrn, mrn], [{ ...mrn, value: undefined }], undefined])
      expect(mrnOf({ identifier })).toMatchObject({ issue: { code: 'mrn', path: 'Patient.identifier' } });
  });

  it('finds names and birth date', () => {
    expect(
      familyNames({ name: [{ family: 'A' }, { family: 'B', use: 'maiden' }, { family: 'A' }, { text: 'x' }] }),
    ).toEqual(['A', 'B']);
    expect(familyNames({})).toEqual([]);
    expect(birthDate({ birthDate: '1970-01' })).toBe('1970-01');
    expect(birthDate({ birthDate: 7 })).toBeUndefined();
  });
});

describe('checkDemographics', () => {
  const codes = (value: unknown): string[] => checkDemographics(value).map(({ code }) => code);
  const { resourceType: _, ...elements } = patient({ identifier: [mrn] });

  it('takes the elements of a Patient', () => {
    expect(codes(elements)).toEqual([]);
    expect(codes({ ...elements, resourceType: 'Patient' })).toEqual([]);
  });

  it.each<[string, unknown, string]>([
    ['text', 'x', 'type'],
    ['another resource', { ...elements, resourceType: 'Practitioner' }, 'patient'],
    ['an unknown element', { ...elements, ssn: '1' }, 'unknown-element'],
    ['an SSN identifier', { ...elements, identifier: [mrn, ssn] }, 'ssn'],
    ['an SSN in words', { ...elements, ...narrative('999-12-3456') }, 'ssn'],
    [
      'a link to another patient',
      { ...elements, link: [{ type: 'seealso', other: { reference: 'Patient/2' } }] },
      'subject',
    ],
  ])('refuses %s', (_title, value, code) => {
    expect(codes(value)).toEqual([code]);
  });
});

describeSynthea('Synthea patients', () => {
  it.each(syntheaBundles)('the patient of $name is split and joined again', ({ bundle }) => {
    const resource = bundle.entry.find((entry) => entry.resource.resourceType === 'Patient')?.resource ?? {};
    const parts = splitPatient(resource);
    if ('issues' in parts || parts.ssn === undefined) throw new Error('expected an SSN');
    expect(parts.ssn.value).toMatch(/^999\d{6}$/);
    expect(JSON.stringify(parts.demographics)).not.toContain('us-ssn');
    expect(joinPatient(parts.demographics, parts.ssn)).toEqual(resource);
    expect(mrnOf(parts.demographics)).toHaveProperty('value');
    expect(familyNames(parts.demographics)).not.toEqual([]);
  });
});
