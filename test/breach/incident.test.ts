import * as fc from 'fast-check';
import { type AssessmentInput, assess, assessmentInput, isSecured, type Outcome } from '../../lambda/breach/assessment';
import { BreachError } from '../../lambda/breach/breach-error';
import { mayTake, open, type Step as Taken, advance as take } from '../../lambda/breach/incident';
import { type ClosingStep, conclude } from '../../lambda/breach/incident-closing';
import { dutyStatuses, type PersonNotice } from '../../lambda/breach/incident-duties';
import { type Incident, incidentItem, states } from '../../lambda/breach/incident-model';

type Step = Taken | ClosingStep;
const advance = (incident: Incident, step: Step, by: typeof author): Incident =>
  step.step === 'document' || step.step === 'close' ? conclude(incident, step, by) : take(incident, step, by);
const officer = '00000000-0000-4000-8000-000000000001';
const at = new Date('2026-02-01T12:00:00.000Z');
const author = { by: officer, at };
const reason = 'A reason that is long enough.';
const answers: AssessmentInput = {
  nature: { answers: { identifiers: 'direct', sensitivity: 'clinical' }, reason },
  person: { answers: { obligation: 'workforce', motive: 'curiosity' }, reason },
  acquired: { answers: { viewed: 'viewed' }, reason },
  mitigation: { answers: { assurance: 'written-assurance', containment: 'ended' }, reason },
  probability: 'not-low',
  conclusion: reason,
};
const fresh = (): Incident =>
  open(
    {
      id: '00000000-0000-4000-8000-0000000000aa',
      discovered: '2026-01-15',
      discoveryBasis: 'alert',
      began: '2026-01-10',
      type: 'unauthorized-access-disclosure',
      locations: ['electronic-medical-record'],
      associate: false,
      associateInvolved: false,
      subjects: [],
    },
    author,
  );
const scope = { run: 'r', individuals: 1, residents: { OH: 1 }, at: at.toISOString() } as const;
const person = (state: PersonNotice['state']): PersonNotice => ({
  state,
  residence: 'OH',
  ...(state === 'sent' || state === 'substituted' ? { on: '2026-02-01', reference: 'usps-1' } : {}),
});
const dossier = { version: 1, key: 'k', sha256: 'a', at: at.toISOString() };
const determine = (outcome: Outcome): Step => ({ step: 'determine', outcome, approval: 'a', approvedBy: 'b' });
const assessed = (more: Partial<AssessmentInput> = {}): Step => ({
  step: 'assess',
  assessment: assess({ ...answers, ...more }, officer, at),
});
const contain: Step = { step: 'contain', measures: [{ kind: 'suspend-user', target: officer }] };
const walk = (...steps: Step[]): Incident => steps.reduce((incident, step) => advance(incident, step, author), fresh());
const toNotifying = [
  contain,
  assessed(),
  { step: 'scope', scope },
  determine('breach'),
  { step: 'notify', template: 'letter-v1' },
] satisfies Step[];
const hhs: Step = { step: 'prove', duty: 'hhs', on: '2026-02-01', reference: 'BR-1' };

test('an incident goes from opened to closed, and each step names its author', () => {
  const people = [person('sent')];
  const closed = walk(...toNotifying, hhs, { step: 'document', dossier, people }, { step: 'close', people });
  expect(closed).toMatchObject({
    state: 'closed',
    closedBy: officer,
    openedBy: officer,
    measures: [{ by: officer }],
    assessment: { by: officer },
    determination: { by: officer, approvedBy: 'b' },
    proofs: { hhs: { by: officer } },
    version: 9,
  });
  expect(incidentItem.parse(closed)).toEqual(closed);
});

describe('nobody closes an incident - 45 CFR 164.308(a)(6)(ii), 164.414(b)', () => {
  const refused = (steps: Step[], code: string) =>
    expect(() => walk(...steps)).toThrow(expect.objectContaining({ name: 'BreachError', code }));

  test('without an outcome', () => refused([contain, assessed(), { step: 'close', people: [] }], 'transition'));
  test('without an assessment', () => refused([contain, determine('breach')], 'transition'));
  test('while a letter is without proof', () => {
    for (const state of ['in-scope', 'generated', 'returned'] as const)
      refused(
        [...toNotifying, hhs, { step: 'document', dossier, people: [person('sent'), person(state)] }],
        'notice-unproven',
      );
  });
  test('while HHS has not been told', () =>
    refused([...toNotifying, { step: 'document', dossier, people: [person('sent')] }], 'duty-open'));
  test('while the law of a State that Ward does not cover has not been asked about', () => {
    const alabama = { ...scope, residents: { AL: 1 } };
    const steps: Step[] = [
      contain,
      assessed(),
      { step: 'scope', scope: alabama },
      determine('breach'),
      { step: 'notify', template: 't' },
      hhs,
    ];
    const people: PersonNotice[] = [{ state: 'in-scope', residence: 'AL' }];
    refused([...steps, { step: 'document', dossier, people }], 'notice-unproven');
  });
  test('before its dossier is archived', () => {
    const documented = {
      ...walk(...toNotifying, hhs, { step: 'document', dossier, people: [person('sent')] }),
      dossiers: [],
    };
    expect(() => advance(documented, { step: 'close', people: [person('sent')] }, author)).toThrow(BreachError);
  });
});

describe('an outcome', () => {
  test('is a breach unless a low probability is shown - 45 CFR 164.402(2)', () => {
    expect(() => walk(contain, assessed(), determine('not-a-breach'))).toThrow(BreachError);
    expect(walk(contain, assessed({ probability: 'low' }), determine('not-a-breach')).state).toBe('determined');
  });

  test('may not be called a low probability when what was copied was not mitigated', () => {
    const copied = { ...answers, acquired: { answers: { viewed: 'copied' }, reason }, probability: 'low' as const };
    expect(() => assess(copied, officer, at)).toThrow(BreachError);
  });

  test('is secured only with encryption and a safe key, and never for reads through the API', () => {
    const evidence = {
      encrypted: true,
      mechanism: 'device-encryption',
      key_safe: true,
      key_evidence: 'key-never-present',
      through_api: false,
    } as const;
    expect(isSecured(evidence)).toBe(true);
    expect(isSecured({ ...evidence, through_api: true })).toBe(false);
    expect(isSecured({ ...evidence, key_evidence: 'none' })).toBe(false);
    expect(() => walk(contain, assessed(), determine('secured'))).toThrow(
      expect.objectContaining({ code: 'safe-harbour' }),
    );
  });

  test('other than a breach needs no notices, and is documented like one', () => {
    const incident = walk(contain, assessed({ probability: 'low' }), determine('not-a-breach'));
    expect(dutyStatuses(incident, [], '2026-12-31')).toEqual([]);
    const documented = advance(incident, { step: 'document', dossier, people: [] }, author);
    expect(advance(documented, { step: 'close', people: [] }, author).state).toBe('closed');
  });

  test('needs every question answered and a reason for each factor', () => {
    expect(assessmentInput.safeParse(answers).success).toBe(true);
    expect(
      assessmentInput.safeParse({ ...answers, person: { answers: { obligation: 'bound' }, reason } }).success,
    ).toBe(false);
    expect(assessmentInput.safeParse({ ...answers, person: { ...answers.person, reason: 'no' } }).success).toBe(false);
  });
});

test('what is met, missed, open and overdue is told apart', () => {
  const incident = walk(...toNotifying);
  const of = (people: PersonNotice[], today: string) =>
    Object.fromEntries(dutyStatuses(incident, people, today).map(({ id, status }) => [id, status]));
  expect(of([person('sent')], '2026-02-02')).toEqual({ individual: 'met', hhs: 'open', 'state-OH': 'met' });
  expect(of([{ ...person('sent'), on: '2026-03-17' }], '2026-03-20')).toMatchObject({ individual: 'missed' });
  expect(of([person('returned')], '2026-03-17')).toMatchObject({ individual: 'overdue', 'state-OH': 'overdue' });
});

test.each([
  ['in the future', '2026-02-02', 'date-in-future'],
  ['before the discovery', '2026-01-14', 'date-order'],
])('a proof %s is refused', (_, on, code) => {
  expect(() => walk(...toNotifying, { ...hhs, on } as Step)).toThrow(expect.objectContaining({ code }));
});

test('a step out of turn changes nothing, whichever it is', () => {
  const steps: Step[] = [
    contain,
    assessed(),
    { step: 'scope', scope },
    determine('breach'),
    { step: 'notify', template: 't' },
    hhs,
    { step: 'document', dossier, people: [] },
    { step: 'release' },
    { step: 'close', people: [] },
    { step: 'reopen' },
    { step: 'hold', hold: { kind: 'oral', from: '2026-01-20', until: '2026-02-01' } },
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...steps), { maxLength: 25 }), (chosen) => {
      let incident = fresh();
      for (const step of chosen) {
        const before = structuredClone(incident);
        try {
          const next = advance(incident, step, author);
          expect(next.version).toBe(incident.version + 1);
          expect(mayTake(step.step, before)).toBe(true);
          if (next.state === 'closed')
            expect(next).toMatchObject({ assessment: expect.anything(), determination: expect.anything() });
          incident = next;
        } catch (error) {
          expect(error).toBeInstanceOf(BreachError);
          expect(incident).toEqual(before);
        }
        expect(states).toContain(incident.state);
      }
    }),
  );
});
