import { cpSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import { coveredSegments } from '../../bin/audit/covered-segments';
import { FolderArchive } from '../../bin/audit/folder-archive';
import { queryFolder } from '../../bin/audit/query-duckdb';
import { checkpointKey, leavesKey, readLeavesKey } from '../../lambda/audit/log-keys';
import { inflateSegment } from '../../lambda/audit/segment';
import { buildAnyway } from '../audit/anyway';
import { ArchiveBuilder, codes, newSigner, note } from '../audit/archive';

/*
 * An attacker who can write where the archive lies, but has no signing key: each test alters a true archive of twelve
 * minutes, and the verifier, which has the folder and the pinned fingerprint alone, says what happened.
 */
let archive: ArchiveBuilder;
beforeEach(async () => {
  archive = new ArchiveBuilder();
  for (let minute = 0; minute < 12; minute++) archive.minute([1, 2 + (minute % 3), 5], 4);
  expect(await archive.verify()).toMatchObject({ ok: true, findings: [] });
});
afterEach(() => archive.discard());

const middle = (keys: readonly string[]): string => keys[Math.floor(keys.length / 2)] ?? '';
const found = async () => {
  const result = await archive.verify();
  return { ok: result.ok, codes: codes(result) };
};

test('a deleted segment is missed: SEGMENT_MISSING, 45 CFR 164.312(c)(1)', async () => {
  const key = middle(archive.segments());
  archive.remove(key);
  const result = await archive.verify();
  expect(result).toMatchObject({ ok: false, counts: { SEGMENT_MISSING: 1 } });
  expect(result.findings[0]).toMatchObject({ object: key, events: expect.arrayContaining([expect.any(Array)]) });
  expect(codes(result)).toEqual(['SEGMENT_MISSING']);
});

test('something put over an object is seen, and the version beneath still verifies: OBJECT_SHADOWED', async () => {
  for (const key of [middle(archive.segments()), middle(archive.keys('v1/log/leaves')), checkpointKey(archive.size)]) {
    archive.put(`versions/${key}/0001-later`, 'nothing happened');
    const result = await archive.verify();
    expect(result.findings.at(-1)).toMatchObject({ code: 'OBJECT_SHADOWED', object: expect.any(String) });
    expect(result.ok).toBe(false);
  }
  expect(await found()).toEqual({ ok: false, codes: ['OBJECT_SHADOWED'] });
});

test('a delete marker hides nothing: OBJECT_SHADOWED', async () => {
  archive.put(`versions/${middle(archive.segments())}/0001-marker.deleted`, '');
  expect(await found()).toEqual({ ok: false, codes: ['OBJECT_SHADOWED'] });
});

test('a marker over a segment whose versions are gone: OBJECT_SHADOWED and SEGMENT_MISSING', async () => {
  const key = middle(archive.segments());
  archive.remove(key);
  archive.put(`versions/${key}/0001-marker.deleted`, '');
  expect(await found()).toEqual({ ok: false, codes: ['OBJECT_SHADOWED', 'SEGMENT_MISSING'] });
});

test('a plain copy of the bucket, in which the later version took the place of the first: SEGMENT_DIGEST_MISMATCH', async () => {
  const [one = '', other = ''] = archive.segments();
  archive.put(one, archive.read(other));
  expect(await found()).toEqual({ ok: false, codes: ['SEGMENT_DIGEST_MISMATCH'] });
});

test('a segment that is sealed anew with one character changed: SEGMENT_DIGEST_MISMATCH', async () => {
  const key = middle(archive.segments());
  const leaf = archive.leaves().find((each) => each.type === 'segment' && each.key === key);
  if (leaf?.type !== 'segment') throw new Error('no leaf');
  const ndjson = inflateSegment(archive.read(key));
  const other = buildAnyway(
    { key, sha256: '', bytes: ndjson, ndjson, leaf },
    ndjson.toString().replace(':200', ':403'),
  );
  archive.put(key, other.bytes);
  expect(await found()).toEqual({ ok: false, codes: ['SEGMENT_DIGEST_MISMATCH'] });
});

test('a flipped bit anywhere in a segment: SEGMENT_DIGEST_MISMATCH or SEGMENT_TRAILING_DATA', async () => {
  const key = middle(archive.segments());
  const bytes = archive.read(key);
  const content = inflateSegment(bytes);
  let told = 0;
  for (let at = 0; at < bytes.length; at += at < 12 || at > bytes.length - 12 ? 1 : 97) {
    const flipped = bytes.map((byte, index) => (index === at ? byte ^ 0x10 : byte));
    archive.put(key, flipped);
    const result = await found();
    if (result.ok)
      expect(inflateSegment(flipped)).toEqual(content); // a few bits of a compressed stream mean nothing
    else expect([['SEGMENT_DIGEST_MISMATCH'], ['SEGMENT_TRAILING_DATA']]).toContainEqual(result.codes);
    told += result.ok ? 0 : 1;
  }
  expect(told).toBeGreaterThan(20);
});

test.each([
  ['zeros', Buffer.alloc(3)],
  ['another gzip member', gzipSync('{"v":1}\n')],
  ['an empty gzip member', gzipSync('')],
  ['anything', Buffer.from('x')],
])('%s behind the compressed data: SEGMENT_TRAILING_DATA', async (_, tail) => {
  const key = middle(archive.segments());
  archive.put(key, Buffer.concat([archive.read(key), tail]));
  expect(await found()).toEqual({ ok: false, codes: ['SEGMENT_TRAILING_DATA'] });
});

test('a segment under a name that no leaf gives is a warning: UNLOGGED_OBJECT', async () => {
  const key = middle(archive.segments());
  archive.put(key.replace(/hr=\d\d/, 'hr=23'), archive.read(key));
  archive.put('v1/log/tile/0/7', Buffer.alloc(8192));
  const result = await archive.verify();
  expect(result).toMatchObject({ ok: true, counts: { UNLOGGED_OBJECT: 2 } });
  expect(codes(result)).toEqual(['UNLOGGED_OBJECT']);
});

test('a segment that no leaf names and whose name is not its digest: SEGMENT_DIGEST_MISMATCH', async () => {
  const key = middle(archive.segments());
  archive.put(key.replace(/[0-9a-f]{64}/, 'a'.repeat(64)), archive.read(key));
  expect(await found()).toEqual({ ok: false, codes: ['SEGMENT_DIGEST_MISMATCH'] });
});

test('a question to a folder is answered from what its signed log names: a forged segment beside it is not asked', async () => {
  const forged = middle(archive.segments()).replace(/hr=\d\d/, 'hr=23');
  const copied = archive.read(middle(archive.segments()));
  const count = async () => {
    const covered = await coveredSegments(new FolderArchive(archive.folder));
    return (await queryFolder(archive.folder, 'SELECT count(*) AS n FROM events', [], covered)).rows;
  };
  const before = await count();
  archive.put(forged, copied);
  expect(await count()).toEqual(before);
  expect((await queryFolder(archive.folder, 'SELECT count(*) AS n FROM events')).rows).not.toEqual(before);
  archive.remove(middle(archive.keys('v1/log/leaves')));
  await expect(count()).rejects.toThrow('not sound');
});

test('leaves that are taken out of the middle: LEAF_MISSING', async () => {
  archive.remove(middle(archive.keys('v1/log/leaves')));
  expect((await found()).codes).toContain('LEAF_MISSING');
  expect((await found()).ok).toBe(false);
});

test('leaves taken from the end, with the checkpoint over them left: LEAF_MISSING', async () => {
  archive.remove(archive.keys('v1/log/leaves').at(-1) ?? '');
  // Its segment is no longer named either, which is all that a warning says.
  expect(await found()).toEqual({ ok: false, codes: ['UNLOGGED_OBJECT', 'LEAF_MISSING'] });
});

test('a leaf that is changed in any byte: LOG_INCONSISTENT', async () => {
  const key = middle(archive.keys('v1/log/leaves'));
  const bytes = archive.read(key);
  for (let at = 3; at < bytes.length; at += 61) {
    archive.put(
      key,
      bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)),
    );
    const result = await found();
    expect([result.ok, result.codes.includes('LOG_INCONSISTENT')]).toEqual([false, true]);
  }
});

test('the newest leaves are changed into others that are well-formed: LOG_INCONSISTENT, by the root alone', async () => {
  const key = archive.keys('v1/log/leaves').at(-1) ?? '';
  const text = archive.read(key).toString();
  archive.put(key, text.replace(/"root":"[0-9a-f]{8}(\w{56})","sha256"/, `"root":"00000000$1","sha256"`));
  expect((await found()).codes).toEqual(['LOG_INCONSISTENT', 'SEGMENT_ROOT_MISMATCH']);
  archive.put(
    key,
    text.replace(/"at":"[^"]*","heads"/, `"at":"${archive.now.toISOString().replace('.000', '.001')}","heads"`),
  );
  expect(await found()).toEqual({ ok: false, codes: ['LOG_INCONSISTENT'] });
});

test('leaves that are there twice, in objects of different extent: LOG_INCONSISTENT', async () => {
  const key = middle(archive.keys('v1/log/leaves'));
  const { first, last } = readLeavesKey(key) ?? { first: 0, last: 0 };
  archive.put(leavesKey(first, last + 1), `${archive.read(key)}{}\n`);
  const { findings } = await archive.verify();
  expect(findings).toContainEqual(
    expect.objectContaining({ code: 'LOG_INCONSISTENT', object: leavesKey(first, last + 1) }),
  );
});

test('a segment taken out of archive and log: LOG_INCONSISTENT, for the checkpoint signs another tree', async () => {
  const key = middle(archive.keys('v1/log/leaves'));
  const [segment = '', ...rest] = archive.read(key).toString().split('\n');
  archive.put(key, ['{}', ...rest].join('\n'));
  archive.remove(String(JSON.parse(segment).key));
  expect(await found()).toMatchObject({ ok: false, codes: expect.arrayContaining(['LOG_INCONSISTENT']) });
});

test('the newest checkpoints are dropped: CHECKPOINT_STALE, or leaves that no checkpoint covers', async () => {
  const drop = 3;
  for (const key of archive.keys('v1/log/checkpoint').slice(-drop)) archive.remove(key);
  const late = await archive.verify({ reference: new Date(archive.now.getTime() + 15 * 60_000) });
  expect(late.ok).toBe(false);
  expect(codes(late)).toEqual(expect.arrayContaining(['UNLOGGED_OBJECT', 'CHECKPOINT_STALE']));
  expect(late.counts.UNLOGGED_OBJECT).toBe(drop * 2);
});

test('everything of the last minutes is dropped, as if it had never been: CHECKPOINT_STALE and HEAD_UNFULFILLED', async () => {
  // The last epoch promises what its events are, ahead of their segments.
  const cut = new ArchiveBuilder(archive.signer);
  cut.minute([1, 2], 3);
  cut.write(1, 2);
  cut.checkpoint();
  const later = new Date(cut.now.getTime() + 20 * 60_000);
  expect(codes(await cut.verify({ reference: later }))).toEqual(['CHECKPOINT_STALE', 'HEAD_UNFULFILLED']);
  cut.discard();
});

test('an older archive is replayed whole: CHECKPOINT_STALE', async () => {
  const older = `${archive.folder}-older`;
  cpSync(archive.folder, older, { recursive: true });
  for (let minute = 0; minute < 20; minute++) archive.minute([1], 1);
  expect(await found()).toEqual({ ok: true, codes: [] });
  archive.discard();
  renameSync(older, archive.folder);
  expect(await found()).toEqual({ ok: false, codes: ['CHECKPOINT_STALE'] });
  const asOf = new Date(archive.now.getTime() - 20 * 60_000);
  expect(await archive.verify({ reference: asOf })).toMatchObject({ ok: true });
});

test('the newest checkpoint is replaced by one that another key signed: CHECKPOINT_SIGNATURE_INVALID', async () => {
  archive.put(checkpointKey(archive.size), note(newSigner(), archive.size, archive.root));
  expect(await found()).toEqual({ ok: false, codes: ['CHECKPOINT_SIGNATURE_INVALID'] });
});

test('an older note under a newer name, or the note of another log under the same key: CHECKPOINT_SIGNATURE_INVALID', async () => {
  const key = checkpointKey(archive.size);
  archive.put(key, archive.read(archive.keys('v1/log/checkpoint').at(-2) ?? ''));
  expect(await found()).toEqual({ ok: false, codes: ['CHECKPOINT_SIGNATURE_INVALID'] });
  archive.put(key, note(archive.signer, archive.size, archive.root, 'ward/other/local'));
  expect(await found()).toEqual({ ok: false, codes: ['CHECKPOINT_SIGNATURE_INVALID'] });
});

test('a forged log that says its key has the pinned fingerprint: CHECKPOINT_SIGNATURE_INVALID', async () => {
  const forged = new ArchiveBuilder({ ...newSigner(), fingerprint: archive.signer.fingerprint });
  forged.minute([1, 2], 3);
  const result = await forged.verify();
  expect(result.ok).toBe(false);
  expect(codes(result)).toEqual(expect.arrayContaining(['CHECKPOINT_SIGNATURE_INVALID', 'LOG_INCONSISTENT']));
  forged.discard();
});

test('a whole log that another key signed, genesis and all: CHECKPOINT_SIGNATURE_INVALID', async () => {
  const forged = new ArchiveBuilder();
  forged.minute([1, 2], 3);
  const result = await forged.verify({ fingerprint: archive.signer.fingerprint });
  expect(result.ok).toBe(false);
  expect(codes(result)).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
  forged.discard();
});

test('a checkpoint with its size, root or origin changed: CHECKPOINT_SIGNATURE_INVALID', async () => {
  const key = checkpointKey(archive.size);
  const text = archive.read(key).toString();
  for (const changed of [
    text.replace(`\n${archive.size}\n`, `\n${archive.size + 1}\n`),
    text.replace(archive.root.toString('base64'), Buffer.alloc(32).toString('base64')),
    text.replace('ward/clinic/local\n', 'ward/clinic/other\n'),
    text.replace('\n\n', '\nextension\n\n'),
    `${text}\n`,
    '',
  ]) {
    archive.put(key, changed);
    expect((await found()).codes).toContain('CHECKPOINT_SIGNATURE_INVALID');
  }
});

test('a checkpoint taken out of the middle, or invented: LOG_INCONSISTENT or CHECKPOINT_SIGNATURE_INVALID', async () => {
  const key = middle(archive.keys('v1/log/checkpoint'));
  const bytes = archive.read(key);
  archive.remove(key);
  expect(await found()).toEqual({ ok: false, codes: ['LOG_INCONSISTENT'] });
  archive.put(key, bytes);
  archive.put(checkpointKey(2), note(newSigner(), 2, archive.root));
  expect(await found()).toEqual({ ok: false, codes: ['LOG_INCONSISTENT'] });
});

test('tiles that lie to whoever asks for proofs: LOG_INCONSISTENT', async () => {
  while (archive.size < 256) archive.minute([1], 1);
  expect(await found()).toEqual({ ok: true, codes: [] });
  const bytes = archive.read('v1/log/tile/0/0');
  archive.put(
    'v1/log/tile/0/0',
    bytes.map((byte, at) => (at === 4000 ? byte ^ 1 : byte)),
  );
  expect(await found()).toEqual({ ok: false, codes: ['LOG_INCONSISTENT'] });
  archive.remove('v1/log/tile/0/0');
  expect(await found()).toEqual({ ok: false, codes: ['LOG_INCONSISTENT'] });
});

test('an empty archive is no archive: CHECKPOINT_STALE', async () => {
  const empty = new ArchiveBuilder();
  mkdirSync(dirname(empty.path('v1/log/x')), { recursive: true });
  writeFileSync(empty.path('v1/log/x'), '');
  expect(await empty.verify()).toMatchObject({ ok: false, counts: { CHECKPOINT_STALE: 1 } });
  empty.discard();
});
