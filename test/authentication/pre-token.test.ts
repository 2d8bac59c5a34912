import type { PreTokenGenerationV2TriggerEvent } from 'aws-lambda';
import { handler } from '../../lambda/authentication/pre-token.lambda';

const event = (triggerSource: string): PreTokenGenerationV2TriggerEvent => ({
  version: '2',
  triggerSource: triggerSource as PreTokenGenerationV2TriggerEvent['triggerSource'],
  region: 'us-east-1',
  userPoolId: 'us-east-1_pool',
  userName: 'someone',
  callerContext: { awsSdkVersion: '3', clientId: 'client' },
  request: { userAttributes: {}, groupConfiguration: {}, scopes: ['aws.cognito.signin.user.admin'] },
  response: { claimsAndScopeOverrideDetails: {} },
});

test.each(['TokenGeneration_Authentication', 'TokenGeneration_NewPasswordChallenge'])(
  '%s gives the access token the scope of the API and changes no claim',
  async (source) => {
    expect((await handler(event(source))).response).toEqual({
      claimsAndScopeOverrideDetails: { accessTokenGeneration: { scopesToAdd: ['ward/api'] } },
    });
  },
);

test('a refreshed token registers no other factor and changes no password: that takes both factors anew', async () => {
  expect((await handler(event('TokenGeneration_RefreshTokens'))).response).toEqual({
    claimsAndScopeOverrideDetails: {
      accessTokenGeneration: { scopesToAdd: ['ward/api'], scopesToSuppress: ['aws.cognito.signin.user.admin'] },
    },
  });
});

test.each(['TokenGeneration_HostedAuth', 'TokenGeneration_AuthenticateDevice', 'TokenGeneration_ClientCredentials'])(
  '%s is no way that proved both factors here, and gives no scope',
  async (source) => {
    expect((await handler(event(source))).response).toEqual({ claimsAndScopeOverrideDetails: {} });
  },
);
