import {
  type BackupClient,
  DescribeRestoreJobCommand,
  ListRestoreJobsCommand,
  PutRestoreValidationResultCommand,
} from '@aws-sdk/client-backup';
import { testTablePrefix } from '../environment';

/** A table that AWS Backup restored to test that it can. */
export interface RestoreJob {
  readonly id: string;
  /** name of the table that was backed up */
  readonly source: string;
  /** name of the table that it was restored to */
  readonly restored: string;
  /** the moment of the backup */
  readonly at: Date;
}

const tableArn = /^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table\/([A-Za-z0-9_.-]{3,255})$/;

/** What AWS Backup knows of restore tests, and what it is told of them. 45 CFR 164.308(a)(7)(ii)(D). */
export class RestoreJobs {
  constructor(private readonly backup: Pick<BackupClient, 'send'>) {}

  /** @throws Error when it is no finished test of a table: nothing else is looked at, whatever an event says */
  async describe(id: string): Promise<RestoreJob> {
    const job = await this.backup.send(new DescribeRestoreJobCommand({ RestoreJobId: id }));
    const [source, restored] = [nameOf(job.SourceResourceArn), nameOf(job.CreatedResourceArn)];
    const tested = job.Status === 'COMPLETED' && job.CreatedBy?.RestoreTestingPlanArn !== undefined;
    if (!tested || !source || !restored?.startsWith(testTablePrefix) || !job.RecoveryPointCreationDate)
      throw new Error('not a finished restore test of a table');
    return { id, source, restored, at: job.RecoveryPointCreationDate };
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

  /** @returns names of the tables of which a restore was found valid since then */
  async validSince(since: Date): Promise<ReadonlySet<string>> {
    const valid = new Set<string>();
    let NextToken: string | undefined;
    do {
      const page = await this.backup.send(
        new ListRestoreJobsCommand({
          ByCompleteAfter: since,
          ByStatus: 'COMPLETED',
          ByResourceType: 'DynamoDB',
          NextToken,
        }),
      );
      for (const { ValidationStatus, SourceResourceArn } of page.RestoreJobs ?? []) {
        const name = nameOf(SourceResourceArn);
        if (ValidationStatus === 'SUCCESSFUL' && name) valid.add(name);
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return valid;
  }
}

const nameOf = (arn: string | undefined): string | undefined => tableArn.exec(arn ?? '')?.[1];
