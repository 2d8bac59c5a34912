import {
  type BackupClient,
  DescribeRestoreJobCommand,
  ListRestoreJobsCommand,
  PutRestoreValidationResultCommand,
} from '@aws-sdk/client-backup';
import { testPrefix } from '../environment';

/** AWS Backup has a word for each. */
const resourceTypes = { table: 'DynamoDB', bucket: 'S3' } as const;
export type StoreKind = keyof typeof resourceTypes;

/** A table or bucket that AWS Backup restored to test that it can. */
export interface RestoreJob {
  readonly id: string;
  readonly kind: StoreKind;
  /** name of what was backed up */
  readonly source: string;
  /** name of what it was restored to */
  readonly restored: string;
  /** the moment of the backup */
  readonly at: Date;
}

const arns: Readonly<Record<StoreKind, RegExp>> = {
  table: /^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table\/([A-Za-z0-9_.-]{3,255})$/,
  bucket: /^arn:aws:s3:::([a-z0-9.-]{3,63})$/,
};

/** What AWS Backup knows of restore tests, and what it is told of them. 45 CFR 164.308(a)(7)(ii)(D). */
export class RestoreJobs {
  constructor(private readonly backup: Pick<BackupClient, 'send'>) {}

  /** @throws Error when it is no finished test of a table or bucket: nothing else is looked at, whatever an event says */
  async describe(id: string): Promise<RestoreJob> {
    const job = await this.backup.send(new DescribeRestoreJobCommand({ RestoreJobId: id }));
    const kind: StoreKind = arns.bucket.test(job.SourceResourceArn ?? '') ? 'bucket' : 'table';
    const [source, restored] = [nameOf(kind, job.SourceResourceArn), nameOf(kind, job.CreatedResourceArn)];
    const tested = job.Status === 'COMPLETED' && job.CreatedBy?.RestoreTestingPlanArn !== undefined;
    if (!tested || !source || !restored?.startsWith(testPrefix) || !job.RecoveryPointCreationDate)
      throw new Error('not a finished restore test of a table or bucket');
    return { id, kind, source, restored, at: job.RecoveryPointCreationDate };
  }

  /** @param message counts and codes alone */
  async report(id: string, valid: boolean, message: string): Promise<void> {
    await this.backup.send(
      new PutRestoreValidationResultCommand({
        RestoreJobId: id,
        ValidationStatus: valid ? 'SUCCESSFUL' : 'FAILED',
        ValidationStatusMessage: message,
      }),
    );
  }

  /** @returns names of the tables or buckets of which a restore was found valid since then */
  async validSince(kind: StoreKind, since: Date): Promise<ReadonlySet<string>> {
    const valid = new Set<string>();
    let NextToken: string | undefined;
    do {
      const page = await this.backup.send(
        new ListRestoreJobsCommand({
          ByCompleteAfter: since,
          ByStatus: 'COMPLETED',
          ByResourceType: resourceTypes[kind],
          NextToken,
        }),
      );
      for (const { ValidationStatus, SourceResourceArn } of page.RestoreJobs ?? []) {
        const name = nameOf(kind, SourceResourceArn);
        if (ValidationStatus === 'SUCCESSFUL' && name) valid.add(name);
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return valid;
  }
}

const nameOf = (kind: StoreKind, arn: string | undefined): string | undefined => arns[kind].exec(arn ?? '')?.[1];
