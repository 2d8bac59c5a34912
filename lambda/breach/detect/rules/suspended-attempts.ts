import { atLeast, type WindowRule } from './rule';

/** An open window of an application tries a few times by itself; a person goes on. */
export const suspendedAttempts: WindowRule = {
  id: 'suspended-attempts',
  severity: 'medium',
  mayContain: false,
  marks: ['suspended'],
  reason: 'Somebody who is suspended goes on trying.',
  evaluate: ({ hour, settings }) => atLeast(hour.suspended, settings.suspendedDenials),
};
