import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { v4, v7 } from 'uuid';
import { FolderArchive } from '../bin/audit/folder-archive';
import { WorkerPool } from '../bin/audit/worker-pool';
import { applyEpoch, nextEpoch, noEpoch } from '../lambda/audit/epoch';
import type { EventDraft } from '../lambda/audit/event';
import { appendEvent, type LaneHead, laneStart, leafHash } from '../lambda/audit/lane';
import { encodeLeaf, type Leaf } from '../lambda/audit/leaf';
import { checkpointKey, leavesKey } from '../lambda/audit/log-keys';
import { LogTree } from '../lambda/audit/log-tree';
import { emptyRoot, hashLeaf } from '../lambda/audit/merkle';
import { formatNote, noteKeyId, signedText, signingKey } from '../lambda/audit/note';
import { buildSegment } from '../lambda/audit/segment';
import { verifyArchive } from '../lambda/audit/verify';
import { measurePipeline } from './audit-pipeline';
import { table } from './measure';

/*
 * Verification of a whole archive of a million events, from its folder, beside the least that any verifier must do: read,
 * gunzip and hash the same objects. Processor time of all threads, since by the clock a busy machine measures its queue.
 */
const origin = 'ward/bench/local';
const lanesPerMinute = 20;
const eventsPerLane = 250;
const minutes = Number(process.env['BENCH_MINUTES'] ?? 200);

interface Archive {
  readonly folder: string;
  readonly fingerprint: string;
  readonly end: Date;
  readonly segments: readonly string[];
  readonly events: number;
  readonly bytes: { readonly lines: number; readonly objects: number; readonly log: number };
}

export async function run(): Promise<void> {
  await measurePipeline();
  const folder = mkdtempSync(join(tmpdir(), 'ward-bench-audit-'));
  try {
    const archive = generate(folder);
    process.stdout.write(
      `## Verifying ${archive.events.toLocaleString('en-US')} events in ${archive.segments.length} segments\n\n`,
    );
    const bare = await timed(archive, async () => {
      for (const path of archive.segments)
        createHash('sha256')
          .update(gunzipSync(readFileSync(path)))
          .digest();
    });
    const one = await timed(archive, () => verify(archive, 1));
    const two = await timed(archive, () => verify(archive, 2));
    const row = (name: string, { cpu, wall }: Timed, cores: number) => [
      name,
      rate(archive.events / cpu),
      rate(archive.events / wall),
      String(cores),
      (cpu / bare.cpu).toFixed(2),
    ];
    process.stdout.write(
      `${table(
        ['', 'events a second a core (processor time)', 'events a second by the clock', 'threads', 'against bare'],
        [
          row('bare: read, gunzip, SHA-256 of the content', bare, 1),
          row('ward audit verify, one thread', one, 1),
          row('ward audit verify, two threads', two, 2),
        ],
      )}\n`,
    );
    const million = (bytes: number) => `${(((bytes / archive.events) * 1e6) / 1e6).toFixed(0)} MB`;
    process.stdout.write(
      `${table(
        ['bytes of a million events', ''],
        [
          ['lines', million(archive.bytes.lines)],
          ['segments as archived', million(archive.bytes.objects)],
          ['leaves and checkpoints', million(archive.bytes.log)],
        ],
      )}\n`,
    );
    const perCore = archive.events / Math.max(one.cpu, two.cpu);
    process.stdout.write(
      `budget: 120,000 events a second a core: ${perCore >= 120_000 ? 'kept' : 'MISSED'} (${rate(perCore)})\n`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Timed {
  readonly cpu: number;
  readonly wall: number;
}

/** The best of three: what else the machine does only ever adds. */
async function timed(_: Archive, work: () => Promise<void>): Promise<Timed> {
  const runs: Timed[] = [];
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.();
    const [cpu, start] = [process.cpuUsage(), process.hrtime.bigint()];
    await work();
    const { user, system } = process.cpuUsage(cpu);
    runs.push({ cpu: (user + system) / 1e6, wall: Number(process.hrtime.bigint() - start) / 1e9 });
  }
  return { cpu: Math.min(...runs.map(({ cpu }) => cpu)), wall: Math.min(...runs.map(({ wall }) => wall)) };
}

async function verify({ folder, fingerprint, end, events }: Archive, threads: number): Promise<void> {
  const pool = new WorkerPool(threads);
  try {
    const result = await verifyArchive(new FolderArchive(folder), { fingerprint, reference: end, check: pool.check });
    if (!result.ok || result.events !== events) throw new Error('the archive of the benchmark does not verify');
  } finally {
    await pool.close();
  }
}

/** Minutes of a busy clinic: every minute some lanes go on, one of them is new. */
function generate(folder: string): Archive {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = signingKey(publicKey.export({ format: 'der', type: 'spki' }));
  const put = (name: string, bytes: string | Buffer): number => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
    return bytes.length;
  };
  const tree = new LogTree();
  const bytes = { lines: 0, objects: 0, log: 0 };
  const segments: string[] = [];
  let state = noEpoch;
  let prev = { root: emptyRoot().toString('hex'), size: 0 };
  let now = Date.parse('2026-11-23T08:00:00.000Z');
  let lanes: LaneHead[] = [];
  for (let minute = 0; minute < minutes; minute++, now += 60_000) {
    const opened = lanes.length === 0 ? lanesPerMinute : 1;
    lanes = [...lanes.slice(opened === 1 ? 1 : 0), ...Array.from({ length: opened }, () => laneStart(origin, v7()))];
    const lines: string[] = [];
    lanes = lanes.map((head) => {
      let last = head;
      for (let n = 0; n < eventsPerLane; n++) {
        last = next(last, now + n);
        lines.push(lineOf(last));
      }
      return { lane: last.lane, seq: last.seq, hash: last.hash };
    });
    const segment = buildSegment(lines);
    bytes.lines += segment.ndjson.length;
    bytes.objects += put(segment.key, segment.bytes);
    segments.push(join(folder, segment.key));
    const epoch = nextEpoch(state, {
      now: new Date(now + 60_000),
      lanes: lanes.map((head) => ({ ...head, function: 'records', openedAt: new Date(now).toISOString() })),
      archivedTo: () => Number.MAX_SAFE_INTEGER,
      prev,
    }).leaf;
    state = applyEpoch(state, epoch);
    const genesis: Leaf = {
      at: epoch.at,
      format: '0'.repeat(64),
      keys: [{ fingerprint: key.fingerprint, public: key.spki.toString('base64') }],
      origin,
      type: 'genesis',
      v: 1,
    };
    const first = tree.size;
    const leaves = [...(first === 0 ? [genesis] : []), segment.leaf, epoch].map(encodeLeaf);
    for (const leaf of leaves) for (const tile of tree.append(hashLeaf(leaf))) bytes.log += put(tile.key, tile.bytes);
    bytes.log += put(leavesKey(first, tree.size - 1), `${leaves.join('\n')}\n`);
    const text = signedText({ origin, size: tree.size, root: tree.root() });
    const signature = sign(null, Buffer.from(text), privateKey);
    bytes.log += put(
      checkpointKey(tree.size),
      formatNote(text, [{ name: origin, keyId: noteKeyId(origin, key), signature }]),
    );
    prev = { root: tree.root().toString('hex'), size: tree.size };
  }
  const events = minutes * lanesPerMinute * eventsPerLane;
  return { folder, fingerprint: key.fingerprint, end: new Date(now), segments, events, bytes };
}

/** A line that `appendEvent` made, with other ids in it: checking a million drafts would take longer than the benchmark. */
const template = appendEvent(laneStart(origin, v7()), origin, example(), { id: v7(), at: new Date() }).line;
const parts = JSON.parse(template) as { id: string; at: string; lane: string; prev: string; patient: string };
const patients = Array.from({ length: 5000 }, () => v4());
const lines = new WeakMap<LaneHead, string>();

function next({ lane, seq, hash }: LaneHead, at: number): LaneHead {
  const line = template
    .replace(parts.id, v7())
    .replace(parts.at, new Date(at).toISOString())
    .replace(parts.lane, lane)
    .replace(parts.prev, hash)
    .replace(parts.patient, patients[(seq * 7919) % patients.length] ?? '')
    .replace('"seq":1,', `"seq":${seq + 1},`)
    .replace('00000000-0000-4000-8000-000000000005', v4())
    .replace('00000000-0000-4000-8000-000000000006', v4());
  const event = { lane, seq: seq + 1, hash: leafHash(line) };
  lines.set(event, line);
  return event;
}
const lineOf = (event: LaneHead): string => lines.get(event) ?? '';

function example(): EventDraft {
  return {
    action: 'record.read',
    actor: { mfa: true, role: 'clinician', session: v4(), sub: v4() },
    basis: 'care-team',
    categories: ['diagnoses'],
    outcome: 'permit',
    patient: v4(),
    purpose: 'TREAT',
    reason: null,
    request: {
      id: '00000000-0000-4000-8000-000000000005',
      ip: '192.0.2.1',
      method: 'GET',
      route: '/v1/patients/{id}/records/{category}',
      status: 200,
    },
    resources: [{ id: '00000000-0000-4000-8000-000000000006', type: 'diagnoses', version: 1 }],
  };
}

const rate = (perSecond: number): string => Math.round(perSecond).toLocaleString('en-US');
