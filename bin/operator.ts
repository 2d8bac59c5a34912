import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Outbox } from '../lambda/audit/outbox';
import { demandOutputs, readLaptopCloud, readStageOutputs } from './stage-outputs';

const needed = z.object({
  UserPoolId: z.string(),
  GovernanceTable: z.string(),
  AuditTable: z.string(),
  Organization: z.string(),
  Stage: z.string(),
  Region: z.string(),
});

/** Ward from behind: with the operator's own credentials, for what comes before the API or when the API is the problem. */
export interface Operator {
  readonly organization: string;
  readonly userPoolId: string;
  readonly governanceTable: string;
  readonly cognito: CognitoIdentityProviderClient;
  readonly documents: DynamoDBDocumentClient;
  /** a lane of this process alone in the audit log, under the name of what the operator does */
  readonly outbox: Outbox;
}

/**
 * The laptop cloud's root, or with `outputs` a deployed stack and whatever credentials the AWS SDK finds.
 * @param act what the operator does, as the lane's registration names it
 * @throws Error in one sentence
 */
export function operate(where: { readonly outputs?: string; readonly data: string }, act: string): Operator {
  const laptop = where.outputs === undefined ? readLaptopCloud(where.data) : undefined;
  const outputs = laptop?.outputs ?? readStageOutputs(where.outputs ?? '');
  const { UserPoolId, GovernanceTable, AuditTable, Organization, Stage, Region } = demandOutputs(outputs, needed);
  const client = (endpoint: 'cognito' | 'dynamodb') => ({
    region: Region,
    ...(laptop && { endpoint: laptop.urls[endpoint], credentials: laptop.credentials }),
  });
  const documents = DynamoDBDocumentClient.from(new DynamoDBClient(client('dynamodb')), {
    marshallOptions: { removeUndefinedValues: true },
  });
  return {
    organization: Organization,
    userPoolId: UserPoolId,
    governanceTable: GovernanceTable,
    cognito: new CognitoIdentityProviderClient(client('cognito')),
    documents,
    outbox: new Outbox({
      documents,
      table: AuditTable,
      origin: `ward/${Organization}/${Stage}`,
      functionName: act,
      clock: () => new Date(),
    }),
  };
}
