import { randomUUID } from 'node:crypto';
import type { Approval } from '../../lambda/access/approvals';
import type { Associate } from '../../lambda/associates/associate';
import { planReplay, type ReplayAction } from '../../lambda/contingency/replay';
import { about, event, minute, nothing, officer, person, time } from './replay-cases';

const kinds = (actions: readonly ReplayAction[]) => actions.map(({ kind }) => kind);

test('a suspension is done again, one that was ended is not, and one that was refused never was, 45 CFR 164.308(a)(3)(ii)(C)', () => {
  const [gone, back, spared] = [person(), person(), person()];
  const events = [
    event('user.suspend', 200, { reason: 'termination', resources: [about('user', gone.sub, 2)] }),
    event('user.suspend', 200, { resources: [about('user', back.sub, 2)] }),
    event('user.reinstate', 201, { resources: [about('user', back.sub, 3)] }),
    event('user.suspend', 202, { outcome: 'error', resources: [about('user', spared.sub, 2)] }),
  ];
  const plan = planReplay(events, { ...nothing, people: [gone, back, spared] }, time);
  expect(plan).toEqual([expect.objectContaining({ kind: 'suspend', sub: gone.sub, reason: 'termination' })]);
});

test('a role is the one that the log says last; one that it does not name, and a lost authenticator, end in a suspension', () => {
  const [moved, unknown, recovered] = [person(), person(), person()];
  const events = [
    event('user.change-role', 200, { resources: [about('user', moved.sub, 2), about('role:admin', moved.sub, 2)] }),
    event('user.change-role', 201, {
      resources: [about('user', moved.sub, 3), about('role:compliance-officer', moved.sub, 3)],
    }),
    event('user.change-role', 200, { resources: [about('user', unknown.sub, 2)] }),
    event('user.recover-mfa', 200, { resources: [about('user', recovered.sub, 2)] }),
  ];
  const plan = planReplay(events, { ...nothing, people: [recovered, unknown, moved] }, time);
  expect(plan).toEqual([
    expect.objectContaining({ kind: 'role', sub: moved.sub, role: 'compliance_officer' }),
    expect.objectContaining({ kind: 'suspend', sub: recovered.sub, reason: 'restore' }),
    expect.objectContaining({ kind: 'suspend', sub: unknown.sub, reason: 'restore' }),
  ]);
});

test('versions start anew with a restore, so that time says what is later', () => {
  const known = person({ version: 9 });
  const events = [event('user.suspend', 300, { resources: [about('user', known.sub, 3)] })];
  expect(kinds(planReplay(events, { ...nothing, people: [known] }, time))).toEqual(['suspend']);
  const earlier = [event('user.suspend', 50, { resources: [about('user', known.sub, 3)] })];
  expect(planReplay(earlier, { ...nothing, people: [known] }, time)).toEqual([]);
});

test('everybody signs in again, open approvals are void and open emergencies end', () => {
  const { signedOutAt: _, ...signedIn } = person();
  const approval = { id: randomUUID(), state: 'approved', requestedAt: minute(90) } as Approval;
  const newer = { id: randomUUID(), state: 'pending', requestedAt: minute(1001) } as Approval;
  const [patient, sub] = [randomUUID(), randomUUID()];
  const state = {
    ...nothing,
    people: [signedIn],
    approvals: [approval, newer, { ...approval, state: 'used' } as Approval],
    emergencies: [
      { patient, sub, endsAt: minute(1010) },
      { patient, sub: randomUUID(), endsAt: minute(900) },
    ],
  };
  expect(planReplay([], state, time)).toEqual([
    { kind: 'sign-out', sub: signedIn.sub },
    { kind: 'end-emergency', patient, sub },
    { kind: 'void-approval', id: approval.id },
  ]);
});

test('a freeze stands again for as long as one may, unless it was released or has run out', () => {
  const [patient, free, old] = [randomUUID(), randomUUID(), randomUUID()];
  const events = [
    event('control.freeze-patient', 200, { patient, reason: 'court-order' }),
    event('control.freeze-patient', 200, { patient: free }),
    event('control.release-patient', 201, { patient: free }),
    event('control.freeze-patient', -400 * 24 * 60, { patient: old }),
    event('control.freeze-role', 201, { reason: 'malware:billing' }),
    event('incident.contain', 202, { resources: [about('freeze-role:registrar', 'main')] }),
  ];
  const plan = planReplay(events, nothing, time);
  expect(plan.map((each) => each.kind === 'freeze' && [each.on, each.target])).toEqual([
    ['patient', patient],
    ['role', 'billing'],
    ['role', 'registrar'],
  ]);
});

test('a legal hold is placed again, and its release is not what a restore may forget', () => {
  const [patient, free, id] = [randomUUID(), randomUUID(), randomUUID()];
  const events = [
    event('legal-hold.place', 200, { patient, reason: 'litigation', resources: [about('legal-hold', id, 1)] }),
    event('legal-hold.place', 200, { patient: free, resources: [about('legal-hold', id, 1)] }),
    event('legal-hold.release', 201, { patient: free, resources: [about('legal-hold', id, 2)] }),
  ];
  expect(planReplay(events, nothing, time)).toEqual([{ kind: 'hold', patient, event: events[0] }]);
});

describe('business associates, 45 CFR 164.308(b)', () => {
  const id = randomUUID();
  const associate: Associate = { id, name: 'A', service: 'mailing', agreements: [], version: 1 };
  const end = event('associate.end', 200, {
    reason: 'violation',
    resources: [about('associate', id, 2), about('phi:destroyed', id)],
  });

  test('one whose relationship ended after the backup has ended again, as it had', () => {
    const plan = planReplay([end], { ...nothing, associates: [associate] }, time);
    expect(plan).toEqual([
      {
        kind: 'end-associate',
        id,
        end: { by: officer, at: minute(200), reason: 'violation', disposition: 'destroyed' },
      },
    ]);
  });

  test('one that had ended before, or that was only tried to end, is left alone', () => {
    const over = { ...associate, endedAt: minute(50) };
    expect(planReplay([end], { ...nothing, associates: [over] }, time)).toEqual([]);
    const refused = { ...end, outcome: 'error' as const };
    expect(planReplay([refused], { ...nothing, associates: [associate] }, time)).toEqual([]);
  });
});
