import type { Stages } from '../assembly';

export function describeAuthentication({ production }: Pick<Stages, 'production'>): void {
  const only = (type: string) => production.running.only(type);

  test('nobody signs in with one factor: MFA is required, by authenticator app, never by SMS or mail - 45 CFR 164.312(d)', () => {
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      Properties: { MfaConfiguration: 'ON', EnabledMfas: ['SOFTWARE_TOKEN_MFA'] },
    });
    expect(JSON.stringify(only('AWS::Cognito::UserPool'))).not.toMatch(/SmsConfiguration|SMS_MFA|EMAIL_OTP/);
  });

  test('a passkey counts as two factors only with user verification, on the domain of the stage', () => {
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      Properties: {
        Policies: { SignInPolicy: { AllowedFirstAuthFactors: ['PASSWORD', 'WEB_AUTHN'] } },
        WebAuthnFactorConfiguration: 'MULTI_FACTOR_WITH_USER_VERIFICATION',
        WebAuthnRelyingPartyID: 'app.example.org',
        WebAuthnUserVerification: 'required',
      },
    });
  });

  test('passwords have 14 characters of every class, and a temporary one ends after a day - 45 CFR 164.308(a)(5)(ii)(D)', () => {
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      Properties: {
        Policies: {
          PasswordPolicy: {
            MinimumLength: 14,
            RequireLowercase: true,
            RequireNumbers: true,
            RequireSymbols: true,
            RequireUppercase: true,
            TemporaryPasswordValidityDays: 1,
          },
        },
      },
    });
  });

  test('accounts come from an administrator and are recovered by one', () => {
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      Properties: {
        AdminCreateUserConfig: {
          AllowAdminCreateUserOnly: true,
          InviteMessageTemplate: {
            EmailMessage: expect.stringMatching(/\{username\}.*\{####\}/),
          },
        },
        AccountRecoverySetting: { RecoveryMechanisms: [{ Name: 'admin_only', Priority: 1 }] },
        UsernameAttributes: ['email'],
        UserAttributeUpdateSettings: { AttributesRequireVerificationBeforeUpdate: ['email'] },
      },
    });
  });

  test('threat protection acts, and the pool cannot be deleted by accident', () => {
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: {
        DeletionProtection: 'ACTIVE',
        UserPoolAddOns: { AdvancedSecurityMode: 'ENFORCED' },
        UserPoolTier: 'PLUS',
      },
    });
    expect(only('AWS::Cognito::UserPoolRiskConfigurationAttachment')).toMatchObject({
      Properties: {
        ClientId: 'ALL',
        AccountTakeoverRiskConfiguration: { Actions: { HighAction: { EventAction: 'BLOCK' } } },
        CompromisedCredentialsRiskConfiguration: { Actions: { EventAction: 'BLOCK' } },
      },
    });
  });

  test('the client has no secret, sends no password in plain text, and its tokens are short-lived and revocable', () => {
    expect(only('AWS::Cognito::UserPoolClient')).toMatchObject({
      Properties: {
        ExplicitAuthFlows: ['ALLOW_USER_SRP_AUTH', 'ALLOW_USER_AUTH', 'ALLOW_REFRESH_TOKEN_AUTH'],
        AllowedOAuthFlowsUserPoolClient: false,
        GenerateSecret: false,
        PreventUserExistenceErrors: 'ENABLED',
        EnableTokenRevocation: true,
        AccessTokenValidity: 15,
        IdTokenValidity: 15,
        RefreshTokenValidity: 12 * 60,
        TokenValidityUnits: { AccessToken: 'minutes', IdToken: 'minutes', RefreshToken: 'minutes' },
        WriteAttributes: ['email'],
      },
    });
    expect(only('AWS::Cognito::UserPoolClient')).not.toHaveProperty('Properties.AllowedOAuthFlows');
  });

  test('no trigger that could stand in for a factor: a custom challenge, a migration or a verified sign-up - 45 CFR 164.312(d)', () => {
    const { LambdaConfig } = (only('AWS::Cognito::UserPool') as { Properties: { LambdaConfig: object } }).Properties;
    // The first adds a scope, the second writes evidence; neither can prove anything for anybody.
    expect(Object.keys(LambdaConfig).sort()).toEqual(['PostAuthentication', 'PreTokenGenerationConfig']);
    expect(LambdaConfig).toMatchObject({
      PostAuthentication: { 'Fn::GetAtt': [expect.stringMatching(/^PostAuthentication/), 'Arn'] },
    });
  });

  test('no client signs in with a password in plain text, by an administrator or by a challenge of our own making', () => {
    const clients = production.running.resources('AWS::Cognito::UserPoolClient');
    expect(clients).toHaveLength(1);
    const weak = ['USER_PASSWORD', 'ADMIN_USER_PASSWORD', 'ADMIN_NO_SRP', 'CUSTOM_AUTH'];
    for (const [, { Properties }] of clients)
      for (const flow of Properties.ExplicitAuthFlows as string[])
        expect(weak.filter((each) => flow.includes(each))).toEqual([]);
  });

  test('nobody but the pool’s own settings makes a second way in: no domain, identity provider or identity pool', () => {
    for (const type of ['UserPoolDomain', 'UserPoolIdentityProvider', 'UserPoolGroup', 'UserPoolUser', 'IdentityPool'])
      expect(production.running.resources(`AWS::Cognito::${type}`)).toEqual([]);
  });

  test('whose account it is after a recovery is set once, at its creation, and no app can write it', () => {
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      Properties: {
        Schema: expect.arrayContaining([
          expect.objectContaining({ Name: 'person', AttributeDataType: 'String', Mutable: false }),
        ]),
      },
    });
    expect(only('AWS::Cognito::UserPoolClient')).toMatchObject({ Properties: { WriteAttributes: ['email'] } });
  });

  test('user activity goes to a log group of our key, kept six years, and from there to the audit log', () => {
    expect(only('AWS::Cognito::LogDeliveryConfiguration')).toMatchObject({
      Properties: { LogConfigurations: [{ EventSource: 'userAuthEvents', LogLevel: 'INFO' }] },
    });
    const groups = production.running.resources('AWS::Logs::LogGroup').filter(([id]) => id.includes('UserActivity'));
    expect(groups).toHaveLength(1);
    expect(groups[0]?.[1]).toMatchObject({
      DeletionPolicy: 'Retain',
      Properties: { RetentionInDays: 2192, KmsKeyId: expect.anything() },
    });
    expect(only('AWS::Logs::SubscriptionFilter')).toMatchObject({
      Properties: { FilterPattern: '', DestinationArn: { 'Fn::GetAtt': [expect.stringMatching(/^SignInLog/), 'Arn'] } },
    });
  });

  test('the scope ward/api exists and the pre-token trigger, version 2, is what adds it', () => {
    expect(only('AWS::Cognito::UserPoolResourceServer')).toMatchObject({
      Properties: { Identifier: 'ward', Scopes: [expect.objectContaining({ ScopeName: 'api' })] },
    });
    expect(only('AWS::Cognito::UserPool')).toMatchObject({
      Properties: {
        LambdaConfig: {
          PreTokenGenerationConfig: {
            LambdaArn: { 'Fn::GetAtt': [expect.stringMatching(/^PreToken/), 'Arn'] },
            LambdaVersion: 'V2_0',
          },
        },
      },
    });
  });
}
