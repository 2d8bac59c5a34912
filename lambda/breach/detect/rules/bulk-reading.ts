import type { WindowRule } from './rule';
import { hourLimit } from './volume';

/** How far above what alerts: what no working hour reaches. */
const excess = 2.5;

/** The same as patients-per-hour, so far out of range that nobody has to look first. */
export const bulkReading: WindowRule = {
  id: 'bulk-reading',
  severity: 'critical',
  mayContain: true,
  marks: ['patients'],
  reason: 'Records are being opened at a pace that no work explains.',
  evaluate: (view) => {
    const patients = view.hour.patients;
    const count = patients?.members.length ?? 0;
    if (!patients || count < view.settings.volume.leastPerHour * excess || count < hourLimit(view) * excess)
      return undefined;
    return { measure: count, seen: [patients] };
  },
};
