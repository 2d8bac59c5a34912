import {
  AssociateSoftwareTokenCommand,
  type AuthenticationResultType,
  type CognitoIdentityProviderClient,
  InitiateAuthCommand,
  type InitiateAuthCommandOutput,
  RespondToAuthChallengeCommand,
  type RespondToAuthChallengeCommandOutput,
  VerifySoftwareTokenCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import { createSrpSession, signSrpSession, wrapAuthChallenge, wrapInitiateAuth } from 'cognito-srp-helper';
import { Secret, TOTP } from 'otpauth';

export interface Tokens {
  readonly accessToken: string;
  readonly idToken: string;
  readonly refreshToken: string;
  /** of the access token, in milliseconds since 1970 */
  readonly expiresAt: number;
}

/** What an authenticator app needs to enrol: the base32 secret, and the same as an `otpauth:` URI for a QR code. */
export interface Enrolment {
  readonly secret: string;
  readonly uri: string;
}

export interface SignInRequest {
  readonly client: CognitoIdentityProviderClient;
  readonly poolId: string;
  readonly clientId: string;
  /** e-mail address, or whatever the pool names its users by */
  readonly username: string;
  readonly password: string;
  /** asked for when the password is a temporary one */
  readonly newPassword?: () => Promise<string>;
  /** asked for a six-digit code; with an enrolment when the user has no authenticator yet */
  readonly totp: (enrolment?: Enrolment) => Promise<string>;
}

type Answer = InitiateAuthCommandOutput | RespondToAuthChallengeCommandOutput;

/**
 * Signs a user in by SRP, so that the password does not leave the process, and goes on through each challenge: a new
 * password in place of a temporary one, enrolment of an authenticator, its code.
 * @throws Error of the service as the SDK gives it, or one that names a challenge this client cannot answer
 */
export async function signIn(request: SignInRequest): Promise<Tokens> {
  let answer: Answer = await provePassword(request);
  // Each challenge comes once at most; a service that keeps asking is not followed for ever.
  for (let step = 0; step < 4 && !answer.AuthenticationResult; step++) answer = await answerChallenge(request, answer);
  if (!answer.AuthenticationResult) throw new Error('Sign-in did not come to an end');
  return tokensOf(answer.AuthenticationResult);
}

async function provePassword({ client, poolId, clientId, username, password }: SignInRequest): Promise<Answer> {
  const srp = createSrpSession(username, password, poolId, false);
  const offer = await client.send(
    new InitiateAuthCommand(
      wrapInitiateAuth(srp, {
        ClientId: clientId,
        AuthFlow: 'USER_SRP_AUTH' as const,
        AuthParameters: { USERNAME: username },
      }),
    ),
  );
  if (offer.ChallengeName !== 'PASSWORD_VERIFIER') throw unanswerable(offer.ChallengeName);
  const userId = offer.ChallengeParameters?.['USER_ID_FOR_SRP'] ?? username;
  return client.send(
    new RespondToAuthChallengeCommand(
      wrapAuthChallenge(signSrpSession(srp, offer), {
        ClientId: clientId,
        ChallengeName: 'PASSWORD_VERIFIER' as const,
        ChallengeResponses: { USERNAME: userId },
        ...(offer.Session ? { Session: offer.Session } : {}),
      }),
    ),
  );
}

async function answerChallenge(request: SignInRequest, answer: Answer): Promise<Answer> {
  const username = answer.ChallengeParameters?.['USER_ID_FOR_SRP'] ?? request.username;
  const respond = (responses: Record<string, string>, session = answer.Session) =>
    request.client.send(
      new RespondToAuthChallengeCommand({
        ClientId: request.clientId,
        ChallengeName: answer.ChallengeName,
        ChallengeResponses: { USERNAME: username, ...responses },
        Session: session,
      }),
    );
  switch (answer.ChallengeName) {
    case 'NEW_PASSWORD_REQUIRED':
      if (!request.newPassword) throw new Error('The password is a temporary one: a new one must be chosen');
      return respond({ NEW_PASSWORD: await request.newPassword() });
    case 'SOFTWARE_TOKEN_MFA':
      return respond({ SOFTWARE_TOKEN_MFA_CODE: await request.totp() });
    case 'MFA_SETUP':
      return respond({}, await enrol(request, answer.Session));
    default:
      throw unanswerable(answer.ChallengeName);
  }
}

/** @returns the session in which the authenticator is enrolled */
async function enrol({ client, username, totp }: SignInRequest, session: string | undefined) {
  const { SecretCode: secret, Session } = await client.send(new AssociateSoftwareTokenCommand({ Session: session }));
  if (!secret) throw new Error('The user pool gave no secret for the authenticator');
  const uri = new TOTP({ issuer: 'Ward', label: username, secret: Secret.fromBase32(secret) }).toString();
  const UserCode = await totp({ secret, uri });
  const verified = await client.send(new VerifySoftwareTokenCommand({ Session, UserCode }));
  if (verified.Status !== 'SUCCESS') throw new Error('The authenticator was not accepted');
  return verified.Session;
}

function tokensOf({ AccessToken, IdToken, RefreshToken, ExpiresIn }: AuthenticationResultType): Tokens {
  if (!AccessToken || !IdToken || !RefreshToken || !ExpiresIn) throw new Error('The user pool gave incomplete tokens');
  return {
    accessToken: AccessToken,
    idToken: IdToken,
    refreshToken: RefreshToken,
    expiresAt: Date.now() + ExpiresIn * 1000,
  };
}

const unanswerable = (challenge: string | undefined) =>
  new Error(`The user pool asks for ${challenge ?? 'an unnamed challenge'}, which this client cannot answer`);
