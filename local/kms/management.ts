import { z } from 'zod';
import { ServiceError } from '../service';
import { type Key, nextRotation, requireEnabled, requireNotPendingDeletion } from './keys';
import { grantTokens, type Kms, keyId, type OperationTable, operation, permittedKey } from './operation';
import { KEY_SPECS } from './specs';

const DAY_MS = 86_400_000;
const justKey = z.strictObject({ KeyId: keyId });
const describeInput = z.strictObject({ KeyId: keyId, GrantTokens: grantTokens });
const listInput = z.strictObject({
  Limit: z.int().min(1).max(1000).default(100),
  Marker: z.string().min(1).max(1024).optional(),
});
const deletionInput = z.strictObject({ KeyId: keyId, PendingWindowInDays: z.int().min(7).max(30).default(30) });
const rotationInput = z.strictObject({
  KeyId: keyId,
  RotationPeriodInDays: z.int().min(90).max(2560).default(365),
});

/** The life of a key: its states, its rotation and its deletion after a waiting period. */
export function managementOperations(kms: Kms): OperationTable {
  const { keys } = kms;
  return {
    DescribeKey: operation(describeInput, (input, caller) => ({
      KeyMetadata: metadata(kms, permittedKey(kms, caller, 'DescribeKey', input.KeyId)),
    })),

    ListKeys: operation(listInput, (input, caller) => {
      kms.authorize(caller, { action: 'kms:ListKeys', resource: '*' });
      const all = keys.list();
      const start = input.Marker === undefined ? 0 : all.findIndex((key) => key.id === input.Marker);
      if (start < 0) throw new ServiceError('InvalidMarkerException', 'the marker is not valid');
      const next = all[start + input.Limit];
      return {
        Keys: all.slice(start, start + input.Limit).map((key) => ({ KeyId: key.id, KeyArn: keys.arn(key) })),
        Truncated: next !== undefined,
        NextMarker: next?.id,
      };
    }),

    EnableKey: operation(justKey, (input, caller) => {
      const key = permittedKey(kms, caller, 'EnableKey', input.KeyId);
      requireNotPendingDeletion(key);
      keys.save({ ...key, state: 'Enabled' });
    }),

    DisableKey: operation(justKey, (input, caller) => {
      const key = permittedKey(kms, caller, 'DisableKey', input.KeyId);
      requireNotPendingDeletion(key);
      keys.save({ ...key, state: 'Disabled' });
    }),

    ScheduleKeyDeletion: operation(deletionInput, (input, caller) => {
      const days = input.PendingWindowInDays;
      const key = permittedKey(kms, caller, 'ScheduleKeyDeletion', input.KeyId, {
        'kms:ScheduleKeyDeletionPendingWindowInDays': String(days),
      });
      requireNotPendingDeletion(key);
      const deletionAt = kms.clock() + days * DAY_MS;
      keys.save({ ...key, state: 'PendingDeletion', deletionAt });
      return {
        KeyId: keys.arn(key),
        DeletionDate: deletionAt / 1000,
        KeyState: 'PendingDeletion',
        PendingWindowInDays: days,
      };
    }),

    CancelKeyDeletion: operation(justKey, (input, caller) => {
      const key = permittedKey(kms, caller, 'CancelKeyDeletion', input.KeyId);
      if (key.state !== 'PendingDeletion')
        throw new ServiceError('KMSInvalidStateException', 'the key is not pending deletion');
      keys.save({ ...key, state: 'Disabled', deletionAt: undefined });
      return { KeyId: keys.arn(key) };
    }),

    EnableKeyRotation: operation(rotationInput, (input, caller) => {
      const periodDays = input.RotationPeriodInDays;
      const key = permittedKey(kms, caller, 'EnableKeyRotation', input.KeyId, {
        'kms:RotationPeriodInDays': String(periodDays),
      });
      requireRotatable(key);
      keys.save({ ...key, rotation: { since: key.rotation?.since ?? kms.clock(), periodDays } });
    }),

    GetKeyRotationStatus: operation(justKey, (input, caller) => {
      const key = permittedKey(kms, caller, 'GetKeyRotationStatus', input.KeyId);
      if (KEY_SPECS[key.spec].kind !== 'symmetric') return { KeyId: keys.arn(key), KeyRotationEnabled: false };
      const next = key.state === 'PendingDeletion' ? undefined : nextRotation(key);
      return {
        KeyId: keys.arn(key),
        KeyRotationEnabled: next !== undefined,
        RotationPeriodInDays: key.rotation?.periodDays,
        NextRotationDate: next === undefined ? undefined : next / 1000,
      };
    }),

    RotateKeyOnDemand: operation(justKey, (input, caller) => {
      const key = permittedKey(kms, caller, 'RotateKeyOnDemand', input.KeyId);
      requireRotatable(key);
      return { KeyId: keys.arn(keys.rotateOnDemand(key)) };
    }),
  };
}

function requireRotatable(key: Key): void {
  requireEnabled(key);
  if (KEY_SPECS[key.spec].kind !== 'symmetric')
    throw new ServiceError('UnsupportedOperationException', 'only symmetric keys rotate');
}

function metadata(kms: Kms, key: Key) {
  const { kind, usage, algorithms } = KEY_SPECS[key.spec];
  const algorithmsOf = { symmetric: 'EncryptionAlgorithms', signing: 'SigningAlgorithms', hmac: 'MacAlgorithms' };
  const primary = { Arn: kms.keys.arn(key), Region: kms.region };
  return {
    AWSAccountId: kms.account,
    KeyId: key.id,
    Arn: kms.keys.arn(key),
    CreationDate: key.createdAt / 1000,
    Enabled: key.state === 'Enabled',
    Description: key.description,
    KeyUsage: usage,
    KeyState: key.state,
    Origin: 'AWS_KMS',
    KeyManager: 'CUSTOMER',
    KeySpec: key.spec,
    CustomerMasterKeySpec: key.spec,
    [algorithmsOf[kind]]: algorithms,
    MultiRegion: key.multiRegion,
    ...(key.multiRegion
      ? { MultiRegionConfiguration: { MultiRegionKeyType: 'PRIMARY', PrimaryKey: primary, ReplicaKeys: [] } }
      : {}),
    DeletionDate: key.deletionAt === undefined ? undefined : key.deletionAt / 1000,
  };
}
