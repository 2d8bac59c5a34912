import * as fc from 'fast-check';
import { importableTypes } from '../../../lambda/records/fhir/mapping';
import { isNarrative } from '../../../lambda/records/fhir/narrative';
import { primitives } from '../../../lambda/records/fhir/primitives';
import { resourceDefinition } from '../../../lambda/records/fhir/structure';
import { depthLimit, issueLimit, validateResource } from '../../../lambda/records/fhir/validate';
import { describeSynthea, syntheaBundles } from './synthea';

const condition = (more: object = {}): object => ({
  resourceType: 'Condition',
  subject: { reference: 'Patient/1' },
  ...more,
});
const found = (value: unknown): string[] => validateResource(value).map((issue) => `${issue.code} ${issue.path}`);

describe('validateResource', () => {
  it('accepts a small valid resource', () => {
    expect(found(condition({ onsetDateTime: '2020-02-29', code: { text: 'Asthma' } }))).toEqual([]);
  });

  it.each([
    ['nothing', undefined, 'type Resource'],
    ['an array', [], 'type Resource'],
    ['text', 'Condition', 'type Resource'],
    ['no resourceType', {}, 'missing Resource'],
    ['an invented type', { resourceType: 'Diagnosis' }, 'unknown-type Resource'],
    ['a name of Object.prototype', { resourceType: 'constructor' }, 'unknown-type Resource'],
    ['a type that joins several people', { resourceType: 'Person', id: 'a' }, 'not-kept Person'],
    ['a bundle in place of a resource', { resourceType: 'Bundle', type: 'batch' }, 'not-kept Bundle'],
    ['a definition', { resourceType: 'StructureDefinition', url: 'x' }, 'not-kept StructureDefinition'],
    ['an audit event made elsewhere', { resourceType: 'AuditEvent' }, 'not-kept AuditEvent'],
  ])('refuses %s', (_, value, expected) => {
    expect(found(value)).toEqual([expected]);
  });

  it.each<[string, object, string]>([
    ['an element FHIR does not have', { diagnosis: 'x' }, 'unknown-element Condition.diagnosis'],
    ['a single value where an array belongs', { category: { text: 'x' } }, 'cardinality Condition.category'],
    ['an array where a single value belongs', { code: [{ text: 'x' }] }, 'cardinality Condition.code'],
    ['an empty array', { category: [] }, 'empty Condition.category'],
    ['an empty object', { code: {} }, 'empty Condition.code'],
    ['null', { code: null }, 'type Condition.code'],
    ['null in an array', { category: [null] }, 'type Condition.category[0]'],
    ['a blank string', { code: { text: ' ' } }, 'format Condition.code.text'],
    ['a control character', { code: { text: 'a\u0000b' } }, 'format Condition.code.text'],
    ['half of a surrogate pair', { code: { text: 'a\ud800' } }, 'format Condition.code.text'],
    ['a number as text', { code: { text: 7 } }, 'type Condition.code.text'],
    ['two types of one choice', { onsetString: 'x', onsetDateTime: '2020' }, 'choice Condition.onsetDateTime'],
    ['a type that the choice does not have', { onsetBoolean: true }, 'unknown-element Condition'],
    ['a day that no calendar has', { recordedDate: '2021-02-29' }, 'format Condition.recordedDate'],
    ['a time without a zone', { recordedDate: '2021-02-01T10:00:00' }, 'format Condition.recordedDate'],
    ['a bad id', { id: 'a b' }, 'format Condition.id'],
    ['a code outside a required binding', { text: { status: 'x', div: '<div>a</div>' } }, 'code Condition.text.status'],
    [
      'a concept outside a required binding',
      { clinicalStatus: { coding: [{ code: 'cured' }] } },
      'code Condition.clinicalStatus',
    ],
    [
      'a bad element deep down',
      { stage: [{ summary: { coding: [{ code: 1 }] } }] },
      'type Condition.stage[0].summary.coding[0].code',
    ],
    ['an extension without url', { extension: [{ valueString: 'x' }] }, 'missing Condition.extension[0].url'],
    ['an extension with neither value nor extensions', { extension: [{ url: 'x' }] }, 'choice Condition.extension[0]'],
    [
      'an extension with both',
      { extension: [{ url: 'x', valueString: 'x', extension: [{ url: 'y', valueString: 'y' }] }] },
      'choice Condition.extension[0]',
    ],
    ['extensions of something that is not primitive', { _code: { id: 'x' } }, 'unknown-element Condition._code'],
    [
      'a primitive extension with other content',
      { _recordedDate: { value: 1 } },
      'unknown-element Condition._recordedDate.value',
    ],
    ['a required element that is missing', { subject: undefined }, 'type Condition.subject'],
  ])('refuses %s', (_, more, expected) => {
    expect(found(condition(more))).toEqual([expected]);
  });

  it('names a required element that is absent', () => {
    expect(found({ resourceType: 'Observation', id: 'a' })).toEqual([
      'missing Observation.status',
      'missing Observation.code',
    ]);
  });

  it('takes the extensions of a primitive value in place of the value', () => {
    const absent = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
    };
    expect(found({ resourceType: 'Observation', _status: absent, code: { text: 'x' } })).toEqual([]);
    expect(found({ resourceType: 'Patient', name: [{ given: ['A', null], _given: [null, absent] }] })).toEqual([]);
    expect(found({ resourceType: 'Patient', name: [{ given: ['A', null], _given: [absent, null] }] })).toEqual([
      'type Patient.name[0].given[1]',
      'type Patient.name[0]._given[1]',
    ]);
  });

  it('refuses keys that would reach a prototype', () => {
    const value: unknown = JSON.parse('{"resourceType":"Patient","__proto__":{"active":true},"constructor":{"a":1}}');
    expect(found(value)).toEqual(['unknown-element Patient', 'unknown-element Patient']);
  });

  it('suggests the element that was meant', () => {
    expect(validateResource({ resourceType: 'Patient', birthdate: '2000-01-01' })[0]?.message).toContain(
      'birthDate is',
    );
  });

  it('stops at a depth and at a number of issues', () => {
    let extension: object = { url: 'x', valueString: 'x' };
    for (let level = 0; level < depthLimit + 5; level += 1) extension = { url: 'x', extension: [extension] };
    expect(found(condition({ extension: [extension] })).map((issue) => issue.split(' ')[0])).toEqual(['depth']);
    const flood = validateResource(condition({ category: Array.from({ length: 500 }, () => ({})) }));
    expect(flood).toHaveLength(issueLimit + 1);
    expect(flood.at(-1)?.code).toBe('too-many');
  });

  it('lets a resource contain others, one level deep, with an id and of a kind its readers may see', () => {
    const coverage = {
      resourceType: 'Coverage',
      id: 'c',
      status: 'active',
      beneficiary: { reference: 'Patient/1' },
      payor: [{ display: 'x' }],
    };
    const claim = (contained: object): object => ({
      resourceType: 'Procedure',
      status: 'completed',
      subject: { reference: 'Patient/1' },
      contained: [contained],
    });
    expect(found(claim(coverage))).toEqual([]);
    expect(found(claim({ ...coverage, contained: [coverage] }))).toEqual([
      'contained Procedure.contained[0].contained',
    ]);
    expect(found(claim({ ...coverage, id: undefined }))).toContain('missing Procedure.contained[0].id');
    expect(found(claim({ resourceType: 'Patient', id: 'p' }))).toEqual(['contained Procedure.contained[0]']);
    expect(found({ ...coverage, contained: [condition({ id: 'd' })] })).toEqual(['contained Coverage.contained[0]']);
    expect(found({ resourceType: 'Patient', contained: [condition({ id: 'd' })] })).toEqual([
      'contained Patient.contained[0]',
    ]);
  });

  it('never echoes a value or a name that only the input has', () => {
    const secret = 'Zebulon-999';
    const broken = {
      resourceType: 'Observation',
      [secret]: secret,
      status: secret,
      id: `${secret} `,
      code: { coding: [{ [secret]: 1, code: [secret] }], [`_${secret}`]: {} },
      effectiveDateTime: secret,
      valueQuantity: { value: secret, _unit: { extension: [{ url: `${secret} `, valueUri: ` ${secret}` }] } },
      text: { status: secret, div: `<p>${secret}</p>` },
      contained: [{ resourceType: secret }],
    };
    const issues = validateResource(broken);
    expect(issues.length).toBeGreaterThan(8);
    expect(JSON.stringify(issues)).not.toContain('Zebulon');
  });

  it('returns issues and never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.constantFrom(...importableTypes), fc.object({ maxDepth: 4 }), (resourceType, value) => {
        expect(Array.isArray(validateResource({ ...value, resourceType }))).toBe(true);
      }),
    );
  });
});

describe('the table of structures', () => {
  it('defines every resource type that may be kept', () => {
    expect(importableTypes.filter((type) => resourceDefinition(type) === undefined)).toEqual([]);
  });

  it('knows every type that its elements name', () => {
    for (const type of importableTypes)
      for (const element of resourceDefinition(type)?.elements.values() ?? [])
        expect(element.type).toMatch(/^[A-Za-z][A-Za-z0-9.]*$/);
  });
});

describe('primitive types', () => {
  const cases: [string, unknown[], unknown[]][] = [
    [
      'date',
      ['2020', '2020-02', '2020-02-29', '1900-02-28'],
      ['20', '0000', '2020-13', '1900-02-29', '2020-1-1', '2020-02-29T00:00:00Z'],
    ],
    [
      'dateTime',
      ['2020', '2012-07-01T15:22:50+00:00', '2016-12-31T23:59:60Z', '2020-01-01T00:00:00.123-05:00'],
      ['2020-01-01T24:00:00Z', '2020-01-01T00:00Z', '2020-04-31T00:00:00Z'],
    ],
    ['instant', ['2020-01-01T00:00:00Z'], ['2020-01-01', '2020-01-01T00:00:00']],
    ['time', ['00:00:00', '23:59:59.5'], ['24:00:00', '1:00:00']],
    ['id', ['a', 'A-1.b', 'x'.repeat(64)], ['', 'x'.repeat(65), 'a_b', 'a/b', 'a\n']],
    ['code', ['final', 'entered-in-error', 'two words'], ['', ' a', 'a ', 'a  b']],
    ['uri', ['urn:uuid:x', 'http://a/b'], ['', 'a b']],
    ['oid', ['urn:oid:1.2.840'], ['1.2.3', 'urn:oid:3.1', 'urn:oid:1.02']],
    [
      'uuid',
      ['urn:uuid:c757873d-ec9a-4326-a141-556f43239520'],
      ['urn:uuid:C757873D-EC9A-4326-A141-556F43239520', 'c757873d'],
    ],
    ['base64Binary', ['AAAA', 'AAA=', 'AA==', 'AA\nAA'], ['A', 'A===', 'A=AA', '@@@@', '====']],
    ['decimal', [0, -1.5, 1e22], [Number.POSITIVE_INFINITY, Number.NaN, '1']],
    ['integer', [0, -2147483648, 2147483647], [1.5, 2147483648, '1']],
    ['positiveInt', [1], [0, -1, 1.5]],
    ['unsignedInt', [0], [-1]],
    ['boolean', [true, false], ['true', 1]],
  ];
  it.each(cases)('%s takes what the specification gives and nothing beside', (name, good, bad) => {
    const isValid = (value: unknown): boolean =>
      (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') &&
      primitives.get(name)?.isValid(value) === true;
    expect(good.filter((value) => !isValid(value))).toEqual([]);
    expect(bad.filter(isValid)).toEqual([]);
  });
});

describe('isNarrative', () => {
  it.each([
    '<div xmlns="http://www.w3.org/1999/xhtml">Text &amp; <b>more</b><br/></div>',
    '<div><p class="a">x</p><table border="1"><tr><td>1</td></tr></table></div>',
    '<div><a href="https://example.org">x</a><img src="#pic" alt="x"/></div>',
  ])('accepts %s', (value) => {
    expect(isNarrative(value)).toBe(true);
  });

  it.each([
    'text',
    '<p>x</p>',
    '<div><script>alert(1)</script></div>',
    '<div onclick="x()">a</div>',
    '<div><a href="javascript:x()">a</a></div>',
    '<div><a href="&#106;avascript:x()">a</a></div>',
    '<div><img src="https://tracker.example/p.png"/></div>',
    '<div><iframe src="#x"></iframe></div>',
    '<div><p>unclosed</div>',
    '<div>a</div><div>b</div>',
    '<div><!-- <script> --></div>',
    '<div><![CDATA[<script>]]></div>',
    '<div style="background: url(x)">a</div>',
    '<div title="a"b>x</div>',
    '<div><svg onload=x()></svg></div>',
    '<div/>after</div>',
  ])('refuses %s', (value) => {
    expect(isNarrative(value)).toBe(false);
  });
});

describeSynthea('Synthea bundles', () => {
  it.each(syntheaBundles)('every resource of $name is valid', ({ bundle }) => {
    expect(bundle.entry.flatMap((entry) => validateResource(entry.resource))).toEqual([]);
  });
});
