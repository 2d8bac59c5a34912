import { z } from 'zod';

const flag = z.union([z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')]);
const retentionMode = z.enum(['COMPLIANCE', 'GOVERNANCE']);
const retentionDays = z.coerce.number().int().min(1).max(36_500);
const retentionYears = z.coerce.number().int().min(1).max(100);

/** The part of a resolved `AWS::S3::Bucket` that is emulated; public access and policies belong to the evaluator. */
const propertiesSchema = z.object({
  VersioningConfiguration: z.object({ Status: z.enum(['Enabled', 'Suspended']) }).optional(),
  ObjectLockEnabled: flag.default(false),
  ObjectLockConfiguration: z
    .object({
      ObjectLockEnabled: z.literal('Enabled').optional(),
      Rule: z
        .object({
          DefaultRetention: z
            .object({ Mode: retentionMode, Days: retentionDays.optional(), Years: retentionYears.optional() })
            .transform(({ Mode, Days, Years }) => ({ mode: Mode, days: Days, years: Years }))
            .refine(({ days, years }) => (days === undefined) !== (years === undefined), 'either Days or Years'),
        })
        .optional(),
    })
    .optional(),
  BucketEncryption: z
    .object({
      ServerSideEncryptionConfiguration: z
        .array(
          z.object({
            BucketKeyEnabled: flag.default(false),
            ServerSideEncryptionByDefault: z.object({
              SSEAlgorithm: z.enum(['AES256', 'aws:kms']),
              KMSMasterKeyID: z.string().optional(),
            }),
          }),
        )
        .length(1),
    })
    .optional(),
});

export const bucketSchema = z.object({
  name: z.string(),
  createdAt: z.number(),
  versioning: z.enum(['Enabled', 'Suspended']).optional(),
  objectLock: z.boolean(),
  defaultRetention: z
    .object({ mode: retentionMode, days: z.number().optional(), years: z.number().optional() })
    .optional(),
  encryption: z.object({
    algorithm: z.enum(['AES256', 'aws:kms']),
    /** as the template writes it: a key id or ARN */
    keyId: z.string().optional(),
    bucketKey: z.boolean(),
  }),
});

/** Settings of a bucket; `createdAt` is in epoch milliseconds. */
export type Bucket = Readonly<z.infer<typeof bucketSchema>>;

/**
 * @param stored the bucket as it is, on a later start
 * @throws Error when the name or properties are not valid, or would take away Object Lock, which AWS does not allow
 */
export function bucketFrom(name: string, properties: unknown, stored: Bucket | undefined, now: number): Bucket {
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(name))
    throw new Error('an emulated bucket name is 3 to 63 lower-case letters, digits and hyphens');
  const declared = propertiesSchema.parse(properties);
  const objectLock = declared.ObjectLockEnabled;
  if (declared.ObjectLockConfiguration && !objectLock)
    throw new Error(`bucket ${name}: ObjectLockConfiguration needs ObjectLockEnabled`);
  if (stored?.objectLock && !objectLock) throw new Error(`bucket ${name}: Object Lock cannot be taken away`);
  const versioning = declared.VersioningConfiguration?.Status ?? (stored?.versioning && 'Suspended');
  if (objectLock && declared.VersioningConfiguration?.Status === 'Suspended')
    throw new Error(`bucket ${name}: Object Lock needs versioning`);
  const [rule] = declared.BucketEncryption?.ServerSideEncryptionConfiguration ?? [];
  return {
    name,
    createdAt: stored?.createdAt ?? now,
    versioning: objectLock ? 'Enabled' : versioning,
    objectLock,
    defaultRetention: declared.ObjectLockConfiguration?.Rule?.DefaultRetention,
    encryption: {
      algorithm: rule?.ServerSideEncryptionByDefault.SSEAlgorithm ?? 'AES256',
      keyId: rule?.ServerSideEncryptionByDefault.KMSMasterKeyID,
      bucketKey: rule?.BucketKeyEnabled ?? false,
    },
  };
}
