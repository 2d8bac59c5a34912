import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  AdminCreateUserCommand,
  AdminDeleteUserCommand,
  AdminListUserAuthEventsCommand,
  AdminSetUserMFAPreferenceCommand,
  AdminSetUserPasswordCommand,
  AssociateSoftwareTokenCommand,
  ChangePasswordCommand,
  GetUserCommand,
  InitiateAuthCommand,
  SetUserMFAPreferenceCommand,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { createSrpSession, signSrpSession, wrapAuthChallenge } from 'cognito-srp-helper';
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
  temporaryPassword,
} from './laptop';

jest.setTimeout(60_000);

describe('signing in to a user pool', () => {
  let laptop: Laptop;
  const start = async (pool = {}, app = {}) => {
    laptop = await new Laptop({ ...poolProperties, ...pool }, { ...clientProperties, ...app }).listen();
  };
  afterEach(() => laptop.close());

  it('leads from a temporary password over a new one and an authenticator to tokens that verify, 164.312(d)', async () => {
    await start();
    const { tokens } = await laptop.enrolled();
    const keys = await laptop.keys();
    const uses = [
      ['access', tokens.accessToken, 900],
      ['id', tokens.idToken, 1200],
    ] as const;
    for (const [tokenUse, token, seconds] of uses) {
      const verifier = CognitoJwtVerifier.create({ userPoolId: poolId, clientId, tokenUse });
      verifier.cacheJwks(keys);
      const payload = await verifier.verify(token);
      expect(payload.sub).toBe(laptop.cognito.users(poolId)[0]?.sub);
      expect(payload.exp - payload.iat).toBe(seconds);
    }
    const access = claimsOf(tokens.accessToken);
    expect(access).toMatchObject({ token_use: 'access', client_id: clientId, scope: 'aws.cognito.signin.user.admin' });
    expect(access['username']).toBe(access['sub']);
    const id = claimsOf(tokens.idToken);
    expect(id).toMatchObject({ token_use: 'id', aud: clientId, email, email_verified: true });
    expect(id['origin_jti']).toBe(access['origin_jti']);
    expect(id['event_id']).toBe(access['event_id']);
    expect(new Set([access['jti'], id['jti'], access['event_id'], access['origin_jti']]).size).toBe(4);
  });

  it('asks an enrolled user for a code and then gives tokens', async () => {
    await start();
    const { app } = await laptop.enrolled();
    const proven = await laptop.prove();
    expect(proven.ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
    expect(proven.AuthenticationResult).toBeUndefined();
    const done = await laptop.respond('SOFTWARE_TOKEN_MFA', proven.Session, { SOFTWARE_TOKEN_MFA_CODE: app.code() });
    expect(done.AuthenticationResult?.TokenType).toBe('Bearer');
    expect(done.AuthenticationResult?.ExpiresIn).toBe(900);
  });

  it('takes the address in any case where the pool says so', async () => {
    await start();
    const { app } = await laptop.enrolled();
    await expect(laptop.signIn(app, { username: 'ADA@Example.org' })).resolves.toHaveProperty('accessToken');
  });

  it('signs in with USER_AUTH and PASSWORD_SRP, preferred or selected', async () => {
    await start();
    await laptop.enrolled();
    const preferred = createSrpSession(email, password, poolId, false);
    const offered = await laptop.anyone.send(
      new InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'USER_AUTH',
        AuthParameters: { USERNAME: email, PREFERRED_CHALLENGE: 'PASSWORD_SRP', SRP_A: preferred.largeA },
      }),
    );
    expect(offered.ChallengeName).toBe('PASSWORD_VERIFIER');
    const claim = wrapAuthChallenge(signSrpSession(preferred, offered), {
      ClientId: clientId,
      ChallengeName: 'PASSWORD_VERIFIER' as const,
      ChallengeResponses: { USERNAME: email },
    });
    expect((await laptop.raw('RespondToAuthChallenge', { ...claim, Session: offered.Session })).text).toContain(
      'SOFTWARE_TOKEN_MFA',
    );

    const choice = await laptop.anyone.send(
      new InitiateAuthCommand({ ClientId: clientId, AuthFlow: 'USER_AUTH', AuthParameters: { USERNAME: email } }),
    );
    expect(choice).toMatchObject({
      ChallengeName: 'SELECT_CHALLENGE',
      AvailableChallenges: ['PASSWORD_SRP', 'PASSWORD'],
    });
    const answers = { ANSWER: 'PASSWORD_SRP', SRP_A: createSrpSession(email, password, poolId, false).largeA };
    const selected = await laptop.respond('SELECT_CHALLENGE', choice.Session, answers);
    expect(selected.ChallengeName).toBe('PASSWORD_VERIFIER');
  });

  it('signs in with a plain password where a client allows that, and asks for the code all the same', async () => {
    await start({}, { ExplicitAuthFlows: ['ALLOW_USER_PASSWORD_AUTH', 'ALLOW_USER_SRP_AUTH'] });
    await laptop.enrolled();
    const attempt = (PASSWORD: string) =>
      laptop.anyone.send(
        new InitiateAuthCommand({
          ClientId: clientId,
          AuthFlow: 'USER_PASSWORD_AUTH',
          AuthParameters: { USERNAME: email, PASSWORD },
        }),
      );
    expect((await attempt(password)).ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
    expect(await refusal(attempt(`${password}?`))).toBe('NotAuthorizedException');
  });

  it('gives tokens for the password alone only in a pool that does not require a second factor', async () => {
    await start({ MfaConfiguration: 'OPTIONAL' });
    await laptop.createUser();
    const app = laptop.authenticator();
    const { accessToken: AccessToken } = await laptop.signIn(app, { password: temporaryPassword });
    expect(app.secret).toBe('');
    const { SecretCode = '' } = await laptop.anyone.send(new AssociateSoftwareTokenCommand({ AccessToken }));
    app.secret = SecretCode;
    await laptop.anyone.send(new VerifySoftwareTokenCommand({ AccessToken, UserCode: app.code() }));
    expect((await laptop.prove()).AuthenticationResult).toBeDefined();
    const SoftwareTokenMfaSettings = { Enabled: true, PreferredMfa: true };
    await laptop.anyone.send(new SetUserMFAPreferenceCommand({ AccessToken, SoftwareTokenMfaSettings }));
    expect((await laptop.prove()).ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
    const user = await laptop.anyone.send(new GetUserCommand({ AccessToken }));
    expect(user.UserMFASettingList).toEqual(['SOFTWARE_TOKEN_MFA']);
  });

  it('has no operation that takes an authenticator from a user where it is required: the account is made anew', async () => {
    await start();
    const { app } = await laptop.enrolled();
    const lost = app.secret;
    const preference = (Enabled: boolean) =>
      laptop.admin.send(
        new AdminSetUserMFAPreferenceCommand({
          UserPoolId: poolId,
          Username: email,
          SoftwareTokenMfaSettings: { Enabled },
        }),
      );
    await preference(false);
    expect((await laptop.prove()).ChallengeName).toBe('SOFTWARE_TOKEN_MFA');
    await laptop.admin.send(new AdminDeleteUserCommand({ UserPoolId: poolId, Username: email }));
    await laptop.createUser();
    expect(await refusal(preference(true))).toBe('InvalidParameterException');
    const fresh = laptop.authenticator();
    await laptop.signIn(fresh, { password: temporaryPassword });
    expect(fresh.secret).not.toBe(lost);
  });

  it('changes a password for whoever knows the old one, and keeps to policy and history', async () => {
    const PasswordPolicy = { ...poolProperties.Policies.PasswordPolicy, PasswordHistorySize: 2 };
    await start({ Policies: { PasswordPolicy } });
    const { app, tokens } = await laptop.enrolled();
    const change = (PreviousPassword: string, ProposedPassword: string) =>
      laptop.anyone.send(
        new ChangePasswordCommand({ AccessToken: tokens.accessToken, PreviousPassword, ProposedPassword }),
      );
    expect(await refusal(change('Not-The-Password-1!', 'Difference-Engine-1822!'))).toBe('NotAuthorizedException');
    expect(await refusal(change(password, 'short'))).toBe('InvalidPasswordException');
    expect(await refusal(change(password, password))).toBe('PasswordHistoryPolicyViolationException');
    await change(password, 'Difference-Engine-1822!');
    expect(await refusal(laptop.signIn(app))).toBe('NotAuthorizedException');
    await laptop.signIn(app, { password: 'Difference-Engine-1822!' });
  });

  it('refuses a temporary password after its validity, only to whoever knows it', async () => {
    await start();
    await laptop.createUser();
    laptop.offset += 86_400_000;
    const attempt = laptop.prove(email, temporaryPassword);
    await expect(attempt).rejects.toThrow('Temporary password has expired');
    await expect(laptop.prove(email, 'Wrong-Password-1!')).rejects.toThrow('Incorrect username or password.');
  });

  it('asks for the required attributes that an invited user lacks, and for no others', async () => {
    await start({ Schema: [{ Name: 'family_name', Required: true, Mutable: true }] });
    await laptop.createUser();
    const asked = await laptop.prove(email, temporaryPassword);
    expect(asked.ChallengeParameters?.['requiredAttributes']).toBe('["userAttributes.family_name"]');
    const answer = (more: Record<string, string>) =>
      laptop.respond('NEW_PASSWORD_REQUIRED', asked.Session, { NEW_PASSWORD: password, ...more });
    expect(await refusal(answer({}))).toBe('InvalidParameterException');
    expect(await refusal(answer({ 'userAttributes.email': 'eve@example.org' }))).toBe('InvalidParameterException');
    expect((await answer({ 'userAttributes.family_name': 'Lovelace' })).ChallengeName).toBe('MFA_SETUP');
  });

  it('lists what happened at sign-in, newest first', async () => {
    await start();
    const { app } = await laptop.enrolled();
    await refusal(laptop.prove(email, 'Wrong-Password-1!'));
    const proven = await laptop.prove();
    await refusal(laptop.respond('SOFTWARE_TOKEN_MFA', proven.Session, { SOFTWARE_TOKEN_MFA_CODE: '000000' }));
    await laptop.signIn(app);
    const listing = new AdminListUserAuthEventsCommand({ UserPoolId: poolId, Username: email });
    const { AuthEvents = [] } = await laptop.admin.send(listing);
    const told = AuthEvents.map(({ EventResponse, ChallengeResponses = [] }) => [
      EventResponse,
      ...ChallengeResponses.map((one) => `${one.ChallengeName} ${one.ChallengeResponse}`),
    ]);
    expect(told).toEqual([
      ['Pass', 'Password Success', 'Mfa Success'],
      ['Fail', 'Password Success', 'Mfa Failure'],
      ['Fail', 'Password Failure'],
      ['Pass', 'Password Success', 'Mfa Success'],
    ]);
  });

  it('keeps users, authenticators, keys and refresh tokens over a crash, in files that are the owner’s alone', async () => {
    await start();
    const { app, tokens } = await laptop.enrolled();
    const keys = await laptop.keys();
    laptop.restart();
    expect(await laptop.keys()).toEqual(keys);
    const refreshed = await laptop.anyone.send(
      new InitiateAuthCommand({
        ClientId: clientId,
        AuthFlow: 'REFRESH_TOKEN_AUTH',
        AuthParameters: { REFRESH_TOKEN: tokens.refreshToken },
      }),
    );
    expect(refreshed.AuthenticationResult?.AccessToken).toBeDefined();
    await laptop.signIn(app);
    const files = readdirSync(laptop.directory, { recursive: true, withFileTypes: true });
    expect(files.filter((file) => file.isFile())).toHaveLength(2);
    for (const file of files) {
      const path = join(file.parentPath, file.name);
      expect(statSync(path).mode & 0o077).toBe(0);
      if (!file.isFile()) continue;
      const content = readFileSync(path, 'utf8');
      for (const secret of [password, temporaryPassword, tokens.refreshToken]) expect(content).not.toContain(secret);
    }
  });

  it('remembers over a crash that a code was used', async () => {
    await start();
    const { app } = await laptop.enrolled();
    const code = app.code();
    const first = await laptop.prove();
    await laptop.respond('SOFTWARE_TOKEN_MFA', first.Session, { SOFTWARE_TOKEN_MFA_CODE: code });
    laptop.restart();
    const second = await laptop.prove();
    const replay = laptop.respond('SOFTWARE_TOKEN_MFA', second.Session, { SOFTWARE_TOKEN_MFA_CODE: code });
    expect(await refusal(replay)).toBe('ExpiredCodeException');
  });

  it('names users by a name of their own where the pool does', async () => {
    await start({ UsernameAttributes: undefined });
    await laptop.admin.send(
      new AdminCreateUserCommand({
        UserPoolId: poolId,
        Username: 'Countess',
        TemporaryPassword: temporaryPassword,
        MessageAction: 'SUPPRESS',
      }),
    );
    const tokens = await laptop.signIn(laptop.authenticator(), { username: 'countess', password: temporaryPassword });
    expect(claimsOf(tokens.accessToken)['username']).toBe('countess');
  });

  it('opens a locked account and gives a permanent password at an administrator’s word', async () => {
    await start();
    const { app } = await laptop.enrolled();
    for (let failure = 0; failure < 6; failure++) await refusal(laptop.prove(email, 'Wrong-Password-1!'));
    const given = { UserPoolId: poolId, Username: email, Password: 'Difference-Engine-1822!', Permanent: true };
    await laptop.admin.send(new AdminSetUserPasswordCommand(given));
    await laptop.signIn(app, { password: given.Password });
  });
});
