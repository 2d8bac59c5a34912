import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { AdminCreateUserCommand, CognitoIdentityProviderClient } from '@aws-sdk/client-cognito-identity-provider';
import { DescribeTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Secret, TOTP } from 'otpauth';
import { signIn, type Tokens } from '../../bin/cognito-sign-in';
import { output, readCloud } from './cloud';

const cloud = readCloud();
const { region } = cloud;
const me = (authorization?: string) =>
  fetch(`${output(cloud, 'ApiUrl')}v1/me`, { headers: authorization ? { authorization } : {} });

let tokens: Tokens;
beforeAll(async () => {
  const poolId = output(cloud, 'UserPoolId');
  const email = `${randomUUID()}@example.org`;
  const temporary = `Aa1!${randomUUID()}`;
  const operator = { region, endpoint: cloud.urls.cognito, credentials: cloud.credentials };
  await new CognitoIdentityProviderClient(operator).send(
    new AdminCreateUserCommand({
      UserPoolId: poolId,
      Username: email,
      TemporaryPassword: temporary,
      MessageAction: 'SUPPRESS',
      UserAttributes: [
        { Name: 'email', Value: email },
        { Name: 'email_verified', Value: 'true' },
      ],
    }),
  );
  let secret = '';
  tokens = await signIn({
    // An app holds no credentials of AWS.
    client: new CognitoIdentityProviderClient({
      region,
      endpoint: cloud.urls.cognito,
      credentials: { accessKeyId: '', secretAccessKey: '' },
      signer: { sign: async (request) => request },
    }),
    poolId,
    clientId: output(cloud, 'ClientId'),
    username: email,
    password: temporary,
    newPassword: async () => `Bb2!${randomUUID()}`,
    totp: async (enrolment) => {
      secret = enrolment?.secret ?? secret;
      return new TOTP({ secret: Secret.fromBase32(secret) }).generate();
    },
  });
});

test('cloud.json is for its owner alone', () => {
  expect(statSync(process.env['WARD_CLOUD'] ?? '').mode & 0o777).toBe(0o600);
});

test('the operator’s credentials reach the tables that the stacks name', async () => {
  const dynamodb = new DynamoDBClient({ region, endpoint: cloud.urls.dynamodb, credentials: cloud.credentials });
  const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName: output(cloud, 'RecordsTable') }));
  expect(Table?.TableStatus).toBe('ACTIVE');
});

test.each([
  ['no token', () => undefined],
  ['an ID token', () => `Bearer ${tokens.idToken}`],
  ['a forged token', () => `Bearer ${tokens.accessToken.slice(0, -3)}AAA`],
])('%s reaches no function; 45 CFR 164.312(d)', async (_, authorization) => {
  const response = await me(authorization());
  expect(response.status).toBe(401);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
});

test('the scope that the pre-token function adds opens the API, and a person without a role is refused there', async () => {
  const response = await me(`Bearer ${tokens.accessToken}`);
  expect(response.status).toBe(403);
  expect(await response.json()).toMatchObject({ type: 'urn:ward:problem:forbidden' });
});
