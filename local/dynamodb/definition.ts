import type { TableDescription } from 'dynalite/db';
import { z } from 'zod';
import { validate } from './engine';

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

/** The properties of an AWS::DynamoDB::GlobalTable (or Table), references resolved, as far as the laptop acts on them. */
const properties = z.object({
  TableName: z.string(),
  KeySchema: keySchema,
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  GlobalSecondaryIndexes: z
    .array(
      z.object({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.object({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z.array(z.string()).optional(),
        }),
      }),
    )
    .optional(),
  LocalSecondaryIndexes: z.never({ error: 'local secondary indexes are not emulated' }).optional(),
  StreamSpecification: z
    .object({ StreamViewType: z.enum(['KEYS_ONLY', 'NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES']) })
    .optional(),
  TimeToLiveSpecification: z.object({ Enabled: z.boolean(), AttributeName: z.string().optional() }).optional(),
  SSESpecification: z.object({ SSEEnabled: z.boolean(), SSEType: z.string().optional() }).optional(),
  DeletionProtectionEnabled: z.boolean().optional(),
  PointInTimeRecoverySpecification: z.object({ PointInTimeRecoveryEnabled: z.boolean().optional() }).optional(),
  Replicas: z
    .array(
      z.object({
        Region: z.string(),
        DeletionProtectionEnabled: z.boolean().optional(),
        PointInTimeRecoverySpecification: z.object({ PointInTimeRecoveryEnabled: z.boolean().optional() }).optional(),
        SSESpecification: z.object({ KMSMasterKeyId: z.string() }).optional(),
      }),
    )
    .optional(),
});

/** What {@link parseDefinition} accepts: `Properties` of the template's table, with nothing left to resolve. */
export type TableDefinition = z.input<typeof properties>;

export type StreamView = 'KEYS_ONLY' | 'NEW_IMAGE' | 'OLD_IMAGE' | 'NEW_AND_OLD_IMAGES';

export interface Definition {
  readonly table: TableDescription;
  readonly stream: StreamView | undefined;
  /** the attribute that holds the time of expiry, in seconds since 1970 */
  readonly timeToLive: string | undefined;
  readonly deletionProtection: boolean;
  readonly pointInTimeRecovery: boolean;
  /** ARN or id of the customer's key; absent for a key that AWS owns */
  readonly key: string | undefined;
}

/**
 * Reads a table's properties as CloudFormation would take them.
 *
 * @throws Error that names the table and what is wrong with it
 */
export function parseDefinition(input: TableDefinition, region: string): Definition {
  const parsed = properties.safeParse(input);
  const name = typeof input?.TableName === 'string' ? input.TableName : 'without a name';
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'properties'}: ${issue.message}`);
    throw new Error(`table ${name}: ${problems.join('; ')}`);
  }
  const { data } = parsed;
  const replica = data.Replicas?.find((candidate) => candidate.Region === region) ?? data.Replicas?.[0];
  const table: TableDescription = {
    TableName: data.TableName,
    KeySchema: data.KeySchema,
    AttributeDefinitions: data.AttributeDefinitions,
    GlobalSecondaryIndexes: data.GlobalSecondaryIndexes?.length ? data.GlobalSecondaryIndexes : undefined,
  };
  try {
    validate('CreateTable', { ...structuredClone(table), BillingMode: 'PAY_PER_REQUEST' });
  } catch (error) {
    throw new Error(`table ${name}: ${error instanceof Error ? error.message : 'invalid'}`, { cause: error });
  }
  const ttl = data.TimeToLiveSpecification;
  const recovery = replica?.PointInTimeRecoverySpecification ?? data.PointInTimeRecoverySpecification;
  return {
    table,
    stream: data.StreamSpecification?.StreamViewType,
    timeToLive: ttl?.Enabled ? ttl.AttributeName : undefined,
    deletionProtection: replica?.DeletionProtectionEnabled ?? data.DeletionProtectionEnabled ?? false,
    pointInTimeRecovery: recovery?.PointInTimeRecoveryEnabled ?? false,
    key: data.SSESpecification?.SSEEnabled ? replica?.SSESpecification?.KMSMasterKeyId : undefined,
  };
}
