import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** One RSA key of a pool with its RFC 7638 thumbprint as `kid`. */
export class SigningKey {
  readonly kid: string;
  private readonly privateKey: KeyObject;
  private readonly publicKey: KeyObject;

  constructor(readonly pem: string) {
    this.privateKey = createPrivateKey(pem);
    this.publicKey = createPublicKey(this.privateKey);
    const { e, kty, n } = this.publicKey.export({ format: 'jwk' });
    this.kid = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
  }

  static generate(): SigningKey {
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    return new SigningKey(privateKey);
  }

  jwk(): JsonWebKey {
    return { ...this.publicKey.export({ format: 'jwk' }), kid: this.kid, alg: 'RS256', use: 'sig' };
  }

  /** @returns a compact JWS (RFC 7515), RS256 */
  sign(claims: Claims): string {
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const input = `${part({ kid: this.kid, alg: 'RS256' })}.${part(claims)}`;
    return `${input}.${sign('sha256', Buffer.from(input), this.privateKey).toString('base64url')}`;
  }

  /** @returns the claims, or undefined unless this very key signed the token with RS256; expiry is the caller's to check */
  verify(token: string): Claims | undefined {
    const [header = '', payload = '', signature = '', ...rest] = token.split('.');
    const named = decode(header);
    // "none" and HMAC with the public key are the classic forgeries (RFC 8725 2.1): only the header that we write passes.
    if (rest.length > 0 || named?.['alg'] !== 'RS256' || named['kid'] !== this.kid) return undefined;
    const signed = verify(
      'sha256',
      Buffer.from(`${header}.${payload}`),
      this.publicKey,
      Buffer.from(signature, 'base64url'),
    );
    return signed ? decode(payload) : undefined;
  }
}

/** Reads a token's claims without believing them, to learn which pool to ask. */
export function unverifiedClaims(token: string): Claims | undefined {
  return decode(token.split('.')[1] ?? '');
}

function decode(part: string): Claims | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Refresh tokens and mailed codes are kept as hashes. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');
