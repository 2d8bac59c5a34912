import type { EventDraft } from './event';

/**
 * @param told what is known of it; patient and categories, where it is about one
 * @returns the event of something that Ward does by itself, at a time or after something else: nobody asked for it
 */
export const ownEvent = (
  action: string,
  told: Pick<EventDraft, 'outcome' | 'reason'> &
    Partial<Pick<EventDraft, 'purpose' | 'patient' | 'categories' | 'resources'>>,
): EventDraft => ({
  action,
  actor: null,
  basis: null,
  categories: [],
  patient: null,
  purpose: 'OPERATIONS',
  request: null,
  resources: [],
  ...told,
});
