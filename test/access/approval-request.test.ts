import { type ApprovalRequest, faultsOf } from '../../lambda/access/approval-request';

const subject = '5b0c1c1e-6d5b-4f6e-8d53-0d9f2f1f7a11';
const fields = (given: ApprovalRequest) => faultsOf(given).map(({ field }) => field);
const recovery: ApprovalRequest = { kind: 'mfa-recovery', subject, reason: 'device-lost', details: {} };
const grant: ApprovalRequest = { kind: 'grant-role', subject, reason: 'new-hire', details: { role: 'auditor' } };

test('a request names its subject, or for a role of two an address in its place, and never both', () => {
  const { subject: _, ...nobody } = grant;
  const email = 'jo@example.org';
  expect(fields(grant)).toEqual([]);
  expect(fields({ ...nobody, email })).toEqual([]);
  expect(fields(nobody)).toEqual(['subject']);
  expect(fields({ ...grant, email })).toEqual(['subject']);
  expect(fields({ ...nobody, kind: 'mfa-recovery', reason: 'device-lost', email })).toEqual(['email']);
});

test('of an account that is gone both the person and the address are named, and no other recovery has an address', () => {
  const { subject: _, ...nobody } = recovery;
  const gone = { reason: 'account-gone', email: 'jo@example.org' };
  expect(fields({ ...recovery, ...gone })).toEqual([]);
  expect(fields({ ...recovery, reason: gone.reason })).toEqual(['email']);
  expect(fields({ ...nobody, ...gone })).toEqual(['subject']);
  expect(fields({ ...recovery, email: gone.email })).toEqual(['subject', 'email']);
});

test('people, patients and incidents are named by their id; a control has none', () => {
  expect(fields({ ...recovery, subject: 'somebody' })).toEqual(['subject']);
  expect(fields({ kind: 'lockdown-release', subject: 'lockdown', reason: 'contained', details: {} })).toEqual([]);
});

test('the reason is one of the kind’s own', () => {
  expect(fields({ ...recovery, reason: 'new-hire' })).toEqual(['reason']);
});

test('a role that takes two people is named, and no other', () => {
  expect(fields({ ...grant, details: {} })).toEqual(['details']);
  expect(fields({ ...grant, details: { role: 'clinician' } })).toEqual(['details']);
  expect(fields({ ...grant, details: { role: 'admin', more: 'x' } })).toEqual(['details']);
});

test('lost events are named by a lane and its sequences, so that the second person sees what they agree to', () => {
  const gap = {
    kind: 'audit-acknowledgement',
    subject,
    reason: 'explained',
    details: { from: '3', to: '17' },
  } as const;
  expect(fields(gap)).toEqual([]);
  expect(fields({ ...gap, subject: 'finding' })).toEqual(['subject']);
  const wrong: readonly ApprovalRequest['details'][] = [
    {},
    { from: '3' },
    { from: '17', to: '3' },
    { from: '0', to: '3' },
    { from: '1', to: '100001' },
  ];
  for (const details of wrong) expect(fields({ ...gap, details })).toEqual(['details']);
  expect(JSON.stringify(faultsOf({ ...gap, details: { from: 'zqmuster', to: '1' } }))).not.toContain('zqmuster');
});

test('what is wrong is named by field and never quoted', () => {
  const faults = faultsOf({ ...recovery, subject: 'zqmuster', reason: 'zqmuster' });
  expect(JSON.stringify(faults)).not.toContain('zqmuster');
});
