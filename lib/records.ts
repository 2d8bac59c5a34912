import { RemovalPolicy } from 'aws-cdk-lib';
import {
  AttributeType,
  type StreamViewType,
  TableEncryptionV2,
  type TablePropsV2,
  TableV2,
} from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { storeKey } from './encryption';

export interface WardTableProps {
  readonly stage: string;
  /** what the table holds, for who looks at its key */
  readonly holds: string;
  /** items carry `ttl`, seconds since 1970, after which DynamoDB removes them */
  readonly expires?: boolean;
  readonly stream?: StreamViewType;
  readonly resourcePolicy?: TablePropsV2['resourcePolicy'];
}

/** A table as Ward keeps them all: on demand, under a key of its own, restorable to any second, not to be deleted. */
export class WardTable extends TableV2 {
  readonly key: IKey;

  constructor(scope: Construct, id: string, props: WardTableProps) {
    const key = storeKey(scope, `${id}Key`, 'dynamodb', `Ward ${props.stage}: ${props.holds}`);
    super(scope, id, {
      partitionKey: { name: 'PK', type: AttributeType.STRING },
      sortKey: { name: 'SK', type: AttributeType.STRING },
      encryption: TableEncryptionV2.customerManagedKey(key),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true, recoveryPeriodInDays: 35 },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      ...(props.expires && { timeToLiveAttribute: 'ttl' }),
      ...(props.stream && { dynamoStream: props.stream }),
      ...(props.resourcePolicy && { resourcePolicy: props.resourcePolicy }),
    });
    this.key = key;
  }
}

/** The tables that hold PHI: sealed records with their lookups, and the wrapped keys that open them. */
export class Records extends Construct {
  readonly records: WardTable;
  /** a disposal is complete when the backups of this table have expired, which is after 35 days at most */
  readonly keys: WardTable;

  constructor(scope: Construct, id: string, props: { readonly stage: string }) {
    super(scope, id);
    this.records = new WardTable(this, 'Records', { stage: props.stage, holds: 'records and lookups', expires: true });
    this.keys = new WardTable(this, 'Keys', { stage: props.stage, holds: 'wrapped patient keys' });
  }
}
