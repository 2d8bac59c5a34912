import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { Iam } from '../../local/iam';
import type { Caller } from '../../local/service';
import { Assembly } from '../../local/template';
import { changedAssembly, functionOf, hasFunction, type OwnCloud, ownCloud, type Template } from './own-cloud';
import { registered } from './scene';
import { ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

const everything = { Effect: 'Allow', Action: 'kms:*', Resource: '*' };
const administrator = 'administrator';

/** What an administrator of the account can do with IAM alone: give `kms:*` to a role of their own, and to functions. */
function grantEverything(template: Template, stack: string): void {
  for (const name of ['care-team', 'sealer'])
    if (hasFunction(template, name)) functionOf(template, name).policy.Statement.push(everything);
  if (stack !== 'WardHandlers') return;
  template.Resources['Administrator'] = {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: administrator,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } }],
      },
      Policies: [{ PolicyName: 'all', PolicyDocument: { Version: '2012-10-17', Statement: [everything] } }],
    },
  };
}

let own: OwnCloud;
let iam: Iam;
let folder: string;
let patient: string;
let wrapped: Uint8Array;
const keyArn = (): string => {
  const specs = new Assembly(resolve(ward().directory, '../cdk.out')).functions();
  return specs.map(({ environment }) => environment['PATIENT_KEY']).find((arn) => arn !== undefined) ?? '';
};

beforeAll(async () => {
  own = await ownCloud(grantEverything);
  folder = mkdtempSync(join(tmpdir(), 'ward-policy-'));
  iam = new Iam(new Assembly(changedAssembly(folder, grantEverything)));
  patient = await registered({}, own.ward.as('registrar'));
  const ring = await own.ward.partition('KeysTable', `P#${patient}`);
  wrapped = ring.find(({ SK }) => SK === 'KEY#0000000001')?.['wrapped'] as Uint8Array;
}, 60_000);
afterAll(async () => {
  await own.remove();
  rmSync(folder, { recursive: true });
});

const as = (role: string): KMSClient =>
  new KMSClient({
    region: own.cloud.region,
    endpoint: own.cloud.urls.kms,
    credentials: own.cloud.credentialsOf(role, 'attack'),
  });
const context = (more: Record<string, string> = {}) => ({
  organization: 'ward-local',
  patient,
  purpose: 'record',
  ...more,
});
const decrypt = (role: string, EncryptionContext: Record<string, string> | undefined = context()) =>
  as(role).send(
    new DecryptCommand({ KeyId: keyArn(), CiphertextBlob: wrapped, ...(EncryptionContext && { EncryptionContext }) }),
  );
const refused = expect.objectContaining({ name: 'AccessDeniedException' });

describe('the key that wraps patient keys. 45 CFR 164.312(a)(2)(iv)', () => {
  test('is used by the functions that are named, for what they say', async () => {
    expect((await decrypt('ward-local-entries')).Plaintext).toHaveLength(32);
  });

  test.each(['administrator', 'ward-local-care-team', 'ward-local-sealer'])(
    'refuses %s, whatever an IAM policy gives it',
    async (role) => {
      await expect(decrypt(role)).rejects.toEqual(refused);
      const generate = new GenerateDataKeyCommand({
        KeyId: keyArn(),
        KeySpec: 'AES_256',
        EncryptionContext: context(),
      });
      await expect(as(role).send(generate)).rejects.toEqual(refused);
      // Not emulated, so the policies are asked themselves.
      const caller: Caller = { kind: 'role', arn: `arn:aws:iam::000000000000:role/${role}` };
      const conditions = Object.fromEntries(
        Object.entries(context()).map(([name, value]) => [`kms:EncryptionContext:${name}`, value]),
      );
      for (const action of [
        'CreateGrant',
        'ReEncryptFrom',
        'ReEncryptTo',
        'Encrypt',
        'GenerateDataKeyWithoutPlaintext',
      ])
        expect(() =>
          iam.authorize(caller, { action: `kms:${action}`, resource: keyArn(), context: conditions }),
        ).toThrow(/not authorized to perform/);
    },
  );

  test('lets an administrator administer: the policy keeps apart who uses and who administers', () => {
    const caller: Caller = { kind: 'role', arn: `arn:aws:iam::000000000000:role/${administrator}` };
    for (const action of ['DescribeKey', 'PutKeyPolicy', 'EnableKeyRotation'])
      expect(() => iam.authorize(caller, { action: `kms:${action}`, resource: keyArn() })).not.toThrow();
  });

  test('asks even a named function for the organization and the purpose', async () => {
    const others: Record<string, string>[] = [
      { organization: 'other-clinic' },
      { purpose: 'lookup' },
      { purpose: 'import' },
      { purpose: '' },
    ];
    for (const other of others) await expect(decrypt('ward-local-entries', context(other))).rejects.toEqual(refused);
    await expect(decrypt('ward-local-entries', {})).rejects.toEqual(refused);
    // Within them, KMS itself holds the key to its patient.
    const another = { patient: '00000000-0000-4000-8000-000000000000' };
    await expect(decrypt('ward-local-entries', context(another))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
    // A function that makes keys opens none.
    await expect(decrypt('ward-local-keys')).rejects.toEqual(refused);
  });
});
