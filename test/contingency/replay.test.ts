import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { Approval } from '../../lambda/access/approvals';
import type { ActorItem, ControlItem, MemberItem, RepresentativeItem } from '../../lambda/access/governance';
import type { Associate } from '../../lambda/associates/associate';
import type { AuditEvent } from '../../lambda/audit/event';
import type { Role } from '../../lambda/authentication/actor';
import type { LegalHold } from '../../lambda/contingency/legal-hold';
import { planReplay, type ReplayAction, type ReplayTime, type RestoredState } from '../../lambda/contingency/replay';

/** minute of the day on which all of this happens */
const minute = (value: number): string => new Date(Date.UTC(2026, 0, 2, 0, value)).toISOString();
const backupAt = 100;
const time: ReplayTime = {
  knownUntil: new Date(minute(backupAt)),
  restoredAt: new Date(minute(1000)),
  now: new Date(minute(1001)),
};
const nothing: RestoredState = {
  people: [],
  members: [],
  representatives: [],
  controls: [],
  holds: [],
  associates: [],
  undisposed: [],
  approvals: [],
  emergencies: [],
};
const officer = randomUUID();

function event(action: string, at: number, more: Partial<AuditEvent> = {}): AuditEvent {
  return {
    action,
    actor: { mfa: true, role: 'admin', session: null, sub: officer },
    at: minute(at),
    basis: null,
    categories: [],
    id: randomUUID(),
    lane: randomUUID(),
    origin: 'ward/test/local',
    outcome: 'permit',
    patient: null,
    prev: '0'.repeat(64),
    purpose: 'OPERATIONS',
    reason: null,
    request: null,
    resources: [],
    seq: 1,
    v: 1,
    ...more,
  };
}
const about = (type: string, id: string, version: number | null = null) => ({ id, type, version });
const person = (more: Partial<ActorItem> = {}): ActorItem => ({
  sub: randomUUID(),
  role: 'clinician',
  status: 'active',
  createdBy: 'test',
  createdAt: minute(0),
  signedOutAt: minute(1000),
  version: 1,
  ...more,
});
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

/** A small world: what happened in it, and what tables of an earlier moment say of it. */
const roleNames = ['clinician', 'billing', 'admin', 'auditor'] as const satisfies readonly Role[];
const world = fc
  .uniqueArray(
    fc.record({
      at: fc.integer({ min: 1, max: 900 }),
      act: fc.constantFrom('suspend', 'reinstate', 'role', 'remove', 'represent-end', 'freeze', 'dispose', 'hold'),
      whom: fc.integer({ min: 0, max: 2 }),
      role: fc.constantFrom(...roleNames),
    }),
    { maxLength: 25, selector: ({ at }) => at },
  )
  .map((acts) => acts.sort((a, b) => a.at - b.at));
const subs = [randomUUID(), randomUUID(), randomUUID()] as const;
const patients = [randomUUID(), randomUUID(), randomUUID()] as const;
const nth = (list: readonly string[], index: number): string => list[index] ?? '';

interface World {
  people: Map<string, ActorItem>;
  members: Map<string, MemberItem>;
  representatives: Map<string, RepresentativeItem>;
  controls: Map<string, ControlItem>;
  holds: Map<string, LegalHold>;
  undisposed: Set<string>;
  events: AuditEvent[];
}
/** Lets everything happen until a minute. */
function live(acts: readonly { at: number; act: string; whom: number; role: Role }[], until: number): World {
  const place = (patient: string) => ({ sub: nth(subs, 0), patient, startsAt: minute(0), version: 1 });
  const all: World = {
    people: new Map(subs.map((sub) => [sub, person({ sub, signedOutAt: minute(0) })])),
    members: new Map(
      patients.map((patient) => [
        patient,
        { ...place(patient), roleInTeam: 'attending', addedBy: 'x', reviewDue: false },
      ]),
    ),
    representatives: new Map(
      patients.map((patient) => [
        patient,
        { ...place(patient), scope: 'all', relationship: 'guardian', evidence: 'court-order', recordedBy: 'x' },
      ]),
    ),
    controls: new Map(),
    holds: new Map(),
    undisposed: new Set(patients),
    events: [],
  };
  for (const { at, act, whom, role } of acts.filter((each) => each.at <= until)) {
    const [sub, patient] = [nth(subs, whom), nth(patients, whom)];
    const who = all.people.get(sub) ?? person({ sub });
    const version = who.version + 1;
    const told = [about('user', sub, version)];
    if (act === 'suspend' || act === 'reinstate') {
      all.people.set(sub, { ...who, status: act === 'suspend' ? 'suspended' : 'active', version });
      all.events.push(event(`user.${act}`, at, { resources: told }));
    } else if (act === 'role') {
      all.people.set(sub, { ...who, role, version });
      all.events.push(event('user.change-role', at, { resources: [...told, about(`role:${role}`, sub, version)] }));
    } else if (act === 'remove') {
      const item = all.members.get(patient);
      if (!item) continue;
      all.members.set(patient, { ...item, endsAt: minute(at), version: item.version + 1 });
      const resources = [about('care-team-member', item.sub, item.version + 1)];
      all.events.push(event('care-team.remove', at, { patient, resources }));
    } else if (act === 'represent-end') {
      const item = all.representatives.get(patient);
      if (!item) continue;
      all.representatives.set(patient, { ...item, endsAt: minute(at), version: item.version + 1 });
      const resources = [about('representative', item.sub, item.version + 1)];
      all.events.push(event('representative.end', at, { patient, resources }));
    } else if (act === 'freeze') {
      const control: ControlItem = {
        kind: 'patient',
        target: patient,
        reason: 'drill',
        author: 'x',
        at: minute(at),
        expiresAt: minute(100_000),
        version: 1,
      };
      all.controls.set(patient, control);
      all.events.push(event('control.freeze-patient', at, { patient, reason: 'drill' }));
    } else if (act === 'hold') {
      const id = randomUUID();
      const before = all.holds.get(patient);
      if (before) continue;
      all.holds.set(patient, {
        id,
        patient,
        state: 'held',
        reason: 'audit',
        placedBy: officer,
        placedAt: minute(at),
        version: 1,
      });
      all.events.push(event('legal-hold.place', at, { patient, resources: [about('legal-hold', id, 1)] }));
    } else if (all.undisposed.delete(patient))
      all.events.push(event('patient.dispose', at, { patient, resources: [about('key', patient, 1)] }));
  }
  return all;
}
const stateOf = (of: World): RestoredState => ({
  ...nothing,
  people: [...of.people.values()],
  members: [...of.members.values()],
  representatives: [...of.representatives.values()],
  controls: [...of.controls.values()],
  holds: [...of.holds.values()],
  undisposed: [...of.undisposed],
});
/** What the writes of a plan make of a state. */
function apply(state: RestoredState, plan: readonly ReplayAction[]): RestoredState {
  const has = (kind: ReplayAction['kind'], match: (action: never) => boolean) =>
    plan.some((action) => action.kind === kind && match(action as never));
  const ended = <T extends MemberItem | RepresentativeItem>(kind: ReplayAction['kind'], item: T): T =>
    has(kind, (each: { patient: string }) => each.patient === item.patient)
      ? { ...item, endsAt: minute(1001), version: item.version + 1 }
      : item;
  return {
    ...state,
    people: state.people.map((each) => {
      const change = plan.find((action) => action.kind === 'role' && action.sub === each.sub);
      const suspends = has('suspend', (action: { sub: string }) => action.sub === each.sub);
      return {
        ...each,
        ...(change?.kind === 'role' && { role: change.role }),
        ...(suspends && { status: 'suspended' as const }),
        signedOutAt: minute(1001),
      };
    }),
    members: state.members.map((each) => ended('end-membership', each)),
    representatives: state.representatives.map((each) => ended('end-representation', each)),
    controls: [
      ...state.controls.filter((each) => !has('freeze', (action: { target: string }) => action.target === each.target)),
      ...plan.flatMap((action): ControlItem[] =>
        action.kind === 'freeze'
          ? [
              {
                kind: action.on,
                target: action.target,
                reason: 'drill',
                author: 'x',
                at: minute(1001),
                expiresAt: action.expiresAt,
                version: 9,
              },
            ]
          : [],
      ),
    ],
    holds: [
      ...state.holds,
      ...plan.flatMap((action): LegalHold[] =>
        action.kind === 'hold'
          ? [
              {
                id: randomUUID(),
                patient: action.patient,
                state: 'held',
                reason: 'audit',
                placedBy: officer,
                placedAt: '',
                version: 9,
              },
            ]
          : [],
      ),
    ],
    undisposed: state.undisposed.filter(
      (each) => !has('dispose', (action: { patient: string }) => action.patient === each),
    ),
  };
}

describe('whatever happened after the backup, in whatever order it is read', () => {
  test('nobody has a right that they had lost, and nobody has one that they did not have', () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 0, max: 900 }), fc.infiniteStream(fc.nat(99)), (acts, at, order) => {
        const [before, after] = [live(acts, at), live(acts, 1000)];
        const known = { ...time, knownUntil: new Date(minute(at)) };
        const events = after.events.map((each) => [order.next().value, each] as const).sort(([a], [b]) => a - b);
        const state = stateOf(before);
        const restored = apply(
          state,
          planReplay(
            events.map(([, each]) => each),
            state,
            known,
          ),
        );
        for (const each of restored.people) {
          const truth = after.people.get(each.sub);
          if (truth?.status === 'suspended') expect(each.status).toBe('suspended');
          expect(each.role).toBe(truth?.role);
          if (before.people.get(each.sub)?.status === 'suspended') expect(each.status).toBe('suspended');
          expect(each.signedOutAt).toBe(minute(1001));
        }
        for (const each of restored.members)
          if (after.members.get(each.patient)?.endsAt !== undefined) expect(each.endsAt).toBeDefined();
        for (const each of restored.representatives)
          if (after.representatives.get(each.patient)?.endsAt !== undefined) expect(each.endsAt).toBeDefined();
        for (const target of after.controls.keys())
          expect(restored.controls.some((each) => each.target === target)).toBe(true);
        for (const patient of after.holds.keys())
          expect(restored.holds.some((each) => each.patient === patient)).toBe(true);
        expect([...restored.undisposed].sort()).toEqual([...after.undisposed].sort());
      }),
    );
  });

  test('a plan that was carried out has nothing left to do', () => {
    fc.assert(
      fc.property(world, fc.integer({ min: 0, max: 900 }), (acts, at) => {
        const known = { ...time, knownUntil: new Date(minute(at)) };
        const state = stateOf(live(acts, at));
        const { events } = live(acts, 1000);
        expect(planReplay(events, apply(state, planReplay(events, state, known)), known)).toEqual([]);
      }),
    );
  });
});
