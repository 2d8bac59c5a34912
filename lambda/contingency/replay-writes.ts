import { changeActor, countHolders } from '../access/actors';
import { readActor } from '../access/actors-store';
import { voidApproval } from '../access/approvals';
import { readApproval } from '../access/approvals-store';
import { setMembership } from '../access/care-team';
import { controlKey, placed, setControl, targetOf } from '../access/controls';
import { setEmergency, standing } from '../access/emergency-access';
import { EmergencyStore } from '../access/emergency-store';
import {
  type ActorItem,
  controlItem,
  controlReasons,
  governanceKeys,
  memberItem,
  representativeItem,
} from '../access/governance';
import { suspended, withRole } from '../access/people';
import { setRepresentative } from '../access/representatives';
import { type EndOfAssociate, ended } from '../associates/associate';
import { readAssociate, setAssociate } from '../associates/associate-store';
import type { AuditEvent, EventResource } from '../audit/event';
import { disposeKeyRing, readKeyRing } from '../encryption/key-store';
import { ConsistentReads } from '../records/consistent-reads';
import type { PatientStore } from '../records/patient-store';
import type { TransactItem } from '../records/transaction';
import { readDisposal, writeDisposal } from './certificate';
import { type LegalHold, legalHoldReasons, placeLegalHold, readLegalHold } from './legal-hold';
import type { ReplayAction } from './replay';
import type { RestoredTables } from './restored-state';

/** What is written, with an event of it, in one transaction. */
export interface ReplayWrites {
  readonly writes: readonly TransactItem[];
  readonly patient: string | null;
  readonly resources: readonly EventResource[];
}
export interface ReplayTables extends RestoredTables {
  readonly patients: PatientStore;
}

/** who did it, where no person is named */
const author = 'restore';
/** lookup items that one transaction removes beside the keys */
const mostLookups = 18;

/** Turns actions of a plan into writes, each from what the tables hold at that moment. */
export class ReplayWriter {
  readonly #reads: ConsistentReads;

  constructor(private readonly tables: ReplayTables) {
    this.#reads = ConsistentReads.of(tables.documents);
  }

  /** @returns one transaction after the other; none when there is nothing left to do */
  async writes(action: ReplayAction, now: Date): Promise<readonly ReplayWrites[]> {
    switch (action.kind) {
      case 'dispose':
        return this.#dispose(action);
      case 'role':
        return this.#person(action.sub, (before) =>
          withRole(before, { role: action.role, by: by(action.event), approvedBy: undefined, now: at(action.event) }),
        );
      case 'suspend':
        return this.#person(action.sub, (before) => ({
          ...suspended(before, {
            by: by(action.event),
            reason: action.reason,
            expiresAt: undefined,
            now: at(action.event),
          }),
          signedOutAt: now.toISOString(),
        }));
      case 'sign-out':
        return this.#person(action.sub, (before) => ({
          ...before,
          signedOutAt: now.toISOString(),
          version: before.version + 1,
        }));
      case 'end-membership':
        return this.#endMembership(action, now);
      case 'end-representation':
        return this.#endRepresentation(action, now);
      case 'freeze':
        return this.#freeze(action, now);
      case 'hold':
        return this.#hold(action);
      case 'end-associate':
        return this.#endAssociate(action.id, action.end);
      case 'end-emergency':
        return this.#endEmergency(action, now);
      case 'void-approval':
        return this.#voidApproval(action.id, now);
    }
  }

  /** The keys, the way to find the patient, and the certificate: whatever of it a restored table has or lacks. */
  async #dispose({
    patient,
    event,
    asked,
    agreed,
  }: Extract<ReplayAction, { kind: 'dispose' }>): Promise<ReplayWrites[]> {
    const { documents, governance, keys, records, patients } = this.tables;
    const [ring, record, certificate] = await Promise.all([
      readKeyRing(documents, keys, patient),
      records.patient(patient),
      readDisposal(documents, governance, patient),
    ]);
    const lookups = record && record.disposedAt === undefined ? record.lookups : [];
    const told = (writes: readonly TransactItem[]): ReplayWrites => ({
      writes,
      patient,
      resources: [{ id: patient, type: 'key', version: ring?.newest ?? null }],
    });
    const batches: ReplayWrites[] = [];
    for (let first = mostLookups; first < lookups.length; first += mostLookups)
      batches.push(told(patients.forgetOf(lookups.slice(first, first + mostLookups), patient)));
    const approval = event.resources.find(({ type }) => type === 'approval')?.id;
    const certified = !certificate && approval !== undefined && event.actor && agreed?.actor && ring;
    return [
      ...batches,
      told([
        ...(ring?.state === 'active' ? disposeKeyRing(keys, ring, event.at) : []),
        ...(record && record.disposedAt === undefined
          ? [...patients.forgetOf(lookups.slice(0, mostLookups), patient), patients.dispose(record, event.at)]
          : []),
        ...(certified && event.actor && agreed?.actor
          ? [
              writeDisposal(governance, {
                patient,
                reason: event.reason ?? author,
                approval,
                requestedBy: asked?.actor?.sub ?? event.actor.sub,
                requestedAt: asked?.at ?? event.at,
                approvedBy: agreed.actor.sub,
                approvedAt: agreed.at,
                disposedBy: event.actor.sub,
                disposedAt: event.at,
                keyVersions: event.resources.find(({ type }) => type === 'key')?.version ?? ring.newest,
                event: event.id,
              }),
            ]
          : []),
      ]),
    ];
  }

  async #person(sub: string, change: (before: ActorItem) => ActorItem): Promise<ReplayWrites[]> {
    const { documents, governance } = this.tables;
    const before = await readActor(documents, governance, sub);
    if (!before) return [];
    const after = change(before);
    return [
      {
        writes: [changeActor(governance, before, after), ...countHolders(governance, before, after)],
        patient: null,
        resources: [{ id: sub, type: 'user', version: after.version }],
      },
    ];
  }

  async #endMembership(
    { patient, sub, event }: Extract<ReplayAction, { kind: 'end-membership' }>,
    now: Date,
  ): Promise<ReplayWrites[]> {
    const found = await this.#get(governanceKeys.member(patient, sub));
    if (!found) return [];
    const before = memberItem.parse(found);
    const after = { ...before, endsAt: endOf(before, event, now), reviewDue: false, version: before.version + 1 };
    const resources = [{ id: sub, type: 'care-team-member', version: after.version }];
    return [{ writes: setMembership(this.tables.governance, after), patient, resources }];
  }

  async #endRepresentation(
    { patient, sub, event }: Extract<ReplayAction, { kind: 'end-representation' }>,
    now: Date,
  ): Promise<ReplayWrites[]> {
    const found = await this.#get(governanceKeys.representative(patient, sub));
    if (!found) return [];
    const before = representativeItem.parse(found);
    const after = { ...before, endsAt: endOf(before, event, now), version: before.version + 1 };
    const resources = [{ id: sub, type: 'representative', version: after.version }];
    return [{ writes: setRepresentative(this.tables.governance, after), patient, resources }];
  }

  async #freeze(action: Extract<ReplayAction, { kind: 'freeze' }>, now: Date): Promise<ReplayWrites[]> {
    const target = targetOf({ kind: action.on, target: action.target });
    const found = await this.#get(controlKey(target));
    const [word] = (action.event.reason ?? '').split(':');
    const item = placed(target, found && controlItem.parse(found), {
      reason: controlReasons.find((reason) => reason === word) ?? 'suspected-breach',
      author: by(action.event),
      expiresAt: action.expiresAt,
      now,
    });
    const patient = action.on === 'patient' ? action.target : null;
    const resources = action.on === 'role' ? [{ id: 'main', type: `freeze-role:${action.target}`, version: null }] : [];
    return [{ writes: setControl(this.tables.governance, item), patient, resources }];
  }

  async #hold({ patient, event }: Extract<ReplayAction, { kind: 'hold' }>): Promise<ReplayWrites[]> {
    const { documents, governance } = this.tables;
    const before = await readLegalHold(documents, governance, patient);
    const id = event.resources.find(({ type }) => type === 'legal-hold')?.id;
    if (before?.state === 'held' || id === undefined || !event.actor) return [];
    const hold: LegalHold = {
      id,
      patient,
      state: 'held',
      reason: legalHoldReasons.find((reason) => reason === event.reason) ?? 'preservation-order',
      placedBy: event.actor.sub,
      placedAt: event.at,
      version: (before?.version ?? 0) + 1,
    };
    const resources = [{ id, type: 'legal-hold', version: hold.version }];
    return [{ writes: [placeLegalHold(governance, hold, before)], patient, resources }];
  }

  async #endEmergency(
    { patient, sub }: Extract<ReplayAction, { kind: 'end-emergency' }>,
    now: Date,
  ): Promise<ReplayWrites[]> {
    const { documents, governance } = this.tables;
    const all = await new EmergencyStore(documents, governance).newest();
    return all
      .filter((each) => each.patient === patient && each.sub === sub && (each.endsAt ?? '') > now.toISOString())
      .map((before) => {
        const after = { ...before, endsAt: now.toISOString(), version: before.version + 1 };
        const resources = [{ id: before.id, type: 'emergency-access', version: after.version }];
        return { writes: [setEmergency(governance, after), standing(governance, after)], patient, resources };
      });
  }

  async #endAssociate(id: string, end: EndOfAssociate): Promise<ReplayWrites[]> {
    const { documents, governance } = this.tables;
    const before = await readAssociate(documents, governance, id);
    if (!before || before.endedAt !== undefined) return [];
    const after = ended(before, end);
    const resources = [{ id, type: 'associate', version: after.version }];
    return [{ writes: [setAssociate(governance, after)], patient: null, resources }];
  }

  async #voidApproval(id: string, now: Date): Promise<ReplayWrites[]> {
    const { documents, governance } = this.tables;
    const approval = await readApproval(documents, governance, id);
    if (!approval || !['pending', 'approved'].includes(approval.state)) return [];
    const resources = [{ id, type: 'approval', version: approval.version + 1 }];
    return [{ writes: [voidApproval(governance, approval, now)], patient: null, resources }];
  }

  #get(key: { PK: string; SK: string }): Promise<Record<string, unknown> | undefined> {
    return this.#reads.get(this.tables.governance, key);
  }
}

const by = ({ actor }: AuditEvent): string => actor?.sub ?? author;
const at = (event: AuditEvent): Date => new Date(event.at);
/** when it ended, as the log has it; what had not begun ends as it begins */
function endOf(item: { startsAt: string; endsAt?: string | undefined }, event: AuditEvent, now: Date): string {
  const end = event.at < now.toISOString() ? event.at : now.toISOString();
  const latest = end > item.startsAt ? end : item.startsAt;
  return item.endsAt !== undefined && item.endsAt < latest ? item.endsAt : latest;
}
