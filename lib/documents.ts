import { RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { BlockPublicAccess, Bucket, BucketEncryption, type BucketProps, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledgements';
import { storeKey } from './encryption';

/** A bucket as Ward keeps them all: own key, every version kept, Object Lock, TLS alone (AWS takes 1.2 at least), never public. */
export function wardBucket(
  scope: Construct,
  id: string,
  key: IKey,
  props: Pick<BucketProps, 'bucketName' | 'objectLockDefaultRetention'> = {},
): Bucket {
  const bucket = new Bucket(scope, id, {
    ...props,
    encryption: BucketEncryption.KMS,
    encryptionKey: key,
    bucketKeyEnabled: true,
    versioned: true,
    objectLockEnabled: true,
    enforceSSL: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.RETAIN,
  });
  const logging =
    'Server access logs come late, may be lost and cannot be written under a customer-managed key. Who touched an object ' +
    'is in the data events of the trail, which is locked itself';
  acknowledge(bucket, {
    'AwsSolutions-S1': logging,
    'HIPAA.Security-S3BucketLoggingEnabled': logging,
    'HIPAA.Security-S3BucketReplicationEnabled':
      'Every version is kept and locked, so replication is no protection against overwriting; a copy in a second account ' +
      "is the operator's choice: docs/deploy.md",
  });
  return bucket;
}

/** Dossiers, notices, agreements and exports. Each object that must be kept is locked when it is put: terms differ by kind. */
export class Documents extends Construct {
  readonly bucket: Bucket;
  readonly key: IKey;

  constructor(scope: Construct, id: string, props: { readonly stage: string }) {
    super(scope, id);
    this.key = storeKey(this, 'Key', 's3', `Ward ${props.stage}: documents`);
    this.bucket = wardBucket(this, 'Bucket', this.key);
  }
}
