import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Command } from 'commander';
import * as z from 'zod';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { say } from '../prompt';
import { demandOutputs, readLaptopCloud, readStageOutputs } from '../stage-outputs';
import { progressBar, time } from './commands';
import { type Reindexed, reindex } from './reindex';
import type { Where } from './source';

const needed = z.object({ AuditIndexTable: z.string(), Organization: z.string(), Region: z.string() });

/** Adds `ward audit reindex`: the index of the audit log, from the archive. */
export function addReindex(audit: Command, where: () => Pick<Where, 'outputs' | 'data'>): void {
  audit
    .command('reindex')
    .description('make the index of searches and access logs again from the archive; exit 1 when a segment was refused')
    .option('--bucket <name>', 'another archive of the organization in this Region, as of a stage that was succeeded')
    .option('--since <time>', 'only what was sealed from then on; without it what was cut off goes on', time)
    .action(async ({ bucket, since }: { bucket?: string; since?: Date }) => {
      const { outputs, ...clients } = connect(where());
      const { AuditIndexTable, Organization } = demandOutputs(outputs, needed);
      const name = bucket ?? outputs['ArchiveBucket'];
      if (!name) throw new Error('the outputs name no ArchiveBucket: name the bucket with --bucket');
      const bar = progressBar('{value} segments, {entries} entries');
      bar.start(0, 0, { entries: 0 });
      const done = await reindex({
        archive: new BucketArchive(clients.s3, name),
        bucket: name,
        documents: clients.documents,
        indexTable: AuditIndexTable,
        organization: Organization,
        since,
        now: new Date(),
        onProgress: ({ segments, entries }) => bar.update(segments, { entries }),
      }).finally(() => bar.stop());
      tell(done);
    });
}

function tell({ resumed, segments, entries, refused, refusedBefore }: Reindexed): void {
  if (resumed) say('went on where it was cut off');
  say(`${segments} segments read, ${entries} entries written`);
  for (const key of refused) say(`refused  ${key}`);
  if (refused.length + refusedBefore === 0) return;
  say(`${refused.length + refusedBefore} refused: not what their names say. "ward audit verify" says what is wrong.`);
  process.exitCode = 1;
}

/** The laptop cloud's root, or with `outputs` a deployed stack and whatever credentials the AWS SDK finds. */
function connect({ outputs: file, data }: Pick<Where, 'outputs' | 'data'>) {
  const laptop = file === undefined ? readLaptopCloud(data) : undefined;
  const outputs = laptop?.outputs ?? readStageOutputs(file ?? '');
  const { Region: region } = demandOutputs(outputs, needed);
  const client = (endpoint: 's3' | 'dynamodb') => ({
    region,
    ...(laptop && { endpoint: laptop.urls[endpoint], credentials: laptop.credentials }),
  });
  return {
    outputs,
    s3: new S3Client({ ...client('s3'), forcePathStyle: true }),
    documents: DynamoDBDocumentClient.from(new DynamoDBClient(client('dynamodb'))),
  };
}
