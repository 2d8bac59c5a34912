import type { DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { readEnvironment, type SealingEnvironment, sealingVariables } from '../environment';
import { documents } from '../http/clients';
import { s3 } from './archive-client';
import { ArchiveStore } from './archive-store';
import { AuditError } from './audit-error';
import { leafHash } from './lane';
import { emit } from './metrics';
import { Sealing } from './sealing';

const environment = readEnvironment<SealingEnvironment>(...sealingVariables);
const clock = () => new Date();
const sealing = new Sealing({
  documents,
  archive: new ArchiveStore(s3, environment.ARCHIVE_BUCKET),
  logTable: environment.AUDIT_LOG_TABLE,
  indexTable: environment.AUDIT_INDEX_TABLE,
  clock,
});

/** 45 CFR 164.312(b): copies streamed events into the locked archive, byte for byte. A batch that fails comes again, halved. */
export async function handler({ Records }: DynamoDBStreamEvent): Promise<void> {
  if (Records.length === 0) return;
  const segment = await sealing.seal(Records.map(lineOf));
  const lagSeconds = Math.max(0, (clock().getTime() - Date.parse(segment.leaf.first)) / 1000);
  emit(environment.STAGE, clock(), { EventsSealed: segment.leaf.events, SealingLagSeconds: lagSeconds });
}

/** @throws AuditError `outbox-contradicted` for an item that is no event of its place, or was changed since it was hashed */
function lineOf({ dynamodb }: DynamoDBRecord): string {
  const { PK, line, hash } = dynamodb?.NewImage ?? {};
  if (!PK?.S?.startsWith('LANE#') || line?.S === undefined || leafHash(line.S) !== hash?.S)
    throw new AuditError('outbox-contradicted');
  return line.S;
}
