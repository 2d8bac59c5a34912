import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Accounts } from '../access/accounts';
import { actorStands, changeActor, countHolders } from '../access/actors';
import { readActor } from '../access/actors-store';
import { type ControlTarget, freezableRole, longestDays, placed, setControl } from '../access/controls';
import { readControl } from '../access/controls-store';
import type { ActorItem } from '../access/governance';
import type { Permit } from '../access/guard';
import { suspended } from '../access/people';
import type { EventResource } from '../audit/event';
import type { Runtime } from '../http/runtime';
import { daysAfter } from '../instant';
import { patientId } from '../records/model';
import { Writes } from '../records/transaction';
import type { containmentKinds } from './incident-model';

const measure = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('suspend-user'), user: z.uuid() }),
  z.strictObject({ kind: z.literal('freeze-patient'), patient: patientId }),
  z.strictObject({ kind: z.literal('freeze-role'), role: freezableRole }),
  z.strictObject({ kind: z.literal('lockdown') }),
  /** where nothing goes on that could be ended: a laptop that is gone */
  z.strictObject({ kind: z.literal('none-needed') }),
]);
/** What may be asked for in one containment, all of it done or none. */
export const measures = z.array(measure).min(1).max(10);
/** how long freezes stand, unless they are released; days */
export const freezeDays = z.int().min(1).max(30).default(30);
type Measure = z.infer<typeof measure>;

export interface Contained {
  /** to be stored in one transaction with what they are done for */
  readonly writes: Writes<string>;
  /** who is suspended by them */
  readonly people: readonly ActorItem[];
}

/**
 * Everything at once or nothing: suspensions and freezes are the same items as everywhere, so they count from the next
 * request of anybody on. 45 CFR 164.308(a)(6)(ii).
 */
export class Containment {
  constructor(
    private readonly runtime: Runtime,
    private readonly documents: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly accounts: Accounts,
  ) {}

  /** @throws Problem not-found, not-allowed for one's own account; recorded */
  async prepare(permit: Permit, wished: readonly Measure[], days: number): Promise<Contained> {
    const writes = new Writes<string>();
    const people: ActorItem[] = [];
    for (const each of wished) {
      const person = await this.#write(permit, each, days, writes);
      if (person) people.push(person);
    }
    if (people.length > 0) writes.add('executor', actorStands(this.table, permit.actor));
    return { writes, people };
  }

  /** The governance table has ended the access already; Cognito keeps them from signing in anew. @throws Problem sign-in-service */
  async disableAccounts(permit: Permit, people: readonly ActorItem[], because: EventResource): Promise<void> {
    for (const { account, sub } of people) {
      try {
        await this.accounts.disable(account ?? sub);
      } catch {
        await this.runtime.refuse(permit, 'sign-in-service', {}, [because]);
      }
    }
  }

  async #write(permit: Permit, each: Measure, days: number, writes: Writes<string>): Promise<ActorItem | undefined> {
    const { documents, runtime, table } = this;
    const { now } = permit.access;
    const by = permit.actor.sub;
    if (each.kind === 'none-needed') return undefined;
    if (each.kind === 'suspend-user') {
      const before = await readActor(documents, table, each.user);
      if (!before) return runtime.refuse(permit, 'not-found');
      if (before.sub === by) return runtime.refuse(permit, 'not-allowed', { detail: 'own-matter' });
      const after = suspended(before, { by, reason: 'investigation', expiresAt: undefined, now });
      writes.add('measure', changeActor(table, before, after)).add('last', ...countHolders(table, before, after));
      return after;
    }
    const target = controlOf(each);
    const current = await readControl(documents, table, target);
    const wished = daysAfter(now, Math.min(days, longestDays[target.kind]));
    // What stands longer already stays as it is: containment never shortens one.
    const expiresAt = current && !current.releasedAt && current.expiresAt > wished ? current.expiresAt : wished;
    writes.add(
      'measure',
      ...setControl(table, placed(target, current, { reason: 'suspected-breach', author: by, expiresAt, now })),
    );
    return undefined;
  }
}

function controlOf(each: Exclude<Measure, { kind: 'suspend-user' | 'none-needed' }>): ControlTarget {
  if (each.kind === 'lockdown') return { kind: 'lockdown' };
  return each.kind === 'freeze-role' ? { kind: 'role', target: each.role } : { kind: 'patient', target: each.patient };
}

/** @returns a measure as incidents and alerts keep it */
export function noted(each: Measure): { readonly kind: (typeof containmentKinds)[number]; readonly target: string } {
  switch (each.kind) {
    case 'suspend-user':
      return { kind: each.kind, target: each.user };
    case 'freeze-patient':
      return { kind: each.kind, target: each.patient };
    case 'freeze-role':
      return { kind: each.kind, target: each.role };
    default:
      return { kind: each.kind, target: 'system' };
  }
}

/** What is frozen, as the event names it: a restore of older tables freezes it again. */
export function frozenBy(each: Measure): EventResource[] {
  if (each.kind === 'freeze-patient') return [{ id: each.patient, type: 'freeze-patient', version: null }];
  return each.kind === 'freeze-role' ? [{ id: 'main', type: `freeze-role:${each.role}`, version: null }] : [];
}
