import { Key } from 'aws-cdk-lib/aws-kms';
import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { PredecessorEnvironment } from '../lambda/environment';
import type { Config } from './config';
import { type RecoveryNames, recoveryNames } from './recovery-names';

/** names the audit log of a stage in every event */
export const logOrigin = ({ organization, stage }: Pick<Config, 'organization' | 'stage'>): string =>
  `ward/${organization}/${stage}`;

/** @returns what the stage that this one succeeds keeps in this Region; undefined where it succeeds none */
export const predecessorNames = ({ predecessor }: Config): RecoveryNames | undefined =>
  predecessor && recoveryNames(predecessor);

/** @returns the replica of the archive of the stage that this one succeeds, which nobody here can write */
export function predecessorArchive(scope: Construct, config: Config): IBucket | undefined {
  const names = predecessorNames(config);
  return (
    names &&
    Bucket.fromBucketAttributes(scope, 'Predecessor', {
      bucketName: names.archive.bucket,
      // Made by another stage: its id is not known here. Its own policy says who uses it.
      encryptionKey: Key.fromKeyArn(scope, 'PredecessorKey', `arn:aws:kms:${names.region}:${names.account}:key/*`),
    })
  );
}

/** @returns what functions are told of the log of the stage that theirs succeeds; nothing where it succeeds none */
export function predecessorVariables(config: Config): Partial<PredecessorEnvironment> {
  const { predecessor, succeeds } = config;
  const names = predecessorNames(config);
  if (!predecessor || !succeeds || !names) return {};
  return {
    PREDECESSOR_ARCHIVE: names.archive.bucket,
    PREDECESSOR_ORIGIN: logOrigin(predecessor),
    PREDECESSOR_FINGERPRINT: succeeds.fingerprint,
  };
}
