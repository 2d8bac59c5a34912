import { JwtVerifier } from 'aws-jwt-verify';
import { FetchError, JwtExpiredError } from 'aws-jwt-verify/error';
import type { Fetcher } from 'aws-jwt-verify/https';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import * as z from 'zod';
import type { Identity } from './actor';

export class TokenError extends Error {
  constructor(
    readonly code: 'missing' | 'expired' | 'invalid' | 'unavailable',
    options?: { readonly cause?: unknown },
  ) {
    super(`token: ${code}`, options);
    this.name = 'TokenError';
  }
}

/** The claims of a Cognito access token that Ward reads. */
const claims = z.object({
  sub: z.uuid(),
  /** of an account that a recovery made anew: whose it is. The pre-token trigger alone adds it */
  person: z.uuid().optional(),
  origin_jti: z.uuid(),
  auth_time: z.int().positive(),
  exp: z.int().positive(),
  token_use: z.literal('access'),
  scope: z.string(),
});

const scope = 'ward/api';

/** Reads the keys with the platform's fetch, over TLS but for an address of this machine. */
const fetcher: Fetcher = {
  async fetch(uri) {
    const url = new URL(uri);
    if (url.protocol !== 'https:' && url.hostname !== '127.0.0.1') throw new Error('keys are read over TLS');
    const response = await fetch(url, { signal: AbortSignal.timeout(3000), redirect: 'error' });
    if (!response.ok) throw new Error(`keys: HTTP ${response.status}`);
    return response.arrayBuffer();
  },
};

/**
 * Verifies access tokens again behind the gateway's authorizer, because whoever may invoke a function could make up its
 * event. 45 CFR 164.312(d).
 */
export class AccessTokens {
  readonly #verifier;

  constructor(options: { readonly region: string; readonly userPoolId: string; readonly clientId: string }) {
    const service = `https://cognito-idp.${options.region}.amazonaws.com`;
    // The SDK's own variable: a private endpoint of the service serves the keys as well.
    const endpoint = process.env['AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER'] ?? service;
    this.#verifier = JwtVerifier.create(
      {
        issuer: `${service}/${options.userPoolId}`,
        audience: null, // an access token names its client instead
        jwksUri: `${endpoint}/${options.userPoolId}/.well-known/jwks.json`,
        customJwtCheck: ({ payload }) => {
          if (payload['token_use'] !== 'access') throw new Error('not an access token');
          if (payload['client_id'] !== options.clientId) throw new Error('of another client');
          if (
            !String(payload['scope'] ?? '')
              .split(' ')
              .includes(scope)
          )
            throw new Error('no scope');
        },
      },
      { jwksCache: new SimpleJwksCache({ fetcher }) },
    );
  }

  /**
   * @param header the Authorization header, `Bearer <access token>`
   * @throws TokenError
   */
  async verify(header: string | undefined): Promise<Identity> {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/.exec(header ?? '')?.[1];
    if (!token) throw new TokenError('missing');
    let payload: unknown;
    try {
      payload = await this.#verifier.verify(token);
    } catch (cause) {
      if (cause instanceof JwtExpiredError) throw new TokenError('expired', { cause });
      throw new TokenError(cause instanceof FetchError ? 'unavailable' : 'invalid', { cause });
    }
    const parsed = claims.safeParse(payload);
    if (!parsed.success) throw new TokenError('invalid');
    return {
      sub: parsed.data.person ?? parsed.data.sub,
      account: parsed.data.sub,
      session: parsed.data.origin_jti,
      authenticatedAt: new Date(parsed.data.auth_time * 1000),
      expiresAt: new Date(parsed.data.exp * 1000),
    };
  }
}
