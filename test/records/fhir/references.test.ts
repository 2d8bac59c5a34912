import { findReferences, type Subject, subjectIssues } from '../../../lambda/records/fhir/references';
import { validateResource } from '../../../lambda/records/fhir/validate';

const me = 'urn:uuid:11111111-1111-4111-8111-111111111111';
const stranger = 'urn:uuid:22222222-2222-4222-8222-222222222222';
const practitioner = 'urn:uuid:33333333-3333-4333-8333-333333333333';
const mrn = { system: 'https://hospital.example', value: 'M-1' };
const subject: Subject = {
  patientFullUrl: me,
  patientId: 'me',
  identifiers: [mrn],
  entries: new Map([
    [me, 'Patient'],
    [practitioner, 'Practitioner'],
    ['Observation/o', 'Observation'],
  ]),
};
const condition = (reference: unknown, more: object = {}) => ({
  resourceType: 'Condition',
  subject: reference,
  ...more,
});
const found = (resource: { resourceType: string; [key: string]: unknown }, whose: Subject = subject): string[] => {
  // The rules start from valid resources: an attack that the validator stops anyway shows nothing here.
  expect(validateResource(resource)).toEqual([]);
  return subjectIssues(resource, whose).map(({ code, path }) => `${code} ${path}`);
};

describe('findReferences', () => {
  it('finds them in backbone elements, extensions of values and resources, and contained resources', () => {
    const extension = [{ url: 'x', valueReference: { reference: 'Patient/e' } }];
    const resource = {
      resourceType: 'Encounter',
      contained: [{ resourceType: 'Observation', id: 'o', performer: [{ reference: 'Patient/c', extension }] }],
      participant: [
        { individual: { reference: 'Practitioner/1', identifier: { assigner: { reference: 'Organization/1' } } } },
      ],
      _status: { extension },
      extension: [{ url: 'x', extension }],
    };
    expect(findReferences(resource).map(({ path }) => path)).toEqual([
      'Encounter.contained[0].performer[0]',
      'Encounter.contained[0].performer[0].extension[0].valueReference',
      'Encounter.participant[0].individual',
      'Encounter.participant[0].individual.identifier.assigner',
      'Encounter._status.extension[0].valueReference',
      'Encounter.extension[0].extension[0].valueReference',
    ]);
  });
});

describe('subjectIssues accepts', () => {
  it.each<[string, object]>([
    ['the fullUrl of the patient', { reference: me }],
    ['the relative address', { reference: 'Patient/me' }],
    ['a version of it', { reference: 'Patient/me/_history/2' }],
    ['a type that agrees', { reference: me, type: 'Patient' }],
    ["a repeated identifier of the patient's", { reference: me, identifier: mrn, display: 'Ada' }],
  ])('%s', (_, reference) => {
    expect(found(condition(reference))).toEqual([]);
  });

  it('the absolute address of the patient', () => {
    const whose = { patientFullUrl: 'https://ehr.example/fhir/Patient/me', patientId: 'me' };
    expect(found(condition({ reference: 'https://ehr.example/fhir/Patient/me' }), whose)).toEqual([]);
    expect(found(condition({ reference: 'https://other.example/fhir/Patient/me' }), whose)).toEqual([
      'subject Condition.subject',
    ]);
  });

  it.each<[string, object]>([
    ['a practitioner of the import', { reference: practitioner }],
    ['a practitioner elsewhere', { reference: 'Practitioner/9' }],
    ['a practitioner by search', { reference: 'Practitioner?identifier=http://hl7.org/fhir/sid/us-npi|1' }],
    ['a name', { display: 'Dr. Example' }],
    ['an identifier with a type', { type: 'Practitioner', identifier: { value: '1' } }],
    ['the patient', { reference: me }],
  ])('as asserter %s', (_, asserter) => {
    expect(found(condition({ reference: me }, { asserter }))).toEqual([]);
  });

  it('resources that are nobody’s record without a subject', () => {
    expect(found({ resourceType: 'Organization', name: 'Clinic' })).toEqual([]);
    expect(found({ resourceType: 'Device', patient: { reference: me } })).toEqual([]);
  });

  it('lists of participants that name the patient among others', () => {
    const participant = [
      { status: 'accepted', actor: { reference: practitioner } },
      { status: 'accepted', actor: { reference: me } },
    ];
    expect(found({ resourceType: 'Appointment', status: 'booked', participant })).toEqual([]);
    expect(found({ resourceType: 'Appointment', status: 'booked', participant: participant.slice(0, 1) })).toEqual([
      'subject Appointment.participant.actor',
    ]);
  });

  it('provenance of what comes along', () => {
    const provenance = (reference: string) => ({
      resourceType: 'Provenance',
      recorded: '2020-01-01T00:00:00Z',
      agent: [{ who: { display: 'x' } }],
      target: [{ reference }],
    });
    expect(found(provenance('Observation/o'))).toEqual([]);
    expect(found(provenance('Observation/of-a-stranger'))).toEqual(['subject Provenance.target']);
  });
});

describe('subjectIssues refuses', () => {
  it.each<[string, object]>([
    ['another patient by urn', { reference: stranger }],
    ['another patient by relative address', { reference: 'Patient/stranger' }],
    ['another patient by absolute address', { reference: 'https://ehr.example/fhir/Patient/me' }],
    ['a group, which may hold anyone', { reference: 'Group/1' }],
    ['nobody but a name', { display: 'Somebody' }],
    ['a patient by identifier alone', { identifier: { value: 'M-2' } }],
    ['the patient by identifier alone', { identifier: mrn, type: 'Patient' }],
    ["the patient with another one's identifier", { reference: me, identifier: { value: 'M-2' } }],
    ['the patient declared as something else', { reference: me, type: 'Group' }],
    ['a practitioner', { reference: practitioner }],
  ])('as subject %s', (_, reference) => {
    expect(found(condition(reference))).toEqual(['subject Condition.subject']);
  });

  it.each([
    'patient/me',
    'Patient/me?x=1',
    'Patient/me#x',
    'Patient/../Patient/stranger',
    '/Patient/me',
    ' Patient/me',
    'Patient/me ',
    'Pati%65nt/me',
    'Patient?identifier=M-2',
    'Person?identifier=M-2',
    'URN:UUID:11111111-1111-4111-8111-111111111111',
    'urn:uuid:me',
    'https://a.example/fhir/../Patient/stranger',
    'https://a.example@b.example/fhir/Patient/me',
    'https://a.example/fhir/Practitioner/1?_format=json&x=/Patient/me',
    'javascript:Patient/me',
    '//a.example/Patient/me',
    'https://a.example/scan.pdf',
    'Invented/1',
  ])('a reference that can be read in two ways: %s', (reference) => {
    expect(
      found(condition({ reference: me }, { asserter: { reference } })).map((issue) => issue.split('.')[0]),
    ).toEqual(['reference Condition']);
  });

  it.each<[string, { resourceType: string; [key: string]: unknown }, string]>([
    [
      'a second patient as asserter',
      condition({ reference: me }, { asserter: { reference: 'Patient/stranger' } }),
      'Condition.asserter',
    ],
    [
      'an asserter that leads nowhere and may be a patient',
      condition({ reference: me }, { asserter: { reference: stranger } }),
      'Condition.asserter',
    ],
    [
      'a declared patient by identifier',
      condition({ reference: me }, { asserter: { type: 'Patient', identifier: { value: '1' } } }),
      'Condition.asserter',
    ],
    [
      'a declared patient by profile',
      condition(
        { reference: me },
        { asserter: { type: 'http://hl7.org/fhir/StructureDefinition/Patient', display: 'x' } },
      ),
      'Condition.asserter',
    ],
    [
      'a patient in an extension',
      condition({ reference: me }, { extension: [{ url: 'x', valueReference: { reference: 'Patient/stranger' } }] }),
      'Condition.extension[0].valueReference',
    ],
    [
      'a patient in an extension of a value',
      condition(
        { reference: me },
        { _recordedDate: { extension: [{ url: 'x', valueReference: { reference: 'Patient/stranger' } }] } },
      ),
      'Condition._recordedDate.extension[0].valueReference',
    ],
    [
      'a patient in a URI',
      condition({ reference: me }, { extension: [{ url: 'x', valueUri: 'https://a.example/Patient/stranger' }] }),
      'Condition.extension[0].valueUri',
    ],
    [
      'a patient in a string',
      condition({ reference: me }, { extension: [{ url: 'x', valueString: 'Patient/stranger' }] }),
      'Condition.extension[0].valueString',
    ],
    [
      'a contained resource about someone else',
      condition(
        { reference: me },
        { contained: [{ resourceType: 'Condition', id: 'a', subject: { reference: 'Patient/stranger' } }] },
      ),
      'Condition.contained[0].subject',
    ],
    [
      'a child covered by a parent who is another patient',
      {
        resourceType: 'Coverage',
        status: 'active',
        beneficiary: { reference: me },
        payor: [{ display: 'x' }],
        subscriber: { reference: 'Patient/parent' },
      },
      'Coverage.subscriber',
    ],
    [
      'a relative of someone else',
      { resourceType: 'RelatedPerson', patient: { reference: 'Patient/stranger' } },
      'RelatedPerson.patient',
    ],
    [
      'a link to another patient',
      { resourceType: 'Patient', id: 'me', link: [{ type: 'seealso', other: { reference: 'Patient/stranger' } }] },
      'Patient.link[0].other',
    ],
    [
      'a device in someone else',
      { resourceType: 'Device', patient: { reference: 'Patient/stranger' } },
      'Device.patient',
    ],
    [
      'a document of nobody',
      { resourceType: 'DocumentReference', status: 'current', content: [{ attachment: { title: 'x' } }] },
      'DocumentReference.subject',
    ],
    [
      'an observation of a place',
      { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: 'Location/1' } },
      'Observation.subject',
    ],
    ['a task for nobody', { resourceType: 'Task', status: 'draft', intent: 'order' }, 'Task.for'],
  ])('%s', (_, resource, path) => {
    expect(found(resource)).toEqual([`subject ${path}`]);
  });

  it('a contained subject, whatever it is', () => {
    const contained = [{ resourceType: 'RelatedPerson', id: 'r', patient: { reference: me } }];
    expect(found(condition({ reference: '#r' }, { contained }))).toEqual(['subject Condition.subject']);
    expect(found(condition({ reference: me }, { asserter: { reference: '#gone' } }))).toEqual([
      'reference Condition.asserter',
    ]);
    expect(found(condition({ reference: me }, { asserter: { reference: '#r' }, contained }))).toEqual([]);
  });

  it('a reference to a type that the element may not name', () => {
    expect(found(condition({ reference: me }, { encounter: { reference: 'Observation/1' } }))).toEqual([
      'reference Condition.encounter',
    ]);
    expect(found(condition({ reference: me }, { encounter: { reference: me } }))).toEqual([
      'reference Condition.encounter',
    ]);
  });

  it('an identifier that could be of any patient', () => {
    expect(found(condition({ reference: me }, { asserter: { identifier: { value: '1' } } }))).toEqual([
      'reference Condition.asserter',
    ]);
  });

  it('everything that names a patient, where there is none to name', () => {
    expect(found(condition({ reference: 'Patient/undefined' }), {})).toEqual(['subject Condition.subject']);
    expect(found(condition({ reference: me }), {})).toEqual(['subject Condition.subject']);
  });

  it('without echoing a value', () => {
    expect(JSON.stringify(subjectIssues(condition({ reference: 'Patient/Zebulon' }), subject))).not.toContain(
      'Zebulon',
    );
  });
});
