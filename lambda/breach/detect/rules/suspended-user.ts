import { atLeast, type WindowRule } from './rule';

/** It cannot happen while the guard works: if it does, a safeguard has failed. 45 CFR 164.308(a)(3)(ii)(C). */
export const suspendedUser: WindowRule = {
  id: 'suspended-user',
  severity: 'critical',
  mayContain: true,
  marks: ['admitted'],
  reason: 'Somebody who is suspended was given something.',
  evaluate: ({ hour }) => atLeast(hour.admitted, 1),
};
