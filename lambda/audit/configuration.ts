import type { EventDraft } from './event';
import type { LogStore } from './log-store';
import type { Outbox } from './outbox';
import { ownEvent } from './own-event';

/**
 * Records that a stage runs under other settings than the log knows of: a deployment is no request, so whoever sees the new
 * settings first says so. 45 CFR 164.312(b); NIST SP 800-53 CM-3.
 * @param settings SHA-256 over them, hex: the values themselves are in the deployment's own history
 * @returns whether an event was written; a run that is killed in between writes it again
 */
export async function noteSettings(options: {
  readonly store: Pick<LogStore, 'read' | 'noteSettings'>;
  readonly outbox: Pick<Outbox, 'record'>;
  readonly settings: string;
}): Promise<boolean> {
  const { store, outbox, settings } = options;
  const position = await store.read();
  if (position.settings === settings) return false;
  await outbox.record(settingsEvent(settings));
  await store.noteSettings(position, settings);
  return true;
}

const settingsEvent = (settings: string): EventDraft =>
  ownEvent('configuration.changed', {
    outcome: 'permit',
    reason: `settings:${settings.slice(0, 48)}`,
    resources: [{ type: 'configuration', id: 'main', version: null }],
  });
