import { z } from 'zod';
import { type Caller, ServiceError } from '../service';
import { type Key, requireEnabled, requireUsable } from './keys';
import { mac, publicKeyOf, signMessage, verifyMac, verifyMessage } from './material';
import { bytes, grantTokens, type Kms, keyId, type OperationTable, operation, permittedKey } from './operation';
import { KEY_SPECS } from './specs';

const message = bytes(1, 4096);
const algorithm = z.string().min(1).max(64);
const messageType = z.enum(['RAW', 'DIGEST', 'EXTERNAL_MU']).default('RAW');

const signFields = {
  KeyId: keyId,
  Message: message,
  MessageType: messageType,
  SigningAlgorithm: algorithm,
  GrantTokens: grantTokens,
};
const signInput = z.strictObject(signFields);
const verifyInput = z.strictObject({ ...signFields, Signature: bytes(1, 6144) });

const macFields = { KeyId: keyId, Message: message, MacAlgorithm: algorithm, GrantTokens: grantTokens };
const generateMacInput = z.strictObject(macFields);
const verifyMacInput = z.strictObject({ ...macFields, Mac: bytes(1, 6144) });

const publicKeyInput = z.strictObject({ KeyId: keyId, GrantTokens: grantTokens });

/** Signatures and message authentication codes: over whole messages (`RAW`), which is all that Ward signs. */
export function signingOperations(kms: Kms): OperationTable {
  return {
    Sign: operation(signInput, (input, caller) => {
      const key = signingKey(kms, caller, 'Sign', input);
      const signature = signMessage(input.SigningAlgorithm, kms.keys.material(key, 0), input.Message);
      return {
        KeyId: kms.keys.arn(key),
        Signature: signature.toString('base64'),
        SigningAlgorithm: input.SigningAlgorithm,
      };
    }),

    Verify: operation(verifyInput, (input, caller) => {
      const key = signingKey(kms, caller, 'Verify', input);
      if (!verifyMessage(input.SigningAlgorithm, kms.keys.material(key, 0), input.Message, input.Signature))
        throw new ServiceError('KMSInvalidSignatureException', 'the signature does not verify');
      return { KeyId: kms.keys.arn(key), SignatureValid: true, SigningAlgorithm: input.SigningAlgorithm };
    }),

    GetPublicKey: operation(publicKeyInput, (input, caller) => {
      const key = permittedKey(kms, caller, 'GetPublicKey', input.KeyId);
      requireEnabled(key);
      const { kind, usage, algorithms } = KEY_SPECS[key.spec];
      if (kind !== 'signing') throw new ServiceError('UnsupportedOperationException', 'the key has no public key');
      return {
        KeyId: kms.keys.arn(key),
        PublicKey: publicKeyOf(kms.keys.material(key, 0)).toString('base64'),
        KeySpec: key.spec,
        CustomerMasterKeySpec: key.spec,
        KeyUsage: usage,
        SigningAlgorithms: algorithms,
      };
    }),

    GenerateMac: operation(generateMacInput, (input, caller) => {
      const key = macKey(kms, caller, 'GenerateMac', input);
      const code = mac(input.MacAlgorithm, kms.keys.material(key, 0), input.Message);
      return { KeyId: kms.keys.arn(key), Mac: code.toString('base64'), MacAlgorithm: input.MacAlgorithm };
    }),

    VerifyMac: operation(verifyMacInput, (input, caller) => {
      const key = macKey(kms, caller, 'VerifyMac', input);
      if (!verifyMac(input.MacAlgorithm, kms.keys.material(key, 0), input.Message, input.Mac))
        throw new ServiceError('KMSInvalidMacException', 'the code does not verify');
      return { KeyId: kms.keys.arn(key), MacValid: true, MacAlgorithm: input.MacAlgorithm };
    }),
  };
}

function signingKey(kms: Kms, caller: Caller, action: string, input: z.output<typeof signInput>): Key {
  const key = permittedKey(kms, caller, action, input.KeyId, {
    'kms:SigningAlgorithm': input.SigningAlgorithm,
    'kms:MessageType': input.MessageType,
  });
  requireUsable(key, 'SIGN_VERIFY', input.SigningAlgorithm);
  if (input.MessageType !== 'RAW')
    throw new ServiceError('UnsupportedOperationException', 'MessageType is emulated with RAW only');
  return key;
}

function macKey(kms: Kms, caller: Caller, action: string, input: z.output<typeof generateMacInput>): Key {
  const key = permittedKey(kms, caller, action, input.KeyId, { 'kms:MacAlgorithm': input.MacAlgorithm });
  requireUsable(key, 'GENERATE_VERIFY_MAC', input.MacAlgorithm);
  return key;
}
