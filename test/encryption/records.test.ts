import { randomBytes, randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import { PatientKey } from '../../lambda/encryption/data-key';
import { sealEnvelope } from '../../lambda/encryption/envelope';
import { fieldOf, registeredTags } from '../../lambda/encryption/fields';
import { openRecord, openStaged, sealRecord, sealStaged } from '../../lambda/encryption/records';
import { transform } from '../../lambda/encryption/sealed';
import { contentsOf } from '../../lambda/encryption/sealed-contents';
import { type RecordItem, type RecordMetadata, versionKey } from '../../lambda/records/model';
import known from '../vectors/envelope/field-tags.json';
import { outcome } from './example';

const organization = 'example-clinic';
const patient = randomUUID();
const key = PatientKey.from(1, randomBytes(32));
const metadata = (rest: Partial<RecordMetadata> = {}) => ({
  patient,
  category: 'demographics' as const,
  entry: 'main',
  version: 1,
  createdAt: '2026-01-15T08:30:00.000Z',
  updatedAt: '2026-01-15T08:30:00.000Z',
  author: randomUUID(),
  ...rest,
});
const demographics = {
  resourceType: 'Patient',
  identifier: [{ system: 'urn:mrn', value: 'MRN-1' }],
  name: [{ family: 'Smith', given: ['Ann'] }],
  birthDate: '1979-12-31',
  _birthDate: { extension: [{ url: 'x', valueString: 'y' }] },
  active: true,
  multipleBirthInteger: 2,
};
const sealed = sealRecord(key, organization, metadata(), demographics);
const open = (item: RecordItem, options = {}, byKey = key) =>
  outcome(() => contentsOf(openRecord(byKey, organization, item, options)));

describe('a record', () => {
  it('is sealed field by field and opens to an equal value', () => {
    expect(Object.keys(sealed.fields)).toEqual(['1', '10', '11', '12', '15', '21', '34']);
    expect(open(sealed)).toEqual({ accepted: demographics });
    expect(JSON.stringify(sealed)).not.toMatch(/Smith|1979|MRN-1/);
  });

  it('of a list category has one body', () => {
    const body = { resourceType: 'Condition', code: { text: 'Asthma' }, list: [1, null, { a: false }] };
    const item = sealRecord(key, organization, metadata({ category: 'diagnoses', entry: randomUUID() }), body);
    expect(Object.keys(item.fields)).toEqual(['224']);
    expect(open(item)).toEqual({ accepted: body });
  });

  it('of any FHIR Address or JSON body opens to an equal value', () => {
    const address = fc.record(
      { line: fc.array(fc.string()), city: fc.string(), period: fc.dictionary(fc.string(), fc.string()) },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(address, (value) => {
        expect(open(sealRecord(key, organization, metadata({ category: 'billing_address' }), value))).toEqual({
          accepted: value,
        });
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const body = JSON.parse(JSON.stringify(value));
        expect(open(sealRecord(key, organization, metadata({ category: 'notes', entry: randomUUID() }), body))).toEqual(
          { accepted: body },
        );
      }),
    );
  });

  it('opens the fields that are asked for and no other. 45 CFR 164.502(b)', () => {
    expect(open(sealed, { fields: ['name', 'gender'] })).toEqual({ accepted: { name: demographics.name } });
    expect(open(sealed, { fields: [] })).toEqual({ accepted: {} });
    expect(open(sealed, { fields: ['password'] })).toBe('tag');
    expect(open(sealed, { fields: ['__proto__'] })).toBe('tag');
  });

  it('moves to its place among the earlier versions unchanged, and to no other place', () => {
    expect(open({ ...sealed, SK: versionKey('demographics', 'main', 1) })).toEqual({ accepted: demographics });
    for (const SK of [
      versionKey('demographics', 'main', 2),
      versionKey('ssn', 'main', 1),
      'C#ssn#main',
      'C#demographics#other',
      '',
    ])
      expect(open({ ...sealed, SK })).toBe('place');
    expect(open({ ...sealed, PK: `P#${randomUUID()}` })).toBe('commitment');
    expect(open({ ...sealed, PK: patient })).toBe('place');
  });

  it('refuses every plaintext attribute that was changed beside it', () => {
    const item = sealRecord(key, organization, metadata({ importSequence: 2, contentToken: 'aa' }), demographics);
    expect(open(item)).toEqual({ accepted: demographics });
    expect(open({ ...item, version: 2 })).toBe('footer');
    expect(open({ ...item, createdAt: item.updatedAt.replace('2026', '2025') })).toBe('footer');
    expect(open({ ...item, updatedAt: '' })).toBe('footer');
    expect(open({ ...item, author: randomUUID() })).toBe('footer');
    expect(open({ ...item, importSequence: 3 })).toBe('footer');
    expect(open({ ...item, contentToken: 'ab' })).toBe('footer');
    const { importSequence, contentToken, ...without } = item;
    expect(importSequence).toBe(2);
    expect(open({ ...without, importSequence: 2 })).toBe('footer');
    expect(open({ ...without, contentToken: contentToken ?? '' })).toBe('footer');
    expect(open({ ...item, entry: 'other', SK: 'C#demographics#other' })).toBe('commitment');
    expect(open({ ...item, category: 'ssn', SK: 'C#ssn#main' })).toBe('commitment');
  });

  it('of another organization, or under another key, is refused', () => {
    expect(outcome(() => openRecord(key, 'another-clinic', sealed))).toBe('commitment');
    expect(open(sealed, {}, PatientKey.from(1, randomBytes(32)))).toBe('commitment');
  });

  it('that is older than the floor is refused, though nothing else is wrong with it', () => {
    const second = sealRecord(key, organization, metadata({ version: 2 }), demographics);
    expect(open(second, { floor: 2 })).toEqual({ accepted: demographics });
    expect(open(sealed, { floor: 2 })).toBe('rollback');
  });

  it('names its fields in one form only', () => {
    const blob = sealed.fields['1'] ?? Buffer.alloc(0);
    for (const name of ['01', '1.0', '+1', '1e0', ' 1', '0x1', '', 'name', '0', '4294967296'])
      expect(open({ ...sealed, fields: { ...sealed.fields, [name]: blob } })).toBe('form');
  });

  it('with a field of another category, by whoever has the key, is refused', () => {
    const entry = metadata();
    const { patient, category, createdAt, updatedAt, author } = entry;
    const attributes = new Map(
      Object.entries({ patient, category, entry: 'main', version: '1', createdAt, updatedAt, author }),
    );
    const context = { organization, patient, type: 'demographics', record: 'main' };
    const ssn = sealRecord(key, organization, metadata({ category: 'ssn' }), { value: '078051120' });
    const made = (tag: number, recordVersion = 1, schemaVersion = 1) => {
      const { header, fields, footer } = sealEnvelope(
        key,
        context,
        { schemaVersion, recordVersion },
        new Map([[tag, Buffer.alloc(64, 4)]]),
        attributes,
      );
      return {
        ...entry,
        PK: `P#${patient}`,
        SK: 'C#demographics#main',
        header,
        footer,
        fields: Object.fromEntries(fields),
      };
    };
    for (const tag of [...Object.keys(ssn.fields).map(Number), 224, 300]) expect(open(made(tag))).toBe('tag');
    expect(open(made(1, 2))).toBe('place');
    expect(open(made(1, 1, 2))).toBe('place');
    expect(open(made(1))).toBe('encoding');
  });

  it.each([
    ['a field that is not registered', () => sealRecord(key, organization, metadata(), { password: 'x' }), 'tag'],
    [
      'a field of another category',
      () => sealRecord(key, organization, metadata({ category: 'ssn' }), { birthDate: 'x' }),
      'tag',
    ],
    ['an inherited name', () => sealRecord(key, organization, metadata(), JSON.parse('{"__proto__":1}')), 'tag'],
    ['version 0', () => sealRecord(key, organization, metadata({ version: 0 }), {}), 'argument'],
    [
      'a value that JSON cannot say',
      () => sealRecord(key, organization, metadata(), { active: Number.NaN }),
      'argument',
    ],
  ])('is not sealed with %s', (_, attempt, code) => {
    expect(outcome(attempt)).toBe(code);
  });

  it('takes an undefined field for one that is not there', () => {
    expect(open(sealRecord(key, organization, metadata(), { gender: undefined }))).toEqual({ accepted: {} });
  });

  it('is sealed from a sealed value without anyone reading it, and says what it was', () => {
    const opened = openRecord(key, organization, sealed);
    expect(opened.resources).toEqual([{ patient, type: 'demographics', id: 'main', version: 1 }]);
    const corrected = transform(opened, (value) => ({ ...value, gender: 'female' }));
    const next = sealRecord(key, organization, metadata({ version: 2 }), corrected);
    expect(open(next)).toEqual({ accepted: { ...demographics, gender: 'female' } });
  });
});

describe('a staged part of an import', () => {
  const importId = randomUUID();
  const importKey = PatientKey.from(1, randomBytes(32));
  const entries = [{ fullUrl: 'urn:uuid:1', resource: { resourceType: 'Patient' } }];

  it('opens as the part that it is, of the import that it is of', () => {
    const staged = sealStaged(importKey, organization, importId, 3, entries);
    const opened = openStaged(importKey, organization, importId, 3, staged);
    expect(contentsOf(opened)).toEqual(entries);
    expect(opened.resources).toEqual([{ patient: importId, type: 'import', id: '3', version: 1 }]);
    expect(outcome(() => openStaged(importKey, organization, importId, 4, staged))).toBe('commitment');
    expect(outcome(() => openStaged(importKey, organization, randomUUID(), 3, staged))).toBe('commitment');
    expect(outcome(() => openStaged(importKey, 'another', importId, 3, staged))).toBe('commitment');
    expect(outcome(() => openStaged(key, organization, importId, 3, staged))).toBe('commitment');
    expect(outcome(() => openStaged(importKey, organization, importId, 3, { ...staged, fields: {} }))).toBe('footer');
  });
});

describe('the register of field tags', () => {
  it('gives every tag once, in its category’s range, and none of those kept free', () => {
    const ranges = {
      demographics: [1, 127],
      ssn: [128, 159],
      billing_address: [160, 223],
      list: [224, 224],
      import: [225, 225],
    };
    const named = new Set<string>();
    for (const [tag, { of, field }] of registeredTags()) {
      const [first = 0, last = 0] = ranges[of];
      expect(tag).toBeGreaterThanOrEqual(first);
      expect(tag).toBeLessThanOrEqual(last);
      named.add(`${of} ${field}`);
    }
    expect(named.size).toBe(registeredTags().size);
    expect(registeredTags().size).toBe(38 + 2 + 21 + 2); // two fields of one tag would make it fewer
    expect(() => fieldOf(99)).toThrow(expect.objectContaining({ code: 'tag' }));
  });

  it('never gives a tag anew: what is sealed names them', () => {
    for (const { tag, of, field } of known.tags) expect(fieldOf(tag)).toEqual({ of, field });
    expect(known.tags).toHaveLength(registeredTags().size); // a new one is added to the vectors
  });
});
