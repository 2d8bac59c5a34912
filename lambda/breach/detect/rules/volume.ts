import { mostMembers } from '../sample';
import type { AuthenticatedMark, View } from './rule';

type Volume = View<AuthenticatedMark>;

/**
 * The higher of the own and the role's average counts: somebody new is measured by the role, somebody whose work is
 * unlike the role's by themselves. Whoever raises their own average slowly meets the day's and the week's rules.
 * @returns patients an hour from which on it is far more than usual
 */
export function hourLimit({ settings, baseline, history }: Volume): number {
  const usual = Math.max(history().hourly.mean, baseline?.hourly ?? 0);
  // An hour remembers no more patients than that; a higher limit would never be reached.
  return Math.min(usual * settings.volume.factor, mostMembers.patients / 2.5);
}

/** @returns patients a day from which on it is far more than usual; days vary less than hours */
export function dayLimit({ settings, baseline, history }: Volume): number {
  return Math.max(history().daily.mean, baseline?.daily ?? 0) * (1 + (settings.volume.factor - 1) / 2);
}
