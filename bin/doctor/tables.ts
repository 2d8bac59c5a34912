import { DescribeContinuousBackupsCommand, DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { allOf, type Check, type Finding } from './finding';
import { output, type Place } from './place';

export interface TableFacts {
  /** of the output that names it, such as `RecordsTable` */
  readonly name: string;
  readonly deletionProtected: boolean;
  readonly pointInTimeRecovery: boolean;
  /** ARN of the key; absent for one that AWS owns */
  readonly key?: string;
}

const tableOutputs = [
  'RecordsTable',
  'KeysTable',
  'GovernanceTable',
  'AuditTable',
  'AuditIndexTable',
  'AuditLogTable',
] as const;

/** 45 CFR 164.308(a)(7)(ii)(A): exact copies can be had of every second, and a table does not go by mistake. */
export const tables: Check<Place> = {
  name: 'Tables',
  rule: '45 CFR 164.308(a)(7)(ii)(A), 164.312(a)(2)(iv)',
  look: async (place) =>
    judgeTables(await Promise.all(tableOutputs.map((name) => describe(place.tables, name, output(place, name))))),
};

export function judgeTables(facts: readonly TableFacts[]): readonly Finding[] {
  const again = 'deploy the stage again, and find in CloudTrail who changed it';
  return allOf(facts, {
    subject: 'tables',
    nameOf: ({ name }) => name,
    well: 'restorable to any second, protected from deletion, under a customer-managed key',
    faultsOf: ({ pointInTimeRecovery, deletionProtected, key }) => [
      ...(pointInTimeRecovery ? [] : [['has no point-in-time recovery', again] as const]),
      ...(deletionProtected ? [] : [['can be deleted', again] as const]),
      ...(key === undefined ? [['is under a key of AWS', again] as const] : []),
    ],
  });
}

async function describe(client: DynamoDBClient, name: string, TableName: string): Promise<TableFacts> {
  const [{ Table }, { ContinuousBackupsDescription: backups }] = await Promise.all([
    client.send(new DescribeTableCommand({ TableName })),
    client.send(new DescribeContinuousBackupsCommand({ TableName })),
  ]);
  const key = Table?.SSEDescription?.SSEType === 'KMS' ? Table.SSEDescription.KMSMasterKeyArn : undefined;
  return {
    name,
    deletionProtected: Table?.DeletionProtectionEnabled === true,
    pointInTimeRecovery: backups?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus === 'ENABLED',
    ...(key !== undefined && { key }),
  };
}
