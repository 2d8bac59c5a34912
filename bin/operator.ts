import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Outbox } from '../lambda/audit/outbox';

const stackOutputs = z.record(z.string(), z.record(z.string(), z.string()));
const needed = z.object({
  UserPoolId: z.string(),
  GovernanceTable: z.string(),
  AuditTable: z.string(),
  Organization: z.string(),
  Stage: z.string(),
  Region: z.string(),
});
const cloudFile = z.object({
  outputs: stackOutputs,
  urls: z.object({ cognito: z.string(), dynamodb: z.string() }),
  credentials: z.object({ accessKeyId: z.string(), secretAccessKey: z.string(), sessionToken: z.string() }),
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
  const laptop = where.outputs ? undefined : cloudFile.parse(read(join(where.data, 'cloud.json')));
  const stacks = laptop?.outputs ?? stackOutputs.parse(read(where.outputs ?? ''));
  const outputs = needed.safeParse(Object.assign({}, ...Object.values(stacks)));
  if (!outputs.success)
    throw new Error(`the outputs name no Ward; they must hold ${Object.keys(needed.shape).join(', ')}`);
  const { UserPoolId, GovernanceTable, AuditTable, Organization, Stage, Region } = outputs.data;
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

function read(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`there is no ${file}: start Ward, or name a deployed stack with --outputs`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
}
