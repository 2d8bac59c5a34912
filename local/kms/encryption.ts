import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Caller, ServiceError } from '../service';
import { type Ciphertext, type EncryptionContext, invalidCiphertext, open, parseCiphertext, seal } from './ciphertext';
import { type Key, requireUsable } from './keys';
import {
  bytes,
  contextConditions,
  encryptionContext,
  grantTokens,
  type Kms,
  keyId,
  type OperationTable,
  operation,
  permit,
  permittedKey,
} from './operation';

const MAXIMUM_PLAINTEXT_BYTES = 4096;
const MAXIMUM_CIPHERTEXT_BYTES = 6144;
const algorithm = z.literal('SYMMETRIC_DEFAULT').default('SYMMETRIC_DEFAULT');
const ciphertextBlob = bytes(1, MAXIMUM_CIPHERTEXT_BYTES);

const encryptInput = z.strictObject({
  KeyId: keyId,
  Plaintext: bytes(1, MAXIMUM_PLAINTEXT_BYTES),
  EncryptionContext: encryptionContext,
  EncryptionAlgorithm: algorithm,
  GrantTokens: grantTokens,
});

const decryptInput = z.strictObject({
  CiphertextBlob: ciphertextBlob,
  KeyId: keyId.optional(),
  EncryptionContext: encryptionContext,
  EncryptionAlgorithm: algorithm,
  GrantTokens: grantTokens,
});

const reEncryptInput = z.strictObject({
  CiphertextBlob: ciphertextBlob,
  SourceKeyId: keyId.optional(),
  SourceEncryptionContext: encryptionContext,
  SourceEncryptionAlgorithm: algorithm,
  DestinationKeyId: keyId,
  DestinationEncryptionContext: encryptionContext,
  DestinationEncryptionAlgorithm: algorithm,
  GrantTokens: grantTokens,
});

const dataKeyInput = z
  .strictObject({
    KeyId: keyId,
    KeySpec: z.enum(['AES_128', 'AES_256']).optional(),
    NumberOfBytes: z.int().min(1).max(1024).optional(),
    EncryptionContext: encryptionContext,
    GrantTokens: grantTokens,
  })
  .refine(({ KeySpec, NumberOfBytes }) => (KeySpec === undefined) !== (NumberOfBytes === undefined), {
    path: ['KeySpec or NumberOfBytes'],
  });

const randomInput = z.strictObject({ NumberOfBytes: z.int().min(1).max(1024) });

/** Symmetric encryption under keys that never leave the service, bound to an encryption context. */
export function encryptionOperations(kms: Kms): OperationTable {
  return {
    Encrypt: operation(encryptInput, (input, caller) => {
      const key = encryptionKey(kms, caller, 'Encrypt', input.KeyId, input.EncryptionContext);
      return {
        KeyId: kms.keys.arn(key),
        CiphertextBlob: sealUnder(kms, key, input.Plaintext, input.EncryptionContext),
        EncryptionAlgorithm: input.EncryptionAlgorithm,
      };
    }),

    Decrypt: operation(decryptInput, (input, caller) => {
      const { EncryptionContext: context } = input;
      const ciphertext = parseCiphertext(input.CiphertextBlob);
      const key = decryptionKey(kms, caller, 'Decrypt', ciphertext, input.KeyId, contextConditions(context));
      const plaintext = open(ciphertext, kms.keys.material(key, ciphertext.materialVersion), context);
      return {
        KeyId: kms.keys.arn(key),
        Plaintext: plaintext.toString('base64'),
        EncryptionAlgorithm: input.EncryptionAlgorithm,
      };
    }),

    ReEncrypt: operation(reEncryptInput, (input, caller) => {
      const ciphertext = parseCiphertext(input.CiphertextBlob);
      const sameKey = String(kms.keys.find(input.DestinationKeyId).key.id === ciphertext.keyId);
      const source = decryptionKey(kms, caller, 'ReEncryptFrom', ciphertext, input.SourceKeyId, {
        ...contextConditions(input.SourceEncryptionContext),
        'kms:ReEncryptOnSameKey': sameKey,
      });
      const destination = permittedKey(kms, caller, 'ReEncryptTo', input.DestinationKeyId, {
        ...contextConditions(input.DestinationEncryptionContext),
        'kms:ReEncryptOnSameKey': sameKey,
      });
      requireUsable(destination, 'ENCRYPT_DECRYPT');
      const material = kms.keys.material(source, ciphertext.materialVersion);
      const plaintext = open(ciphertext, material, input.SourceEncryptionContext);
      return {
        SourceKeyId: kms.keys.arn(source),
        KeyId: kms.keys.arn(destination),
        CiphertextBlob: sealUnder(kms, destination, plaintext, input.DestinationEncryptionContext),
        SourceEncryptionAlgorithm: input.SourceEncryptionAlgorithm,
        DestinationEncryptionAlgorithm: input.DestinationEncryptionAlgorithm,
      };
    }),

    GenerateDataKey: operation(dataKeyInput, (input, caller) => {
      const { plaintext, reply } = dataKey(kms, caller, 'GenerateDataKey', input);
      return { ...reply, Plaintext: plaintext.toString('base64') };
    }),

    GenerateDataKeyWithoutPlaintext: operation(
      dataKeyInput,
      (input, caller) => dataKey(kms, caller, 'GenerateDataKeyWithoutPlaintext', input).reply,
    ),

    GenerateRandom: operation(randomInput, (input, caller) => {
      kms.authorize(caller, { action: 'kms:GenerateRandom', resource: '*' });
      return { Plaintext: randomBytes(input.NumberOfBytes).toString('base64') };
    }),
  };
}

function dataKey(kms: Kms, caller: Caller, action: string, input: z.output<typeof dataKeyInput>) {
  const key = encryptionKey(kms, caller, action, input.KeyId, input.EncryptionContext);
  const plaintext = randomBytes(input.NumberOfBytes ?? (input.KeySpec === 'AES_128' ? 16 : 32));
  const sealed = sealUnder(kms, key, plaintext, input.EncryptionContext);
  return { plaintext, reply: { KeyId: kms.keys.arn(key), CiphertextBlob: sealed } };
}

function encryptionKey(kms: Kms, caller: Caller, action: string, reference: string, context: EncryptionContext): Key {
  const key = permittedKey(kms, caller, action, reference, contextConditions(context));
  requireUsable(key, 'ENCRYPT_DECRYPT');
  return key;
}

/**
 * The key that a ciphertext names. A caller who says which key they expect is asked about that one, so that a blob
 * from elsewhere cannot choose the key for them.
 */
function decryptionKey(
  kms: Kms,
  caller: Caller,
  action: string,
  ciphertext: Ciphertext,
  expected: string | undefined,
  conditions: Readonly<Record<string, string | readonly string[]>>,
): Key {
  if (expected !== undefined) {
    const key = permittedKey(kms, caller, action, expected, conditions);
    if (key.id !== ciphertext.keyId)
      throw new ServiceError('IncorrectKeyException', 'the ciphertext was made under another key');
    requireUsable(key, 'ENCRYPT_DECRYPT');
    return key;
  }
  const key = kms.keys.get(ciphertext.keyId);
  if (!key) throw invalidCiphertext();
  permit(kms, caller, action, key, conditions);
  requireUsable(key, 'ENCRYPT_DECRYPT');
  return key;
}

function sealUnder(kms: Kms, key: Key, plaintext: Buffer, context: EncryptionContext): string {
  const { version, material } = kms.keys.currentMaterial(key);
  return seal(key.id, version, material, plaintext, context).toString('base64');
}
