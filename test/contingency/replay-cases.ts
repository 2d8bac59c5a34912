import { randomUUID } from 'node:crypto';
import type { ActorItem } from '../../lambda/access/governance';
import type { AuditEvent } from '../../lambda/audit/event';
import type { ReplayTime, RestoredState } from '../../lambda/contingency/replay';

/** minute of the day on which all of this happens */
export const minute = (value: number): string => new Date(Date.UTC(2026, 0, 2, 0, value)).toISOString();
const backupAt = 100;
export const time: ReplayTime = {
  knownUntil: new Date(minute(backupAt)),
  restoredAt: new Date(minute(1000)),
  now: new Date(minute(1001)),
};
export const nothing: RestoredState = {
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
export const officer = randomUUID();

export function event(action: string, at: number, more: Partial<AuditEvent> = {}): AuditEvent {
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
export const about = (type: string, id: string, version: number | null = null) => ({ id, type, version });
export const person = (more: Partial<ActorItem> = {}): ActorItem => ({
  sub: randomUUID(),
  role: 'clinician',
  status: 'active',
  createdBy: 'test',
  createdAt: minute(0),
  signedOutAt: minute(1000),
  version: 1,
  ...more,
});
