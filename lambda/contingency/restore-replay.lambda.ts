import * as z from 'zod';
import { s3 } from '../audit/archive-client';
import { ArchiveMarks, newestCheckpoint } from '../audit/archive-mark';
import { ArchiveStore } from '../audit/archive-store';
import { BucketArchive } from '../audit/bucket-archive';
import { CheckpointSigner } from '../audit/checkpoint-signer';
import { emit } from '../audit/metrics';
import { OutboxReader } from '../audit/outbox-reader';
import { ownOutbox } from '../audit/own-outbox';
import {
  type Predecessor,
  type RestoreEnvironment,
  readEnvironment,
  predecessor as readPredecessor,
  restoreVariables,
} from '../environment';
import { documents, kms } from '../http/clients';
import { PatientStore } from '../records/patient-store';
import { RecordStore } from '../records/store';
import { gatherEvidence, type ReplayEvidence } from './replay-evidence';
import { ReplayWriter } from './replay-writes';
import { ReplicatedArchive } from './replicated-archive';
import { Restores } from './restores';

const environment = readEnvironment<RestoreEnvironment>(...restoreVariables);
const predecessor = readPredecessor();
const clock = () => new Date();
const { GOVERNANCE_TABLE: governance, RECORDS_TABLE: recordsTable, KEYS_TABLE: keys } = environment;
const archive = new ArchiveStore(s3, environment.ARCHIVE_BUCKET);
const signer = new CheckpointSigner(kms, environment.SIGNING_KEYS.split(' '));
const tables = {
  documents,
  governance,
  keys,
  records: new RecordStore(documents, recordsTable, clock),
  patients: new PatientStore(recordsTable),
};
const restores = new Restores({
  tables,
  marks: new ArchiveMarks(documents, [governance, recordsTable, keys], environment.AUDIT_ORIGIN, clock),
  outbox: ownOutbox(documents, environment),
  writer: new ReplayWriter(tables),
  newest: (after) => newestCheckpoint(archive, after),
  evidence: async (since) => {
    const [pinned] = await signer.keys();
    const own = await gatherEvidence(new BucketArchive(s3, environment.ARCHIVE_BUCKET), {
      fingerprint: pinned?.fingerprint ?? '',
      origin: environment.AUDIT_ORIGIN,
      since,
      now: clock(),
      outbox: new OutboxReader(documents, environment.AUDIT_TABLE),
    });
    return predecessor ? [own, await evidenceOf(predecessor, since)] : [own];
  },
  clock,
});

/** The log of the stage that this one succeeds: its outbox was lost with its Region, its archive is a replica. */
async function evidenceOf({ archive, ...log }: Predecessor, since: Date | undefined): Promise<ReplayEvidence> {
  const replica = await ReplicatedArchive.open(new BucketArchive(s3, archive));
  return gatherEvidence(replica, { ...log, since, now: clock(), replica: true });
}

/** `restored`: whoever made a restore says so, as `npx ward restore` does. Scheduled runs say nothing and look. */
const asked = z.object({ restored: z.uuid().optional() });

/** 45 CFR 164.308(a)(7)(ii)(B): looks every minute whether the tables went back, and lets them undo nothing that they must not. */
export async function handler(event: unknown): Promise<{ readonly waiting: string; readonly replayed: number }> {
  const { restored } = asked.safeParse(event).data ?? {};
  const { waiting, failure, replayed } = await restores.run(restored);
  emit(environment.STAGE, clock(), {
    RestoresWaiting: waiting === undefined ? 0 : 1,
    RestoreReplayFailures: failure === undefined ? 0 : 1,
  });
  return { waiting: failure ?? waiting ?? 'none', replayed };
}
