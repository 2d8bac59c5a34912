import { type DecisionActor, decide, type Membership } from '../../lambda/access/decide';
import { type Action, type ActionPolicy, actions, policy } from '../../lambda/access/policy';
import { type Role, roles } from '../../lambda/authentication/actor';
import { type Category, categories } from '../../lambda/records/model';

const now = new Date('2026-11-23T12:00:00.000Z');
const patient = '11111111-1111-4111-8111-111111111111';
const other = '22222222-2222-4222-8222-222222222222';
const sub = '33333333-3333-4333-8333-333333333333';

/** The design's matrix, written down a second time: what each role reads and writes under its relationship. */
const reads: Record<Role, readonly Category[]> = {
  clinician: [
    'demographics',
    'medical_history',
    'diagnoses',
    'prescriptions',
    'notes',
    'psychotherapy_notes',
    'claim_clinical',
  ],
  billing: ['demographics', 'ssn', 'insurance_id', 'billing_address', 'payment_history'],
  registrar: ['demographics'],
  patient: categories.filter((name) => name !== 'psychotherapy_notes'),
  admin: [],
  compliance_officer: [],
  auditor: [],
};
const writes: Record<Role, readonly Category[]> = {
  clinician: ['medical_history', 'diagnoses', 'prescriptions', 'notes', 'psychotherapy_notes'],
  billing: ['insurance_id', 'billing_address', 'payment_history'],
  registrar: ['demographics'],
  patient: [],
  admin: [],
  compliance_officer: [],
  auditor: [],
};

const memberships = {
  none: undefined,
  current: { startsAt: '2026-11-01T00:00:00.000Z' },
  ending: { startsAt: '2026-11-01T00:00:00.000Z', endsAt: '2026-11-23T12:00:00.001Z' },
  ended: { startsAt: '2026-11-01T00:00:00.000Z', endsAt: '2026-11-23T12:00:00.000Z' },
  future: { startsAt: '2026-11-23T12:00:00.001Z' },
} as const satisfies Record<string, Membership | undefined>;

const cases = roles.flatMap((role) =>
  (Object.keys(actions) as Action[]).flatMap((action) =>
    categories.flatMap((category) =>
      (Object.keys(memberships) as (keyof typeof memberships)[]).flatMap((membership) =>
        ([patient, other, undefined] as const).flatMap((own) =>
          (['active', 'suspended'] as const).map((status) => ({ role, action, category, membership, own, status })),
        ),
      ),
    ),
  ),
);

/** What the rules say, told apart from how decide() gets there. */
function expected({ role, action, category, membership, own, status }: (typeof cases)[number]): boolean {
  const rule: ActionPolicy = actions[action];
  if (status === 'suspended' || !rule.roles.includes(role)) return false;
  if (rule.patient && role === 'clinician' && membership !== 'current' && membership !== 'ending') return false;
  if (rule.patient && role === 'patient' && own !== patient) return false;
  if (rule.access === 'none') return true;
  return (rule.access === 'read' ? reads : writes)[role].includes(category);
}

test(`each of ${cases.length} combinations of role, action, category, relationship and state is decided as the matrix says, 45 CFR 164.312(a)(1)`, () => {
  const wrong = cases.filter((each) => {
    const membership = memberships[each.membership];
    const actor: DecisionActor = {
      sub,
      role: each.role,
      status: each.status,
      ...(each.own ? { patient: each.own } : {}),
    };
    const decision = decide({
      action: each.action,
      actor,
      patient,
      categories: [each.category],
      ...(membership ? { membership } : {}),
      now,
    });
    const permitted = decision.outcome === 'permit';
    const exact = !permitted || decision.categories.every((name) => name === each.category);
    return permitted !== expected(each) || !exact;
  });
  expect(wrong).toEqual([]);
  expect(cases.length).toBeGreaterThan(50_000);
});

test('somebody whom the governance table does not know may do nothing', () => {
  for (const action of Object.keys(actions) as Action[])
    expect(decide({ action, actor: undefined, patient, categories: [], now })).toMatchObject({
      outcome: 'deny',
      reason: 'unknown-actor',
    });
});

test('of several categories only the granted ones are permitted, 45 CFR 164.502(b)', () => {
  const actor = { sub, role: 'billing', status: 'active' } as const;
  expect(decide({ action: 'patient.export', actor, patient, categories, now }).outcome).toBe('deny');
  expect(decide({ action: 'record.list', actor, patient, categories, now })).toMatchObject({
    categories: reads.billing,
    purpose: 'PAYMENT',
  });
});

test('psychotherapy notes are their originator’s alone, 45 CFR 164.508(a)(2)', () => {
  const actor = { sub, role: 'clinician', status: 'active' } as const;
  const question = { action: 'record.list', actor, patient, now, membership: memberships.current } as const;
  expect(decide({ ...question, categories: ['psychotherapy_notes', 'notes'] })).toMatchObject({
    originatorOnly: ['psychotherapy_notes'],
  });
  const anyone = roles.filter((role) => policy[role].reads.includes('psychotherapy_notes'));
  expect(anyone).toEqual(['clinician']);
});
