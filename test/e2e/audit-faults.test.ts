import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { AcknowledgeLeaf } from '../../lambda/audit/leaf';
import { enqueue } from '../../lambda/audit/leaf-queue';
import type { Call, Reply } from '../../local/service';
import { AuditCloud, Killed, minutesFromNow, read } from './audit-cloud';
import type { Template } from './own-cloud';

// Each of these starts, kills or restores a cloud, or runs the checkpointer some dozen times.
jest.setTimeout(120_000);

/** What the next calls meet; a test sets it and takes it away. */
let fault: ((service: string, call: Call, next: (call: Call) => Promise<Reply>) => Promise<Reply>) | undefined;
const byRole = (call: Call, name: string) => call.caller.arn.endsWith(`:role/ward-local-${name}`);
const operation = (call: Call) => String(call.headers['x-amz-target'] ?? '').split('.')[1] ?? call.method;
const refusal = (code: string, status: number): Reply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: code, message: 'injected' }),
});

let audit: AuditCloud;
beforeAll(async () => {
  audit = await AuditCloud.start({
    intercept: (service, call, next) => (fault ? fault(service, call, next) : next(call)),
  });
});
afterAll(() => audit.remove());
afterEach(() => {
  fault = undefined;
  audit.now = () => new Date();
});

describe('the sealer', () => {
  const segments = async () => (await audit.leaves()).flatMap((leaf) => (leaf.type === 'segment' ? [leaf.sha256] : []));

  test('crashes between the put of a segment and its place in the queue: the batch comes again and is logged once', async () => {
    let crashes = 2;
    fault = async (_, call, next) => {
      const queues = byRole(call, 'sealer') && operation(call) === 'TransactWriteItems';
      return queues && crashes-- > 0 ? refusal('ValidationException', 400) : next(call);
    };
    await audit.outbox().record(read());
    await audit.cloud.settled();
    expect(crashes).toBeLessThanOrEqual(0);
    await audit.checkpoints().run();
    await audit.expectWhole();
    expect(new Set(await segments()).size).toBe((await segments()).length);
  });

  test('is given a batch twice and in halves, because it failed after it had sealed: what overlaps is one', async () => {
    // A segment is stored and queued, and then the function fails: Lambda halves the batch and delivers each half.
    const failed = new Set<string>();
    fault = async (_, call, next) => {
      const body = call.body.toString();
      if (!byRole(call, 'sealer') || operation(call) !== 'BatchWriteItem' || failed.has(body)) return next(call);
      failed.add(body);
      return refusal('ValidationException', 400);
    };
    const lane = audit.outbox('patients');
    await lane.record(read(), read(), read(), read(), read());
    await audit.cloud.settled();
    expect(failed.size).toBeGreaterThan(1);
    await audit.checkpoints().run();
    await audit.expectWhole();
  });
});

describe('the checkpointer', () => {
  /** Runs it with the power going off before its n-th call. @returns whether it came that far */
  async function killedAt(n: number): Promise<boolean> {
    let calls = 0;
    const run = audit.checkpoints(() => (calls++ >= n ? 'before' : undefined)).run();
    const outcome = await run.then(
      () => 'done',
      (error: unknown) => {
        if (!(error instanceof Killed)) throw error;
        return 'killed';
      },
    );
    return outcome === 'killed';
  }

  /** Has an acknowledgement of so many events wait for the log, by the hand of the function that queues them. */
  async function acknowledged(events: number): Promise<void> {
    const leaf: AcknowledgeLeaf = {
      at: new Date().toISOString(),
      by: ['0b8e7f0a-5c1d-4e7b-9a55-3d2f6c7e8a91', '7d0c3b52-63f4-4f0e-8b7e-1f0e9d2c4a66'],
      gaps: [['01935a00-0000-7000-8000-000000000001', 1, events]],
      reason: 'explained',
      type: 'acknowledge',
      v: 1,
    };
    const TransactItems = [enqueue(audit.output('AuditLogTable'), leaf, new Date())];
    await audit.clients('audit-acknowledgement').documents.send(new TransactWriteCommand({ TransactItems }));
  }

  test('may be killed at each of its steps: the next run finishes what it began, and nothing is signed twice over', async () => {
    const lane = audit.outbox('entries');
    let step = 0;
    for (let killed = true; killed; step++) {
      await lane.record(read());
      await acknowledged(step + 1);
      await audit.cloud.settled();
      killed = await killedAt(step);
      if (step % 3 === 2) await killedAt(step); // and once more while it finishes what was begun
      await audit.checkpoints().run();
      if (step % 8 === 7) await audit.expectWhole();
    }
    await audit.expectWhole();
    expect(step).toBeGreaterThan(15);
    const leaves = await audit.leaves();
    const hashes = leaves.flatMap((leaf) => (leaf.type === 'segment' ? [leaf.sha256] : []));
    expect(new Set(hashes).size).toBe(hashes.length);
    const gaps = leaves.flatMap((leaf) => (leaf.type === 'acknowledge' ? leaf.gaps.map(([, , events]) => events) : []));
    expect(gaps).toEqual(Array.from({ length: step }, (_, index) => index + 1));
    expect(await audit.logStore().queue(1)).toEqual([]);
  });

  test('may run several times at once', async () => {
    for (let round = 0; round < 3; round++) {
      await audit.outbox('entries').record(read());
      await audit.cloud.settled();
      await Promise.all(Array.from({ length: 4 }, () => audit.checkpoints().run()));
      await audit.expectWhole();
    }
    const hashes = (await audit.leaves()).flatMap((leaf) => (leaf.type === 'segment' ? [leaf.sha256] : []));
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  test('says that the log is stale while KMS is down for ten minutes; events are locked all the same, and it goes on after', async () => {
    await audit.checkpoints().run();
    const before = (await audit.leaves()).length;
    fault = async (service, call, next) =>
      service === 'KMS' && operation(call) === 'Sign' ? refusal('KMSInternalException', 500) : next(call);
    for (let minute = 1; minute <= 10; minute++) {
      audit.now = minutesFromNow(minute);
      await audit.outbox('entries').record(read());
      await audit.cloud.settled();
      await expect(audit.checkpoints().run()).rejects.toMatchObject({ name: 'KMSInternalException' });
    }
    expect(await audit.archivedLines()).toEqual(await audit.outboxLines());
    const late = await audit.verify(minutesFromNow(30)());
    expect(late.counts).toMatchObject({ CHECKPOINT_STALE: 1 });
    fault = undefined;
    audit.now = minutesFromNow(11);
    await audit.checkpoints().run();
    await audit.expectWhole();
    expect((await audit.leaves()).length).toBeGreaterThan(before);
  });

  test('stops, and signs nothing more, when somebody else has put another object in the place of its own', async () => {
    // Its own credentials are the only ones that can: a second log under the same key would be one with two histories.
    const own = await AuditCloud.start();
    try {
      await own.checkpoints().run();
      const { s3 } = own.clients('checkpointer');
      const { PutObjectCommand } = await import('@aws-sdk/client-s3');
      const forged = { Bucket: own.output('ArchiveBucket'), IfNoneMatch: '*' as const };
      await s3.send(
        new PutObjectCommand({ ...forged, Key: 'v1/log/leaves/000000000002-000000000002.ndjson', Body: '{}\n' }),
      );
      await expect(own.checkpoints().run()).rejects.toMatchObject({ name: 'LogError' });
      expect((await own.archive.read('v1/log/checkpoint/000000000003.note')) ?? 'none').toBe('none');
    } finally {
      await own.remove();
    }
  });
});

describe('what the stream has lost', () => {
  const withoutSealer = (template: Template) => {
    for (const { Type, Properties } of Object.values(template.Resources))
      if (Type === 'AWS::Lambda::EventSourceMapping') Properties['Enabled'] = false;
  };

  test('is sealed from the outbox: the sealer was down for longer than a stream keeps', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ward-audit-'));
    const down = await AuditCloud.start({ directory, change: withoutSealer });
    const lanes = [down.outbox('entries'), down.outbox('patients')];
    for (const lane of lanes) await lane.record(read(), read(), read());
    await down.checkpoints().run();
    await down.cloud.trimStreams(-60_000);
    await down.cloud.stop();

    const up = await AuditCloud.start({ directory });
    try {
      await up.cloud.settled();
      expect(await up.archivedLines()).toEqual([]);
      up.now = minutesFromNow(20);
      await up.checkpoints().run();
      expect((await up.verify()).counts).toMatchObject({ LANE_MISSING: 2 });

      expect(await up.reconciliation().run()).toEqual({ resealed: 6, requeued: 0, contradicted: [], lost: [] });
      await up.checkpoints().run();
      await up.expectWhole();
      expect(await up.reconciliation().run()).toEqual({ resealed: 0, requeued: 0, contradicted: [], lost: [] });
    } finally {
      await up.remove();
    }
  });

  test('is not sealed when it is not what an epoch promised: whoever can change the outbox seals nothing of their own', async () => {
    const own = await AuditCloud.start({ change: withoutSealer });
    try {
      await own.outbox('entries').record(read(), read(), read());
      await own.checkpoints().run();
      await own.replaceEvent(2);
      own.now = minutesFromNow(20);
      const report = await own.reconciliation().run();
      expect(report.resealed).toBe(0);
      expect(report.contradicted).toHaveLength(1);
      expect(await own.archivedLines()).toEqual([]);
    } finally {
      await own.remove();
    }
  });
});

test('tables that are restored to an earlier day go on: new lanes open, old heads are in the archive, no leaf is written twice', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'ward-audit-'));
  const saved = mkdtempSync(join(tmpdir(), 'ward-audit-saved-'));
  const tables = join(directory, 'state', 'dynamodb');
  const work = async (cloud: AuditCloud) => {
    await cloud.outbox('entries').record(read(), read());
    await cloud.outbox('patients').record(read());
    await cloud.cloud.settled();
    await cloud.checkpoints().run();
  };
  const first = await AuditCloud.start({ directory });
  await work(first);
  await first.outbox('entries').record(read()); // sealed before the backup, logged after it
  await first.cloud.settled();
  await first.cloud.stop();
  cpSync(tables, saved, { recursive: true });

  let held: Promise<void> | undefined;
  const second = await AuditCloud.start({
    directory,
    intercept: async (_, call, next) => {
      if (byRole(call, 'sealer')) await held;
      return next(call);
    },
  });
  for (let time = 0; time < 3; time++) await work(second);
  // Promised, sealed, not logged, and then forgotten by every table.
  let release = () => {};
  held = new Promise((resolve) => {
    release = resolve;
  });
  await second.outbox('export').record(read());
  await second.checkpoints().run();
  release();
  await second.cloud.settled();
  const written = await second.outboxLines();
  await second.cloud.stop();

  rmSync(tables, { recursive: true });
  cpSync(saved, tables, { recursive: true });
  rmSync(join(directory, 'state', 'triggers'), { recursive: true }); // a restored table has a new stream
  const restored = await AuditCloud.start({ directory });
  try {
    await restored.cloud.settled();
    await work(restored);
    restored.now = minutesFromNow(20);
    const { requeued, lost } = await restored.reconciliation().run();
    expect({ requeued, lost }).toEqual({ requeued: 1, lost: [] });
    await restored.checkpoints().run();
    const { findings } = await restored.verify();
    expect(findings).toEqual([]);
    expect(await restored.archivedLines()).toEqual(expect.arrayContaining(written));
    const hashes = (await restored.leaves()).flatMap((leaf) => (leaf.type === 'segment' ? [leaf.sha256] : []));
    expect(new Set(hashes).size).toBe(hashes.length);
  } finally {
    await restored.remove();
    rmSync(saved, { recursive: true });
  }
});
