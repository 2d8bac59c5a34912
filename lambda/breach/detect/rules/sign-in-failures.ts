import { atLeast, type WindowRule } from './rule';

/** Anybody can do that to anybody's account, so it never contains. 45 CFR 164.308(a)(5)(ii)(C). */
export const signInFailures: WindowRule = {
  id: 'sign-in-failures',
  severity: 'medium',
  mayContain: false,
  marks: ['failures', 'second-factors'],
  reason: 'Sign-ins to one account failed many times, or the password was right and the second factor was not.',
  evaluate: ({ hour, settings }) =>
    atLeast(hour.failures, settings.signInFailures) ?? atLeast(hour['second-factors'], settings.secondFactorFailures),
};
