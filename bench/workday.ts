import { v7 } from 'uuid';
import { detect } from '../lambda/breach/detect/engine';
import { localTime } from '../lambda/breach/detect/local-time';
import type { ActorState, Facts } from '../lambda/breach/detect/model';
import type { DetectionSettings } from '../lambda/breach/detect/settings';

const days = 14;
const [firstHour, hours] = [8, 9];
/** in each hour, and how often each of them is read: 54 reads a day */
const [patients, reads] = [3, 2];
const [minute, hour] = [60_000, 60 * 60_000];

/**
 * What detection remembers of a clinician at the end of a working day after two weeks of such days, each with an access that
 * nothing explained: more than it has at the average access of a clinician in the months of `npm run eval -- detection`.
 */
export function workedState(subject: string, settings: DetectionSettings, now: Date): ActorState {
  const session = v7();
  const local = localTime(now.toISOString(), settings.timeZone);
  const midnight = Math.floor(now.getTime() / minute) * minute - local.hour * hour - local.minute * minute;
  let state: ActorState | undefined;
  const look = (time: number, patient: string, facts: Facts) => {
    const [id, at] = [v7({ msecs: time }), new Date(time).toISOString()];
    state = detect(state, { ...access, id, at, subject, actor: subject, session, patient }, facts, { settings }).state;
  };
  for (let day = 1 - days; day <= 0; day++)
    for (let begun = 0; begun < hours * patients; begun++) {
      const time = midnight + (24 * day + firstHour) * hour + (begun * hour) / patients;
      const patient = v7();
      for (let read = 0; read < reads; read++) look(time + (read * hour) / patients / reads, patient, explained);
      if (begun === 0) look(time, v7(), { ...explained, explanations: [] });
    }
  if (!state) throw new Error('nobody worked');
  return state;
}

const explained: Facts = { explanations: ['care-team'], relations: [], vip: false };
const access = {
  role: 'clinician',
  request: null,
  network: '198.51.100.0/24',
  action: 'record.read',
  kind: 'access',
  outcome: 'permit',
  reason: null,
  purpose: 'TREAT',
  basis: 'care-team',
  authenticated: true,
} as const;
