import { join } from 'node:path';
import { Kms } from '../../../local/kms/kms';
import { killAfter } from '../killed';
import { ACCOUNT, CALLER, REGION, temporaryDirectory } from '../service-server';

test('every ciphertext given out before a kill -9 opens after it', async () => {
  const directory = temporaryDirectory();
  try {
    const given: string[] = [];
    for (const lines of [1, 17, 40])
      given.push(...(await killAfter(lines, join(__dirname, 'writer.ts'), directory.path)));

    const kms = new Kms({ directory: directory.path, authorize: () => {}, region: REGION, account: ACCOUNT });
    for (const CiphertextBlob of given) {
      const { body } = await kms.handle({
        caller: CALLER,
        method: 'POST',
        target: '/',
        headers: { 'x-amz-target': 'TrentService.Decrypt' },
        body: Buffer.from(JSON.stringify({ CiphertextBlob })),
      });
      expect(JSON.parse(String(body))).toMatchObject({ Plaintext: Buffer.from('secret').toString('base64') });
    }
    expect(given.length).toBeGreaterThanOrEqual(58);
  } finally {
    directory.remove();
  }
}, 120_000);
