import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  AlgorithmSuiteIdentifier,
  buildClient,
  CommitmentPolicy,
  getLocalCryptographicMaterialsCache,
  KmsKeyringNode,
  NodeCachingMaterialsManager,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
} from '@aws-crypto/client-node';
import type { KMSClient } from '@aws-sdk/client-kms';
import { PatientKey } from '../lambda/encryption/data-key';
import { openEnvelope, sealEnvelope } from '../lambda/encryption/envelope';
import { PatientKeys } from '../lambda/encryption/patient-keys';
import { type Measured, measure, type Subject, table } from './measure';

type Fields = ReadonlyMap<number, Buffer>;

const context = {
  organization: 'example-clinic',
  patient: '0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91',
  type: 'demographics',
  record: 'main',
};
const attributes = new Map([
  ['patient', context.patient],
  ['category', context.type],
  ['entry', context.record],
  ['version', '1'],
  ['createdAt', '2026-01-15T08:30:00.000Z'],
  ['updatedAt', '2026-01-15T08:30:00.000Z'],
  ['author', '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66'],
]);
const versions = { schemaVersion: 1, recordVersion: 1 };
const keyBytes = randomBytes(32);
const key = PatientKey.from(1, keyBytes);

/** Each field as a message of its own: a random nonce, the ciphertext and the tag. Nothing says whose it is, or that one is missing. */
const raw = {
  seal: (fields: Fields): Fields =>
    new Map(
      [...fields].map(([tag, plaintext]) => {
        const nonce = randomBytes(12);
        const cipher = createCipheriv('aes-256-gcm', keyBytes, nonce, { authTagLength: 16 });
        return [tag, Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])];
      }),
    ),
  open: (sealed: Fields): Fields =>
    new Map(
      [...sealed].map(([tag, blob]) => {
        const decipher = createDecipheriv('aes-256-gcm', keyBytes, blob.subarray(0, 12), { authTagLength: 16 });
        decipher.setAuthTag(blob.subarray(blob.length - 16));
        const plaintext = decipher.update(blob.subarray(12, blob.length - 16));
        decipher.final();
        return [tag, plaintext];
      }),
    ),
};

const client = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
/** a keyring in memory: no call to KMS in the figures, in the SDK's favour */
const keyring = new RawAesKeyringNode({
  keyName: 'patient',
  keyNamespace: 'bench',
  unencryptedMasterKey: keyBytes,
  wrappingSuite: RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING,
});
const cachingManager = () =>
  new NodeCachingMaterialsManager({
    backingMaterials: keyring,
    cache: getLocalCryptographicMaterialsCache(1000),
    maxAge: 300_000,
    partition: 'bench',
  });

/** The AWS Encryption SDK without signatures, each field a message with its place in the encryption context. */
function awsSdk(materials: RawAesKeyringNode | NodeCachingMaterialsManager) {
  return {
    async seal(fields: Fields): Promise<Fields> {
      const sealed = new Map<number, Buffer>();
      for (const [tag, plaintext] of fields) {
        const encryptionContext = { ...context, field: String(tag) };
        const { result } = await client.encrypt(materials, plaintext, { suiteId, encryptionContext });
        sealed.set(tag, result);
      }
      return sealed;
    },
    async open(sealed: Fields): Promise<Fields> {
      const opened = new Map<number, Buffer>();
      for (const [tag, blob] of sealed) {
        const { plaintext, messageHeader } = await client.decrypt(materials, blob);
        if (messageHeader.encryptionContext['field'] !== String(tag))
          throw new Error('a field in the place of another');
        opened.set(tag, plaintext);
      }
      return opened;
    },
  };
}

interface Scenario {
  readonly name: string;
  readonly fields: Fields;
  readonly fastRuns: number;
  readonly batches: number;
}

/** Nine scalars of a block each and three documents: 2,432 bytes. */
const twelveFields: Fields = new Map(
  Array.from({ length: 12 }, (_, index) => [index + 1, randomBytes(index < 9 ? 64 : index === 9 ? 620 : 618)]),
);
const oneField = (length: number): Fields => new Map([[1, randomBytes(length)]]);

const bytesOf = (fields: Fields): number => [...fields.values()].reduce((sum, bytes) => sum + bytes.length, 0);
const figure = (value: number) => (value < 100 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US'));
const shown = ({ median, lower, upper }: Measured) => `${figure(median)} (${figure(lower)}–${figure(upper)})`;

async function compare({ name, fields, fastRuns, batches }: Scenario): Promise<void> {
  const envelope = sealEnvelope(key, context, versions, fields, attributes);
  const rawSealed = raw.seal(fields);
  const sdk = awsSdk(keyring);
  const cached = awsSdk(cachingManager());
  const [sdkSealed, cachedSealed] = [await sdk.seal(fields), await cached.seal(fields)];
  const subjects: readonly Subject[] = [
    { name: 'raw seal', runs: fastRuns, run: () => raw.seal(fields) },
    { name: 'raw open', runs: fastRuns, run: () => raw.open(rawSealed) },
    { name: 'we1 seal', runs: fastRuns, run: () => sealEnvelope(key, context, versions, fields, attributes) },
    {
      name: 'we1 open',
      runs: fastRuns,
      run: () => openEnvelope(key, context, envelope, attributes, { permitted: 'all' }),
    },
    { name: 'sdk seal', runs: 3, run: () => sdk.seal(fields) },
    { name: 'sdk open', runs: 3, run: () => sdk.open(sdkSealed) },
    { name: 'cached seal', runs: 3, run: () => cached.seal(fields) },
    { name: 'cached open', runs: 3, run: () => cached.open(cachedSealed) },
  ];
  const measured = await measure(subjects, batches);
  const of = (subject: string): Measured => measured.get(subject) ?? { median: 0, lower: 0, upper: 0 };
  const both = (subject: string) => of(`${subject} seal`).median + of(`${subject} open`).median;
  const rows = (
    [
      ['raw AES-256-GCM', 'raw', bytesOf(rawSealed)],
      ['WE1', 'we1', 82 + 32 + bytesOf(envelope.fields)],
      ['AWS Encryption SDK', 'sdk', bytesOf(sdkSealed)],
      ['AWS Encryption SDK, caching', 'cached', bytesOf(cachedSealed)],
    ] as const
  ).map(([label, subject, bytes]) => [
    label,
    shown(of(`${subject} seal`)),
    shown(of(`${subject} open`)),
    `${(both(subject) / both('raw')).toFixed(2)}x`,
    `${(both(subject) / both('we1')).toFixed(2)}x`,
    `${(bytes - bytesOf(fields)).toLocaleString('en-US')}`,
  ]);
  process.stdout.write(`\n### ${name}: ${bytesOf(fields).toLocaleString('en-US')} bytes\n\n`);
  process.stdout.write(
    table(
      [
        '',
        'seal µs, median (middle half)',
        'open µs, median (middle half)',
        'both, to raw',
        'both, to WE1',
        'bytes added',
      ],
      rows,
    ),
  );
}

/** What KMS is asked for when twelve reads of one patient meet a cold cache. */
async function coldReads(): Promise<void> {
  let calls = 0;
  const later = <T>(value: T): Promise<T> =>
    new Promise((resolve) => {
      calls += 1;
      setTimeout(() => resolve(value), 5);
    });
  const stub = { send: () => later({ Plaintext: Uint8Array.from(keyBytes) }) };
  const options = { keyId: 'arn', organization: context.organization, clock: () => new Date() };
  const keys = new PatientKeys({ ...options, kms: stub as unknown as KMSClient }); // answers the one call that is made
  const wrapped = { version: 1, wrapAlg: 1, wrapped: randomBytes(180), createdAt: '' };
  await Promise.all(Array.from({ length: 12 }, () => keys.unwrap(context.patient, wrapped)));
  const we1 = calls;

  const arn = 'arn:aws:kms:us-east-1:000000000000:key/00000000-0000-4000-8000-000000000000';
  const kms = {
    config: {},
    generateDataKey: () =>
      later({ Plaintext: Uint8Array.from(keyBytes), CiphertextBlob: randomBytes(180), KeyId: arn }),
    decrypt: () => later({ Plaintext: Uint8Array.from(keyBytes), KeyId: arn }),
    encrypt: () => later({ CiphertextBlob: randomBytes(180), KeyId: arn }),
  };
  const kmsKeyring = new KmsKeyringNode({ generatorKeyId: arn, clientProvider: () => kms as never });
  const manager = new NodeCachingMaterialsManager({
    backingMaterials: kmsKeyring,
    cache: getLocalCryptographicMaterialsCache(1000),
    maxAge: 300_000,
    partition: 'reads',
  });
  const { result } = await client.encrypt(kmsKeyring, randomBytes(64), { suiteId, encryptionContext: context });
  calls = 0;
  await Promise.all(Array.from({ length: 12 }, () => client.decrypt(manager, result)));
  process.stdout.write('\n### KMS calls for twelve parallel reads with a cold cache\n\n');
  process.stdout.write(
    table(
      ['', 'calls'],
      [
        ['WE1', String(we1)],
        ['AWS Encryption SDK, caching', String(calls)],
      ],
    ),
  );
}

export async function run(): Promise<void> {
  process.stdout.write(`Node ${process.version}, ${process.arch}; microseconds of processor time for one record\n`);
  await compare({ name: '12 fields', fields: twelveFields, fastRuns: 100, batches: 50 });
  for (const [name, length] of [
    ['16 B', 16],
    ['4 KiB', 4096],
    ['64 KiB', 65_536],
  ] as const)
    await compare({
      name: `1 field of ${name}`,
      fields: oneField(length),
      fastRuns: length > 10_000 ? 50 : 200,
      batches: 30,
    });
  await coldReads();
}
