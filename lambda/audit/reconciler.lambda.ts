import { type ReconciliationEnvironment, readEnvironment, reconciliationVariables } from '../environment';
import { documents } from '../http/clients';
import { s3 } from './archive-client';
import { ArchiveStore } from './archive-store';
import { LogStore } from './log-store';
import { emit } from './metrics';
import { OutboxReader } from './outbox-reader';
import { ownEvent } from './own-event';
import { ownOutbox } from './own-outbox';
import { Reconciliation } from './reconciliation';
import { Sealing } from './sealing';

const environment = readEnvironment<ReconciliationEnvironment>(...reconciliationVariables);
const clock = () => new Date();
const archive = new ArchiveStore(s3, environment.ARCHIVE_BUCKET);
const store = new LogStore(documents, environment.AUDIT_LOG_TABLE, clock);
const reconciliation = new Reconciliation({
  archive,
  outbox: new OutboxReader(documents, environment.AUDIT_TABLE),
  sealing: new Sealing({
    documents,
    archive,
    logTable: environment.AUDIT_LOG_TABLE,
    indexTable: environment.AUDIT_INDEX_TABLE,
    clock,
  }),
  state: async () => (await store.read()).state,
  clock,
});
const outbox = ownOutbox(documents, environment);

/** 45 CFR 164.312(b): seals what the stream has lost, and says so in the log that it mends. */
export async function handler(): Promise<void> {
  const { resealed, requeued, contradicted, lost } = await reconciliation.run();
  emit(environment.STAGE, clock(), { EventsResealed: resealed, ContradictedLanes: contradicted.length });
  const lanes = (found: readonly string[]) => [...new Set(found)].slice(0, 100);
  const events = [
    ...(resealed + requeued > 0 ? [event('permit', 'resealed', [])] : []),
    ...(contradicted.length > 0 ? [event('error', 'outbox-contradicted', lanes(contradicted))] : []),
    ...(lost.length > 0 ? [event('error', 'events-lost', lanes(lost.map(({ lane }) => lane)))] : []),
  ];
  if (events.length > 0) await outbox.record(...events);
}

const event = (outcome: 'permit' | 'error', reason: string, lanes: readonly string[]) =>
  ownEvent('audit.reconciled', {
    outcome,
    reason,
    resources: lanes.map((id) => ({ type: 'lane', id, version: null })),
  });
