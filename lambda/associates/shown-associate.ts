import { dayOf } from '../breach/calendar';
import { type Agreement, type Associate, standingOf } from './associate';

/** What the log says of an associate: which, in which version. */
export const associateResource = ({ id, version }: Associate) => ({ id, type: 'associate', version });

/** … and, where the relationship ends, what became of the PHI that they had. */
export const associateResources = (associate: Associate, phi: Associate['disposition']) => [
  associateResource(associate),
  ...(phi ? [{ id: associate.id, type: `phi:${phi}`, version: null }] : []),
];

/** What the API tells of an associate. */
export function shownAssociate(associate: Associate, now: Date) {
  const { standing, until } = standingOf(associate, dayOf(now));
  return {
    id: associate.id,
    name: associate.name,
    service: associate.service,
    standing,
    until,
    agreements: associate.agreements.map(shownAgreement),
    ended_by: associate.endedBy,
    ended_at: associate.endedAt,
    end_reason: associate.endReason,
    phi: associate.disposition,
  };
}

const shownAgreement = ({ reportWithinDays, recordedBy, recordedAt, ...agreement }: Agreement) => ({
  ...agreement,
  report_within_days: reportWithinDays,
  recorded_by: recordedBy,
  recorded_at: recordedAt,
});
