import { decide } from '../../lambda/access/decide';
import { type Action, actions, policy } from '../../lambda/access/policy';
import { roles } from '../../lambda/authentication/actor';
import { categories } from '../../lambda/records/model';
import {
  askers,
  basisOf,
  type Case,
  cases,
  isAllowed,
  now,
  patient,
  questionOf,
  reads,
  relations,
  sub,
} from './matrix';

test('every action of the policy has its rule in the matrix of the tests, and the other way round', () => {
  expect(Object.keys(askers).sort()).toEqual(Object.keys(actions).sort());
});

test('each combination of role, action, category, relationship, containment and account is decided as the matrix says, 45 CFR 164.312(a)(1)', () => {
  const wrong: Case[] = [];
  let count = 0;
  let permitted = 0;
  for (const each of cases()) {
    count++;
    const decision = decide(questionOf(each));
    const right =
      decision.outcome === 'permit'
        ? isAllowed(each) &&
          decision.basis === basisOf(each) &&
          decision.categories.every((name) => name === each.category)
        : !isAllowed(each);
    if (decision.outcome === 'permit') permitted++;
    if (!right && wrong.push(each) === 5) break;
  }
  expect(wrong).toEqual([]);
  expect(count).toBeGreaterThan(500_000);
  expect(permitted).toBeGreaterThan(10_000);
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

test('psychotherapy notes are their originator’s alone, in an emergency too, 45 CFR 164.508(a)(2)', () => {
  const actor = { sub, role: 'clinician', status: 'active' } as const;
  const question = {
    action: 'record.list',
    actor,
    patient,
    now,
    categories: ['psychotherapy_notes', 'notes'],
  } as const;
  for (const relation of [relations.team, relations.emergency])
    expect(decide({ ...question, ...relation })).toMatchObject({ originatorOnly: ['psychotherapy_notes'] });
  expect(roles.filter((role) => policy[role].reads.includes('psychotherapy_notes'))).toEqual(['clinician']);
});

test('an emergency access is recorded as one, with its id, 45 CFR 164.312(a)(2)(ii)', () => {
  const actor = { sub, role: 'clinician', status: 'active' } as const;
  expect(decide({ action: 'patient.read', actor, patient, now, categories, ...relations.emergency })).toMatchObject({
    outcome: 'permit',
    basis: `emergency:${relations.emergency.emergency.id}`,
    purpose: 'EMERGENCY',
    categories: reads.clinician,
  });
});

describe('opening an emergency access', () => {
  const actor = { sub, role: 'clinician', status: 'active' } as const;
  const question = { action: 'emergency.open', actor, patient, now, categories: [] } as const;
  const ago = (milliseconds: number) => new Date(now.getTime() - milliseconds);

  test.each([
    ['five minutes ago', ago(300_000), 'permit'],
    ['a moment longer ago', ago(300_001), 'deny'],
    ['at an unknown time', undefined, 'deny'],
  ])('after a sign-in %s: %s', (_, authenticatedAt, outcome) => {
    const decision = decide({ ...question, ...(authenticatedAt ? { authenticatedAt } : {}) });
    expect(decision).toMatchObject({ outcome, ...(outcome === 'deny' ? { reason: 'reauthentication-required' } : {}) });
  });

  test('is refused to somebody whom an open incident names', () => {
    expect(decide({ ...question, authenticatedAt: now, underIncident: true })).toMatchObject({
      reason: 'under-incident',
    });
  });
});

test.each([
  ['no-relationship', relations.none],
  ['membership-expired', relations['team expired']],
  ['emergency-expired', relations['emergency expired']],
] as const)('the event says why: %s', (reason, relation) => {
  const actor = { sub, role: 'clinician', status: 'active' } as const;
  expect(decide({ action: 'patient.read', actor, patient, now, categories, ...relation })).toMatchObject({ reason });
});
