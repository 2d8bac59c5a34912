import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { downloadArchive } from '../../bin/audit/download';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { describe as text } from '../../bin/audit/report';
import { WorkerPool } from '../../bin/audit/worker-pool';
import type { Archive, ArchiveObject } from '../../lambda/audit/archive';
import { checkProof, proveEvent } from '../../lambda/audit/proof';
import { verifyArchive } from '../../lambda/audit/verify';
import { ArchiveBuilder, codes, newSigner, origin, uuidOf } from './archive';

let archive: ArchiveBuilder;
beforeEach(() => {
  archive = new ArchiveBuilder();
});
afterEach(() => archive.discard());

test('an archive as it is written passes, whole and at every step, 45 CFR 164.312(c)(1)', async () => {
  for (let minute = 0; minute < 5; minute++) {
    archive.minute([minute, minute + 1, minute + 2], 4);
    const result = await archive.verify();
    expect(result.findings).toEqual([]);
    expect(result).toMatchObject({
      ok: true,
      origin,
      epochs: minute + 1,
      segments: minute + 1,
      events: (minute + 1) * 12,
      lanes: minute + 3,
      checkpoint: { size: archive.size, root: archive.root.toString('hex') },
    });
  }
});

test('lanes come and go over days and months: each day lists the open ones, idle ones retire', async () => {
  archive.minute([1, 2], 2);
  for (let day = 1; day < 4; day++) {
    archive.now = new Date(archive.now.getTime() + 24 * 3_600_000);
    archive.minute([day + 2], 1);
  }
  const epochs = archive.leaves().filter((leaf) => leaf.type === 'epoch');
  expect(epochs.map(({ heads, retired }) => [heads.length, retired.length])).toEqual([
    [2, 0],
    [1, 2],
    [1, 1],
    [1, 1],
  ]);
  expect(await archive.verify()).toMatchObject({ ok: true, findings: [] });
});

test('a retired lane that goes on is open again, and nothing of it is lost from sight', async () => {
  archive.minute([1], 2);
  archive.now = new Date(archive.now.getTime() + 25 * 3_600_000);
  archive.minute([2], 1);
  archive.minute([1], 1);
  expect(await archive.verify()).toMatchObject({ ok: true, findings: [] });
  archive.write(1, 2);
  archive.checkpoint();
  const later = new Date(archive.now.getTime() + 20 * 60_000);
  expect(codes(await archive.verify({ reference: later }))).toContain('HEAD_UNFULFILLED');
});

test('lateness is measured at the time that is given: an old copy passes as of its time', async () => {
  archive.minute([1]);
  const reference = (minutes: number) => ({ reference: new Date(archive.now.getTime() + minutes * 60_000) });
  expect(codes(await archive.verify(reference(15)))).toEqual([]);
  expect(codes(await archive.verify(reference(16)))).toEqual(['CHECKPOINT_STALE']);
});

test('since a time: older contents are not read, and still must be there', async () => {
  archive.minute([1]);
  const since = new Date(archive.now.getTime());
  archive.minute([1]);
  const [old = '', recent = ''] = archive.segments().sort((a, b) => (leafOf(a) < leafOf(b) ? -1 : 1));
  const bytes = archive.read(old);
  archive.put(old, 'x');
  expect(await archive.verify({ since })).toMatchObject({ ok: true, segments: 1 });
  expect(codes(await archive.verify())).toEqual(['SEGMENT_DIGEST_MISMATCH']);
  archive.remove(old);
  expect(codes(await archive.verify({ since }))).toEqual(['SEGMENT_MISSING']);
  archive.put(old, bytes);
  archive.put(recent, 'x');
  expect(codes(await archive.verify({ since }))).toEqual(['SEGMENT_DIGEST_MISMATCH']);
});
const leafOf = (key: string): string => {
  const leaf = archive.leaves().find((each) => each.type === 'segment' && each.key === key);
  return leaf?.type === 'segment' ? leaf.last : '';
};

test('objects that appear while the log is read are in flight, not missing', async () => {
  archive.minute([1, 2], 2);
  const folder = new FolderArchive(archive.folder);
  let grown = false;
  const growing: Archive = {
    list: (prefix) => folder.list(prefix),
    read: async (key, version) => {
      if (!grown) archive.minute([1, 2], 2);
      grown = true;
      return folder.read(key, version);
    },
  };
  const result = await verifyArchive(growing, {
    fingerprint: archive.signer.fingerprint,
    reference: archive.now,
  });
  expect(grown).toBe(true);
  expect(result.ok).toBe(true);
});

test('worker threads find what one thread finds', async () => {
  for (let minute = 0; minute < 6; minute++) archive.minute([1, 2, 3], 20);
  const pool = new WorkerPool(2);
  try {
    expect(await archive.verify({ check: pool.check })).toEqual(await archive.verify());
    const [key = ''] = archive.segments();
    archive.put(key, Buffer.concat([archive.read(key), Buffer.alloc(1)]));
    const result = await archive.verify({ check: pool.check, width: 3 });
    expect(codes(result)).toEqual(['SEGMENT_TRAILING_DATA']);
  } finally {
    await pool.close();
  }
});

test('an archive that cannot be read is no archive that passed', async () => {
  archive.minute([1]);
  archive.minute([1]);
  const folder = new FolderArchive(archive.folder);
  const failing: Archive = {
    list: (prefix) => folder.list(prefix),
    read: async (key, version) => {
      if (key.startsWith('v1/segments/')) throw new Error('connection lost');
      return folder.read(key, version);
    },
  };
  const run = verifyArchive(failing, { fingerprint: archive.signer.fingerprint, reference: archive.now });
  await expect(run).rejects.toThrow('connection lost');
});

test('progress is told segment by segment', async () => {
  for (let minute = 0; minute < 4; minute++) archive.minute([1], 2);
  const seen: number[] = [];
  await archive.verify({ onProgress: ({ segments, ofSegments }) => seen.push(segments / ofSegments) });
  expect(seen).toEqual([0.25, 0.5, 0.75, 1]);
});

describe('a download', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ward-download-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  test('verifies like the archive, and still shows what was put over an object', async () => {
    for (let minute = 0; minute < 3; minute++) archive.minute([1, 2]);
    const [shadowed = '', hidden = ''] = archive.segments();
    archive.put(`versions/${shadowed}/000001-a`, 'later');
    archive.put(`versions/${hidden}/000001-b.deleted`, '');
    const done = await downloadArchive(new FolderArchive(archive.folder), folder, () => undefined);
    expect(done).toEqual({ objects: archive.keys().length, refused: [] });
    const options = { fingerprint: archive.signer.fingerprint, reference: archive.now };
    const result = await verifyArchive(new FolderArchive(folder), options);
    expect(result).toMatchObject({ ok: false, counts: { OBJECT_SHADOWED: 2 } });
    expect(result).toEqual(await archive.verify(options));
    // a second time nothing is fetched
    writeFileSync(join(folder, shadowed), 'kept');
    await downloadArchive(new FolderArchive(archive.folder), folder, () => undefined);
    expect(codes(await verifyArchive(new FolderArchive(folder), options))).toContain('SEGMENT_DIGEST_MISMATCH');
  });

  test('no name of an object leads out of the folder', async () => {
    const names = ['v1/../../escaped', 'v1/log/../x', '/etc/x', 'v1//x', 'v1/a\u0000b', 'v1/.hidden', 'v1/ok'];
    const hostile: Archive = {
      list: async function* (): AsyncGenerator<ArchiveObject> {
        for (const key of names) yield { key, versions: [{ id: '../../../v', deleted: false }] };
      },
      read: async () => Buffer.from('x'),
    };
    const { objects, refused } = await downloadArchive(hostile, join(folder, 'copy'), () => undefined);
    expect([objects, refused]).toEqual([1, names.slice(0, -1)]);
    expect(readdirSync(folder)).toEqual(['copy']);
    expect(existsSync(join(folder, 'copy', 'v1', 'ok'))).toBe(true);
  });
});

describe('a proof', () => {
  test('shows any event to whoever has the fingerprint, in O(log n) hashes', async () => {
    for (let minute = 0; minute < 9; minute++) archive.minute([1, 2], 9);
    for (const n of [1, 17, 50, 162]) {
      const proof = await proveEvent(new FolderArchive(archive.folder), uuidOf(n));
      expect(checkProof(JSON.parse(JSON.stringify(proof)), archive.signer.fingerprint)).toMatchObject({
        event: { id: uuidOf(n) },
        checkpoint: { origin, size: archive.size, root: archive.root },
      });
      expect(proof?.log.hashes.length).toBeLessThanOrEqual(Math.ceil(Math.log2(archive.size)));
      expect(proof?.segment.hashes.length).toBeLessThanOrEqual(5);
    }
    expect(await proveEvent(new FolderArchive(archive.folder), uuidOf(9999))).toBeUndefined();
  });

  test('holds for the event alone, the pinned key and that place', async () => {
    for (let minute = 0; minute < 4; minute++) archive.minute([1, 2], 3);
    const proof = await proveEvent(new FolderArchive(archive.folder), uuidOf(8));
    if (!proof) throw new Error('no proof');
    const pinned = archive.signer.fingerprint;
    expect(() => checkProof(proof, newSigner().fingerprint)).toThrow('note-signature-invalid');
    const zero = '0'.repeat(64);
    for (const changed of [
      { ...proof, line: proof.line.replace('"permit"', '"deny"') },
      { ...proof, line: `${proof.line} ` },
      { ...proof, segment: { ...proof.segment, index: proof.segment.index ^ 1 } },
      { ...proof, segment: { ...proof.segment, hashes: proof.segment.hashes.map(() => zero) } },
      { ...proof, segment: { ...proof.segment, leaf: proof.segment.leaf.replace('"events":6', '"events":5') } },
      { ...proof, log: { ...proof.log, index: proof.log.index + 1 } },
      { ...proof, log: { ...proof.log, hashes: [...proof.log.hashes, zero] } },
      { ...proof, checkpoint: proof.checkpoint.replace(String(archive.size), String(archive.size + 1)) },
      { ...proof, key: newSigner().spki.toString('base64') },
      { ...proof, more: 1 },
      'proof',
    ])
      expect(() => checkProof(changed, pinned)).toThrow(/audit log: (proof|note|line|leaf)/);
  });

  test('is made of what was written first, whatever was put over it', async () => {
    archive.minute([1], 3);
    archive.put(`versions/${archive.segments()[0]}/000001-x`, 'nothing');
    const proof = await proveEvent(new FolderArchive(archive.folder), uuidOf(2));
    expect(checkProof(proof, archive.signer.fingerprint).event.id).toBe(uuidOf(2));
  });
});

test('what a person reads ends with the verdict, and repeats nothing that could steer a terminal', async () => {
  archive.minute([1]);
  expect(text(await archive.verify())).toMatch(/The archive is complete, in order and unchanged\.$/);
  archive.put('v1/segments/\u001b[2Jgone', 'x');
  expect(text(await archive.verify())).not.toContain('\u001b');
  archive.remove(archive.segments().find((key) => key.endsWith('.gz')) ?? '');
  expect(text(await archive.verify())).toMatch(/FAILURE SEGMENT_MISSING[\s\S]*THE ARCHIVE DOES NOT VERIFY\.$/);
});
