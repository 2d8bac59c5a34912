import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { EventDraft } from '../../lambda/audit/event';
import { appendEvent, type LaneEvent, laneStart } from '../../lambda/audit/lane';
import { buildSegment } from '../../lambda/audit/segment';

export const origin = 'ward/acme/test';

/** @returns a UUID that is the same for the same name */
export function id(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}

export type Told = Partial<EventDraft> & {
  readonly at: string;
  readonly by?: string;
  readonly role?: 'clinician' | 'patient';
};

/** @returns an event's draft: a clinician of the care team reads the notes of a patient, but for what is told otherwise */
export function draft({ at: _, by = 'ann', role = 'clinician', ...told }: Told): EventDraft {
  return {
    action: 'record.read',
    actor: { mfa: true, role, session: id(`session of ${by}`), sub: id(by) },
    basis: 'care-team',
    categories: ['notes'],
    outcome: 'permit',
    patient: id('patient 1'),
    purpose: 'TREAT',
    reason: null,
    request: {
      id: id(`${by} ${told.action ?? ''}`),
      ip: '192.0.2.7',
      method: 'GET',
      route: '/v1/patients/{id}/records/{category}/{entryId}',
      status: 200,
    },
    resources: [{ id: id('entry 1'), type: 'notes', version: 1 }],
    ...told,
  };
}

/** @returns the events of one lane, in order */
export function lane(name: string, told: readonly Told[]): LaneEvent[] {
  const events: LaneEvent[] = [];
  for (const [index, each] of told.entries())
    events.push(
      appendEvent(events.at(-1) ?? laneStart(origin, id(name)), origin, draft(each), {
        id: id(`${name} ${index}`),
        at: new Date(each.at),
      }),
    );
  return events;
}

/** Writes an archive's segments into a new folder, one for each list of lines. @returns the folder */
export function folderOf(...segments: readonly (readonly LaneEvent[])[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'ward-query-'));
  for (const events of segments) {
    const { key, bytes } = buildSegment(events.map(({ line }) => line));
    const file = join(folder, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  return folder;
}
