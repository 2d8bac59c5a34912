import type { SignalRule } from './rule';

/** An hour counts as usual where somebody works in it on a tenth of their days or more. */
const rareShare = 0.1;
/** with fewer working days nobody has usual hours yet */
const leastDays = 5;

/** Weak by itself: people are on call. A person whose work is at night has nights as their usual hours. */
export const afterHours: SignalRule = {
  id: 'after-hours',
  severity: 'low',
  reason: 'It was outside of opening hours, at a time at which the person rarely works.',
  sees: 'access',
  applies: ({ local, history, settings }) => {
    const open = !local.weekend && local.hour >= settings.opens && local.hour < settings.closes;
    if (open) return false;
    const { usual, daily } = history();
    return daily.count < leastDays || (usual[local.hour] ?? 0) < rareShare;
  },
};
