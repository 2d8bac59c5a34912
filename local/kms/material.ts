import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { ServiceError } from '../service';
import type { KeySpec } from './specs';

/** New secret material for a key: raw bytes, or a PKCS #8 private key where the spec signs. */
export function generateMaterial(spec: KeySpec): Buffer {
  switch (spec) {
    case 'SYMMETRIC_DEFAULT':
      return randomBytes(32);
    case 'HMAC_224':
    case 'HMAC_256':
    case 'HMAC_384':
    case 'HMAC_512':
      return randomBytes(Number(spec.slice(-3)) / 8);
    case 'ECC_NIST_P256':
    case 'ECC_NIST_P384':
      return pkcs8(generateKeyPairSync('ec', { namedCurve: `P-${spec.slice(-3)}` }).privateKey);
    case 'ECC_NIST_EDWARDS25519':
      return pkcs8(generateKeyPairSync('ed25519').privateKey);
  }
}

/** DER SubjectPublicKeyInfo (RFC 5280), as `GetPublicKey` returns it. */
export function publicKeyOf(material: Buffer): Buffer {
  return createPublicKey(privateKeyOf(material)).export({ type: 'spki', format: 'der' });
}

/**
 * A signature over the whole message: DER for ECDSA (ANSI X9.62), 64 bytes for Ed25519 (RFC 8032).
 *
 * @throws ServiceError UnsupportedOperationException for the pre-hashed Ed25519, which `node:crypto` does not have
 */
export function signMessage(algorithm: string, material: Buffer, message: Buffer): Buffer {
  return sign(digestOf(algorithm), message, privateKeyOf(material));
}

export function verifyMessage(algorithm: string, material: Buffer, message: Buffer, signature: Buffer): boolean {
  return verify(digestOf(algorithm), message, createPublicKey(privateKeyOf(material)), signature);
}

export function mac(algorithm: string, material: Buffer, message: Buffer): Buffer {
  return createHmac(`sha${algorithm.slice(-3)}`, material)
    .update(message)
    .digest();
}

export function verifyMac(algorithm: string, material: Buffer, message: Buffer, given: Buffer): boolean {
  const expected = mac(algorithm, material, message);
  return expected.length === given.length && timingSafeEqual(expected, given);
}

function digestOf(algorithm: string): string | null {
  switch (algorithm) {
    case 'ECDSA_SHA_256':
      return 'sha256';
    case 'ECDSA_SHA_384':
      return 'sha384';
    case 'ED25519_SHA_512':
      return null; // Ed25519 hashes by itself
    default:
      throw new ServiceError('UnsupportedOperationException', 'this signing algorithm is not emulated');
  }
}

function privateKeyOf(material: Buffer): KeyObject {
  return createPrivateKey({ key: material, format: 'der', type: 'pkcs8' });
}

function pkcs8(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs8', format: 'der' });
}
