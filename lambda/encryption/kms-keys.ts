import { DecryptCommand, GenerateDataKeyCommand, type KMSClient } from '@aws-sdk/client-kms';
import { keyLength } from './data-key';
import { KeyError, keyErrorOf } from './key-error';

/** How a key is wrapped. 1: by KMS directly. 2 is reserved for a wrap under an organization's branch key. */
export const wrappedByKms = 1;

/** A data key as it is stored. */
export interface WrappedKey {
  /** from 1 */
  readonly version: number;
  readonly wrapAlg: number;
  readonly wrapped: Uint8Array;
  /** UTC, ISO 8601 */
  readonly createdAt: string;
}

/** What KMS binds a wrapped key to, and CloudTrail logs with each use: opaque ids only. */
export type KeyContext = Readonly<Record<'organization' | 'purpose', string>> & { readonly patient?: string };

/** What a key is made for; a key of one purpose does not unwrap for another. */
export type KeyPurpose = 'record' | 'import' | 'lookup' | 'governance';

/**
 * Data keys under one customer-managed key. Both calls may be repeated at will: unwrapping changes nothing, and a data key that
 * was made twice is one that nobody stored. So the client's own retries of throttling and network faults are safe.
 */
export class KmsKeys {
  constructor(
    private readonly kms: KMSClient,
    private readonly keyId: string,
  ) {}

  /** @returns 32 bytes for the caller to own and wipe, and their wrapped form. @throws KeyError */
  async generate(context: KeyContext): Promise<{ readonly bytes: Buffer; readonly wrapped: Buffer }> {
    const { Plaintext, CiphertextBlob } = await this.kms
      .send(
        new GenerateDataKeyCommand({ KeyId: this.keyId, KeySpec: 'AES_256', EncryptionContext: plainContext(context) }),
      )
      .catch((error: unknown) => {
        throw keyErrorOf(error, 'making a key');
      });
    const bytes = takeOver(Plaintext);
    if (!CiphertextBlob) throw new KeyError('invalid', 'making a key gave no wrapped key');
    return { bytes, wrapped: Buffer.from(CiphertextBlob) };
  }

  /** @returns 32 bytes for the caller to own and wipe. @throws KeyError */
  async unwrap({ wrapAlg, wrapped }: WrappedKey, context: KeyContext): Promise<Buffer> {
    if (wrapAlg !== wrappedByKms) throw new KeyError('invalid', 'a stored key is wrapped in an unknown way');
    const { Plaintext } = await this.kms
      // Naming the key: without it KMS would unwrap with whichever key the ciphertext says, an attacker's own among them.
      .send(
        new DecryptCommand({ KeyId: this.keyId, CiphertextBlob: wrapped, EncryptionContext: plainContext(context) }),
      )
      .catch((error: unknown) => {
        throw keyErrorOf(error, 'unwrapping a key');
      });
    return takeOver(Plaintext);
  }
}

function plainContext({ organization, patient, purpose }: KeyContext): Record<string, string> {
  return patient === undefined ? { organization, purpose } : { organization, patient, purpose };
}

function takeOver(plaintext: Uint8Array | undefined): Buffer {
  if (plaintext?.length !== keyLength) {
    plaintext?.fill(0);
    throw new KeyError('invalid', 'KMS gave something other than a 32-byte key');
  }
  const bytes = Buffer.allocUnsafeSlow(keyLength); // not of the shared pool, which would leave copies beside other data
  bytes.set(plaintext);
  plaintext.fill(0);
  return bytes;
}
