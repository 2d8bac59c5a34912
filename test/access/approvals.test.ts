import * as fc from 'fast-check';
import {
  type Approval,
  type ApprovalFacts,
  approvalKinds,
  consumeApproval,
  invitee,
  isGoodFor,
  type Kind,
  kindOf,
  kinds,
  mayApprove,
  type Person,
} from '../../lambda/access/approvals';
import { type Action, actions } from '../../lambda/access/policy';
import { roles } from '../../lambda/authentication/actor';

const now = new Date('2026-11-23T12:00:00.000Z');
const id = (digit: number): string => `${String(digit).repeat(8)}-1111-4111-8111-111111111111`;
const [requesterId, approverId, subjectId, founderId] = [id(1), id(2), id(3), id(9)];

const person = (sub: string, more: Partial<Person> = {}): Person => ({
  sub,
  role: 'admin',
  status: 'active',
  createdBy: founderId,
  ...more,
});
const approval = (more: Partial<Approval> = {}): Approval => ({
  id: id(5),
  kind: 'mfa-recovery',
  subject: subjectId,
  invitee: false,
  reason: 'device-lost',
  details: {},
  state: 'pending',
  requestedBy: requesterId,
  requesterRole: 'admin',
  requestedAt: '2026-11-23T11:00:00.000Z',
  expiresAt: '2026-11-23T12:00:00.001Z',
  version: 1,
  ...more,
});
const facts = (more: Partial<ApprovalFacts> = {}): ApprovalFacts => ({
  requester: person(requesterId),
  subject: person(subjectId, { role: 'clinician' }),
  now,
  ...more,
});

describe('who may be the second person', () => {
  test('somebody else with the right role, while the request counts', () => {
    expect(mayApprove(approval(), person(approverId), facts())).toBeUndefined();
    expect(mayApprove(approval(), person(approverId, { role: 'compliance_officer' }), facts())).toBeUndefined();
  });

  test.each([
    ['own-request', {}, { sub: requesterId }, {}],
    ['own-matter', {}, { sub: subjectId }, {}],
    ['approver-inactive', {}, { status: 'suspended' }, {}],
    ['role', {}, { role: 'auditor' }, {}],
    ['not-independent', {}, { createdBy: requesterId }, {}],
    ['not-independent', {}, { roleGrantedBy: requesterId }, {}],
    ['not-independent', {}, { approvedBy: requesterId }, {}],
    ['not-independent', {}, {}, { requester: person(requesterId, { createdBy: approverId }) }],
    ['not-independent', {}, {}, { subject: person(subjectId, { createdBy: approverId }) }],
    ['requester-not-entitled', {}, {}, { requester: undefined }],
    ['requester-not-entitled', {}, {}, { requester: person(requesterId, { status: 'suspended' }) }],
    ['requester-not-entitled', {}, {}, { requester: person(requesterId, { role: 'billing' }) }],
    ['expired', { expiresAt: now.toISOString() }, {}, {}],
    ['decided', { state: 'approved' }, {}, {}],
    ['decided', { state: 'used' }, {}, {}],
    ['decided', { state: 'rejected' }, {}, {}],
  ] as const)('%s: %j %j %j', (refusal, of, by, around) => {
    expect(mayApprove(approval(of), person(approverId, by), facts(around))).toBe(refusal);
  });

  test('a role is granted with the compliance officer alone, a disposal across the two offices', () => {
    const grant = approval({ kind: 'grant-role', details: { role: 'admin' } });
    expect(mayApprove(grant, person(approverId), facts())).toBe('role');
    expect(mayApprove(grant, person(approverId, { role: 'compliance_officer' }), facts())).toBeUndefined();
    const disposal = approval({ kind: 'disposal' });
    const none = { subject: undefined };
    expect(mayApprove(disposal, person(approverId), facts(none))).toBe('role');
    const officer = person(requesterId, { role: 'compliance_officer' });
    expect(mayApprove(disposal, person(approverId), facts({ ...none, requester: officer }))).toBeUndefined();
  });

  test('whatever else is true, nobody approves who asks, is meant, is not active, or owes the requester - 45 CFR 164.308(a)(3)', () => {
    const anybody = fc.constantFrom(requesterId, approverId, subjectId, founderId);
    const people = fc.record({
      sub: anybody,
      role: fc.constantFrom(...roles),
      status: fc.constantFrom('active' as const, 'suspended' as const),
      createdBy: anybody,
      roleGrantedBy: fc.option(anybody, { nil: undefined }),
      approvedBy: fc.option(anybody, { nil: undefined }),
    });
    const clean = ({ roleGrantedBy, approvedBy, ...rest }: Person): Person => ({
      ...rest,
      ...(roleGrantedBy ? { roleGrantedBy } : {}),
      ...(approvedBy ? { approvedBy } : {}),
    });
    fc.assert(
      fc.property(fc.constantFrom(...kinds), people, people, people, (kind, approver, requester, subject) => {
        const asked = approval({ kind });
        const around = facts({ requester: clean({ ...requester, sub: requesterId }), subject: clean(subject) });
        if (mayApprove(asked, clean(approver), around) !== undefined) return;
        expect([requesterId, subjectId]).not.toContain(approver.sub);
        expect(approver.status).toBe('active');
        expect(requester.status).toBe('active');
        expect([approver.createdBy, approver.roleGrantedBy, approver.approvedBy]).not.toContain(requesterId);
        expect([requester.createdBy, subject.createdBy]).not.toContain(approver.sub);
        expect(['admin', 'compliance_officer']).toContain(approver.role);
      }),
      { numRuns: 3000 },
    );
  });

  /** The acts that spend an approval. */
  const acts: Readonly<Record<Kind, readonly Action[]>> = {
    disposal: ['patient.dispose'],
    'grant-role': ['user.create', 'user.change-role'],
    'mfa-recovery': ['user.recover-mfa'],
    'breach-determination': ['incident.determine'],
    'lockdown-release': ['control.lockdown-release'],
    'restore-release': ['control.lockdown-release'],
    'audit-acknowledgement': ['audit.acknowledge'],
    'legal-hold-release': ['legal-hold.release'],
  };

  test('whoever may ask may do the act: nobody waits for a second person in vain', () => {
    for (const [kind, spentBy] of Object.entries(acts) as [Kind, readonly Action[]][])
      for (const act of spentBy)
        expect(actions[act].roles).toEqual(expect.arrayContaining([...kindOf(kind).requesters]));
  });

  test('no kind lets clinicians, billing, registrars, patients or auditors ask or agree', () => {
    for (const kind of Object.values(approvalKinds)) {
      for (const role of [...kind.requesters, ...kind.requesters.flatMap((each) => kind.approvers(each))])
        expect(['admin', 'compliance_officer']).toContain(role);
      expect(kind.hours).toBeLessThanOrEqual(7 * 24);
    }
  });
});

describe('what an approval is good for', () => {
  const given = approval({ state: 'approved' });
  const use = { kind: 'mfa-recovery', subject: subjectId, executor: requesterId, now } as const;

  test('the act that was asked for, by who asked, in time', () => {
    expect(isGoodFor(given, use)).toBe(true);
    expect(isGoodFor(undefined, use)).toBe(false);
    expect(isGoodFor({ ...given, state: 'pending' }, use)).toBe(false);
    expect(isGoodFor({ ...given, state: 'used' }, use)).toBe(false);
    expect(isGoodFor({ ...given, expiresAt: now.toISOString() }, use)).toBe(false);
    expect(isGoodFor(given, { ...use, executor: approverId })).toBe(false);
    expect(isGoodFor(given, { ...use, subject: approverId })).toBe(false);
    expect(isGoodFor(given, { ...use, kind: 'grant-role' })).toBe(false);
  });

  test('the transaction asks all of it again, and that whoever approved is active still', () => {
    const [spent, stands] = consumeApproval('governance', { ...given, decidedBy: approverId }, use);
    const { ConditionExpression } = spent?.Update ?? {};
    for (const part of [
      '#state = :approved',
      'kind = :kind',
      'subject = :subject',
      'requestedBy = :executor',
      'expiresAt > :now',
    ])
      expect(ConditionExpression).toContain(part);
    expect(stands?.ConditionCheck).toMatchObject({
      Key: { PK: `ACTOR#${approverId}` },
      ConditionExpression: '#status = :active',
    });
  });
});

test('the id that stands for an address is the same however it is written, and another in another organization', () => {
  const one = invitee('example', 'Jo@Example.org');
  expect(one).toBe(invitee('example', 'jo@example.org'));
  expect(one).not.toBe(invitee('other', 'jo@example.org'));
  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});
