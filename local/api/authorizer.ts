import { CognitoJwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';

/** the claims of a verified token, each as the text that API Gateway hands to a function */
export type Claims = Readonly<Record<string, string>>;
/** @returns undefined when the token may not pass, whatever the reason */
export type VerifyToken = (
  token: string,
  poolIds: readonly string[],
  scopes: readonly string[],
) => Promise<Claims | undefined>;

/**
 * API Gateway's check of a Cognito token: signature, issuer, expiry, use and scope.
 * With scopes it takes access tokens that hold one of them, without scopes ID tokens; any client of the pool will do.
 * @param fetchJwks the pool's JSON Web Key Set as bytes. Never AWS's own: a forged key id must not reach the network.
 */
export function tokenVerifier(fetchJwks: (poolId: string) => Promise<ArrayBuffer>): VerifyToken {
  type Verify = (token: string) => Promise<object>;
  const verifiers = new Map<string, Verify>();
  const verifier = (userPoolId: string, scopes: readonly string[]): Verify => {
    const key = JSON.stringify([userPoolId, scopes]);
    const known = verifiers.get(key);
    if (known) return known;
    const options = { jwksCache: new SimpleJwksCache({ fetcher: { fetch: () => fetchJwks(userPoolId) } }) };
    const common = { userPoolId, clientId: null };
    const made =
      scopes.length > 0
        ? CognitoJwtVerifier.create({ ...common, tokenUse: 'access', scope: [...scopes] }, options)
        : CognitoJwtVerifier.create({ ...common, tokenUse: 'id' }, options);
    const verify: Verify = (token) => made.verify(token);
    verifiers.set(key, verify);
    return verify;
  };
  return async (token, poolIds, scopes) => {
    for (const poolId of poolIds) {
      try {
        return asText(await verifier(poolId, scopes)(token));
      } catch {
        // Not a token of this pool; why is nothing to tell a stranger.
      }
    }
    return undefined;
  };
}

function asText(claims: object): Claims {
  return Object.fromEntries(
    Object.entries(claims).map(([name, value]) => {
      if ((name === 'exp' || name === 'iat') && typeof value === 'number') return [name, clock(value)];
      if (Array.isArray(value)) return [name, value.join(',')];
      return [name, typeof value === 'object' ? JSON.stringify(value) : String(value)];
    }),
  );
}

/** API Gateway shows `exp` and `iat` as Java does: Sat Mar 09 13:02:07 UTC 2025. */
function clock(seconds: number): string {
  const [weekday = '', day, month, year, time] = new Date(seconds * 1000).toUTCString().split(' ');
  return `${weekday.replace(',', '')} ${month} ${day} ${time} UTC ${year}`;
}
