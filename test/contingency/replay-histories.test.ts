import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import type { ActorItem, ControlItem, MemberItem, RepresentativeItem } from '../../lambda/access/governance';
import type { AuditEvent } from '../../lambda/audit/event';
import type { Role } from '../../lambda/authentication/actor';
import type { LegalHold } from '../../lambda/contingency/legal-hold';
import { planReplay, type ReplayAction, type RestoredState } from '../../lambda/contingency/replay';
import { about, event, minute, nothing, officer, person, time } from './replay-cases';

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
