import { createHash, createPublicKey, verify } from 'node:crypto';
import {
  CancelKeyDeletionCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateMacCommand,
  GenerateRandomCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  KMSClient,
  ListKeysCommand,
  ReEncryptCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  VerifyCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { Kms } from '../../../local/kms/kms';
import { ACCOUNT, codeOf, credentials, REGION, Recorder, serve, temporaryDirectory } from '../service-server';

const DAY_MS = 86_400_000;
const ARN = `arn:aws:kms:${REGION}:${ACCOUNT}:key/`;
const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString();

let now: number;
let directory: ReturnType<typeof temporaryDirectory>;
let recorder: Recorder;
let kms: Kms;
let server: Awaited<ReturnType<typeof serve>>;
let client: KMSClient;

function construct(): Kms {
  return new Kms({
    directory: directory.path,
    authorize: recorder.authorize,
    clock: () => now,
    region: REGION,
    account: ACCOUNT,
  });
}

beforeEach(async () => {
  now = Date.UTC(2026, 0, 1);
  directory = temporaryDirectory();
  recorder = new Recorder();
  kms = construct();
  kms.ensureKey('records', { KeySpec: 'SYMMETRIC_DEFAULT', EnableKeyRotation: true, MultiRegion: true });
  kms.ensureKey('other', {});
  kms.ensureKey('signer', { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' });
  kms.ensureAlias('alias/records', 'records');
  server = await serve(kms);
  client = new KMSClient({ endpoint: server.url, region: REGION, credentials, maxAttempts: 1 });
});

afterEach(async () => {
  client.destroy();
  await server.close();
  await kms.close();
  directory.remove();
});

const encrypt = (KeyId: string, EncryptionContext?: Record<string, string>) =>
  client.send(new EncryptCommand({ KeyId, Plaintext: Buffer.from('secret'), EncryptionContext }));
const decrypt = (CiphertextBlob: Uint8Array | undefined, EncryptionContext?: Record<string, string>, KeyId?: string) =>
  client.send(new DecryptCommand({ CiphertextBlob, EncryptionContext, KeyId }));

describe('encryption', () => {
  test('what was encrypted is decrypted under the same context in any order', async () => {
    const { CiphertextBlob, KeyId } = await encrypt('alias/records', { patient: '1', organization: 'w' });

    const opened = await decrypt(CiphertextBlob, { organization: 'w', patient: '1' });

    expect(text(opened.Plaintext)).toBe('secret');
    expect(KeyId).toBe(`${ARN}records`);
    expect(opened.KeyId).toBe(`${ARN}records`);
  });

  test.each([
    ['another value', { patient: '2' }],
    ['no context', undefined],
    ['one more pair', { patient: '1', more: '' }],
    ['the same letters split elsewhere', { patien: 't1' }],
  ])('%s does not open a ciphertext', async (_case, context) => {
    const { CiphertextBlob } = await encrypt('records', { patient: '1' });

    expect(await codeOf(decrypt(CiphertextBlob, context))).toBe('InvalidCiphertextException');
  });

  test('a ciphertext with any byte changed does not open', async () => {
    const { CiphertextBlob } = await encrypt('records');
    const blob = Buffer.from(CiphertextBlob ?? []);
    for (let index = 0; index < blob.length; index++) {
      const tampered = Buffer.from(blob);
      tampered.writeUInt8(tampered.readUInt8(index) ^ 1, index);
      expect([index, await codeOf(decrypt(tampered))]).toEqual([index, 'InvalidCiphertextException']);
    }
    expect(await codeOf(decrypt(blob.subarray(0, 20)))).toBe('InvalidCiphertextException');
  });

  test('a ciphertext relabelled for another key does not open', async () => {
    kms.ensureKey('recordz', {});
    const blob = Buffer.from((await encrypt('records')).CiphertextBlob ?? []);
    blob.write('recordz', blob.indexOf('records'));

    expect(await codeOf(decrypt(blob))).toBe('InvalidCiphertextException');
  });

  test('naming another key than that of the ciphertext is refused', async () => {
    const { CiphertextBlob } = await encrypt('records');

    expect(await codeOf(decrypt(CiphertextBlob, undefined, 'other'))).toBe('IncorrectKeyException');
    expect(text((await decrypt(CiphertextBlob, undefined, `${ARN}records`)).Plaintext)).toBe('secret');
  });

  test('data keys come with their ciphertext, in the size asked for', async () => {
    const context = { patient: '1' };
    const made = await client.send(
      new GenerateDataKeyCommand({ KeyId: 'records', KeySpec: 'AES_256', EncryptionContext: context }),
    );
    const bare = await client.send(
      new GenerateDataKeyWithoutPlaintextCommand({ KeyId: 'records', NumberOfBytes: 16, EncryptionContext: context }),
    );

    expect(made.Plaintext).toHaveLength(32);
    expect((await decrypt(made.CiphertextBlob, context)).Plaintext).toEqual(made.Plaintext);
    expect((await decrypt(bare.CiphertextBlob, context)).Plaintext).toHaveLength(16);
    expect(bare).not.toHaveProperty('Plaintext');
    const both = new GenerateDataKeyCommand({ KeyId: 'records', KeySpec: 'AES_256', NumberOfBytes: 3 });
    expect(await codeOf(client.send(both))).toBe('ValidationException');
  });

  test('re-encryption moves a ciphertext to another key and context, under two permissions', async () => {
    const { CiphertextBlob } = await encrypt('records', { patient: '1' });
    const command = new ReEncryptCommand({
      CiphertextBlob,
      SourceEncryptionContext: { patient: '1' },
      DestinationKeyId: 'other',
      DestinationEncryptionContext: { patient: '2' },
    });

    const moved = await client.send(command);

    expect(text((await decrypt(moved.CiphertextBlob, { patient: '2' }, 'other')).Plaintext)).toBe('secret');
    expect(recorder.of('kms:ReEncryptFrom')[0]).toMatchObject({
      resource: `${ARN}records`,
      context: { 'kms:EncryptionContext:patient': '1' },
    });
    expect(recorder.of('kms:ReEncryptTo')[0]).toMatchObject({
      resource: `${ARN}other`,
      context: { 'kms:EncryptionContext:patient': '2', 'kms:ReEncryptOnSameKey': 'false' },
    });
    recorder.denied.add('kms:ReEncryptTo');
    expect(await codeOf(client.send(command))).toBe('AccessDeniedException');
  });

  test('random bytes are of the length asked for', async () => {
    expect((await client.send(new GenerateRandomCommand({ NumberOfBytes: 77 }))).Plaintext).toHaveLength(77);
  });

  test('a parameter that is not emulated is refused, and no value is echoed', async () => {
    const command = new EncryptCommand({ KeyId: 'records', Plaintext: Buffer.from('x'), DryRun: true });
    await expect(client.send(command)).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'not valid, or not emulated: DryRun',
    });
    await expect(encrypt('no-such-patient')).rejects.toMatchObject({
      name: 'NotFoundException',
      message: expect.not.stringContaining('no-such-patient'),
    });
  });
});

describe('signing', () => {
  const message = Buffer.from('ward checkpoint\n');
  const sign = (KeyId: string, SigningAlgorithm: 'ED25519_SHA_512' | 'ECDSA_SHA_256' | 'ECDSA_SHA_384') =>
    client.send(new SignCommand({ KeyId, Message: message, MessageType: 'RAW', SigningAlgorithm }));

  test.each([
    ['ECC_NIST_EDWARDS25519', 'ED25519_SHA_512', null],
    ['ECC_NIST_P256', 'ECDSA_SHA_256', 'sha256'],
    ['ECC_NIST_P384', 'ECDSA_SHA_384', 'sha384'],
  ] as const)('a signature of %s verifies with its public key alone', async (spec, SigningAlgorithm, digest) => {
    kms.ensureKey('k', { KeySpec: spec, KeyUsage: 'SIGN_VERIFY' });
    const signed = await sign('k', SigningAlgorithm);
    const { PublicKey, KeySpec } = await client.send(new GetPublicKeyCommand({ KeyId: 'k' }));

    const key = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' });
    expect(verify(digest, message, key, Buffer.from(signed.Signature ?? []))).toBe(true);
    expect(KeySpec).toBe(spec);
    const check = { KeyId: 'k', Signature: signed.Signature, SigningAlgorithm } as const;
    expect((await client.send(new VerifyCommand({ ...check, Message: message }))).SignatureValid).toBe(true);
    const other = new VerifyCommand({ ...check, Message: Buffer.from('other') });
    expect(await codeOf(client.send(other))).toBe('KMSInvalidSignatureException');
  });

  test('the permission carries algorithm and message type', async () => {
    await sign('signer', 'ED25519_SHA_512');

    expect(recorder.of('kms:Sign')[0]).toMatchObject({
      resource: `${ARN}signer`,
      context: { 'kms:SigningAlgorithm': 'ED25519_SHA_512', 'kms:MessageType': 'RAW' },
    });
  });

  test('a key is for its own use and algorithms only', async () => {
    expect(await codeOf(sign('signer', 'ECDSA_SHA_256'))).toBe('InvalidKeyUsageException');
    expect(await codeOf(sign('records', 'ED25519_SHA_512'))).toBe('InvalidKeyUsageException');
    expect(await codeOf(encrypt('signer'))).toBe('InvalidKeyUsageException');
    expect(await codeOf(client.send(new GetPublicKeyCommand({ KeyId: 'records' })))).toBe(
      'UnsupportedOperationException',
    );
    const digest = createHash('sha512').update(message).digest();
    const command = new SignCommand({
      KeyId: 'signer',
      Message: digest,
      MessageType: 'DIGEST',
      SigningAlgorithm: 'ED25519_PH_SHA_512',
    });
    expect(await codeOf(client.send(command))).toBe('UnsupportedOperationException');
  });

  test('a message authentication code verifies for its message only', async () => {
    kms.ensureKey('mac', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' });
    const input = { KeyId: 'mac', Message: message, MacAlgorithm: 'HMAC_SHA_256' } as const;
    const { Mac } = await client.send(new GenerateMacCommand(input));

    expect(Mac).toHaveLength(32);
    expect((await client.send(new VerifyMacCommand({ ...input, Mac }))).MacValid).toBe(true);
    const forged = new VerifyMacCommand({ ...input, Message: Buffer.from('other'), Mac });
    expect(await codeOf(client.send(forged))).toBe('KMSInvalidMacException');
    const wrong = new GenerateMacCommand({ ...input, MacAlgorithm: 'HMAC_SHA_512' });
    expect(await codeOf(client.send(wrong))).toBe('InvalidKeyUsageException');
  });
});

describe('the life of a key', () => {
  test('a disabled key serves nothing until it is enabled', async () => {
    const { CiphertextBlob } = await encrypt('records');
    await client.send(new DisableKeyCommand({ KeyId: 'records' }));

    expect(await codeOf(encrypt('records'))).toBe('DisabledException');
    expect(await codeOf(decrypt(CiphertextBlob))).toBe('DisabledException');
    const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId: 'records' }));
    expect(KeyMetadata).toMatchObject({ KeyState: 'Disabled', Enabled: false, MultiRegion: true });

    await client.send(new EnableKeyCommand({ KeyId: 'records' }));
    expect(text((await decrypt(CiphertextBlob)).Plaintext)).toBe('secret');
  });

  test('a key pending deletion serves nothing, and can be saved until its date', async () => {
    const { CiphertextBlob } = await encrypt('records');
    const scheduled = await client.send(new ScheduleKeyDeletionCommand({ KeyId: 'records', PendingWindowInDays: 7 }));
    expect(scheduled.DeletionDate).toEqual(new Date(now + 7 * DAY_MS));
    expect(await codeOf(decrypt(CiphertextBlob))).toBe('KMSInvalidStateException');
    expect(await codeOf(client.send(new EnableKeyCommand({ KeyId: 'records' })))).toBe('KMSInvalidStateException');

    await client.send(new CancelKeyDeletionCommand({ KeyId: 'records' }));
    expect(await codeOf(decrypt(CiphertextBlob))).toBe('DisabledException');
    await client.send(new EnableKeyCommand({ KeyId: 'records' }));
    expect(text((await decrypt(CiphertextBlob)).Plaintext)).toBe('secret');
  });

  test('after its date a deleted key is gone for good, even when the template still names it', async () => {
    const { CiphertextBlob } = await encrypt('records');
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: 'records', PendingWindowInDays: 7 }));
    now += 7 * DAY_MS;

    expect(await codeOf(client.send(new CancelKeyDeletionCommand({ KeyId: 'records' })))).toBe('NotFoundException');
    kms.ensureKey('records', { EnableKeyRotation: true, MultiRegion: true });
    expect(await codeOf(decrypt(CiphertextBlob))).toBe('InvalidCiphertextException');
    expect(await codeOf(encrypt('records'))).toBe('NotFoundException');
  });

  test('what was encrypted before a rotation still opens after it', async () => {
    const before = await encrypt('records');
    await client.send(new RotateKeyOnDemandCommand({ KeyId: 'records' }));
    const after = await encrypt('records');
    now += 366 * DAY_MS;
    const yearly = await encrypt('records');

    for (const { CiphertextBlob } of [before, after, yearly])
      expect(text((await decrypt(CiphertextBlob)).Plaintext)).toBe('secret');
    const versions = [before, after, yearly].map(({ CiphertextBlob }) => (CiphertextBlob ?? [])[2 + 7 + 3]);
    expect(versions).toEqual([0, 1, 2]);
  });

  test('rotation is reported, and refused where a key cannot rotate', async () => {
    const status = async (KeyId: string) => client.send(new GetKeyRotationStatusCommand({ KeyId }));
    expect(await status('records')).toMatchObject({
      KeyRotationEnabled: true,
      NextRotationDate: new Date(now + 365 * DAY_MS),
    });
    expect(await status('other')).toMatchObject({ KeyRotationEnabled: false });
    await client.send(new EnableKeyRotationCommand({ KeyId: 'other', RotationPeriodInDays: 90 }));
    expect(await status('other')).toMatchObject({ KeyRotationEnabled: true, RotationPeriodInDays: 90 });
    const command = new EnableKeyRotationCommand({ KeyId: 'signer' });
    expect(await codeOf(client.send(command))).toBe('UnsupportedOperationException');
  });

  test('keys are listed page by page', async () => {
    const first = await client.send(new ListKeysCommand({ Limit: 2 }));
    const rest = await client.send(new ListKeysCommand({ Marker: first.NextMarker }));

    expect([first, rest].map(({ Truncated }) => Truncated)).toEqual([true, false]);
    expect([...(first.Keys ?? []), ...(rest.Keys ?? [])].map(({ KeyId }) => KeyId)).toEqual([
      'other',
      'records',
      'signer',
    ]);
  });

  test('a template cannot change what AWS does not let change, nor name what is not emulated', () => {
    expect(() => kms.ensureKey('records', { MultiRegion: false })).toThrow('cannot change');
    expect(() => kms.ensureKey('rsa', { KeySpec: 'RSA_2048' })).toThrow('not emulated');
    expect(() => kms.ensureKey('../escape', {})).toThrow('letters');
  });
});

describe('authorization', () => {
  test('is asked with the key, every pair of the context and the alias, whatever name the key was called by', async () => {
    await encrypt(`arn:aws:kms:${REGION}:${ACCOUNT}:alias/records`, { patient: '1', organization: 'w' });

    expect(recorder.asked).toEqual([
      {
        action: 'kms:Encrypt',
        resource: `${ARN}records`,
        context: expect.objectContaining({
          'kms:EncryptionContextKeys': ['patient', 'organization'],
          'kms:EncryptionContext:patient': '1',
          'kms:EncryptionContext:organization': 'w',
          'kms:RequestAlias': 'alias/records',
          'kms:ResourceAliases': ['alias/records'],
        }),
      },
    ]);
  });

  test('without a context or alias their condition keys are absent', async () => {
    await encrypt('other');

    const names = Object.keys(recorder.asked[0]?.context ?? {});
    expect(names).not.toContain('kms:EncryptionContextKeys');
    expect(names).not.toContain('kms:RequestAlias');
  });

  test('a denial changes nothing', async () => {
    recorder.denied.add('kms:ScheduleKeyDeletion').add('kms:RotateKeyOnDemand').add('kms:Decrypt');
    const { CiphertextBlob } = await encrypt('records');

    for (const attempt of [
      client.send(new ScheduleKeyDeletionCommand({ KeyId: 'records' })),
      client.send(new RotateKeyOnDemandCommand({ KeyId: 'records' })),
      decrypt(CiphertextBlob),
    ])
      expect(await codeOf(attempt)).toBe('AccessDeniedException');

    recorder.denied.clear();
    expect(text((await decrypt(CiphertextBlob)).Plaintext)).toBe('secret');
  });

  test('a caller who names the key they expect is asked about that key', async () => {
    const { CiphertextBlob } = await encrypt('records');
    await codeOf(decrypt(CiphertextBlob, undefined, 'other'));

    expect(recorder.of('kms:Decrypt').map(({ resource }) => resource)).toEqual([`${ARN}other`]);
  });
});

describe('for tests', () => {
  test.each([
    ['throttled', 'ThrottlingException'],
    ['timeout', 'DependencyTimeoutException'],
    ['internal', 'KMSInternalException'],
  ] as const)('%s calls fail as often as they are told to, and every call is counted', async (fault, code) => {
    kms.fail('Encrypt', fault, 2);

    expect([await codeOf(encrypt('records')), await codeOf(encrypt('records'))]).toEqual([code, code]);
    await encrypt('records');
    expect(kms.calls.get('Encrypt')).toBe(3);
  });
});

describe('on disk', () => {
  test('keys, aliases and states are there after a restart', async () => {
    const { CiphertextBlob } = await encrypt('alias/records', { patient: '1' });
    await client.send(new DisableKeyCommand({ KeyId: 'other' }));
    const again = construct();
    again.ensureKey('other', {});
    const reply = async (operation: string, input: object) => {
      const { status, body } = await again.handle({
        caller: { kind: 'role', arn: 'arn:aws:iam::000000000000:role/test' },
        method: 'POST',
        target: '/',
        headers: { 'x-amz-target': `TrentService.${operation}` },
        body: Buffer.from(JSON.stringify(input)),
      });
      return { status, ...JSON.parse(String(body)) };
    };

    const blob = Buffer.from(CiphertextBlob ?? []).toString('base64');
    expect(await reply('Decrypt', { CiphertextBlob: blob, EncryptionContext: { patient: '1' } })).toMatchObject({
      Plaintext: Buffer.from('secret').toString('base64'),
    });
    expect(await reply('Encrypt', { KeyId: 'other', Plaintext: blob })).toMatchObject({ __type: 'DisabledException' });
    expect(await reply('DescribeKey', { KeyId: 'alias/records' })).toMatchObject({ status: 200 });
  });
});
