import { randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import * as z from 'zod';
import { openBackup, Reader, sealBackup } from '../lambda/contingency/backup-envelope';
import { BackupError } from '../lambda/contingency/backup-error';
import { writeDurably } from './durable';
import { restoredFile } from './restored';
import { bucketSchema } from './s3/bucket';
import { isStateFolder, StateDirectory, StateError, transientFiles } from './state';

const entry = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('folder'), path: z.string() }),
  z.strictObject({ kind: z.literal('file'), path: z.string(), bytes: z.int().min(0) }),
  /** the last one: a backup that was cut off while it was made has none */
  z.strictObject({ kind: z.literal('end'), files: z.int().min(0), bytes: z.int().min(0) }),
]);
type Entry = z.infer<typeof entry>;

/** how a passphrase is come by: a person is asked */
export type Secret = () => Promise<string>;

export interface BackupReport {
  readonly files: number;
  readonly bytes: number;
  /** when the backup was made; UTC, ISO 8601 */
  readonly at: string;
}
export interface RestoreReport extends BackupReport {
  /** locked objects that are newer than the backup and were kept */
  readonly kept: number;
  /** where the folder lies that was there before */
  readonly replaced?: string;
}

/**
 * Writes everything that the laptop cloud keeps, its keys included, into one encrypted file. The cloud must stand still
 * meanwhile: files that are written one after the other would be of different moments. 45 CFR 164.308(a)(7)(ii)(A).
 * @param file that is not there yet; mode 0600
 * @param passphrase asked for when nothing else stands in the way
 * @throws StateError, RangeError in one sentence
 */
export async function backup(directory: string, file: string, passphrase: Secret): Promise<BackupReport> {
  if (!isStateFolder(directory)) throw new StateError(`${directory} is not a state folder of Ward.`);
  const target = resolve(file);
  if (!relative(resolve(directory), target).startsWith('..'))
    throw new StateError('The backup must lie outside the folder that it is of.');
  if (existsSync(target)) throw new StateError(`${file} is there already; a backup is never written over.`);
  const state = new StateDirectory(directory);
  const part = `${target}.${process.pid}.part`;
  const at = new Date();
  const total = { files: 0, bytes: 0 };
  try {
    const spoken = await passphrase();
    const descriptor = openSync(part, 'wx', 0o600);
    try {
      for await (const piece of sealBackup(contentOf(state.path, total), spoken, at))
        for (let written = 0; written < piece.length; ) written += writeSync(descriptor, piece, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    linkSync(part, target); // fails when somebody else made the name in the meantime
  } finally {
    rmSync(part, { force: true });
    state.release();
  }
  return { ...total, at: at.toISOString() };
}

async function* contentOf(
  directory: string,
  total: { files: number; bytes: number },
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const path of walk(directory)) {
    const found = lstatSync(join(directory, path));
    const name = path.split(sep).join('/');
    if (found.isDirectory()) yield framed({ kind: 'folder', path: name });
    else if (found.isFile()) {
      yield framed({ kind: 'file', path: name, bytes: found.size });
      let read = 0;
      for await (const chunk of createReadStream(join(directory, path)) as AsyncIterable<Buffer>) {
        read += chunk.length;
        yield chunk;
      }
      if (read !== found.size) throw new StateError(`${name} changed while it was read.`);
      total.files++;
      total.bytes += read;
    } else throw new StateError(`${name} is neither file nor folder.`);
  }
  yield framed({ kind: 'end', ...total });
}

/** Names in the folder, each folder before what is in it; not what belongs to a running process. */
function* walk(directory: string, below = ''): Generator<string> {
  for (const found of readdirSync(join(directory, below), { withFileTypes: true })) {
    if (below === '' && transientFiles.includes(found.name)) continue;
    const path = join(below, found.name);
    yield path;
    if (found.isDirectory()) yield* walk(directory, path);
  }
}

function framed(value: Entry): Buffer {
  const text = Buffer.from(JSON.stringify(value));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text]);
}

/**
 * Puts a backup in place: whole and checked to its last byte before anything else is touched. What lay there is moved aside,
 * never deleted, and its locked objects that are newer than the backup come along: a lock lets nothing go back, and in
 * AWS the archive is not part of a restore either. The next start of the cloud goes into lockdown and replays what the
 * archive knows (docs/contingency.md). 45 CFR 164.308(a)(7)(ii)(B).
 * @throws StateError, BackupError in one sentence; the folder is what it was then
 */
export async function restore(
  file: string,
  directory: string,
  options: { readonly passphrase: Secret; readonly replace: boolean; readonly archive?: string },
): Promise<RestoreReport> {
  if (!existsSync(file)) throw new StateError(`There is no ${file}.`);
  const target = resolve(directory);
  const present = existsSync(target) && readdirSync(target).length > 0;
  if (present && !isStateFolder(target)) throw new StateError(`${target} has other files in it; it is left alone.`);
  if (present && !options.replace)
    throw new StateError(`${target} holds data; say --replace to move it aside and put the backup in its place.`);
  const survivor = options.archive === undefined ? (present ? target : undefined) : resolve(options.archive);
  if (survivor !== undefined && !isStateFolder(survivor))
    throw new StateError(`${survivor} is not a state folder of Ward.`);
  const lock = present ? new StateDirectory(target) : undefined;
  const staging = `${target}.restoring-${randomBytes(4).toString('hex')}`;
  try {
    mkdirSync(dirname(target), { recursive: true });
    mkdirSync(staging, { mode: 0o700 });
    const report = await unpack(file, staging, await options.passphrase());
    if (!isStateFolder(staging)) throw new BackupError('incomplete');
    const kept = survivor === undefined ? 0 : keepLocked(survivor, staging);
    const marker = { id: randomUUID(), at: new Date().toISOString(), backupAt: report.at };
    writeDurably(join(staging, restoredFile), `${JSON.stringify(marker, null, 2)}\n`);
    lock?.release();
    const replaced = present ? `${target}.replaced-${marker.at.replaceAll(/[-:.]/g, '')}` : undefined;
    if (replaced !== undefined) renameSync(target, replaced);
    else rmSync(target, { recursive: true, force: true }); // an empty folder
    renameSync(staging, target);
    return { ...report, kept, ...(replaced === undefined ? {} : { replaced }) };
  } finally {
    lock?.release();
    rmSync(staging, { recursive: true, force: true });
  }
}

async function unpack(file: string, staging: string, passphrase: string): Promise<BackupReport> {
  let at = '';
  const content = openBackup(createReadStream(file), passphrase, (header) => {
    at = header.at;
  });
  const reader = new Reader(content);
  const total = { files: 0, bytes: 0 };
  for (;;) {
    const next = await entryOf(reader);
    if (next.kind === 'end') {
      if (next.files !== total.files || next.bytes !== total.bytes || !(await reader.atEnd()))
        throw new BackupError('incomplete');
      return { ...total, at };
    }
    const path = join(staging, safePath(next.path));
    if (next.kind === 'folder') mkdirSync(path, { mode: 0o700 });
    else {
      await writeFrom(reader, path, next.bytes);
      total.files++;
      total.bytes += next.bytes;
    }
  }
}

async function entryOf(reader: Reader): Promise<Entry> {
  const length = await reader.take(4);
  if (length.length < 4) throw new BackupError('incomplete');
  const parsed = entry.safeParse(parseJson(await reader.take(length.readUInt32BE())));
  if (!parsed.success) throw new BackupError('incomplete');
  return parsed.data;
}

async function writeFrom(reader: Reader, path: string, bytes: number): Promise<void> {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    for (let left = bytes; left > 0; ) {
      const piece = await reader.take(Math.min(left, 1024 * 1024));
      if (piece.length === 0) throw new BackupError('incomplete');
      for (let written = 0; written < piece.length; ) written += writeSync(descriptor, piece, written);
      left -= piece.length;
    }
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A backup is authentic, but whoever knows the passphrase may have made another one. */
function safePath(path: string): string {
  const parts = path.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..' || /[\\\0:]/.test(part)))
    throw new BackupError('unsafe-path');
  return join(...parts);
}

/** Copies the locked objects that the backup does not have, and the keys that were made since: without them they are noise. */
function keepLocked(survivor: string, staging: string): number {
  const locked = join(survivor, 's3');
  let kept = 0;
  for (const bucket of existsSync(locked) ? readdirSync(locked) : []) {
    const settings = join(locked, bucket, 'bucket.json');
    if (!existsSync(settings) || !bucketSchema.parse(JSON.parse(readFileSync(settings, 'utf8'))).objectLock) continue;
    kept += addMissing(join(locked, bucket), join(staging, 's3', bucket), /^[0-9a-f]{32}\.(json|data)$|^bucket\.json$/);
  }
  addMissing(join(survivor, 'kms'), join(staging, 'kms'), /\.key\.json$/);
  return kept;
}

/** @returns how many objects came along: each is a data file and its description, which is copied last */
function addMissing(from: string, to: string, names: RegExp): number {
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const there = new Set(readdirSync(to));
  const missing = readdirSync(from).filter(
    (name) => names.test(name) && !there.has(name) && statSync(join(from, name)).isFile(),
  );
  const described = missing.filter((name) => name.endsWith('.json'));
  for (const name of [...missing.filter((each) => !each.endsWith('.json')), ...described])
    copyFileSync(join(from, name), join(to, name));
  return described.filter((name) => name !== 'bucket.json').length;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
