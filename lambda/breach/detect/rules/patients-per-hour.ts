import type { WindowRule } from './rule';
import { hourLimit } from './volume';

/** Bulk theft at full speed, whoever's patients they are: an explanation of each one does not explain so many. */
export const patientsPerHour: WindowRule = {
  id: 'patients-per-hour',
  severity: 'high',
  mayContain: false,
  marks: ['patients'],
  reason:
    'Records of far more patients were opened within an hour than this person and people of the role usually open.',
  evaluate: (view) => {
    const patients = view.hour.patients;
    const count = patients?.members.length ?? 0;
    if (!patients || count < view.settings.volume.leastPerHour || count < hourLimit(view)) return undefined;
    return { measure: count, seen: [patients] };
  },
};
