import type { SignalRule } from './rule';

/** People in the news are looked up by strangers. */
export const vip: SignalRule = {
  id: 'vip',
  severity: 'high',
  reason: 'The record of somebody marked as a VIP was opened, or tried, without a task that explains it.',
  sees: 'facts',
  applies: ({ vip }) => vip,
};
