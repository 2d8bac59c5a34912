import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import { type Change, type OwnCloud, ownCloud } from './own-cloud';
import { caredFor, enrolled, newPerson } from './scene';
import type { Person } from './ward';

let own: OwnCloud;
let patient: Person;
let subject: string;

/** Lets others than the sealers put segments, as somebody could who takes the bucket's policy off. */
const anybodySeals: Change = ({ Resources }) => {
  for (const { Type, Properties } of Object.values(Resources))
    if (Type === 'AWS::S3::BucketPolicy')
      Object.assign(Properties, { PolicyDocument: { Version: '2012-10-17', Statement: [] } });
};

/** Runs `ward audit reindex` as an operator at a shell. */
async function reindex(...words: readonly string[]) {
  const ward = ['bin/ward.js', '--data', own.ward.directory, 'audit', 'reindex', ...words];
  const child = spawn(process.execPath, ward, { cwd: resolve(__dirname, '../..') });
  const [out, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, out, errors };
}
const index = () => own.ward.items('AuditIndexTable');
const entries = async () => (await index()).filter(({ PK }) => PK !== 'INDEXED');
/** The index as if its table had been lost. */
async function lose(): Promise<void> {
  const documents = own.ward.documents();
  for (const { PK, SK } of await index())
    await documents.send(new DeleteCommand({ TableName: own.ward.output('AuditIndexTable'), Key: { PK, SK } }));
}
/** @returns what a patient and an auditor are shown of what was until `to` */
async function answers(to: string) {
  const accesses = await patient.get(`/v1/patients/${subject}/access-log`);
  const search = await own.ward.as('auditor').post('/v1/audit/search', { patient: subject, to });
  expect([accesses.status, search.status]).toEqual([200, 200]);
  return {
    accesses: accesses.body.accesses.filter(({ at }: { at: string }) => at < to),
    unproven: accesses.body.unproven,
    found: search.body,
  };
}

beforeAll(async () => {
  own = await ownCloud(anybodySeals);
  const { ward } = own;
  subject = await caredFor({}, 'clinician', ward);
  const account = await newPerson('patient', ward);
  patient = account.api;
  await enrolled(subject, patient, ward.as('registrar'));
  await ward.as('clinician').get(`/v1/patients/${subject}`);
  await ward.as('clinician2').get(`/v1/patients/${subject}`);
  await own.cloud.settled();
}, 120_000);
afterAll(() => own?.remove());

test('an index that was lost is made again from the archive, and answers as before; 45 CFR 164.308(a)(7)(ii)(B)', async () => {
  const to = new Date().toISOString();
  const before = await answers(to);
  expect(before.accesses.length).toBeGreaterThan(1);
  expect(before.found.events.length).toBeGreaterThan(before.accesses.length);
  await own.cloud.settled();
  const indexed = await entries();
  await lose();
  await expect(answers(to)).resolves.toMatchObject({ accesses: [], found: { events: [], missing: [] } });
  await own.cloud.settled();

  const { status, out } = await reindex();
  expect(status).toBe(0);
  expect(out).toMatch(/^\d+ segments read, \d+ entries written\n$/);
  await expect(answers(to)).resolves.toEqual(before);
  expect(await entries()).toEqual(expect.arrayContaining(indexed));
  expect(await index()).toContainEqual(
    expect.objectContaining({ PK: 'INDEXED', SK: own.ward.output('ArchiveBucket'), at: expect.any(String) }),
  );
});

test('an object under the name of another segment is refused by name, and the exit status says so', async () => {
  const { region, credentials, urls } = own.ward.cloud;
  const s3 = new S3Client({ region, credentials, endpoint: urls.s3, forcePathStyle: true });
  const Bucket = own.ward.output('ArchiveBucket');
  const [entry] = await entries();
  const segment = String(entry?.['segment']);
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: segment }));
  const altered = segment.replace(/[0-9a-f]{64}/, '0'.repeat(64));
  const bytes = await Body?.transformToByteArray();
  await s3.send(new PutObjectCommand({ Bucket, Key: altered, Body: bytes, IfNoneMatch: '*' }));
  s3.destroy();

  const { status, out } = await reindex();
  expect(status).toBe(1);
  expect(out).toContain(`refused  ${altered}\n`);
  expect((await entries()).filter((each) => each['segment'] === altered)).toEqual([]);
});

test('what is no archive of this Region is told in a sentence', async () => {
  const { status, errors } = await reindex('--bucket', 'ward-elsewhere-archive');
  expect(status).toBe(1);
  expect(errors.trim().split('\n')).toHaveLength(1);
});
