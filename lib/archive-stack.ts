import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { type Bucket, ObjectLockRetention } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { archiveRetentionDays, denyTampering, keyForever, writeOnce } from './audit';
import type { Config } from './config';
import { wardBucket } from './documents';
import { storeKey } from './encryption';

/** The sealed audit log. A stack of its own, so that it can be deployed first and to an account of its own. */
export class ArchiveStack extends Stack {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, { config, ...props }: StackProps & { readonly config: Config }) {
    const production = config.kind === 'production';
    super(scope, id, { ...props, terminationProtection: production });
    const key = storeKey(this, 'Key', 's3', `Ward ${config.stage}: audit archive`, production ? [keyForever()] : []);
    this.bucket = wardBucket(this, 'Bucket', key, {
      // Compliance mode cannot be undone, even by root: a development stage must be able to end.
      objectLockDefaultRetention: production
        ? ObjectLockRetention.compliance(Duration.days(archiveRetentionDays))
        : ObjectLockRetention.governance(Duration.days(1)),
    });
    writeOnce(this.bucket, config.stage);
    if (production) denyTampering(this.bucket);
    new CfnOutput(this, 'ArchiveBucket', { value: this.bucket.bucketName });
  }
}
