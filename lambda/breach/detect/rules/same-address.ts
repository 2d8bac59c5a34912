import type { SignalRule } from './rule';

/** Spouses, former spouses and neighbours in one house. Addresses are compared as blind tokens. */
export const sameAddress: SignalRule = {
  id: 'same-address',
  severity: 'high',
  reason: 'The record of somebody at the same home address was opened, or tried, without a task that explains it.',
  sees: 'facts',
  applies: ({ relations }) => relations.includes('same-address'),
};
