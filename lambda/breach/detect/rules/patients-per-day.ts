import type { WindowRule } from './rule';
import { dayLimit } from './volume';

/** Bulk theft with patience: no hour stands out, the day does. */
export const patientsPerDay: WindowRule = {
  id: 'patients-per-day',
  severity: 'high',
  mayContain: false,
  marks: ['patients'],
  reason: 'Records of far more patients were opened within a day than this person and people of the role usually open.',
  evaluate: (view) => {
    const least = view.settings.volume.leastPerDay;
    if (view.dayAtMost('patients') < least) return undefined;
    const patients = view.day('patients');
    const count = patients.members.length;
    if (count < least || count < dayLimit(view)) return undefined;
    return { measure: count, seen: [patients] };
  },
};
