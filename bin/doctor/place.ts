import { BackupClient } from '@aws-sdk/client-backup';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SESv2Client } from '@aws-sdk/client-sesv2';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { demandOutputs, readLaptopCloud, readStageOutputs, type StageOutputs } from '../stage-outputs';
import { type Check, notOnTheLaptop } from './finding';
import { type DeployedStack, deployedStacks } from './stacks';

/** What AWS has and the laptop has not. */
export interface Deployed {
  readonly stacks: readonly DeployedStack[];
  readonly alarms: CloudWatchClient;
  readonly backup: BackupClient;
  readonly functions: LambdaClient;
  readonly mail: SESv2Client;
  readonly queues: SQSClient;
  readonly topics: SNSClient;
}

/** A stage to look at: its outputs, and clients with the operator's own credentials. */
export interface Place {
  readonly stage: string;
  readonly kind: 'development' | 'production';
  readonly organization: string;
  readonly outputs: StageOutputs;
  readonly now: Date;
  readonly keys: KMSClient;
  readonly objects: S3Client;
  readonly tables: DynamoDBClient;
  readonly documents: DynamoDBDocumentClient;
  readonly people: CognitoIdentityProviderClient;
  readonly logs: CloudWatchLogsClient;
  /** absent on the laptop */
  readonly deployed?: Deployed;
}

export type DeployedPlace = Place & Required<Pick<Place, 'deployed'>>;

/** A look at what the laptop has not. @param absent what is said of it there */
export const ofDeployed = (
  absent: readonly string[],
  check: Omit<Check<Place>, 'look'> & Pick<Check<DeployedPlace>, 'look'>,
): Check<Place> => ({
  ...check,
  look: async (place) => (isDeployed(place) ? check.look(place) : absent.map(notOnTheLaptop)),
});
const isDeployed = (place: Place): place is DeployedPlace => place.deployed !== undefined;

const needed = z.object({
  Stage: z.string(),
  Kind: z.enum(['development', 'production']),
  Organization: z.string(),
  Region: z.string(),
});

/**
 * The laptop cloud as its root, or with `outputs` a deployed stage with whatever credentials the AWS SDK finds.
 * @throws Error in one sentence when the outputs are not those of a Ward, or its stacks cannot be listed
 */
export async function openPlace(where: { readonly outputs?: string; readonly data: string }): Promise<Place> {
  const laptop = where.outputs === undefined ? readLaptopCloud(where.data) : undefined;
  const outputs = laptop?.outputs ?? readStageOutputs(where.outputs ?? '');
  const { Stage: stage, Kind: kind, Organization: organization, Region: region } = demandOutputs(outputs, needed);
  const at = (endpoint?: string) => ({ region, ...(laptop && { endpoint, credentials: laptop.credentials }) });
  const tables = new DynamoDBClient(at(laptop?.urls.dynamodb));
  return {
    stage,
    kind,
    organization,
    outputs,
    now: new Date(),
    keys: new KMSClient(at(laptop?.urls.kms)),
    objects: new S3Client({ ...at(laptop?.urls.s3), ...(laptop && { forcePathStyle: true }) }),
    tables,
    documents: DynamoDBDocumentClient.from(tables),
    people: new CognitoIdentityProviderClient(at(laptop?.urls.cognito)),
    logs: new CloudWatchLogsClient(at(laptop?.urls.logs)),
    ...(!laptop && { deployed: await openDeployed(region, stage) }),
  };
}

async function openDeployed(region: string, stage: string): Promise<Deployed> {
  return {
    stacks: await deployedStacks(new CloudFormationClient({ region }), stage),
    alarms: new CloudWatchClient({ region }),
    backup: new BackupClient({ region }),
    functions: new LambdaClient({ region }),
    mail: new SESv2Client({ region }),
    queues: new SQSClient({ region }),
    topics: new SNSClient({ region }),
  };
}

/** @throws Error naming the output that the file lacks */
export function output({ outputs }: Place, name: string): string {
  const value = outputs[name];
  if (value === undefined || value === '') throw new Error(`the outputs name no ${name}`);
  return value;
}
