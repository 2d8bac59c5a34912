import * as fc from 'fast-check';
import { joinClaim, paymentIssues, splitClaim } from '../../../lambda/records/fhir/split';
import { describeSynthea, syntheaBundles } from './synthea';

const diagnosis = 'Major depressive disorder';
const claimType = { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/claim-type', code: 'pharmacy' }] };
const coded = {
  coding: [{ system: 'http://snomed.info/sct', code: '370143000', display: diagnosis }],
  text: diagnosis,
};
const claim = {
  resourceType: 'Claim',
  id: 'c1',
  status: 'active',
  type: claimType,
  use: 'claim',
  patient: { reference: 'Patient/1', display: 'Ada Example' },
  billablePeriod: { start: '2020-01-01', end: '2020-01-02' },
  created: '2020-01-02',
  insurer: { display: 'Acme Health' },
  provider: { reference: 'Organization/1', display: `Clinic for ${diagnosis}` },
  priority: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/processpriority', code: 'normal' }] },
  diagnosis: [{ sequence: 1, diagnosisCodeableConcept: coded }],
  insurance: [{ sequence: 1, focal: true, coverage: { reference: 'Coverage/1', display: 'Acme Health' } }],
  item: [
    {
      sequence: 1,
      productOrService: coded,
      net: { value: 12.5, currency: 'USD' },
      quantity: { value: 2, unit: diagnosis },
    },
    { productOrService: coded },
    { sequence: 3 },
  ],
  total: { value: 12.5, currency: 'USD' },
  text: { status: 'generated', div: `<div>${diagnosis}</div>` },
};

describe('splitClaim', () => {
  it('keeps amounts, dates, status and payer for billing and nothing that says why, 45 CFR 164.502(b)', () => {
    const { payment } = splitClaim(claim);
    expect(payment).toEqual({
      resourceType: 'Claim',
      id: 'c1',
      status: 'active',
      type: claimType,
      use: 'claim',
      patient: { reference: 'Patient/1' },
      billablePeriod: claim.billablePeriod,
      created: '2020-01-02',
      insurer: { display: 'Acme Health' },
      provider: { reference: 'Organization/1' },
      priority: claim.priority,
      insurance: claim.insurance,
      item: [{ sequence: 1, net: { value: 12.5, currency: 'USD' }, quantity: { value: 2 } }, null, { sequence: 3 }],
      total: { value: 12.5, currency: 'USD' },
    });
  });

  it('leaves the rest, aligned with the payment half, to the clinical half', () => {
    const { clinical } = splitClaim(claim);
    expect(clinical).toEqual({
      resourceType: 'Claim',
      id: 'c1',
      patient: { display: 'Ada Example' },
      provider: { display: `Clinic for ${diagnosis}` },
      diagnosis: claim.diagnosis,
      item: [{ productOrService: coded, quantity: { unit: diagnosis } }, { productOrService: coded }, null],
      text: claim.text,
    });
  });

  it('is undone by joinClaim', () => {
    const { payment, clinical } = splitClaim(claim);
    expect(joinClaim(payment, clinical)).toEqual(claim);
  });

  it.each<[string, object]>([
    ['words in place of a code', { type: { coding: [{ ...claimType.coding[0], code: diagnosis }] } }],
    [
      'a clinical code system in an administrative element',
      { type: { coding: [{ system: 'http://snomed.info/sct', code: '370143000' }] } },
    ],
    ['the text of an administrative element', { priority: { text: diagnosis } }],
    ['words in a status', { status: diagnosis }],
    ['words in a date', { created: diagnosis }],
    ['words in a reference', { patient: { reference: diagnosis } }],
    ['words in an identifier', { identifier: [{ value: diagnosis }] }],
    ['words in a currency', { total: { value: 1, currency: diagnosis } }],
    ['an extension of an amount', { total: { value: 1, extension: [{ url: 'x', valueString: diagnosis }] } }],
    ['an extension of a primitive value', { _created: { extension: [{ url: 'x', valueString: diagnosis }] } }],
    ['an object in place of an amount', { total: { value: { text: diagnosis } } }],
    ['an object in place of an array', { item: { sequence: 1, net: { value: 1 }, note: diagnosis } }],
    ['a contained resource', { contained: [{ resourceType: 'Condition', id: 'a', code: coded }] }],
    [
      'a revenue code, program and place',
      { item: [{ revenue: coded, programCode: [coded], locationCodeableConcept: coded }] },
    ],
    [
      'details',
      {
        item: [
          {
            net: { value: 1 },
            detail: [{ sequence: 1, productOrService: coded, subDetail: [{ sequence: 1, productOrService: coded }] }],
          },
        ],
      },
    ],
    [
      'a reason of an adjudication',
      {
        resourceType: 'ExplanationOfBenefit',
        item: [{ adjudication: [{ category: claimType, reason: coded, amount: { value: 1 } }] }],
      },
    ],
    [
      'a disposition and notes',
      { resourceType: 'ExplanationOfBenefit', disposition: diagnosis, processNote: [{ text: diagnosis }] },
    ],
    ['a benefit', { resourceType: 'ExplanationOfBenefit', benefitBalance: [{ category: coded, name: diagnosis }] }],
    [
      'supporting information and care team',
      { supportingInfo: [{ valueString: diagnosis }], careTeam: [{ role: coded }] },
    ],
    ['an accident and a facility', { accident: { type: coded }, facility: { display: diagnosis } }],
    ['an invented element', { why: diagnosis }],
  ])('does not let %s into the payment half', (_, more) => {
    const resource = { resourceType: 'Claim', id: 'c', ...more };
    const { payment, clinical } = splitClaim(resource);
    expect(JSON.stringify(payment)).not.toMatch(/depressive|370143000/);
    expect(joinClaim(payment, clinical)).toEqual(resource);
  });

  it('refuses any other resource', () => {
    expect(() => splitClaim({ resourceType: 'Condition' })).toThrow(TypeError);
  });
});

/** JSON that looks like a claim in many places and like anything in others */
const anything = fc.jsonValue({ maxDepth: 2 });
const amount = fc.oneof(
  anything,
  fc.record(
    { value: fc.oneof(fc.double(), anything), currency: fc.oneof(fc.constant('USD'), anything) },
    { requiredKeys: [] },
  ),
);
const concept = fc.oneof(
  anything,
  fc.constant(claimType),
  fc.constant(coded),
  fc.record(
    { coding: fc.array(fc.oneof(anything, fc.constantFrom(...coded.coding, ...claimType.coding))), text: anything },
    { requiredKeys: [] },
  ),
);
const line = fc.record(
  {
    sequence: fc.oneof(fc.nat(), anything),
    net: amount,
    quantity: amount,
    productOrService: concept,
    servicedDate: anything,
    adjudication: fc.array(
      fc.oneof(anything, fc.record({ category: concept, amount, reason: concept }, { requiredKeys: [] })),
    ),
  },
  { requiredKeys: [] },
);
const claimLike = fc
  .tuple(
    fc.constantFrom('Claim', 'ExplanationOfBenefit'),
    fc.record(
      {
        id: fc.oneof(fc.constant('c1'), anything),
        status: fc.oneof(fc.constant('active'), anything),
        type: concept,
        total: fc.oneof(amount, fc.array(fc.record({ category: concept, amount }))),
        item: fc.array(fc.oneof(line, anything)),
        addItem: fc.array(fc.oneof(line, anything)),
        insurer: fc.oneof(anything, fc.constant({ display: 'Acme' })),
        diagnosis: anything,
        payment: fc.oneof(anything, fc.record({ amount, date: anything })),
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(fc.string(), anything),
  )
  .map(
    ([resourceType, known, more]): Record<string, unknown> =>
      JSON.parse(JSON.stringify({ ...more, ...known, resourceType })),
  );

/** the paths of values that may be in a payment half, written here a second time, apart from the rules */
const listed =
  /^(resourceType|id|status|use|created|outcome|precedence|identifier\.(use|system|value|period\.(start|end))|(type|priority|fundsReserve|fundsReserveRequested)\.coding\.(system|version|code)|(patient|enterer|provider|claim|claimResponse)\.(reference|type)|insurer\.(reference|type|display)|(billablePeriod|benefitPeriod|preAuthRefPeriod)\.(start|end)|related\.claim\.(reference|type)|related\.relationship\.coding\.(system|version|code)|payee\.type\.coding\.(system|version|code)|payee\.party\.(reference|type)|insurance\.(sequence|focal|coverage\.(reference|type|display)|claimResponse\.(reference|type))|total\.(value|currency)|(item|addItem)(\.detail(\.subDetail)?)?\.(sequence|factor|quantity\.value|(net|unitPrice)\.(value|currency)|servicedDate|servicedPeriod\.(start|end)|itemSequence|detailSequence)|((item|addItem)(\.detail(\.subDetail)?)?\.)?adjudication\.(value|amount\.(value|currency)|category\.coding\.(system|version|code))|total\.(amount\.(value|currency)|category\.coding\.(system|version|code))|payment\.(date|(amount|adjustment)\.(value|currency)|type\.coding\.(system|version|code)|identifier\.(use|system|value|period\.(start|end))))$/;
function leaves(value: unknown, path = ''): { path: string; value: unknown }[] {
  if (Array.isArray(value)) return value.flatMap((item: unknown) => (item === null ? [] : leaves(item, path)));
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, child]) => leaves(child, path === '' ? key : `${path}.${key}`));
  return [{ path, value }];
}

describe('any claim', () => {
  it('is equal to itself after a split and a join', () => {
    fc.assert(
      fc.property(claimLike, (resource) => {
        const { payment, clinical } = splitClaim(resource);
        expect(joinClaim(JSON.parse(JSON.stringify(payment)), JSON.parse(JSON.stringify(clinical)))).toEqual(resource);
      }),
      { numRuns: 200 },
    );
  });

  it('has nothing in its payment half that is not listed, and no value with words but the payer', () => {
    fc.assert(
      fc.property(claimLike, (resource) => {
        const wrong = leaves(splitClaim(resource).payment).filter(
          ({ path, value }) => !listed.test(path) || (!path.endsWith('display') && /\s/.test(String(value))),
        );
        expect(wrong).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

describe('joinClaim', () => {
  it('refuses the halves of different claims', () => {
    const { payment } = splitClaim(claim);
    const { clinical } = splitClaim({ ...claim, id: 'c2' });
    expect(() => joinClaim(payment, clinical)).toThrow(TypeError);
    expect(() => joinClaim({ ...payment, resourceType: 'ExplanationOfBenefit' }, splitClaim(claim).clinical)).toThrow(
      TypeError,
    );
  });

  it('takes the payment half where it was changed since', () => {
    const { payment, clinical } = splitClaim(claim);
    const joined = joinClaim({ ...payment, status: 'cancelled', item: [{ sequence: 1 }] }, clinical);
    expect(joined).toMatchObject({ status: 'cancelled', diagnosis: claim.diagnosis });
    expect(joined['item']).toEqual([
      { sequence: 1, productOrService: coded, quantity: { unit: diagnosis } },
      { productOrService: coded },
    ]);
  });
});

describe('paymentIssues', () => {
  it('accepts a payment half and names what a clinical element adds, without its value', () => {
    const { payment } = splitClaim(claim);
    expect(paymentIssues(payment)).toEqual([]);
    const issues = paymentIssues({ ...payment, diagnosis: [{ [diagnosis]: diagnosis }], total: { value: diagnosis } });
    expect(issues.map(({ path }) => path)).toEqual(['Claim.total.value', 'Claim']);
    expect(JSON.stringify(issues)).not.toContain(diagnosis);
    expect(paymentIssues({ resourceType: 'Condition' })).toHaveLength(1);
    expect(paymentIssues('x')).toHaveLength(1);
  });
});

describeSynthea('Synthea claims', () => {
  const claims = syntheaBundles.flatMap(({ bundle }) =>
    bundle.entry
      .map(({ resource }) => resource)
      .filter(({ resourceType }) => resourceType === 'Claim' || resourceType === 'ExplanationOfBenefit'),
  );

  it('are equal after a split and a join', () => {
    expect(claims.length).toBeGreaterThan(200);
    for (const resource of claims) {
      const { payment, clinical } = splitClaim(resource);
      expect(joinClaim(payment, clinical)).toEqual(resource);
    }
  });

  it('hold no word or code of any condition in a payment half, though their clinical halves do, 45 CFR 164.502(b)', () => {
    const words = new Set(
      syntheaBundles.flatMap(({ bundle }) =>
        bundle.entry
          .filter(({ resource }) => resource.resourceType === 'Condition')
          .flatMap(({ resource }) => leaves(resource['code']))
          .filter(({ path }) => path !== 'coding.system')
          .map(({ value }) => String(value)),
      ),
    );
    expect(words.size).toBeGreaterThan(20);
    const halves = claims.map((resource) => splitClaim(resource));
    const [payments, clinicals] = [
      JSON.stringify(halves.map(({ payment }) => payment)),
      JSON.stringify(halves.map(({ clinical }) => clinical)),
    ];
    expect([...words].filter((word) => payments.includes(word))).toEqual([]);
    expect([...words].filter((word) => clinicals.includes(word)).length).toBeGreaterThan(20);
  });

  it('keep every amount for billing', () => {
    for (const resource of claims) {
      const amounts = leaves(resource).filter(({ path }) => path.endsWith('currency')).length;
      expect(leaves(splitClaim(resource).payment).filter(({ path }) => path.endsWith('currency'))).toHaveLength(
        amounts,
      );
    }
  });
});
