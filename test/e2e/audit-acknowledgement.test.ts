import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { DeleteObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { BucketArchive } from '../../lambda/audit/bucket-archive';
import { decodeLeaf, type Leaf, type SegmentLeaf } from '../../lambda/audit/leaf';
import { leavesPrefix } from '../../lambda/audit/log-keys';
import type { Intercept } from '../../local/intercept';
import { type Newcomer, newcomer } from './newcomer';
import { type OwnCloud, ownCloud } from './own-cloud';
import { expectProblem, told } from './scene';
import type { Ward } from './ward';

// It signs in, verifies and acknowledges as people at a shell do.
jest.setTimeout(120_000);

let own: OwnCloud;
let cloud: Ward;
let s3: S3Client;
let officer: Newcomer;
let admin: Newcomer;
const undisturbed: Intercept = (_, call, next) => next(call);
let intercept = undisturbed;
beforeAll(async () => {
  own = await ownCloud(undefined, {
    scheduleClock: { now: Date.now, at: () => () => undefined },
    intercept: (service, call, next) => intercept(service, call, next),
  });
  cloud = own.ward;
  const { region, credentials, urls } = cloud.cloud;
  s3 = new S3Client({ region, credentials, endpoint: urls.s3, forcePathStyle: true });
  [officer, admin] = [await newcomer('compliance_officer', cloud), await newcomer('admin', cloud)];
}, 120_000);
afterAll(() => own.remove());

/** Runs `ward` as somebody at a shell. */
const ward = (as: string, ...words: string[]): Promise<{ status: number; out: string; errors: string }> =>
  new Promise((done) => {
    const line = ['bin/ward.js', '--data', cloud.directory, '--as', as, ...words];
    const env = { ...process.env, WARD_HOME: join(own.directory, 'home') };
    execFile(process.execPath, line, { cwd: resolve(__dirname, '../..'), env }, (error, out, errors) =>
      done({ status: error ? Number(error.code) : 0, out, errors }),
    );
  });
async function printed(as: string, ...words: string[]) {
  const { status, out, errors } = await ward(as, ...words);
  expect([words[1], status, errors]).toEqual([words[1], 0, '']);
  return JSON.parse(out);
}
async function verified(...flags: string[]) {
  const { status, out } = await ward('auditor', 'audit', 'verify', '--json', ...flags);
  const { ok, findings } = JSON.parse(out);
  expect(status).toBe(ok ? 0 : 1);
  return { ok, findings: findings.filter(({ code }: { code: string }) => code !== 'UNLOGGED_OBJECT') };
}

const archive = () => new BucketArchive(s3, cloud.output('ArchiveBucket'));
async function leaves(): Promise<Leaf[]> {
  const found: Leaf[] = [];
  for await (const { key } of archive().list(leavesPrefix)) {
    const text = (await archive().read(key))?.toString('utf8') ?? '';
    found.push(...text.trimEnd().split('\n').map(decodeLeaf));
  }
  return found;
}
const acknowledged = async () => (await leaves()).filter(({ type }) => type === 'acknowledge');
/** Everything that was done is sealed and in the log. */
async function sealed(): Promise<void> {
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
}
/** An event of the function that shows approvals. @returns its lane, and its place there */
async function event(): Promise<{ readonly lane: string; readonly seq: number }> {
  const [found] = await cloud.eventsOf((await officer.get('/v1/approvals')).requestId);
  if (!found) throw new Error('no event');
  return found;
}

const asked = (subject: string, from: number, to: number, by = officer) =>
  by.post('/v1/approvals', {
    kind: 'audit-acknowledgement',
    subject,
    reason: 'explained',
    details: { from: String(from), to: String(to) },
  });
async function approved(lane: string, from: number, to: number): Promise<string> {
  const { body } = await asked(lane, from, to);
  expect((await admin.post(`/v1/approvals/${body.id}/approve`, {})).status).toBe(200);
  return body.id;
}
const acknowledge = (approval: string, by = officer) => by.post('/v1/audit/acknowledgements', { approval });
const nothingWaits = async () => expect(await cloud.partition('AuditLogTable', 'QUEUE')).toEqual([]);

test('two people own up to a segment that is gone: it stays reported, and passes where that is accepted; 45 CFR 164.312(c)(1)', async () => {
  for (const name of ['compliance', 'admin']) expect((await ward(name, 'login', '--demo', name)).status).toBe(0);
  await sealed();
  await event();
  await sealed();
  expect(await verified()).toEqual({ ok: true, findings: [] });
  const segments = (await leaves()).filter((leaf): leaf is SegmentLeaf => leaf.type === 'segment');
  const lost = segments.sort((a, b) => a.lanes.length - b.lanes.length)[0];
  if (!lost) throw new Error('no segment');
  const Bucket = cloud.output('ArchiveBucket');
  for await (const { key, versions } of archive().list(lost.key))
    for (const { id } of versions)
      await s3.send(new DeleteObjectCommand({ Bucket, Key: key, VersionId: id, BypassGovernanceRetention: true }));
  const missing = { code: 'SEGMENT_MISSING', object: lost.key };
  for (const flags of [[], ['--accept-acknowledged']]) {
    const { ok, findings } = await verified(...flags);
    expect([ok, findings]).toEqual([false, [expect.objectContaining(missing)]]);
    expect(findings[0].acknowledged).toBeUndefined();
  }

  const people = [cloud.user('compliance').sub, cloud.user('admin').sub].sort();
  for (const [lane, from, to] of lost.lanes) {
    const gap = ['--subject', lane, '--from', String(from), '--to', String(to)];
    const { id } = await printed(
      'compliance',
      'approvals',
      'request',
      'audit-acknowledgement',
      ...gap,
      '--reason',
      'explained',
    );
    const alone = await ward('compliance', 'audit', 'acknowledge', '--approval', id);
    expect([alone.status, alone.errors]).toEqual([1, expect.stringContaining('urn:ward:problem:approval-refused')]);
    expect(await printed('admin', 'approvals', 'approve', id)).toMatchObject({
      subject: lane,
      details: { from: String(from), to: String(to) },
      state: 'approved',
    });
    expect(await printed('compliance', 'audit', 'acknowledge', '--approval', id)).toMatchObject({
      lane,
      from,
      to,
      reason: 'explained',
      by: people,
    });
    const again = await ward('compliance', 'audit', 'acknowledge', '--approval', id);
    expect([again.status, again.errors]).toEqual([1, expect.stringContaining('urn:ward:problem:approval-refused')]);
  }

  expect(await acknowledged()).toEqual([]);
  await sealed();
  await sealed();
  await nothingWaits();
  const said = await acknowledged();
  expect(said).toHaveLength(lost.lanes.length);
  expect(said).toEqual(
    expect.arrayContaining(
      lost.lanes.map(([lane, from, to]) =>
        expect.objectContaining({ by: people, gaps: [[lane, from, to]], reason: 'explained' }),
      ),
    ),
  );
  const found = [expect.objectContaining({ ...missing, acknowledged: true })];
  expect(await verified()).toEqual({ ok: false, findings: found });
  expect(await verified('--accept-acknowledged')).toEqual({ ok: true, findings: found });
});

test('it is on record who said so, of what, by which approval', async () => {
  const { lane, seq } = await event();
  const approval = await approved(lane, seq, seq);
  const answer = await acknowledge(approval);
  expect(answer.status).toBe(202);
  const events = await cloud.eventsOf(answer.requestId);
  expect(events.map(told)).toMatchObject([
    {
      action: 'audit.acknowledge',
      actor: officer.sub,
      patient: null,
      outcome: 'permit',
      reason: 'explained',
      status: 202,
      resources: [
        ['approval', approval, null],
        ['lane', lane, null],
      ],
    },
  ]);
  expect((await officer.get(`/v1/approvals/${approval}`)).body.state).toBe('used');
});

test('what has not happened is not acknowledged in advance, and the approval is not spent', async () => {
  await sealed();
  const { lane, seq } = await event();
  const approval = await approved(lane, seq, seq + 50);
  const refused = await acknowledge(approval);
  expectProblem(refused, 403, 'not-allowed', lane);
  expect(refused.body.errors).toEqual([{ field: 'approval', message: expect.stringContaining('in advance') }]);
  expect((await cloud.eventsOf(refused.requestId)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['error', 'not-allowed'],
  ]);
  await nothingWaits();
  expect((await officer.get(`/v1/approvals/${approval}`)).body.state).toBe('approved');
});

test('a lane that the outbox has forgotten is known by the log, and one that nobody knows is refused', async () => {
  const { lane, seq } = await event();
  await sealed();
  // As after 180 days.
  intercept = async (service, call, next) =>
    service === 'DYNAMODB' && call.caller.arn.endsWith('-audit-acknowledgement') && call.body.includes(`"LANE#${lane}"`)
      ? { status: 200, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: '{"Count":0,"Items":[]}' }
      : next(call);
  try {
    expectProblem(await acknowledge(await approved(lane, seq, seq + 1)), 403, 'not-allowed', lane);
    expect((await acknowledge(await approved(lane, seq, seq))).status).toBe(202);
  } finally {
    intercept = undisturbed;
  }
  const nobodys = '01935a00-0000-7000-8000-000000000001';
  const unknown = await acknowledge(await approved(nobodys, 1, 1));
  expectProblem(unknown, 403, 'not-allowed', nobodys);
  expect(unknown.body.errors).toEqual([{ field: 'approval', message: expect.stringContaining('cannot be told') }]);
});

test('nobody says it alone, with somebody else’s approval, or with one for something else', async () => {
  const { lane, seq } = await event();
  const { body } = await asked(lane, seq, seq);
  expectProblem(await officer.post(`/v1/approvals/${body.id}/approve`, {}), 403, 'second-person');
  expectProblem(await acknowledge(body.id), 409, 'approval-refused');
  expectProblem(await acknowledge(lane), 409, 'approval-refused');
  expectProblem(await acknowledge(await approved(lane, seq, seq), admin), 403, 'forbidden');
  const hold = await officer.post('/v1/approvals', {
    kind: 'legal-hold-release',
    subject: lane,
    reason: 'matter-closed',
  });
  expect((await admin.post(`/v1/approvals/${hold.body.id}/approve`, {})).status).toBe(200);
  expectProblem(await acknowledge(hold.body.id), 409, 'approval-refused');
  expectProblem(await asked(lane, seq, seq, admin), 403, 'not-allowed');
});

test('a gap that is none is refused where it is asked for, by the name of its field', async () => {
  const { lane } = await event();
  for (const [from, to] of [
    [0, 1],
    [2, 1],
    [1, 100_001],
  ] as const) {
    const refused = await asked(lane, from, to);
    expectProblem(refused, 400, 'invalid-input', lane);
    expect(refused.body.errors).toEqual([{ field: 'details', message: expect.stringContaining('from and to') }]);
  }
  expectProblem(await officer.post('/v1/audit/acknowledgements', { approval: 'mine' }), 400, 'invalid-input', 'mine');
});
