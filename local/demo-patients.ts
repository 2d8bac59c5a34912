/**
 * Synthetic patients for trying Ward out: FHIR R4 transaction bundles, made of a seed alone. Nobody in them lives; the social security
 * numbers begin with 999 and the telephone numbers with 555-01, which are given to nobody.
 */

type Json = string | number | boolean | readonly Json[] | { readonly [key: string]: Json };
type Resource = { readonly resourceType: string; readonly id: string; readonly [key: string]: Json };

export interface DemoBundle {
  readonly resourceType: 'Bundle';
  readonly type: 'transaction';
  readonly entry: readonly {
    readonly fullUrl: string;
    readonly resource: Resource;
    readonly request: { readonly method: 'POST'; readonly url: string };
  }[];
}

const terminology = (name: string): string => `http://terminology.hl7.org/CodeSystem/${name}`;
const snomed = 'http://snomed.info/sct';
const loinc = 'http://loinc.org';
const rxnorm = 'http://www.nlm.nih.gov/research/umls/rxnorm';
const concept = (system: string, code: string, text: string): Json => ({
  coding: [{ system, code, display: text }],
  text,
});
const category = (system: string, code: string): Json => ({ coding: [{ system: terminology(system), code }] });
const usd = (value: number): Json => ({ value: Math.round(value * 100) / 100, currency: 'USD' });

interface Course {
  readonly condition: readonly [code: string, text: string];
  readonly medication: readonly [code: string, text: string];
  readonly measure: readonly [code: string, text: string, low: number, high: number, unit: string];
  readonly visit: string;
}
const courses: readonly Course[] = [
  {
    condition: ['59621000', 'Essential hypertension'],
    medication: ['314076', 'Lisinopril 10 MG Oral Tablet'],
    measure: ['8480-6', 'Systolic blood pressure', 128, 158, 'mm[Hg]'],
    visit: 'Blood pressure is followed up. The tablets are taken every morning and are tolerated well.',
  },
  {
    condition: ['44054006', 'Type 2 diabetes mellitus'],
    medication: ['860975', 'Metformin hydrochloride 500 MG Extended Release Oral Tablet'],
    measure: ['4548-4', 'Hemoglobin A1c', 6, 9, '%'],
    visit: 'Sugar is measured at home twice a week. Feet were examined, no change.',
  },
  {
    condition: ['195967001', 'Asthma'],
    medication: ['745752', 'Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler'],
    measure: ['19926-5', 'FEV1/FVC', 60, 82, '%'],
    visit: 'Wakes up at night about once a week. Use of the inhaler was practised again.',
  },
  {
    condition: ['35489007', 'Depressive disorder'],
    medication: ['312938', 'Sertraline 50 MG Oral Tablet'],
    measure: ['44261-6', 'Patient Health Questionnaire 9 item total score', 5, 19, '{score}'],
    visit: 'Sleeps better than a month ago and is back at work for half of the day.',
  },
];
const familyNames = [
  'Abelard',
  'Brandywine',
  'Castellan',
  'Dunmore',
  'Ellsworthy',
  'Fairbrook',
  'Greenhalt',
  'Hollander',
];
const givenNames = {
  female: ['Adela', 'Beatrix', 'Corinne', 'Delphine', 'Estelle', 'Florence'],
  male: ['Ambrose', 'Bertram', 'Cedric', 'Dominic', 'Edmund', 'Felix'],
} as const;
const towns = [
  ['Larkspur Falls', 'MA', '01002'],
  ['Old Ferry', 'OH', '43004'],
  ['Mill Hollow', 'OR', '97008'],
] as const;
const payers = ['Acme Health Plan', 'Harbor Mutual', 'Prairie Care'] as const;

/** A small generator of numbers (mulberry32): the same seed gives the same patient everywhere. */
class Draw {
  #state: number;
  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  }
  /** @returns a whole number from 0 to below `limit` */
  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }
  of<T>(list: readonly [T, ...T[]] | readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }
  digits(count: number): string {
    return Array.from({ length: count }, () => this.below(10)).join('');
  }
  uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.below(16).toString(16)).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/**
 * @param seed any whole number from 0; the medical record number carries it, so that two seeds never make the same patient
 * @returns a transaction bundle of one patient that an import accepts
 */
export function demoBundle(seed: number): DemoBundle {
  const draw = new Draw(seed);
  const entries: DemoBundle['entry'][number][] = [];
  const add = (resourceType: string, content: { readonly [key: string]: Json }): Json => {
    const id = draw.uuid();
    const fullUrl = `urn:uuid:${id}`;
    entries.push({
      fullUrl,
      resource: { resourceType, id, ...content },
      request: { method: 'POST', url: resourceType },
    });
    return { reference: fullUrl };
  };

  const subject = addPatient(add, draw, seed);
  const clinic = add('Organization', { active: true, name: 'Larkspur Community Clinic' });
  const physician = add('Practitioner', {
    active: true,
    name: [{ family: draw.of(familyNames), given: ['Robin'], prefix: ['Dr.'] }],
  });
  const payer = draw.of(payers);
  const coverage = add('Coverage', {
    status: 'active',
    subscriberId: `S${draw.digits(9)}`,
    beneficiary: subject,
    relationship: category('subscriber-relationship', 'self'),
    period: { start: '2020-01-01' },
    payor: [{ display: payer }],
  });
  const first = draw.below(courses.length);
  for (let number = 0; number < 2; number += 1) {
    const course = courses[(first + number) % courses.length];
    if (course !== undefined)
      addCourse(add, draw, course, { subject, clinic, physician, coverage, payer }, 2021 + number);
  }
  return { resourceType: 'Bundle', type: 'transaction', entry: entries };
}

type Add = (resourceType: string, content: { readonly [key: string]: Json }) => Json;

function addPatient(add: Add, draw: Draw, seed: number): Json {
  const gender = draw.of(['female', 'male'] as const);
  const [city, state, postalCode] = draw.of(towns);
  const typed = (code: string, display: string): Json => ({
    coding: [{ system: terminology('v2-0203'), code, display }],
  });
  return add('Patient', {
    identifier: [
      {
        use: 'usual',
        type: typed('MR', 'Medical record number'),
        system: 'https://clinic.example/medical-record-number',
        value: `DEMO-${String(seed).padStart(6, '0')}`,
      },
      {
        type: typed('SS', 'Social Security number'),
        system: 'http://hl7.org/fhir/sid/us-ssn',
        value: `999-${draw.between(10, 99)}-${draw.digits(4)}`,
      },
    ],
    active: true,
    name: [{ use: 'official', family: draw.of(familyNames), given: [draw.of(givenNames[gender])] }],
    telecom: [{ system: 'phone', value: `555-01${draw.digits(2)}`, use: 'home' }],
    gender,
    birthDate: `${draw.between(1940, 2004)}-${two(draw.between(1, 12))}-${two(draw.between(1, 28))}`,
    address: [{ use: 'home', line: [`${draw.between(1, 400)} Orchard Road`], city, state, postalCode, country: 'US' }],
    communication: [{ language: concept('urn:ietf:bcp:47', 'en-US', 'English') }],
  });
}

const two = (value: number): string => String(value).padStart(2, '0');

interface Involved {
  readonly subject: Json;
  readonly clinic: Json;
  readonly physician: Json;
  readonly coverage: Json;
  readonly payer: string;
}

/** one condition, the visit at which it was found, what was measured, prescribed and written there, and how it was paid */
function addCourse(add: Add, draw: Draw, course: Course, involved: Involved, year: number): void {
  const { subject, clinic, physician, coverage, payer } = involved;
  const day = `${year}-${two(draw.between(1, 12))}-${two(draw.between(1, 28))}`;
  const period = { start: `${day}T09:00:00Z`, end: `${day}T09:30:00Z` };
  const [code, words] = course.condition;
  const encounter = add('Encounter', {
    status: 'finished',
    class: { system: terminology('v3-ActCode'), code: 'AMB' },
    type: [concept(snomed, '185349003', 'Encounter for check up')],
    subject,
    participant: [{ individual: physician }],
    period,
    serviceProvider: clinic,
  });
  const condition = add('Condition', {
    clinicalStatus: category('condition-clinical', 'active'),
    verificationStatus: category('condition-ver-status', 'confirmed'),
    code: concept(snomed, code, words),
    subject,
    encounter,
    onsetDateTime: day,
    recordedDate: day,
  });
  const [measure, label, low, high, unit] = course.measure;
  add('Observation', {
    status: 'final',
    code: concept(loinc, measure, label),
    subject,
    encounter,
    effectiveDateTime: period.start,
    valueQuantity: { value: draw.between(low, high), unit, system: 'http://unitsofmeasure.org', code: unit },
  });
  const medication = concept(rxnorm, ...course.medication);
  const prescription = add('MedicationRequest', {
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: medication,
    subject,
    encounter,
    authoredOn: day,
    requester: physician,
    reasonReference: [condition],
    dosageInstruction: [{ text: 'As discussed', timing: { repeat: { frequency: 1, period: 1, periodUnit: 'd' } } }],
  });
  add('DocumentReference', {
    status: 'current',
    type: concept(loinc, '11506-3', 'Progress note'),
    subject,
    date: period.end,
    author: [physician],
    content: [
      {
        attachment: {
          contentType: 'text/plain; charset=utf-8',
          data: Buffer.from(`${words}. ${course.visit}`, 'utf8').toString('base64'),
        },
      },
    ],
    context: { encounter: [encounter] },
  });
  const price = draw.between(80, 240);
  const share = price * 0.2;
  const common = {
    status: 'active',
    type: category('claim-type', 'professional'),
    use: 'claim',
    patient: subject,
    billablePeriod: period,
    created: period.end,
    provider: clinic,
    insurer: { display: payer },
    diagnosis: [{ sequence: 1, diagnosisReference: condition }],
  };
  const line = {
    sequence: 1,
    diagnosisSequence: [1],
    productOrService: concept(snomed, '185349003', 'Encounter for check up'),
  };
  const claim = add('Claim', {
    ...common,
    priority: category('processpriority', 'normal'),
    prescription,
    insurance: [{ sequence: 1, focal: true, coverage }],
    item: [
      { ...line, encounter: [encounter], net: usd(price) },
      { sequence: 2, productOrService: medication, net: usd(12.5) },
    ],
    total: usd(price + 12.5),
  });
  add('ExplanationOfBenefit', {
    ...common,
    claim,
    outcome: 'complete',
    insurance: [{ focal: true, coverage }],
    item: [
      {
        ...line,
        net: usd(price),
        adjudication: [
          { category: category('adjudication', 'submitted'), amount: usd(price) },
          { category: category('adjudication', 'copay'), amount: usd(share) },
          { category: category('adjudication', 'benefit'), amount: usd(price - share) },
        ],
      },
    ],
    total: [{ category: category('adjudication', 'submitted'), amount: usd(price) }],
    payment: { date: day, amount: usd(price - share) },
  });
}
