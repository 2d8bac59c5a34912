import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  GetResourcePolicyCommand,
  PolicyNotFoundException,
} from '@aws-sdk/client-dynamodb';
import { allOf, type Check, type Finding } from './finding';
import { output, type Place } from './place';

export interface TableFacts {
  /** of the output that names it, such as `RecordsTable` */
  readonly name: string;
  readonly deletionProtected: boolean;
  readonly pointInTimeRecovery: boolean;
  /** ARN of the key; absent for one that AWS owns */
  readonly key?: string;
  /** attribute by which items end; absent where none do */
  readonly expiresBy?: string;
  /** what its stream has of an item; absent without a stream */
  readonly stream?: string;
  /** whether it has a policy of its own; absent on the laptop, which does not tell */
  readonly resourcePolicy?: boolean;
}
interface TableShape {
  readonly expires?: true;
  readonly stream?: string;
  readonly resourcePolicy?: true;
}

/** As lib/data-stack.ts makes them, by their outputs. What a restored table is without, this finds. */
export const tableShapes: Readonly<Record<string, TableShape>> = {
  RecordsTable: { expires: true },
  KeysTable: {},
  GovernanceTable: { expires: true },
  AuditTable: { expires: true, stream: 'NEW_IMAGE', resourcePolicy: true },
  AuditIndexTable: { expires: true },
  AuditLogTable: { expires: true },
};

/** 45 CFR 164.308(a)(7)(ii)(A): exact copies can be had of every second, and a table does not go by mistake. */
export const tables: Check<Place> = {
  name: 'Tables',
  rule: '45 CFR 164.308(a)(7)(ii)(A), 164.312(a)(2)(iv)',
  look: async (place) =>
    judgeTables(await Promise.all(Object.keys(tableShapes).map((name) => describe(place, name, output(place, name))))),
};

export function judgeTables(facts: readonly TableFacts[]): readonly Finding[] {
  const again = 'deploy the stage again, and find in CloudTrail who changed it';
  const lost =
    'docs/contingency.md, "A table that is gone": a restored table comes without it, and no deployment sees that';
  return allOf(facts, {
    subject: 'tables',
    nameOf: ({ name }) => name,
    well: 'restorable to any second, protected from deletion, under a customer-managed key',
    faultsOf: ({ name, pointInTimeRecovery, deletionProtected, key, expiresBy, stream, resourcePolicy }) => [
      ...(pointInTimeRecovery ? [] : [['has no point-in-time recovery', again] as const]),
      ...(deletionProtected ? [] : [['can be deleted', again] as const]),
      ...(key === undefined ? [['is under a key of AWS', again] as const] : []),
      ...(expiresBy === (tableShapes[name]?.expires && 'ttl')
        ? []
        : [[expiresBy === undefined ? 'items do not expire' : `items end by ${expiresBy}`, lost] as const]),
      ...(stream === tableShapes[name]?.stream
        ? []
        : [[stream === undefined ? 'has no stream' : `has a stream of ${stream}`, lost] as const]),
      ...(tableShapes[name]?.resourcePolicy && resourcePolicy === false
        ? [['has no policy: whoever IAM allows can change its events', lost] as const]
        : []),
    ],
  });
}

async function describe({ tables: client, deployed }: Place, name: string, TableName: string): Promise<TableFacts> {
  const [{ Table }, { ContinuousBackupsDescription: backups }, { TimeToLiveDescription: expiry }] = await Promise.all([
    client.send(new DescribeTableCommand({ TableName })),
    client.send(new DescribeContinuousBackupsCommand({ TableName })),
    client.send(new DescribeTimeToLiveCommand({ TableName })),
  ]);
  const key = Table?.SSEDescription?.SSEType === 'KMS' ? Table.SSEDescription.KMSMasterKeyArn : undefined;
  const expires = ['ENABLED', 'ENABLING'].includes(expiry?.TimeToLiveStatus ?? '');
  const stream = Table?.StreamSpecification?.StreamEnabled ? Table.StreamSpecification.StreamViewType : undefined;
  return {
    name,
    deletionProtected: Table?.DeletionProtectionEnabled === true,
    pointInTimeRecovery: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED',
    ...(key !== undefined && { key }),
    ...(expires && { expiresBy: expiry?.AttributeName ?? '' }),
    ...(stream !== undefined && { stream }),
    ...(deployed && { resourcePolicy: await hasPolicy(client, Table?.TableArn) }),
  };
}

async function hasPolicy(client: DynamoDBClient, ResourceArn: string | undefined): Promise<boolean> {
  try {
    const { Policy } = await client.send(new GetResourcePolicyCommand({ ResourceArn }));
    return Policy !== undefined && Policy !== '';
  } catch (error) {
    if (error instanceof PolicyNotFoundException) return false;
    throw error;
  }
}
