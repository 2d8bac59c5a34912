import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  CognitoIdentityProviderClient,
  UsernameExistsException,
} from '@aws-sdk/client-cognito-identity-provider';
import { QueryCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { Released } from '../audit/release';
import { roles } from '../authentication/actor';
import { type ApiEnvironment, apiVariables, readEnvironment } from '../environment';
import type { Answer, Exchange } from '../http/chain';
import { documents, patience } from '../http/clients';
import { Runtime } from '../http/runtime';
import { Writes } from '../records/transaction';
import { registerActor } from './actors';
import { type ActorItem, governanceKeys, listedActor } from './governance';

const environment = readEnvironment<ApiEnvironment>(...apiVariables);
const runtime = new Runtime(environment);
const cognito = new CognitoIdentityProviderClient(patience);
const pool = { UserPoolId: environment.USER_POOL_ID };

const creation = z.strictObject({
  email: z.email('must be an e-mail address').max(254),
  role: z.enum(roles),
});
/** 45 CFR 164.308(a)(3): these roles can reach evidence or make accounts, so they are never one person's gift */
const rolesOfTwo: readonly ActorItem['role'][] = ['admin', 'compliance_officer', 'auditor'];

async function list(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const users: z.infer<typeof listedActor>[] = [];
  let ExclusiveStartKey: Record<string, unknown> | undefined;
  do {
    const page = await documents.send(
      new QueryCommand({
        TableName: environment.GOVERNANCE_TABLE,
        KeyConditionExpression: 'PK = :pk',
        ExpressionAttributeValues: { ':pk': governanceKeys.listed('').PK },
        ConsistentRead: true,
        ExclusiveStartKey,
      }),
    );
    users.push(...(page.Items ?? []).map((item) => listedActor.parse(item)));
    ExclusiveStartKey = page.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  const receipt = await runtime.outbox.record(permit.event({ status: 200 }));
  return { status: 200, body: Released.facts({ users }, receipt) };
}

/** Creates the account, invites the person by mail, and gives the role; without the last the account may do nothing. */
async function create(exchange: Exchange): Promise<Answer> {
  const permit = await runtime.guard.permit(exchange.access);
  const { email, role } = exchange.body(creation);
  if (rolesOfTwo.includes(role)) return runtime.refuse(permit, 'approval-required');
  let sub: string;
  try {
    const { User } = await cognito.send(
      new AdminCreateUserCommand({
        ...pool,
        Username: email,
        UserAttributes: [
          { Name: 'email', Value: email },
          { Name: 'email_verified', Value: 'true' },
        ],
        DesiredDeliveryMediums: ['EMAIL'],
      }),
    );
    sub = z.uuid().parse(User?.Attributes?.find(({ Name }) => Name === 'sub')?.Value);
  } catch (error) {
    if (error instanceof UsernameExistsException) return runtime.refuse(permit, 'account-exists');
    throw error;
  }
  const actor: ActorItem = {
    sub,
    role,
    status: 'active',
    createdBy: permit.actor.sub,
    createdAt: exchange.access.now.toISOString(),
    version: 1,
  };
  const writes = new Writes<'actor'>().add('actor', ...registerActor(environment.GOVERNANCE_TABLE, actor));
  const event = permit.event({ status: 201, resources: [{ id: sub, type: 'user', version: 1 }] });
  try {
    const receipt = await runtime.store(permit, event, writes, () => 'conflict');
    return { status: 201, body: Released.facts({ id: sub, role, status: actor.status }, receipt) };
  } catch (error) {
    // An account that nobody recorded does not stay.
    await cognito.send(new AdminDeleteUserCommand({ ...pool, Username: email })).catch(() => undefined);
    throw error;
  }
}

export const handler = runtime.serve({ 'user.list': list, 'user.create': create });
