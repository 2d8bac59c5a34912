import type { PreTokenGenerationV2TriggerEvent } from 'aws-lambda';

/** Ways to a token that have proved both factors. A hosted page or any later way gets no scope until it is listed here. */
const known = new Set<string>([
  'TokenGeneration_Authentication',
  'TokenGeneration_NewPasswordChallenge',
  'TokenGeneration_RefreshTokens',
]);

/**
 * Adds the API's scope to access tokens, because a sign-in by SRP or passkey gives them none, and API Gateway takes ID
 * tokens where no scope is asked for.
 */
export async function handler(event: PreTokenGenerationV2TriggerEvent): Promise<PreTokenGenerationV2TriggerEvent> {
  if (!known.has(event.triggerSource)) return event;
  // An account that a recovery made anew is still the same person's. No app can write the attribute.
  const person = event.request.userAttributes['custom:person'];
  event.response = {
    claimsAndScopeOverrideDetails: {
      accessTokenGeneration: { scopesToAdd: ['ward/api'], ...(person && { claimsToAddOrOverride: { person } }) },
    },
  };
  return event;
}
