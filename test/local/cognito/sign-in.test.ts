import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AdminListUserAuthEventsCommand, GetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { claimsOf, clientId, email, Laptop, password, poolId, temporaryPassword } from './laptop';

describe('signing in to a user pool', () => {
  let laptop: Laptop;
  beforeEach(async () => {
    laptop = await new Laptop().listen();
  });
  afterEach(() => laptop.close());

  it('leads from a temporary password over a new one and an authenticator to tokens that verify, 164.312(d)', async () => {
    const { tokens } = await laptop.enrolled();
    const keys = await laptop.keys();
    for (const [tokenUse, token] of [
      ['access', tokens.accessToken],
      ['id', tokens.idToken],
    ] as const) {
      const verifier = CognitoJwtVerifier.create(
        { userPoolId: poolId, clientId, tokenUse },
        { jwksCache: new SimpleJwksCache() },
      );
      verifier.cacheJwks(keys);
      const payload = await verifier.verify(token);
      expect(payload.sub).toBe(laptop.cognito.users(poolId)[0]?.sub);
      expect(payload.exp - payload.iat).toBe(tokenUse === 'access' ? 900 : 1200);
    }
    const access = claimsOf(tokens.accessToken);
    expect(access).toMatchObject({ token_use: 'access', client_id: clientId, scope: 'aws.cognito.signin.user.admin' });
    const id = claimsOf(tokens.idToken);
    expect(id).toMatchObject({
      token_use: 'id',
      aud: clientId,
      email,
      email_verified: true,
      origin_jti: access['origin_jti'],
    });
    expect(new Set([access['jti'], id['jti'], access['event_id'], access['origin_jti']]).size).toBe(4);
  });
});
