import type { Synthesized } from '../assembly';

export function describeAuthentication({ production }: { readonly production: Synthesized }): void {
  const only = (type: string) => production.api.only(type);

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
