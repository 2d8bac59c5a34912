import { createHash, randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { S3 } from '../../../local/s3/s3';

/** Puts objects without end, some over others; prints key, version and digest of each that was acknowledged. */
async function main(directory: string): Promise<void> {
  const s3 = new S3({ directory, authorize: () => {}, region: 'us-east-1', account: '000000000000' });
  s3.ensureBucket('archive', {
    ObjectLockEnabled: true,
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 10 } } },
  });
  for (let round = 0; ; round++) {
    const body = randomBytes(1 + ((round * 7919) % 200_000));
    const key = `k${round % 10}`;
    const { status, headers } = await s3.handle({
      caller: { kind: 'root', arn: 'arn:aws:iam::000000000000:root' },
      method: 'PUT',
      target: `/archive/${key}`,
      headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
      body,
    });
    if (status !== 200) throw new Error(`status ${status}`);
    writeSync(1, `${key} ${headers?.['x-amz-version-id']} ${createHash('sha256').update(body).digest('hex')}\n`);
  }
}

main(process.argv[2] ?? '').catch((error: unknown) => {
  process.stderr.write(`${error}\n`);
  process.exitCode = 1;
});
