import type { SignalRule } from './rule';

/** Family names are compared as blind tokens; a common name is chance, which is why the score needs more than the name alone where nothing else is amiss. */
export const sameFamily: SignalRule = {
  id: 'same-family',
  severity: 'high',
  reason: 'The record of somebody with the same family name was opened, or tried, without a task that explains it.',
  sees: 'facts',
  applies: ({ relations }) => relations.includes('same-family'),
};
