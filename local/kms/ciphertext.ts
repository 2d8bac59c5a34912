import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { ServiceError } from '../service';

/*
 * A ciphertext blob: format (1 byte), length of the key id (1), key id, material version (4, big-endian), nonce (12),
 * tag (16), ciphertext. Everything before the nonce is authenticated together with the encryption context, so that a
 * blob can be moved neither to another key or material version nor to another context.
 */
const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export type EncryptionContext = Readonly<Record<string, string>>;

export interface Ciphertext {
  readonly keyId: string;
  readonly materialVersion: number;
  readonly header: Buffer;
  readonly nonce: Buffer;
  readonly tag: Buffer;
  readonly sealed: Buffer;
}

/** One encoding for each context, whatever the order of its pairs: lengths before values leave nothing to confuse. */
export function encodeContext(context: EncryptionContext): Buffer {
  const pairs = Object.entries(context)
    .map(([key, value]): [Buffer, Buffer] => [Buffer.from(key), Buffer.from(value)])
    .sort(([a], [b]) => Buffer.compare(a, b));
  return Buffer.concat(pairs.flatMap(([key, value]) => [uint32(key.length), key, uint32(value.length), value]));
}

export function seal(
  keyId: string,
  materialVersion: number,
  material: Buffer,
  plaintext: Buffer,
  context: EncryptionContext,
): Buffer {
  const id = Buffer.from(keyId);
  const header = Buffer.concat([Buffer.from([FORMAT, id.length]), id, uint32(materialVersion)]);
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', material, nonce);
  cipher.setAAD(Buffer.concat([header, encodeContext(context)]));
  const sealed = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), sealed]);
}

/** @throws ServiceError InvalidCiphertextException when the blob is not one of this format */
export function parseCiphertext(blob: Buffer): Ciphertext {
  const headerBytes = 2 + (blob[1] ?? 0) + 4;
  const sealedAt = headerBytes + NONCE_BYTES + TAG_BYTES;
  if (blob[0] !== FORMAT || blob.length <= sealedAt) throw invalidCiphertext();
  return {
    keyId: blob.toString('utf8', 2, headerBytes - 4),
    materialVersion: blob.readUInt32BE(headerBytes - 4),
    header: blob.subarray(0, headerBytes),
    nonce: blob.subarray(headerBytes, headerBytes + NONCE_BYTES),
    tag: blob.subarray(headerBytes + NONCE_BYTES, sealedAt),
    sealed: blob.subarray(sealedAt),
  };
}

/** @throws ServiceError InvalidCiphertextException when blob, material or context is not what was sealed */
export function open(ciphertext: Ciphertext, material: Buffer, context: EncryptionContext): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', material, ciphertext.nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.concat([ciphertext.header, encodeContext(context)]));
  decipher.setAuthTag(ciphertext.tag);
  try {
    return Buffer.concat([decipher.update(ciphertext.sealed), decipher.final()]);
  } catch {
    throw invalidCiphertext();
  }
}

export function invalidCiphertext(): ServiceError {
  return new ServiceError('InvalidCiphertextException', 'the ciphertext or its encryption context is not valid');
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
