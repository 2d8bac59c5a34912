import { randomUUID } from 'node:crypto';
import { KMSClient, ScheduleKeyDeletionCommand } from '@aws-sdk/client-kms';
import { KmsKeys } from '../../lambda/encryption/kms-keys';
import { type PatientKey, PatientKeys, type WrappedKey } from '../../lambda/encryption/patient-keys';
import { type Cloud, cloud, codeOf, keyArn } from './cloud';

let aws: Cloud;
beforeEach(async () => {
  aws = await cloud();
});
afterEach(() => aws.close());

const patient = randomUUID();
const keysOf = (organization = 'example-clinic', keyId = keyArn) =>
  new PatientKeys({ kms: aws.kms, keyId, organization, clock: aws.clock });
const print = (key: PatientKey) => key.expand(Buffer.from('same'), 32).toString('hex');

describe('patient keys', () => {
  it('come from KMS and open again on another instance', async () => {
    const { key, wrapped } = await keysOf().generate(patient, 1);
    expect(wrapped).toMatchObject({ version: 1, wrapAlg: 1, createdAt: '2026-01-15T08:30:00.000Z' });
    expect(print(await keysOf().unwrap(patient, wrapped))).toBe(print(key));
    expect(wrapped.wrapped.length).toBeGreaterThan(32);
  });

  it('are wrapped for one organization, patient and purpose, which KMS logs with each use', async () => {
    const { wrapped } = await keysOf().generate(patient, 1);
    expect(aws.recorder.of('kms:GenerateDataKey')[0]?.context).toMatchObject({
      'kms:EncryptionContext:organization': 'example-clinic',
      'kms:EncryptionContext:patient': patient,
      'kms:EncryptionContext:purpose': 'record',
    });
    expect(await codeOf(keysOf('another-clinic').unwrap(patient, wrapped))).toBe('wrong-context');
    expect(await codeOf(keysOf().unwrap(randomUUID(), wrapped))).toBe('wrong-context');
    expect(await codeOf(keysOf().unwrap(patient, wrapped, 'import'))).toBe('wrong-context');
    expect(await codeOf(keysOf('example-clinic', keyArn.replace('patients', 'another')).unwrap(patient, wrapped))).toBe(
      'invalid',
    );
  });

  it('cost one KMS call for twelve cold reads of one patient', async () => {
    const { wrapped } = await keysOf().generate(patient, 1);
    const keys = keysOf();
    const all = await Promise.all(Array.from({ length: 12 }, () => keys.unwrap(patient, wrapped)));
    expect(new Set(all.map(print)).size).toBe(1);
    expect(aws.calls('Decrypt')).toBe(1);
  });

  it('need no KMS call right after they were made', async () => {
    const keys = keysOf();
    const { key, wrapped } = await keys.generate(patient, 1);
    expect(print(await keys.unwrap(patient, wrapped))).toBe(print(key));
    expect(aws.calls('Decrypt')).toBe(0);
  });

  it('are kept apart by patient, purpose and version', async () => {
    const keys = keysOf();
    const made = await Promise.all([
      keys.generate(patient, 1),
      keys.generate(patient, 2),
      keys.generate(patient, 1, 'import'),
      keys.generate(`${patient}2`, 1),
    ]);
    expect(new Set(made.map(({ key }) => print(key))).size).toBe(4);
    expect(keys.size).toBe(4);
    keys.forget(patient);
    expect(keys.size).toBe(1);
  });

  it('are refused by an instance that kept them once their time is over and KMS says no', async () => {
    const keys = keysOf();
    const { wrapped } = await keys.generate(patient, 1);
    aws.recorder.denied.add('kms:Decrypt');
    await keys.unwrap(patient, wrapped);
    aws.time.now += 300_000;
    expect(await codeOf(keys.unwrap(patient, wrapped))).toBe('denied');
  });

  it('are never kept longer than five minutes, whatever is configured', async () => {
    const keys = new PatientKeys({
      kms: aws.kms,
      keyId: keyArn,
      organization: 'o',
      clock: aws.clock,
      ttlMilliseconds: 1e9,
    });
    const { wrapped } = await keys.generate(patient, 1);
    aws.time.now += 300_000;
    await keys.unwrap(patient, wrapped);
    expect(aws.calls('Decrypt')).toBe(1);
  });

  it('show nothing of themselves', async () => {
    const { key, wrapped } = await keysOf().generate(patient, 1);
    expect(JSON.stringify(key)).toBe('{"version":1,"kind":"patient"}');
    key.release();
    expect(() => key.expand(Buffer.alloc(1), 32)).toThrow(expect.objectContaining({ code: 'key' }));
    expect(print(await keysOf().unwrap(patient, wrapped))).toHaveLength(64);
  });
});

describe('a fault of KMS is told by its code, and no key comes of it', () => {
  const unknown: WrappedKey = { version: 1, wrapAlg: 1, wrapped: Buffer.alloc(60), createdAt: '' };

  it.each([
    ['throttled', 'throttled'],
    ['timeout', 'timeout'],
    ['internal', 'unavailable'],
    ['unavailable', 'unavailable'],
    ['denied', 'denied'],
    ['disabled', 'disabled'],
  ] as const)('%s is %s', async (fault, code) => {
    const { wrapped } = await keysOf().generate(patient, 1);
    aws.emulator.fail('Decrypt', fault);
    const keys = keysOf();
    expect(await codeOf(keys.unwrap(patient, wrapped))).toBe(code);
    aws.emulator.fail('GenerateDataKey', fault);
    expect(await codeOf(keys.generate(patient, 2))).toBe(code);
    await keys.unwrap(patient, wrapped); // the next one is asked anew
  });

  it('a key that waits to be deleted is pending-deletion', async () => {
    const { wrapped } = await keysOf().generate(patient, 1);
    await aws.kms.send(new ScheduleKeyDeletionCommand({ KeyId: keyArn, PendingWindowInDays: 7 }));
    expect(await codeOf(keysOf().unwrap(patient, wrapped))).toBe('pending-deletion');
    expect(await codeOf(keysOf().generate(patient, 2))).toBe('pending-deletion');
  });

  it('no such key, a service that is not there, a wrapping that is unknown', async () => {
    const { wrapped } = await keysOf().generate(patient, 1);
    expect(await codeOf(keysOf('example-clinic', keyArn.replace('patients', 'nobody')).generate(patient, 1))).toBe(
      'invalid',
    );
    expect(await codeOf(keysOf().unwrap(patient, { ...wrapped, wrapAlg: 2 }))).toBe('invalid');
    expect(await codeOf(keysOf().unwrap(patient, unknown))).toBe('wrong-context');
    const gone = new KMSClient({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      maxAttempts: 1,
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const keys = new PatientKeys({ kms: gone, keyId: keyArn, organization: 'o', clock: aws.clock });
    expect(await codeOf(keys.unwrap(patient, wrapped))).toBe('unavailable');
    gone.destroy();
  });

  it('names no patient in its message', async () => {
    const { wrapped } = await keysOf().generate(patient, 1);
    const error = await keysOf('another')
      .unwrap(patient, wrapped)
      .catch((caught: unknown) => caught);
    expect(String(error)).not.toContain(patient);
  });

  it('KMS plaintext of another length is refused', async () => {
    const short = { send: async () => ({ Plaintext: new Uint8Array(16), CiphertextBlob: new Uint8Array(1) }) };
    const keys = new KmsKeys(short as unknown as KMSClient, keyArn);
    expect(await codeOf(keys.generate({ organization: 'o', purpose: 'lookup' }))).toBe('invalid');
  });
});
