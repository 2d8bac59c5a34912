import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { AthenaClient } from '@aws-sdk/client-athena';
import { S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod';
import { ArchiveStore } from '../../lambda/audit/archive-store';
import { isSegmentKey, segmentPrefix } from '../../lambda/audit/log-keys';
import { demandOutputs, readLaptopCloud, readStageOutputs } from '../stage-outputs';
import { coveredSegments } from './covered-segments';
import { FolderArchive } from './folder-archive';
import { queryAthena } from './query-athena';
import { queryFolder } from './query-duckdb';
import type { Bound } from './query-parameters';
import type { QueryResult } from './query-result';

const ofLaptop = z.object({ ArchiveBucket: z.string(), AuditRegion: z.string() });
const ofDeployment = z.object({ AuditDatabase: z.string(), AuditWorkgroup: z.string(), AuditRegion: z.string() });

/** Where a question is asked: a folder, a deployed stack, or the laptop cloud. */
export interface QueryPlace {
  readonly folder?: string;
  readonly outputs?: string;
  readonly data: string;
}

/**
 * Asks where the evidence is: DuckDB over a folder or the laptop's archive, Athena over a deployment. Of a folder, which may come
 * from anywhere, only the segments that its signed log names are asked.
 * @param since day, `YYYY-MM-DD`, before which no segment can hold an answer; absent: all are read
 * @throws Error in one sentence
 */
export async function ask(
  place: QueryPlace,
  sql: string,
  values: readonly Bound[],
  since?: string,
): Promise<QueryResult> {
  if (place.folder !== undefined)
    return queryFolder(place.folder, sql, values, await coveredSegments(new FolderArchive(place.folder)));
  if (place.outputs === undefined) return askLaptop(place.data, sql, values, since);
  const found = demandOutputs(readStageOutputs(place.outputs), ofDeployment);
  const { AuditDatabase: database, AuditWorkgroup: workgroup, AuditRegion: region } = found;
  const client = new AthenaClient({ region });
  return queryAthena({ client, workgroup, database, wait: (milliseconds) => setTimeout(milliseconds) }, sql, values);
}

/** The laptop's segments lie for a moment in a folder that nobody else can enter. */
async function askLaptop(data: string, sql: string, values: readonly Bound[], since?: string): Promise<QueryResult> {
  const cloud = readLaptopCloud(data);
  const { ArchiveBucket, AuditRegion: region } = demandOutputs(cloud.outputs, ofLaptop);
  const s3 = new S3Client({ region, endpoint: cloud.urls.s3, credentials: cloud.credentials, forcePathStyle: true });
  const archive = new ArchiveStore(s3, ArchiveBucket);
  const folder = mkdtempSync(join(tmpdir(), 'ward-audit-')); // 0700
  try {
    for await (const key of archive.list(segmentPrefix, since && `${segmentPrefix}dt=${since}`)) {
      const bytes = isSegmentKey(key) ? await archive.get(key) : undefined;
      if (!bytes) continue;
      mkdirSync(dirname(join(folder, key)), { recursive: true, mode: 0o700 });
      writeFileSync(join(folder, key), bytes, { mode: 0o600 });
    }
    return await queryFolder(folder, sql, values);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    s3.destroy();
  }
}
