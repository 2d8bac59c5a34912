import { atLeast, type WindowRule } from './rule';

/** Somebody has made an account that passes for another person, which only a stolen role or an administrator of AWS can. */
export const foreignAccount: WindowRule = {
  id: 'foreign-account',
  severity: 'high',
  mayContain: false,
  marks: ['foreign'],
  reason: 'An account claimed to be another person’s: whoever made it can make accounts past Ward.',
  evaluate: ({ hour }) => atLeast(hour.foreign, 1),
};
