import { about, at, list, names, type OwnRule, statementsOf, wrong } from './rule';
import type { TemplateResource } from './template';

const policyOf = (bucket: string, stack: readonly TemplateResource[]): readonly unknown[] =>
  stack
    .filter(({ type, properties }) => type === 'AWS::S3::BucketPolicy' && names(properties['Bucket'], bucket))
    .flatMap(({ properties }) => statementsOf(properties['PolicyDocument']));

const deniesPlainHttp = (statement: unknown): boolean =>
  at(statement, 'Effect') === 'Deny' &&
  list(at(statement, 'Action')).includes('s3:*') &&
  String(at(statement, 'Condition', 'Bool', 'aws:SecureTransport')) === 'false';

export const bucketRules: readonly OwnRule[] = [
  {
    id: 'bucket-private',
    description:
      'A bucket is encrypted under a key of ours, versioned, asked by TLS alone, and public to nobody - 45 CFR 164.312(a)(1)',
    fix: 'Make it with wardBucket of lib/documents.ts',
    violates: about('AWS::S3::Bucket', (properties, { id }, { stack }) => {
      const open = wrong(properties, {
        'PublicAccessBlockConfiguration.BlockPublicAcls': true,
        'PublicAccessBlockConfiguration.BlockPublicPolicy': true,
        'PublicAccessBlockConfiguration.IgnorePublicAcls': true,
        'PublicAccessBlockConfiguration.RestrictPublicBuckets': true,
      });
      if (open !== undefined) return open;
      const [rule] = list(at(properties, 'BucketEncryption', 'ServerSideEncryptionConfiguration'));
      if (at(rule, 'ServerSideEncryptionByDefault', 'SSEAlgorithm') !== 'aws:kms') return 'BucketEncryption';
      if (at(rule, 'ServerSideEncryptionByDefault', 'KMSMasterKeyID') === undefined) return 'BucketEncryption';
      if (at(properties, 'VersioningConfiguration', 'Status') !== 'Enabled') return 'VersioningConfiguration';
      return policyOf(id, stack).some(deniesPlainHttp) ? undefined : 'BucketPolicy';
    }),
  },
  {
    id: 'evidence-locked',
    description:
      'A bucket that keeps can be locked, and that of the log or the trail locks what comes - 45 CFR 164.312(c)(1), 164.316(b)(2)(i)',
    fix: 'Make it with wardBucket of lib/documents.ts, with a default retention for evidence',
    violates: about('AWS::S3::Bucket', (properties, { id }, { stack }) => {
      const expires = list(at(properties, 'LifecycleConfiguration', 'Rules')).some(
        (rule) => at(rule, 'ExpirationInDays') !== undefined,
      );
      if (expires) return undefined;
      if (properties['ObjectLockEnabled'] !== true) return 'ObjectLockEnabled';
      const evidence =
        policyOf(id, stack).some((statement) => at(statement, 'Sid') === 'OnlyNewNames') ||
        stack.some(
          ({ type, properties: trail }) => type === 'AWS::CloudTrail::Trail' && names(trail['S3BucketName'], id),
        );
      const retention = at(properties, 'ObjectLockConfiguration', 'Rule', 'DefaultRetention');
      return evidence && (at(retention, 'Mode') === undefined || at(retention, 'Days') === undefined)
        ? 'ObjectLockConfiguration'
        : undefined;
    }),
  },
];
