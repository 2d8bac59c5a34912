/** What a key of each spec is for, and with which algorithms: the specs of AWS KMS that are emulated, and no others. */
export const KEY_SPECS = {
  SYMMETRIC_DEFAULT: { kind: 'symmetric', usage: 'ENCRYPT_DECRYPT', algorithms: ['SYMMETRIC_DEFAULT'] },
  HMAC_224: { kind: 'hmac', usage: 'GENERATE_VERIFY_MAC', algorithms: ['HMAC_SHA_224'] },
  HMAC_256: { kind: 'hmac', usage: 'GENERATE_VERIFY_MAC', algorithms: ['HMAC_SHA_256'] },
  HMAC_384: { kind: 'hmac', usage: 'GENERATE_VERIFY_MAC', algorithms: ['HMAC_SHA_384'] },
  HMAC_512: { kind: 'hmac', usage: 'GENERATE_VERIFY_MAC', algorithms: ['HMAC_SHA_512'] },
  ECC_NIST_P256: { kind: 'signing', usage: 'SIGN_VERIFY', algorithms: ['ECDSA_SHA_256'] },
  ECC_NIST_P384: { kind: 'signing', usage: 'SIGN_VERIFY', algorithms: ['ECDSA_SHA_384'] },
  ECC_NIST_EDWARDS25519: {
    kind: 'signing',
    usage: 'SIGN_VERIFY',
    algorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
  },
} as const;

export type KeySpec = keyof typeof KEY_SPECS;
export type KeyUsage = (typeof KEY_SPECS)[KeySpec]['usage'];

export function isKeySpec(name: string): name is KeySpec {
  return Object.hasOwn(KEY_SPECS, name);
}
