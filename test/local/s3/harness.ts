import { S3Client } from '@aws-sdk/client-s3';
import { S3 } from '../../../local/s3/s3';
import { ACCOUNT, credentials, REGION, Recorder, serve, temporaryDirectory } from '../service-server';

export const KEY_ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/archive-key`;

const kms = (bucketKey: boolean) => ({
  ServerSideEncryptionConfiguration: [
    {
      BucketKeyEnabled: bucketKey,
      ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: KEY_ARN },
    },
  ],
});
const retention = (Mode: string, Days: number) => ({
  ObjectLockEnabled: true,
  ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', Rule: { DefaultRetention: { Mode, Days } } },
});

export const BUCKETS: Readonly<Record<string, object>> = {
  plain: {},
  versioned: { VersioningConfiguration: { Status: 'Enabled' } },
  lockable: { ObjectLockEnabled: true },
  archive: retention('COMPLIANCE', 2192),
  develop: retention('GOVERNANCE', 1),
  sealed: { BucketEncryption: kms(false) },
  'sealed-by-bucket-key': { BucketEncryption: kms(true) },
  /** named as AWS Backup names what it restores for a test */
  'awsbackup-restore-test-1': { VersioningConfiguration: { Status: 'Enabled' }, BucketEncryption: kms(true) },
};

/** S3 with a bucket of each kind behind a real client; the clock stands still until it is moved. */
export async function startS3() {
  const directory = temporaryDirectory();
  const recorder = new Recorder();
  const clock = { now: Date.UTC(2026, 0, 1) };
  const construct = () => {
    const options = { directory: directory.path, region: REGION, account: ACCOUNT, clock: () => clock.now };
    const s3 = new S3({ ...options, authorize: recorder.authorize });
    for (const [name, properties] of Object.entries(BUCKETS)) s3.ensureBucket(name, properties);
    return s3;
  };
  let server = await serve(construct());
  const connect = () =>
    new S3Client({ endpoint: server.url, region: REGION, credentials, forcePathStyle: true, maxAttempts: 1 });
  const started = {
    client: connect(),
    recorder,
    clock,
    directory: directory.path,
    url: () => server.url,
    /** a new S3 over the same files */
    restart: async () => {
      started.client.destroy();
      await server.close();
      server = await serve(construct());
      started.client = connect();
    },
    stop: async () => {
      started.client.destroy();
      await server.close();
      directory.remove();
    },
  };
  return started;
}
