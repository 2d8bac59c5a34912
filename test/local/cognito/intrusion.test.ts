import { createHmac, createPublicKey } from 'node:crypto';
import {
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminResetUserPasswordCommand,
  AdminSetUserPasswordCommand,
  AssociateSoftwareTokenCommand,
  ForgotPasswordCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  InitiateAuthCommand,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { takesUnsigned } from '../../../local/cognito/cognito';
import { ServiceError } from '../../../local/service';
import {
  claimsOf,
  clientId,
  clientProperties,
  email,
  Laptop,
  password,
  poolId,
  poolProperties,
  refusal,
} from './laptop';

const otherClient = 'otherApp';
const otherPool = 'us-east-1_otherPool';

jest.setTimeout(60_000);

describe('an attacker around the way in', () => {
  let laptop: Laptop;
  beforeEach(async () => {
    laptop = await new Laptop().listen();
  });
  afterEach(() => laptop.close());

  const initiate = (AuthFlow: string, AuthParameters: Record<string, string>) =>
    laptop.raw('InitiateAuth', { ClientId: clientId, AuthFlow, AuthParameters });

  it('learns nothing of who exists: challenge, errors, locks and recovery are the same', async () => {
    await laptop.enrolled();
    laptop.still = Date.now();
    const unknown = 'nobody@example.org';
    const [known, ghost, ghostAgain] = [
      await laptop.offer(email, 'Wrong-1!'),
      await laptop.offer(unknown, 'Wrong-1!'),
      await laptop.offer(unknown, 'Wrong-1!'),
    ];
    const shape = ({ challenge }: typeof known) =>
      Object.entries(challenge.ChallengeParameters ?? {})
        .map(([name, value]) => [
          name,
          name === 'SECRET_BLOCK' ? value.length : /^[0-9a-f]+$/.test(value),
          /^[0-9a-f-]{36}$/.test(value),
        ])
        .sort();
    expect(shape(ghost)).toEqual(shape(known));
    const stable = ({ challenge }: typeof known) => [
      challenge.ChallengeParameters?.['SALT'],
      challenge.ChallengeParameters?.['USER_ID_FOR_SRP'],
    ];
    expect(stable(ghostAgain)).toEqual(stable(ghost));
    laptop.restart();
    expect(stable(await laptop.offer(unknown, 'Wrong-1!'))).toEqual(stable(ghost));

    const words = async (name: string) => {
      const said: string[] = [];
      for (let failure = 0; failure < 7; failure++)
        said.push(
          await laptop.prove(name, 'Wrong-1!').then(String, (error: Error) => `${error.name} ${error.message}`),
        );
      return said;
    };
    const told = await words(email);
    expect(told.filter((one) => one.includes('exceeded'))).not.toHaveLength(0);
    expect(await words(unknown)).toEqual(told);

    const recover = async (Username: string) =>
      (await laptop.anyone.send(new ForgotPasswordCommand({ ClientId: clientId, Username }))).CodeDeliveryDetails;
    expect(await recover('adam@example.org')).toEqual(await recover(email));
    expect(laptop.mails.map(({ to }) => to)).toEqual([email]);
  });

  it('learns of an unknown user where the client has the old behaviour', async () => {
    laptop.cognito.ensureClient(poolId, clientId, { ...clientProperties, PreventUserExistenceErrors: 'LEGACY' });
    expect(await refusal(laptop.offer('nobody@example.org'))).toBe('UserNotFoundException');
  });

  it('gets nowhere as a disabled user: not by password, session, refresh or access token', async () => {
    const { app, tokens } = await laptop.enrolled();
    const waiting = await laptop.prove();
    await laptop.admin.send(new AdminDisableUserCommand({ UserPoolId: poolId, Username: email }));
    await expect(laptop.prove()).rejects.toThrow('User is disabled.');
    await expect(laptop.prove(email, 'Wrong-Password-1!')).rejects.toThrow('Incorrect username or password.');
    const attempts = [
      laptop.respond('SOFTWARE_TOKEN_MFA', waiting.Session, { SOFTWARE_TOKEN_MFA_CODE: app.code() }),
      laptop.anyone.send(new GetUserCommand({ AccessToken: tokens.accessToken })),
      laptop.anyone.send(
        new GetTokensFromRefreshTokenCommand({ ClientId: clientId, RefreshToken: tokens.refreshToken }),
      ),
    ];
    for (const attempt of attempts) expect(await refusal(attempt)).toBe('NotAuthorizedException');
    await laptop.admin.send(new AdminEnableUserCommand({ UserPoolId: poolId, Username: email }));
    const revived = laptop.anyone.send(new GetUserCommand({ AccessToken: tokens.accessToken }));
    expect(await refusal(revived)).toBe('NotAuthorizedException');
    await laptop.signIn(app);
  });

  it('gets no tokens when the user is disabled while a trigger still runs', async () => {
    const { app } = await laptop.enrolled();
    laptop.cognito.ensurePool(poolId, { ...poolProperties, LambdaConfig: { PostAuthentication: 'arn:post' } });
    laptop.trigger = async (_arn, event) => {
      await laptop.admin.send(new AdminDisableUserCommand({ UserPoolId: poolId, Username: email }));
      return event;
    };
    expect(await refusal(laptop.signIn(app))).toBe('NotAuthorizedException');
  });

  it('cannot go on with sessions or refresh tokens once the password is reset', async () => {
    const { app, tokens } = await laptop.enrolled();
    const waiting = await laptop.prove();
    await laptop.admin.send(new AdminResetUserPasswordCommand({ UserPoolId: poolId, Username: email }));
    const finish = laptop.respond('SOFTWARE_TOKEN_MFA', waiting.Session, { SOFTWARE_TOKEN_MFA_CODE: app.code() });
    expect(await refusal(finish)).toBe('NotAuthorizedException');
    expect(await refusal(laptop.prove())).toBe('PasswordResetRequiredException');
    const REFRESH_TOKEN = tokens.refreshToken;
    expect((await initiate('REFRESH_TOKEN_AUTH', { REFRESH_TOKEN })).type).toBe('PasswordResetRequiredException');
  });

  it('cannot go on with a session once the password that it proved is no longer the user’s', async () => {
    const { app } = await laptop.enrolled();
    const waiting = await laptop.prove();
    const changed = { UserPoolId: poolId, Username: email, Password: 'Difference-Engine-1822!', Permanent: true };
    await laptop.admin.send(new AdminSetUserPasswordCommand(changed));
    const finish = laptop.respond('SOFTWARE_TOKEN_MFA', waiting.Session, { SOFTWARE_TOKEN_MFA_CODE: app.code() });
    expect(await refusal(finish)).toBe('NotAuthorizedException');
  });

  it('cannot use a flow that the client does not allow, or one that does not exist', async () => {
    await laptop.enrolled();
    for (const flow of ['USER_PASSWORD_AUTH', 'CUSTOM_AUTH', 'ADMIN_USER_PASSWORD_AUTH', 'constructor', ''])
      expect((await initiate(flow, { USERNAME: email, PASSWORD: password })).type).toBe('InvalidParameterException');
    const passkey = await initiate('USER_AUTH', { USERNAME: email, PREFERRED_CHALLENGE: 'WEB_AUTHN' });
    expect(passkey.text).toContain('WEB_AUTHN is not emulated');
  });

  it('cannot take a refresh token to another client, nor any token to another pool', async () => {
    laptop.cognito.ensureClient(poolId, otherClient, clientProperties);
    laptop.cognito.ensurePool(otherPool, poolProperties);
    laptop.cognito.ensureClient(otherPool, 'third', { ...clientProperties, UserPoolId: otherPool });
    const { tokens } = await laptop.enrolled();
    for (const client of [otherClient, 'third']) {
      const stolen = new GetTokensFromRefreshTokenCommand({ ClientId: client, RefreshToken: tokens.refreshToken });
      expect(await refusal(laptop.anyone.send(stolen))).toBe('NotAuthorizedException');
    }
    const [head, , signature] = tokens.accessToken.split('.');
    const claims = { ...claimsOf(tokens.accessToken), iss: `https://cognito-idp.us-east-1.amazonaws.com/${otherPool}` };
    const moved = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
    expect(await refusal(laptop.anyone.send(new GetUserCommand({ AccessToken: moved })))).toBe(
      'NotAuthorizedException',
    );
  });

  it('cannot forge an access token, nor use an ID token or an expired one in its place', async () => {
    const { tokens } = await laptop.enrolled();
    const [head = '', body = ''] = tokens.accessToken.split('.');
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const { keys } = await laptop.keys();
    const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
    const key = keys.find((one) => one.kid === kid);
    if (!key) throw new Error('the key of the access token is not published');
    const pem = createPublicKey({ key: { ...key }, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const hmacInput = `${part({ alg: 'HS256', kid })}.${body}`;
    const forgeries = [
      `${part({ alg: 'none', kid })}.${body}.`,
      `${hmacInput}.${createHmac('sha256', pem).update(hmacInput).digest('base64url')}`,
      `${head}.${part({ ...claimsOf(tokens.accessToken), exp: 9_999_999_999 })}.${tokens.accessToken.split('.')[2]}`,
      tokens.idToken,
      `${tokens.accessToken}.x`,
      '..',
      'null.bnVsbA.x',
    ];
    for (const AccessToken of forgeries)
      expect(await refusal(laptop.anyone.send(new GetUserCommand({ AccessToken })))).toBe('NotAuthorizedException');
    await laptop.anyone.send(new GetUserCommand({ AccessToken: tokens.accessToken }));
    laptop.offset += 900_000;
    const late = laptop.anyone.send(new GetUserCommand({ AccessToken: tokens.accessToken }));
    expect(await refusal(late)).toBe('NotAuthorizedException');
  });

  it('cannot enrol with the secret that another sign-in was shown', async () => {
    const { app, tokens } = await laptop.enrolled();
    const { SecretCode = '' } = await laptop.anyone.send(
      new AssociateSoftwareTokenCommand({ AccessToken: tokens.accessToken }),
    );
    const other = await laptop.signIn(app);
    const verify = { AccessToken: other.accessToken, UserCode: '000000' };
    expect(await refusal(laptop.anyone.send(new VerifySoftwareTokenCommand(verify)))).toBe('InvalidParameterException');
    expect(SecretCode).toMatch(/^[A-Z2-7]{52}$/);
  });

  it('cannot administer without the permission, and is not told whether the pool exists', async () => {
    const asked: unknown[] = [];
    laptop.authorize = (caller, access) => {
      asked.push([caller.kind, access]);
      throw new ServiceError('AccessDeniedException', 'not allowed');
    };
    const operations = [
      'AdminCreateUser',
      'AdminGetUser',
      'AdminDisableUser',
      'AdminEnableUser',
      'AdminDeleteUser',
      'AdminUserGlobalSignOut',
      'AdminResetUserPassword',
      'AdminSetUserPassword',
      'AdminSetUserMFAPreference',
      'AdminUpdateUserAttributes',
      'ListUsers',
      'DescribeUserPool',
      'DescribeUserPoolClient',
      'AdminListUserAuthEvents',
    ];
    const signed = { authorization: 'AWS4-HMAC-SHA256 as the front has verified it' };
    for (const UserPoolId of [poolId, 'us-east-1_absent'])
      for (const operation of operations) {
        const input = { UserPoolId, Username: email };
        expect((await laptop.raw(operation, input)).type).toBe('MissingAuthenticationTokenException');
        expect((await laptop.raw(operation, input, signed)).type).toBe('AccessDeniedException');
        expect(takesUnsigned({ method: 'POST', headers: { 'x-amz-target': `X.${operation}` } })).toBe(false);
      }
    expect(asked).toHaveLength(2 * operations.length);
    expect(takesUnsigned({ method: 'POST', headers: { 'x-amz-target': 'X.InitiateAuth' } })).toBe(true);
    const resource = `arn:aws:cognito-idp:us-east-1:000000000000:userpool/${poolId}`;
    expect(asked[0]).toEqual(['role', { action: 'cognito-idp:AdminCreateUser', resource }]);
  });

  it('gets a plain refusal for malformed input, without an echo of it', async () => {
    await laptop.createUser();
    const inputs: unknown[] = [
      {},
      [],
      'null',
      '{"ClientId":',
      { ClientId: 7 },
      { ClientId: clientId, AuthFlow: {} },
      { ClientId: clientId, AuthFlow: 'USER_SRP_AUTH', AuthParameters: 'canary-value' },
      { ClientId: clientId, AuthFlow: 'USER_SRP_AUTH', AuthParameters: { 'canary-value': ['canary-value'] } },
      {
        ClientId: clientId,
        AuthFlow: 'USER_SRP_AUTH',
        AuthParameters: { USERNAME: 'canary-value'.repeat(99), SRP_A: '5' },
      },
      { ClientId: 'canary-value', AuthFlow: 'USER_SRP_AUTH' },
      { UserPoolId: poolId, Username: 'canary-value', UserAttributes: [{ Name: 'canary-value', Value: 'x' }] },
      { AccessToken: 'canary-value', Session: 'canary-value', UserCode: 'canary-value' },
    ];
    const operations = [
      'InitiateAuth',
      'RespondToAuthChallenge',
      'GetUser',
      'RevokeToken',
      'AdminCreateUser',
      'AdminUpdateUserAttributes',
      'VerifySoftwareToken',
      'ListUsers',
      'ConfirmForgotPassword',
      'SetUserMFAPreference',
    ];
    for (const operation of operations)
      for (const input of inputs) {
        const reply = await laptop.raw(operation, input, { authorization: 'AWS4-HMAC-SHA256' });
        if (reply.status !== 200) expect(reply.status).toBe(400);
        expect(reply.text).not.toContain('canary-value');
      }
    expect((await laptop.raw('SignUp', {})).type).toBe('UnknownOperationException');
    expect((await laptop.raw('StartWebAuthnRegistration', {})).text).toContain('StartWebAuthnRegistration');
  });

  it('cannot call from a web page that is not named', async () => {
    const preflight = (origin: string) => fetch(laptop.url, { method: 'OPTIONS', headers: { origin } });
    expect((await preflight('http://localhost:5173')).headers.get('access-control-allow-origin')).toBe(
      'http://localhost:5173',
    );
    const foreign = await preflight('https://evil.example');
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect((await laptop.raw('InitiateAuth', {}, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await fetch(`${laptop.url}/us-east-1_absent/.well-known/jwks.json`)).status).toBe(404);
  });

  it('gets nowhere by a client that does not exist', async () => {
    const flow = { ClientId: 'absent', AuthFlow: 'USER_SRP_AUTH' as const, AuthParameters: { USERNAME: email } };
    expect(await refusal(laptop.anyone.send(new InitiateAuthCommand(flow)))).toBe('ResourceNotFoundException');
  });
});
