import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** RFC 3526 group 15: the 3072-bit group that user pools use for SRP-6a. */
const N = BigInt(
  `0x${[
    'FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD',
    'EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED',
    'EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F',
    '83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B',
    'E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510',
    '15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7',
    'ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C',
    'BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF',
  ].join('')}`,
);
const g = 2n;

/** What a pool keeps of a password: RFC 5054's verifier, from which the password cannot be read. Both in hexadecimal. */
export interface PasswordVerifier {
  readonly salt: string;
  readonly verifier: string;
}

/** Whose password it is: both parts are hashed with it, so a verifier is of no use in another pool or for another user. */
export interface SrpIdentity {
  /** the part of the pool's id after the underscore */
  readonly poolName: string;
  /** USER_ID_FOR_SRP */
  readonly userId: string;
}

/** The server's half of one SRP exchange; `b` must not leave the process. */
export interface SrpExchange {
  readonly A: bigint;
  readonly b: bigint;
  readonly B: bigint;
}

const sha256 = (...parts: readonly (Uint8Array | string)[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

/** Big-endian with a sign bit, as Java's BigInteger writes it: the encoding that every client hashes. */
function signed(value: bigint): Buffer {
  const digits = value.toString(16);
  const even = digits.length % 2 ? `0${digits}` : digits;
  return Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex');
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % N;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}

const k = integer(sha256(signed(N), signed(g)));

function derive(salt: string, identity: SrpIdentity, password: string): bigint {
  const secret = sha256(`${identity.poolName}${identity.userId}:${password}`);
  return power(g, integer(sha256(signed(BigInt(`0x${salt}`)), secret)));
}

/** Derives the verifier under a new salt of 128 bits. */
export function createVerifier(identity: SrpIdentity, password: string): PasswordVerifier {
  const salt = integer(randomBytes(16)).toString(16);
  return { salt, verifier: derive(salt, identity, password).toString(16) };
}

/** Whether this is the password behind the verifier. */
export function matchesPassword(stored: PasswordVerifier, identity: SrpIdentity, password: string): boolean {
  return timingSafeEqual(
    sha256(derive(stored.salt, identity, password).toString(16)),
    sha256(BigInt(`0x${stored.verifier}`).toString(16)),
  );
}

/**
 * Reads the client's public value.
 * @returns undefined unless it lies strictly between 0 and N: with A a multiple of N the shared secret is 0 whatever the
 * password, so whoever sends it could sign in as anyone (RFC 5054 2.5.4).
 */
export function parsePublicValue(hexadecimal: string): bigint | undefined {
  if (!/^[0-9a-fA-F]{1,1024}$/.test(hexadecimal)) return undefined;
  const value = BigInt(`0x${hexadecimal}`);
  return value > 0n && value < N ? value : undefined;
}

/** Answers a client's public value with the server's own, B = kv + g^b. */
export function beginExchange(stored: PasswordVerifier, A: bigint): SrpExchange {
  const b = integer(randomBytes(48));
  return { A, b, B: (k * BigInt(`0x${stored.verifier}`) + power(g, b)) % N };
}

/** Whether the client's signature over secret block and time stamp proves that it knows the password. */
export function provesPassword(
  stored: PasswordVerifier,
  identity: SrpIdentity,
  { A, b, B }: SrpExchange,
  claim: { readonly secretBlock: string; readonly timestamp: string; readonly signature: string },
): boolean {
  const u = integer(sha256(signed(A), signed(B)));
  if (u === 0n) return false;
  const shared = power((A * power(BigInt(`0x${stored.verifier}`), u)) % N, b);
  const key = Buffer.from(hkdfSync('sha256', signed(shared), signed(u), 'Caldera Derived Key', 16));
  const expected = createHmac('sha256', key)
    .update(identity.poolName)
    .update(identity.userId)
    .update(Buffer.from(claim.secretBlock, 'base64'))
    .update(claim.timestamp)
    .digest();
  const presented = Buffer.from(claim.signature, 'base64');
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}
