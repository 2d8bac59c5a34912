import { type CheckpointEnvironment, checkpointVariables, readEnvironment } from '../environment';
import { documents, kms } from '../http/clients';
import { s3 } from './archive-client';
import { ArchiveMarks } from './archive-mark';
import { ArchiveStore } from './archive-store';
import { CheckpointSigner } from './checkpoint-signer';
import { Checkpoints } from './checkpoints';
import { noteSettings } from './configuration';
import { LogStore } from './log-store';
import { emit } from './metrics';
import { OutboxReader } from './outbox-reader';
import { ownOutbox } from './own-outbox';

const environment = readEnvironment<CheckpointEnvironment>(...checkpointVariables);
const clock = () => new Date();
const store = new LogStore(documents, environment.AUDIT_LOG_TABLE, clock);
const outbox = ownOutbox(documents, environment);
const marks = new ArchiveMarks(
  documents,
  [environment.GOVERNANCE_TABLE, environment.RECORDS_TABLE, environment.KEYS_TABLE],
  environment.AUDIT_ORIGIN,
  clock,
);
const checkpoints = new Checkpoints({
  announce: (before, next) => marks.announce(before, next),
  archive: new ArchiveStore(s3, environment.ARCHIVE_BUCKET),
  store,
  outbox: new OutboxReader(documents, environment.AUDIT_TABLE),
  signer: new CheckpointSigner(kms, environment.SIGNING_KEYS.split(' ')),
  origin: environment.AUDIT_ORIGIN,
  formatPage: environment.FORMAT_PAGE,
  clock,
});

/** 45 CFR 164.312(c)(1), (2): every minute a signed checkpoint over all that was sealed and all that is promised. */
export async function handler(): Promise<void> {
  const { unsealedAgeSeconds, contradicted } = await checkpoints.run();
  emit(environment.STAGE, clock(), {
    CheckpointsSigned: 1,
    UnsealedAgeSeconds: unsealedAgeSeconds,
    ContradictedLanes: contradicted.length,
  });
  await noteSettings({ store, outbox, settings: environment.SETTINGS });
}
