import type { PreTokenGenerationV2TriggerEvent } from 'aws-lambda';

/** Ways to a token that have proved both factors. A hosted page or any later way gets no scope until it is listed here. */
const known = new Set<string>([
  'TokenGeneration_Authentication',
  'TokenGeneration_NewPasswordChallenge',
  'TokenGeneration_RefreshTokens',
]);

const refresh = 'TokenGeneration_RefreshTokens';
/** Cognito's own scope, by which a token registers another factor or changes the password. */
const selfService = 'aws.cognito.signin.user.admin';

/**
 * Adds the API's scope to access tokens, because a sign-in by SRP or passkey gives them none, and API Gateway takes ID
 * tokens where no scope is asked for. Of a refreshed one it takes the scope for changing how one signs in: that takes both
 * factors anew, so that a stolen token makes no lasting way in.
 */
export async function handler(event: PreTokenGenerationV2TriggerEvent): Promise<PreTokenGenerationV2TriggerEvent> {
  if (!known.has(event.triggerSource)) return event;
  // An account that a recovery made anew is still the same person's. No app can write the attribute.
  const person = event.request.userAttributes['custom:person'];
  event.response = {
    claimsAndScopeOverrideDetails: {
      accessTokenGeneration: {
        scopesToAdd: ['ward/api'],
        ...(event.triggerSource === refresh && { scopesToSuppress: [selfService] }),
        ...(person && { claimsToAddOrOverride: { person } }),
      },
    },
  };
  return event;
}
