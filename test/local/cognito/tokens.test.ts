import {
  AdminUserGlobalSignOutCommand,
  GetTokensFromRefreshTokenCommand,
  GetUserCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
  RevokeTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import type { Tokens } from '../../../bin/cognito-sign-in';
import {
  type Authenticator,
  claimsOf,
  clientId,
  clientProperties,
  email,
  functionArn,
  Laptop,
  poolId,
  poolProperties,
  refusal,
  temporaryPassword,
} from './laptop';

jest.setTimeout(60_000);

const rotating = {
  ...clientProperties,
  ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH'],
  RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 10 },
};

describe('tokens after the sign-in', () => {
  let laptop: Laptop;
  let app: Authenticator;
  let tokens: Tokens;
  beforeEach(async () => {
    laptop = await new Laptop().listen();
    ({ app, tokens } = await laptop.enrolled());
  });
  afterEach(() => laptop.close());

  const refresh = (RefreshToken: string) =>
    laptop.anyone.send(new GetTokensFromRefreshTokenCommand({ ClientId: clientId, RefreshToken }));
  const getUser = (AccessToken: string) => refusal(laptop.anyone.send(new GetUserCommand({ AccessToken })));

  it('are refreshed with the time and origin of the sign-in, by either operation', async () => {
    laptop.offset += 600_000;
    const before = claimsOf(tokens.accessToken);
    const older = await laptop.anyone.send(
      new InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'REFRESH_TOKEN',
        AuthParameters: { REFRESH_TOKEN: tokens.refreshToken },
      }),
    );
    for (const { AuthenticationResult } of [older, await refresh(tokens.refreshToken)]) {
      expect(AuthenticationResult?.RefreshToken).toBeUndefined();
      const after = claimsOf(AuthenticationResult?.AccessToken ?? '');
      for (const kept of ['sub', 'auth_time', 'origin_jti', 'event_id', 'username', 'scope'])
        expect(after[kept]).toEqual(before[kept]);
      expect(after['jti']).not.toBe(before['jti']);
      expect(Number(after['iat']) - Number(before['iat'])).toBeGreaterThanOrEqual(600);
      expect(await getUser(AuthenticationResult?.AccessToken ?? '')).toBe('no refusal');
    }
  });

  it('cannot be refreshed after the client’s validity', async () => {
    laptop.offset += 8 * 3_600_000;
    expect(await refusal(refresh(tokens.refreshToken))).toBe('NotAuthorizedException');
  });

  it('end by revocation, at once and over a crash; other sign-ins go on', async () => {
    const other = await laptop.signIn(app);
    const renewed = await refresh(tokens.refreshToken);
    const revoke = (Token: string, ClientId = clientId) =>
      refusal(laptop.anyone.send(new RevokeTokenCommand({ ClientId, Token })));
    laptop.cognito.ensureClient(poolId, 'otherApp', clientProperties);
    expect(await revoke(tokens.refreshToken, 'otherApp')).toBe('UnauthorizedException');
    expect(await revoke(tokens.accessToken)).toBe('UnsupportedTokenTypeException');
    expect(await revoke('unknown')).toBe('no refusal');
    expect(await revoke(tokens.refreshToken)).toBe('no refusal');
    laptop.restart();
    expect(await getUser(tokens.accessToken)).toBe('NotAuthorizedException');
    expect(await getUser(renewed.AuthenticationResult?.AccessToken ?? '')).toBe('NotAuthorizedException');
    expect(await refusal(refresh(tokens.refreshToken))).toBe('NotAuthorizedException');
    expect(await getUser(other.accessToken)).toBe('no refusal');
    expect(await refusal(refresh(other.refreshToken))).toBe('no refusal');
  });

  it('end everywhere by global sign-out, the user’s own or an administrator’s', async () => {
    const other = await laptop.signIn(app);
    await laptop.anyone.send(new GlobalSignOutCommand({ AccessToken: other.accessToken }));
    for (const one of [tokens, other]) {
      expect(await getUser(one.accessToken)).toBe('NotAuthorizedException');
      expect(await refusal(refresh(one.refreshToken))).toBe('NotAuthorizedException');
    }
    const third = await laptop.signIn(app);
    await laptop.admin.send(new AdminUserGlobalSignOutCommand({ UserPoolId: poolId, Username: email }));
    expect(await getUser(third.accessToken)).toBe('NotAuthorizedException');
    expect(await refusal(refresh(third.refreshToken))).toBe('NotAuthorizedException');
  });

  it('rotate where the client says so: the old refresh token dies after its grace and stays dead over a crash', async () => {
    laptop.cognito.ensureClient(poolId, clientId, rotating);
    const first = await refresh(tokens.refreshToken);
    const next = first.AuthenticationResult?.RefreshToken ?? '';
    expect(next).not.toBe('');
    expect(await refusal(refresh(tokens.refreshToken))).toBe('no refusal');
    laptop.offset += 10_000;
    laptop.restart();
    laptop.cognito.ensureClient(poolId, clientId, rotating);
    expect(await refusal(refresh(tokens.refreshToken))).toBe('RefreshTokenReuseException');
    expect(await refusal(refresh(next))).toBe('no refusal');
    laptop.offset += 8 * 3_600_000;
    expect(await refusal(refresh(next))).toBe('NotAuthorizedException');
  });

  it('carry no revocation claims, and cannot be revoked, where the client turned that off', async () => {
    laptop.cognito.ensureClient(poolId, clientId, { ...clientProperties, EnableTokenRevocation: false });
    const plain = await laptop.signIn(app);
    const claims = claimsOf(plain.accessToken);
    expect([claims['jti'], claims['origin_jti']]).toEqual([undefined, undefined]);
    expect(await getUser(plain.accessToken)).toBe('no refusal');
    const revoke = new RevokeTokenCommand({ ClientId: clientId, Token: plain.refreshToken });
    expect(await refusal(laptop.anyone.send(revoke))).toBe('UnsupportedOperationException');
  });

  it('show an app only the attributes that it may read', async () => {
    laptop.cognito.ensureClient(poolId, clientId, { ...clientProperties, ReadAttributes: ['name'] });
    const plain = await laptop.signIn(app);
    expect(claimsOf(plain.idToken)['email']).toBeUndefined();
    const user = await laptop.anyone.send(new GetUserCommand({ AccessToken: plain.accessToken }));
    expect(user.UserAttributes?.map(({ Name }) => Name)).toEqual(['sub']);
  });
});

describe('a pool with triggers', () => {
  let laptop: Laptop;
  let app: Authenticator;
  const PreTokenGenerationConfig = { LambdaArn: functionArn, LambdaVersion: 'V2_0' };
  const start = async (LambdaConfig: Record<string, unknown> = { PreTokenGenerationConfig }) => {
    laptop = await new Laptop({ ...poolProperties, LambdaConfig }).listen();
    app = laptop.authenticator();
    await laptop.createUser();
  };
  afterEach(() => laptop.close());
  const first = () => laptop.signIn(app, { password: temporaryPassword });
  const overriding = (details: object) => {
    laptop.trigger = (_arn, event) => ({ ...event, response: { claimsAndScopeOverrideDetails: details } });
  };

  it('puts the scope that the function adds into access tokens, at each kind of sign-in', async () => {
    await start();
    overriding({ accessTokenGeneration: { scopesToAdd: ['ward/api'] } });
    const invited = await first();
    const second = await laptop.signIn(app);
    const { AuthenticationResult } = await laptop.anyone.send(
      new GetTokensFromRefreshTokenCommand({ ClientId: clientId, RefreshToken: second.refreshToken }),
    );
    for (const token of [invited.accessToken, second.accessToken, AuthenticationResult?.AccessToken ?? ''])
      expect(claimsOf(token)['scope']).toBe('aws.cognito.signin.user.admin ward/api');
    expect(laptop.events.map(({ event }) => event['triggerSource'])).toEqual([
      'TokenGeneration_NewPasswordChallenge',
      'TokenGeneration_Authentication',
      'TokenGeneration_RefreshTokens',
    ]);
    const sub = claimsOf(invited.idToken)['sub'];
    expect(laptop.events[0]).toEqual({
      arn: functionArn,
      event: {
        version: '2',
        triggerSource: 'TokenGeneration_NewPasswordChallenge',
        region: 'us-east-1',
        userPoolId: poolId,
        userName: sub,
        callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId },
        request: {
          userAttributes: { sub, email, email_verified: 'true', 'cognito:user_status': 'CONFIRMED' },
          groupConfiguration: { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null },
          scopes: ['aws.cognito.signin.user.admin'],
          clientMetadata: {},
        },
        response: { claimsAndScopeOverrideDetails: null },
      },
    });
  });

  it('applies what the function adds and suppresses, but not to the claims that say who and until when', async () => {
    await start();
    const forged = {
      sub: 'eve',
      exp: 9_999_999_999,
      client_id: 'x',
      username: 'eve',
      iss: 'x',
      'cognito:groups': ['admin'],
    };
    overriding({
      accessTokenGeneration: {
        claimsToAddOrOverride: { ...forged, organization: 'ward', list: [1, { deep: true }], aud: 'elsewhere' },
        claimsToSuppress: ['auth_time', 'sub'],
        scopesToSuppress: ['aws.cognito.signin.user.admin'],
      },
      idTokenGeneration: { claimsToAddOrOverride: { ...forged, name: 'Ada' }, claimsToSuppress: ['email'] },
      groupOverrideDetails: { groupsToOverride: ['clinicians'], iamRolesToOverride: [], preferredRole: '' },
    });
    const tokens = await first();
    const access = claimsOf(tokens.accessToken);
    expect(access).toMatchObject({ organization: 'ward', list: [1, { deep: true }], scope: '', client_id: clientId });
    expect(access['aud']).toBeUndefined();
    expect(access['cognito:groups']).toEqual(['clinicians']);
    expect([typeof access['auth_time'], access['username']]).toEqual(['number', access['sub']]);
    expect(access['sub']).not.toBe('eve');
    expect(Number(access['exp']) - Number(access['iat'])).toBe(900);
    const id = claimsOf(tokens.idToken);
    expect([id['email'], id['name'], id['sub']]).toEqual([undefined, 'Ada', access['sub']]);
    // Without its scope an access token opens none of the service's own operations.
    const user = new GetUserCommand({ AccessToken: tokens.accessToken });
    expect(await refusal(laptop.anyone.send(user))).toBe('NotAuthorizedException');
  });

  it.each([
    [
      'a failing function',
      'UserLambdaValidationException',
      () => Promise.reject(new Error('ada@example.org is on leave')),
    ],
    [
      'an answer of another shape',
      'InvalidLambdaResponseException',
      () => ({ response: { claimsAndScopeOverrideDetails: 'all' } }),
    ],
    ['no answer', 'InvalidLambdaResponseException', () => undefined],
    [
      'a scope with a space in it',
      'InvalidLambdaResponseException',
      () => ({ response: { claimsAndScopeOverrideDetails: { accessTokenGeneration: { scopesToAdd: ['a b'] } } } }),
    ],
    [
      'a scope of the service itself',
      'InvalidLambdaResponseException',
      () => ({
        response: { claimsAndScopeOverrideDetails: { accessTokenGeneration: { scopesToAdd: ['aws.cognito.x'] } } },
      }),
    ],
  ])('gives no tokens for %s', async (_name, code, trigger) => {
    await start();
    laptop.trigger = trigger;
    const attempt = first();
    expect(await refusal(attempt)).toBe(code);
    await expect(attempt).rejects.not.toThrow('ada@example.org');
  });

  it('keeps to the first version of the event where the pool names no other: it reaches the ID token alone', async () => {
    await start({ PreTokenGeneration: functionArn });
    laptop.trigger = (_arn, event) => ({
      ...event,
      response: { claimsOverrideDetails: { claimsToAddOrOverride: { organization: 'ward' } } },
    });
    const tokens = await first();
    expect(laptop.events[0]?.event['version']).toBe('1');
    expect(claimsOf(tokens.idToken)['organization']).toBe('ward');
    expect(claimsOf(tokens.accessToken)['organization']).toBeUndefined();
  });

  it('asks before and tells after the authentication, in that order', async () => {
    await start({ PreAuthentication: 'arn:before', PostAuthentication: 'arn:after', PreTokenGenerationConfig });
    await first();
    expect(laptop.events.map(({ arn, event }) => [arn, event['triggerSource']])).toEqual([
      ['arn:before', 'PreAuthentication_Authentication'],
      ['arn:after', 'PostAuthentication_Authentication'],
      [functionArn, 'TokenGeneration_NewPasswordChallenge'],
    ]);
    laptop.trigger = () => Promise.reject(new Error('closed'));
    expect(await refusal(laptop.prove())).toBe('UserLambdaValidationException');
  });
});
