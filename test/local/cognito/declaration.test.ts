import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Duration, Stack } from 'aws-cdk-lib';
import {
  AccountRecovery,
  type CfnUserPool,
  type CfnUserPoolClient,
  FeaturePlan,
  Mfa,
  OAuthScope,
  PasskeyUserVerification,
  ResourceServerScope,
  StandardThreatProtectionMode,
  UserPool,
} from 'aws-cdk-lib/aws-cognito';
import { Cognito } from '../../../local/cognito/cognito';
import { clientProperties, poolId, poolProperties } from './laptop';

jest.setTimeout(60_000);

describe('a pool as the template declares it', () => {
  const directory = mkdtempSync(join(tmpdir(), 'cognito-'));
  const open = () =>
    new Cognito({
      directory,
      region: 'us-east-1',
      account: '000000000000',
      authorize: () => undefined,
      trigger: async (_arn, event) => event,
      mail: async () => undefined,
    });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('is taken as the CDK writes a pool with required second factor, passkeys and no hosted UI', () => {
    const app = new App();
    const stack = new Stack(app, 'Stack');
    const pool = new UserPool(stack, 'Pool', {
      mfa: Mfa.REQUIRED,
      mfaSecondFactor: { otp: true, sms: false },
      signInPolicy: { allowedFirstAuthFactors: { password: true, passkey: true } },
      passkeyRelyingPartyId: 'ward.example',
      passkeyUserVerification: PasskeyUserVerification.REQUIRED,
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      signInCaseSensitive: false,
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      passwordPolicy: { minLength: 14, requireSymbols: true, tempPasswordValidity: Duration.days(1) },
      featurePlan: FeaturePlan.PLUS,
      standardThreatProtectionMode: StandardThreatProtectionMode.FULL_FUNCTION,
      deletionProtection: true,
    });
    const cfnPool = pool.node.defaultChild as CfnUserPool;
    cfnPool.webAuthnFactorConfiguration = 'MULTI_FACTOR_WITH_USER_VERIFICATION';
    const scope = new ResourceServerScope({ scopeName: 'api', scopeDescription: 'Call the API' });
    const server = pool.addResourceServer('Server', { identifier: 'ward', scopes: [scope] });
    OAuthScope.resourceServer(server, scope);
    const client = pool.addClient('App', {
      authFlows: { userSrp: true, user: true },
      disableOAuth: true,
      generateSecret: false,
      preventUserExistenceErrors: true,
      enableTokenRevocation: true,
      accessTokenValidity: Duration.minutes(15),
      refreshTokenValidity: Duration.hours(8),
    });
    const { Resources } = app.synth().getStackByName(stack.stackName).template;
    const declared = (construct: CfnUserPool | CfnUserPoolClient) =>
      Resources[stack.getLogicalId(construct)].Properties;
    const cognito = open();
    cognito.ensurePool(poolId, declared(cfnPool));
    const appProperties = { ...declared(client.node.defaultChild as CfnUserPoolClient), UserPoolId: poolId };
    cognito.ensureClient(poolId, 'app', appProperties);
    const Scopes = [{ ScopeName: 'api', ScopeDescription: 'Call the API' }];
    const resourceServer = { UserPoolId: poolId, Identifier: 'ward', Name: 'ward', Scopes };
    cognito.ensureResourceServer(poolId, 'ward', resourceServer);
    expect(() => cognito.ensureResourceServer(poolId, 'other', resourceServer)).toThrow('Identifier');
    expect(cognito.users(poolId)).toEqual([]);
  });

  it.each([
    ['AliasAttributes', { AliasAttributes: ['email'] }],
    ['UsernameAttributes', { UsernameAttributes: ['phone_number'] }],
    ['EnabledMfas', { EnabledMfas: ['SMS_MFA'] }],
    ['EnabledMfas', { EnabledMfas: undefined }],
    ['AdminCreateUserConfig.AllowAdminCreateUserOnly', { AdminCreateUserConfig: { AllowAdminCreateUserOnly: false } }],
    ['AdminCreateUserConfig', { AdminCreateUserConfig: undefined }],
    ['DeviceConfiguration', { DeviceConfiguration: { ChallengeRequiredOnNewDevice: true } }],
    ['LambdaConfig.UserMigration', { LambdaConfig: { UserMigration: 'arn' } }],
    ['LambdaConfig.CustomMessage', { LambdaConfig: { CustomMessage: 'arn' } }],
    [
      'LambdaConfig.PreTokenGenerationConfig.LambdaVersion',
      { LambdaConfig: { PreTokenGenerationConfig: { LambdaArn: 'arn', LambdaVersion: 'V3_0' } } },
    ],
    [
      'PreTokenGenerationConfig V2_0',
      {
        UserPoolTier: 'LITE',
        UserPoolAddOns: undefined,
        LambdaConfig: { PreTokenGenerationConfig: { LambdaArn: 'arn', LambdaVersion: 'V2_0' } },
      },
    ],
    [
      'different functions',
      {
        LambdaConfig: { PreTokenGeneration: 'a', PreTokenGenerationConfig: { LambdaArn: 'b', LambdaVersion: 'V2_0' } },
      },
    ],
    [
      'Policies.SignInPolicy.AllowedFirstAuthFactors',
      { Policies: { SignInPolicy: { AllowedFirstAuthFactors: ['PASSWORD', 'EMAIL_OTP'] } } },
    ],
    ['telephone', { AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'verified_phone_number', Priority: 1 }] } }],
    ['AdvancedSecurityMode', { UserPoolTier: 'ESSENTIALS' }],
    ['Invented', { Invented: true }],
  ])('fails the start by the name of %s', (name, change) => {
    expect(() => open().ensurePool(poolId, { ...poolProperties, ...change })).toThrow(name);
  });

  it.each([
    ['GenerateSecret', { GenerateSecret: true }],
    ['AllowedOAuthFlowsUserPoolClient', { AllowedOAuthFlowsUserPoolClient: true }],
    ['ExplicitAuthFlows', { ExplicitAuthFlows: ['ALLOW_CUSTOM_AUTH'] }],
    ['SupportedIdentityProviders', { SupportedIdentityProviders: ['Google'] }],
    ['AccessTokenValidity', { AccessTokenValidity: 4 }],
    ['IdTokenValidity', { IdTokenValidity: 25, TokenValidityUnits: { IdToken: 'hours' } }],
    ['RefreshTokenValidity', { RefreshTokenValidity: 30, TokenValidityUnits: { RefreshToken: 'minutes' } }],
    ['AuthSessionValidity', { AuthSessionValidity: 16 }],
    ['RefreshTokenRotation', { RefreshTokenRotation: { Feature: 'ENABLED' } }],
    ['UserPoolId', { UserPoolId: 'us-east-1_other' }],
    ['Invented', { Invented: true }],
  ])('fails the start by the name of %s of a client', (name, change) => {
    const cognito = open();
    cognito.ensurePool(poolId, poolProperties);
    expect(() => cognito.ensureClient(poolId, 'app', { ...clientProperties, ...change })).toThrow(name);
  });

  it('has an id that is a name and no path', () => {
    for (const id of ['../us-east-1_x', 'us-east-1_x/../y', 'pool', 'us-east-1_'])
      expect(() => open().ensurePool(id, poolProperties)).toThrow('region_name');
  });

  it('does not start on a damaged user file', () => {
    open().ensurePool(poolId, poolProperties);
    const file = join(directory, poolId, 'users', 'damaged.json');
    writeFileSync(file, '{"sub":');
    expect(() => open().ensurePool(poolId, poolProperties)).toThrow('damaged.json');
    rmSync(file);
  });
});
