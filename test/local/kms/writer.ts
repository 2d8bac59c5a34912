import { writeSync } from 'node:fs';
import { Kms } from '../../../local/kms/kms';

/** Rotates and encrypts without end; prints each ciphertext once it was answered. */
async function main(directory: string): Promise<void> {
  const kms = new Kms({ directory, authorize: () => {}, region: 'us-east-1', account: '000000000000' });
  for (let round = 0; ; round++) {
    const keyId = `key-${process.pid}-${Math.floor(round / 20)}`;
    kms.ensureKey(keyId, {});
    const call = async (operation: string, input: object) => {
      const { status, body } = await kms.handle({
        caller: { kind: 'root', arn: 'arn:aws:iam::000000000000:root' },
        method: 'POST',
        target: '/',
        headers: { 'x-amz-target': `TrentService.${operation}` },
        body: Buffer.from(JSON.stringify({ KeyId: keyId, ...input })),
      });
      if (status !== 200) throw new Error(String(body));
      return JSON.parse(String(body));
    };
    await call('RotateKeyOnDemand', {});
    const { CiphertextBlob } = await call('Encrypt', { Plaintext: Buffer.from('secret').toString('base64') });
    writeSync(1, `${CiphertextBlob}\n`);
  }
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
