import type { SignalRule } from './rule';

/** A co-worker's visit is what people talk about. */
export const coWorker: SignalRule = {
  id: 'co-worker',
  severity: 'high',
  reason: 'The record of somebody who works here was opened, or tried, without a task that explains it.',
  sees: 'facts',
  applies: ({ relations }) => relations.includes('co-worker'),
};
