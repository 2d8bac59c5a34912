import {
  BackupClient,
  DescribeRestoreJobCommand,
  ListRestoreJobsCommand,
  PutRestoreValidationResultCommand,
} from '@aws-sdk/client-backup';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import type { ValidationEnvironment } from '../../lambda/environment';
import { KEY_ARN, startS3 } from '../local/s3/harness';

const [documents, restored] = ['sealed-by-bucket-key', 'awsbackup-restore-test-1'];
const name = 'incidents/0b2f5e0c-6a51-4a7e-9d0f-2f0f3a3f1c55/letters/1.pdf';
const environment: ValidationEnvironment = {
  AUDIT_TABLE: 'audit',
  AUDIT_ORIGIN: 'ward/example-health/test',
  ARCHIVE_BUCKET: 'archive',
  STAGE: 'test',
  GOVERNANCE_TABLE: 'governance',
  RECORDS_TABLE: 'records',
  KEYS_TABLE: 'keys',
  ORGANIZATION: 'example-health',
  PATIENT_KEY: 'arn:aws:kms:us-east-1:000000000000:key/patient',
  DOCUMENTS_BUCKET: documents,
  DOCUMENTS_KEY: KEY_ARN,
  BACKED_UP_TABLES: JSON.stringify({ records: 'records', keys: 'keys' }),
};
const finished = (restoreJobId: string) => ({ source: 'aws.backup', detail: { restoreJobId } });

/** The function itself, between EventBridge, the S3 of the laptop and an AWS Backup of the test. */
describe('the end of a restore of the documents', () => {
  const backup = mockClient(BackupClient);
  const tables = mockClient(DynamoDBDocumentClient);
  const before = process.env;
  let s3: Awaited<ReturnType<typeof startS3>>;
  let handler: typeof import('../../lambda/contingency/restore-validation.lambda').handler;
  let told: string[];

  beforeAll(async () => {
    s3 = await startS3();
    const clients = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
      AWS_ENDPOINT_URL_S3: s3.url(),
    };
    process.env = { ...before, ...environment, ...clients, FUNCTION: 'restore-validation' };
    ({ handler } = await import('../../lambda/contingency/restore-validation.lambda'));
  });
  afterAll(async () => {
    process.env = before;
    await s3.stop();
  });
  beforeEach(() => {
    backup.reset();
    tables.reset();
    tables.onAnyCommand().resolves({});
    told = [];
    jest.spyOn(process.stdout, 'write').mockImplementation((line) => told.push(String(line)) > 0);
    backup.on(PutRestoreValidationResultCommand).resolves({});
    backup.on(DescribeRestoreJobCommand).resolves({
      Status: 'COMPLETED',
      SourceResourceArn: `arn:aws:s3:::${documents}`,
      CreatedResourceArn: `arn:aws:s3:::${restored}`,
      RecoveryPointCreationDate: new Date('2026-01-04T05:00:00.000Z'),
      CreatedBy: { RestoreTestingPlanArn: 'arn:aws:backup:us-east-1:123456789012:restore-testing-plan:ward' },
    });
  });
  afterEach(() => jest.restoreAllMocks());

  const put = (Bucket: string, Body: string) => s3.client.send(new PutObjectCommand({ Bucket, Key: name, Body }));
  const reported = () =>
    backup
      .commandCalls(PutRestoreValidationResultCommand)
      .map(({ args: [{ input }] }) => [input.RestoreJobId, input.ValidationStatus, input.ValidationStatusMessage]);

  test.each([
    ['as it was', 'a letter of Ada Canary', 'SUCCESSFUL', 'documents, looked 1, same 1, live 1', 'valid', 0],
    ['changed', 'a letter of Ben Canary', 'FAILED', 'documents, looked 1, changed 1, live 1', 'invalid', 1],
  ])(
    'what came back %s is told to AWS Backup, to the log and as a metric, without its name or content',
    async (_, body, status, message, reason, failures) => {
      await put(documents, 'a letter of Ada Canary');
      await put(restored, body);
      await expect(handler(finished('job'))).resolves.toEqual({ valid: failures === 0 });
      expect(reported()).toEqual([['job', status, message]]);
      const events = JSON.stringify(tables.calls().map(({ args }) => args[0].input));
      expect(events).toContain('restore.validate');
      expect(events).toContain(`${reason}:documents`);
      expect(told.join()).toContain(`"RestoreValidationFailures":${failures}`);
      for (const text of [events, told.join(), JSON.stringify(reported())]) expect(text).not.toMatch(/Canary|letters/);
    },
  );

  test('a bucket that is not of this stage is neither looked at nor vouched for', async () => {
    backup.on(DescribeRestoreJobCommand).resolves({
      Status: 'COMPLETED',
      SourceResourceArn: 'arn:aws:s3:::ward-other-documents',
      CreatedResourceArn: `arn:aws:s3:::${restored}`,
      RecoveryPointCreationDate: new Date(),
      CreatedBy: { RestoreTestingPlanArn: 'arn:aws:backup:us-east-1:123456789012:restore-testing-plan:ward' },
    });
    s3.recorder.asked.length = 0;
    await expect(handler(finished('job'))).rejects.toThrow('not of this stage');
    expect([reported(), s3.recorder.asked]).toEqual([[], []]);
    expect(told.join()).toContain('"RestoreValidationFailures":1');
  });

  test.each([
    [[], [], 3],
    [['records', 'keys'], [], 1],
    [['records'], [documents], 1],
    [['records', 'keys'], [documents], 0],
  ])(
    'tables %j and buckets %j of which a restore was valid of late leave %d that were not',
    async (valid, buckets, missing) => {
      const job = (SourceResourceArn: string) => ({ SourceResourceArn, ValidationStatus: 'SUCCESSFUL' as const });
      const tableArn = (table: string) => `arn:aws:dynamodb:us-east-1:123456789012:table/${table}`;
      backup
        .on(ListRestoreJobsCommand, { ByResourceType: 'DynamoDB' })
        .resolves({ RestoreJobs: valid.map((table) => job(tableArn(table))) })
        .on(ListRestoreJobsCommand, { ByResourceType: 'S3' })
        .resolves({ RestoreJobs: buckets.map((bucket) => job(`arn:aws:s3:::${bucket}`)) });
      await expect(handler({})).resolves.toEqual({ unvalidated: missing });
      expect(told.join()).toContain(`"UnvalidatedStores":${missing}`);
    },
  );
});
