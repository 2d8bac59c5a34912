import { z } from 'zod';
import type { Flow } from './client-settings';
import { type Context, placeOf } from './context';
import { invalidParameter, notAuthorized, parse, requireParameter, userNotFound } from './errors';
import { refreshTokens } from './issue';
import { answerPassword, offerSrp, ownerOf } from './password-factor';
import type { Place } from './pool';
import { preAuthentication } from './triggers';

export const parameters = z.record(z.string(), z.string().max(131_072)).default({});
const clientId = z.string().min(1).max(128);
const username = z.string().min(1).max(128);

const initiateAuth = z.object({
  ClientId: clientId,
  AuthFlow: z.string().max(64),
  AuthParameters: parameters,
  ClientMetadata: parameters,
});

const getTokens = z.object({
  ClientId: clientId,
  RefreshToken: z.string().min(1).max(4096),
  ClientMetadata: parameters,
});

/** Each flow with the client permission that opens it; what is not here does not exist. */
const flows: Readonly<Record<string, Flow>> = {
  USER_SRP_AUTH: 'ALLOW_USER_SRP_AUTH',
  USER_AUTH: 'ALLOW_USER_AUTH',
  USER_PASSWORD_AUTH: 'ALLOW_USER_PASSWORD_AUTH',
  REFRESH_TOKEN_AUTH: 'ALLOW_REFRESH_TOKEN_AUTH',
  REFRESH_TOKEN: 'ALLOW_REFRESH_TOKEN_AUTH',
};

/** The first factors that USER_AUTH offers. Passkeys (WEB_AUTHN) are not emulated, mailed codes neither. */
const firstFactors = ['PASSWORD_SRP', 'PASSWORD'];

/** InitiateAuth: USER_SRP_AUTH, USER_AUTH, USER_PASSWORD_AUTH and the refresh flow, as far as the client allows each. */
export async function initiate(context: Context, input: unknown) {
  const request = parse(initiateAuth, input);
  const place = placeOf(context, request.ClientId);
  const needed = Object.hasOwn(flows, request.AuthFlow) ? flows[request.AuthFlow] : undefined;
  if (!needed) throw invalidParameter('This AuthFlow is not emulated');
  if (!place.client.flows.has(needed)) throw invalidParameter(`${request.AuthFlow} flow not enabled for this client`);
  const { AuthParameters: given, ClientMetadata: metadata } = request;
  if (needed === 'ALLOW_REFRESH_TOKEN_AUTH')
    return refreshTokens(context, place, requireParameter(given, 'REFRESH_TOKEN'), metadata);

  const typed = parse(username, requireParameter(given, 'USERNAME'));
  const user = place.pool.users.find(typed);
  if (!user && !place.client.hidesUnknownUsers) throw userNotFound();
  await preAuthentication(context, place, user, place.pool.account(typed).userId, metadata);
  if (needed === 'ALLOW_USER_SRP_AUTH') return offerSrp(context, place, typed, requireParameter(given, 'SRP_A'), false);
  if (needed === 'ALLOW_USER_PASSWORD_AUTH')
    return answerPassword(context, place, typed, requireParameter(given, 'PASSWORD'), metadata);
  const preferred = given['PREFERRED_CHALLENGE'];
  if (preferred === undefined) return offerChoice(context, place, typed);
  return answerChoice(context, place, typed, preferred, given, metadata);
}

/** Goes on with the first factor that was chosen in USER_AUTH. */
export async function answerChoice(
  context: Context,
  place: Place,
  typed: string,
  chosen: string,
  given: Readonly<Record<string, string>>,
  metadata: Readonly<Record<string, string>>,
) {
  if (chosen === 'PASSWORD_SRP') return offerSrp(context, place, typed, requireParameter(given, 'SRP_A'), true);
  if (chosen === 'PASSWORD')
    return answerPassword(context, place, typed, requireParameter(given, 'PASSWORD'), metadata);
  if (chosen === 'WEB_AUTHN') throw invalidParameter('WEB_AUTHN is not emulated');
  throw invalidParameter('This challenge is not available');
}

function offerChoice(context: Context, place: Place, typed: string) {
  const owner = ownerOf(place, place.pool.account(typed), typed);
  return {
    ChallengeName: 'SELECT_CHALLENGE',
    AvailableChallenges: firstFactors,
    Session: context.sessions.open({ ...owner, step: 'SELECT_CHALLENGE' }, place.client.sessionSeconds),
    ChallengeParameters: {},
  };
}

/** GetTokensFromRefreshToken: the one way to refresh at a client that rotates its refresh tokens. */
export async function tokensFromRefreshToken(context: Context, input: unknown) {
  const request = parse(getTokens, input);
  const place = placeOf(context, request.ClientId);
  const allowed = place.client.rotationGraceSeconds !== undefined || place.client.flows.has('ALLOW_REFRESH_TOKEN_AUTH');
  if (!allowed) throw notAuthorized('Refresh is not enabled for this client');
  const { AuthenticationResult } = await refreshTokens(context, place, request.RefreshToken, request.ClientMetadata);
  return { AuthenticationResult };
}
