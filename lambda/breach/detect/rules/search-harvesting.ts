import { atLeast, type WindowRule } from './rule';

/** Trying names and birth dates finds out who is a patient. */
export const searchHarvesting: WindowRule = {
  id: 'search-harvesting',
  severity: 'high',
  mayContain: false,
  marks: ['searches', 'misses'],
  reason: 'Far more searches were made within an hour than the front desk makes, or far more that found nobody.',
  evaluate: ({ hour, settings: { searches } }) =>
    atLeast(hour.searches, searches.perHour) ?? atLeast(hour.misses, searches.missesPerHour),
};
