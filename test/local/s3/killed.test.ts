import { createHash } from 'node:crypto';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { S3 } from '../../../local/s3/s3';
import { killAfter } from '../killed';
import { ACCOUNT, CALLER, REGION, temporaryDirectory } from '../service-server';

test('every object acknowledged before a kill -9 is whole and locked after it, and no half one is left', async () => {
  const directory = temporaryDirectory();
  try {
    const acknowledged: string[] = [];
    for (const lines of [1, 15, 40])
      acknowledged.push(...(await killAfter(lines, join(__dirname, 'writer.ts'), directory.path)));
    const bucket = join(directory.path, 'archive');
    writeFileSync(join(bucket, `${'0'.repeat(32)}.data`), 'as a crash between data and its JSON leaves it');
    writeFileSync(join(bucket, `${'1'.repeat(32)}.json.tmp`), '{"key":');

    const s3 = new S3({ directory: directory.path, authorize: () => {}, region: REGION, account: ACCOUNT });
    const call = (method: string, target: string) =>
      s3.handle({ caller: CALLER, method, target, headers: {}, body: Buffer.alloc(0) });
    for (const line of acknowledged) {
      const [key, versionId, digest] = line.split(' ');
      const target = `/archive/${key}?versionId=${versionId}`;
      const { status, body = '', headers } = await call('GET', target);
      expect([status, createHash('sha256').update(body).digest('hex')]).toEqual([200, digest]);
      expect(headers).toMatchObject({ 'x-amz-object-lock-mode': 'COMPLIANCE' });
      expect((await call('DELETE', target)).status).toBe(403);
    }
    const files = readdirSync(bucket).filter((file) => file !== 'bucket.json');
    const versions = files.filter((file) => file.endsWith('.json')).length;
    expect(files).toHaveLength(versions * 2);
    expect(versions).toBeGreaterThanOrEqual(acknowledged.length);
  } finally {
    directory.remove();
  }
}, 120_000);
