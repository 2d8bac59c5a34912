import { randomUUID } from 'node:crypto';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  CognitoIdentityProviderClient,
} from '@aws-sdk/client-cognito-identity-provider';
import { TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Secret, TOTP } from 'otpauth';
import { signIn, type Tokens } from '../../bin/cognito-sign-in';
import { registerActor } from '../../lambda/access/actors';
import { governanceKeys } from '../../lambda/access/governance';
import type { Role } from '../../lambda/authentication/actor';
import { Person, type Ward, ward } from './ward';

/** Somebody of a test's own, freshly signed in, whom no other test contains or counts. */
export class Newcomer extends Person {
  constructor(
    cloud: Ward,
    readonly sub: string,
    readonly tokens: Tokens,
  ) {
    super(cloud.cloud.urls.api, async () => `Bearer ${tokens.accessToken}`);
  }

  /** `origin_jti` of the sign-in */
  get session(): string {
    return String(claimsOf(this.tokens.accessToken)['origin_jti']);
  }
}

export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

/** @returns a new person with a role, by the hand of the account's root: no route makes one without a second person */
export async function newcomer(role: Role, cloud: Ward = ward()): Promise<Newcomer> {
  const { region, credentials, urls } = cloud.cloud;
  const cognito = new CognitoIdentityProviderClient({ region, credentials, endpoint: urls.cognito });
  const poolId = cloud.output('UserPoolId');
  const email = `${randomUUID()}@test.ward.example`;
  const password = `${randomUUID()}aA1!`;
  const { User } = await cognito.send(
    new AdminCreateUserCommand({
      UserPoolId: poolId,
      Username: email,
      MessageAction: 'SUPPRESS',
      UserAttributes: [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ],
    }),
  );
  const sub = User?.Attributes?.find(({ Name }) => Name === 'sub')?.Value ?? '';
  await cognito.send(
    new AdminSetUserPasswordCommand({ UserPoolId: poolId, Username: email, Password: password, Permanent: true }),
  );
  const TransactItems = registerActor(cloud.output('GovernanceTable'), {
    sub,
    role,
    status: 'active',
    createdBy: 'test',
    createdAt: new Date().toISOString(),
    version: 1,
  });
  await cloud.documents().send(new TransactWriteCommand({ TransactItems }));
  let secret = '';
  const tokens = await signIn({
    client: cognito,
    poolId,
    clientId: cloud.output('ClientId'),
    username: email,
    password,
    totp: async (enrolment) => {
      secret = enrolment?.secret ?? secret;
      return new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    },
  });
  return new Newcomer(cloud, sub, tokens);
}

/** Makes somebody's last request so long ago. */
export async function idleFor(person: Newcomer, seconds: number, cloud: Ward = ward()): Promise<void> {
  await cloud.documents().send(
    new UpdateCommand({
      TableName: cloud.output('GovernanceTable'),
      Key: governanceKeys.session(person.session),
      UpdateExpression: 'SET lastSeenAt = :at',
      ConditionExpression: 'attribute_exists(PK)',
      ExpressionAttributeValues: { ':at': new Date(Date.now() - seconds * 1000).toISOString() },
    }),
  );
}

/** What suspension writes, without its route. */
export async function suspend(sub: string, cloud: Ward = ward()): Promise<void> {
  await cloud.documents().send(
    new UpdateCommand({
      TableName: cloud.output('GovernanceTable'),
      Key: governanceKeys.actor(sub),
      UpdateExpression: 'SET #status = :suspended ADD #version :one',
      ConditionExpression: 'attribute_exists(PK)',
      ExpressionAttributeNames: { '#status': 'status', '#version': 'version' },
      ExpressionAttributeValues: { ':suspended': 'suspended', ':one': 1 },
    }),
  );
}

/** Suspends somebody until tomorrow. */
export async function sendOnLeave({ sub }: Newcomer, cloud: Ward = ward()): Promise<void> {
  const expires_at = new Date(Date.now() + 86_400_000).toISOString();
  const { body } = await cloud.as('admin').post(`/v1/users/${sub}/suspension`, { reason: 'leave', expires_at });
  if (body.suspension_expires_at !== expires_at) throw new Error('the suspension has no end');
}

/** @throws Error where somebody's suspension ends by itself, or they are not suspended at all */
export async function mustStaySuspended({ sub }: Newcomer, cloud: Ward = ward()): Promise<void> {
  const { status, suspension_expires_at: until } = (await cloud.as('admin').get(`/v1/users/${sub}`)).body;
  if (status !== 'suspended' || until !== undefined) throw new Error(`the person is ${status} until ${until}`);
}
