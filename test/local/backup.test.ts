import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sealBackup } from '../../lambda/contingency/backup-envelope';
import { backup, restore } from '../../local/backup';
import { StateDirectory } from '../../local/state';

jest.setTimeout(120_000); // each file takes a key that is made slow on purpose

const words = 'correct horse battery';
const passphrase = async () => words;
/** fails the test when it is asked for */
const unasked = () => Promise.reject(new Error('asked for a passphrase too early'));
const root = mkdtempSync(join(tmpdir(), 'ward-backup-'));
afterAll(() => rmSync(root, { recursive: true }));

let number = 0;
/** A state folder with two files, and the file of its backup. */
function folder(): { directory: string; file: string } {
  const directory = join(root, String(++number));
  const state = new StateDirectory(directory);
  writeFileSync(join(state.folder('kms'), 'one.key.json'), 'key material');
  writeFileSync(join(state.folder('dynamodb'), 'empty'), '');
  state.folder('empty folder');
  state.release();
  return { directory, file: join(root, `${number}.backup`) };
}
function bucket(directory: string, name: string, objectLock: boolean): string {
  const path = join(directory, 's3', name);
  mkdirSync(path, { recursive: true });
  const settings = { name, createdAt: 0, objectLock, encryption: { algorithm: 'AES256', bucketKey: false } };
  writeFileSync(join(path, 'bucket.json'), JSON.stringify(settings));
  return path;
}
const object = (path: string, letter: string) => {
  writeFileSync(join(path, `${letter.repeat(32)}.data`), letter);
  writeFileSync(join(path, `${letter.repeat(32)}.json`), '{}');
};
const once = { passphrase, replace: false };

test('what was lost is there again, keys and empty folders included, and nobody else may read it, 45 CFR 164.308(a)(7)(ii)(B)', async () => {
  const { directory, file } = folder();
  const made = await backup(directory, file, passphrase);
  expect(made).toMatchObject({ files: 3, at: expect.stringMatching(/Z$/) });
  expect(readFileSync(file).includes('key material')).toBe(false);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  rmSync(directory, { recursive: true });
  expect(await restore(file, directory, once)).toMatchObject({ files: 3, kept: 0, at: made.at });
  expect(readFileSync(join(directory, 'kms/one.key.json'), 'utf8')).toBe('key material');
  expect(readFileSync(join(directory, 'dynamodb/empty'), 'utf8')).toBe('');
  expect(existsSync(join(directory, 'empty folder'))).toBe(true);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(JSON.parse(readFileSync(join(directory, 'restored.json'), 'utf8'))).toMatchObject({ backupAt: made.at });
});

test('a folder that a Ward is running on is neither backed up nor restored over', async () => {
  const { directory, file } = folder();
  await backup(directory, file, passphrase);
  const running = new StateDirectory(directory);
  await expect(backup(directory, `${file}.2`, unasked)).rejects.toThrow('already runs');
  await expect(restore(file, directory, { passphrase: unasked, replace: true })).rejects.toThrow('already runs');
  expect(existsSync(`${file}.2`)).toBe(false);
  running.release();
});

test('data is not written over unless that is said, a backup never, and somebody else’s folder in no case', async () => {
  const { directory, file } = folder();
  await backup(directory, file, passphrase);
  await expect(backup(directory, file, unasked)).rejects.toThrow('is there already');
  await expect(backup(directory, join(directory, 'inside'), unasked)).rejects.toThrow('outside');
  await expect(restore(file, directory, { ...once, passphrase: unasked })).rejects.toThrow('--replace');
  await expect(restore(`${file}.none`, directory, { ...once, passphrase: unasked })).rejects.toThrow('There is no');
  const other = join(root, 'other');
  mkdirSync(other);
  writeFileSync(join(other, 'thesis.txt'), 'mine');
  await expect(restore(file, other, { passphrase, replace: true })).rejects.toThrow('left alone');
  expect(readdirSync(other)).toEqual(['thesis.txt']);
  writeFileSync(join(directory, 'kms/newer'), '');
  const { replaced = '' } = await restore(file, directory, { passphrase, replace: true });
  expect(existsSync(join(replaced, 'kms/newer'))).toBe(true);
  expect(existsSync(join(directory, 'kms/newer'))).toBe(false);
});

test('a damaged backup changes nothing and leaves nothing of itself behind', async () => {
  const { directory, file } = folder();
  await backup(directory, file, passphrase);
  const bytes = readFileSync(file);
  writeFileSync(file, bytes.subarray(0, bytes.length - 1));
  const before = readdirSync(root).sort();
  await expect(restore(file, directory, { passphrase, replace: true })).rejects.toThrow();
  await expect(restore(file, join(root, 'elsewhere'), once)).rejects.toThrow();
  expect(readdirSync(root).sort()).toEqual(before);
  expect(existsSync(join(directory, 'restored.json'))).toBe(false);
});

test('locked objects that are newer than the backup stay, and so do the keys that they need; others go back', async () => {
  const { directory, file } = folder();
  const [archive, plain] = [bucket(directory, 'archive', true), bucket(directory, 'plain', false)];
  object(archive, 'a');
  await backup(directory, file, passphrase);
  object(archive, 'b');
  object(plain, 'c');
  writeFileSync(join(directory, 'kms/two.key.json'), 'newer key');
  writeFileSync(join(directory, 'kms/one.key.json'), 'changed');
  expect(await restore(file, directory, { passphrase, replace: true })).toMatchObject({ kept: 1 });
  expect(readdirSync(archive).sort()).toEqual(
    ['a', 'b'].flatMap((letter) => ['data', 'json'].map((end) => `${letter.repeat(32)}.${end}`)).concat('bucket.json'),
  );
  expect(readdirSync(plain)).toEqual(['bucket.json']);
  expect(readFileSync(join(directory, 'kms/two.key.json'), 'utf8')).toBe('newer key');
  expect(readFileSync(join(directory, 'kms/one.key.json'), 'utf8')).toBe('key material');
});

test('a backup that names a file outside its folder is refused, whoever made it', async () => {
  const frame = (value: object): Buffer => {
    const text = Buffer.from(JSON.stringify(value));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(text.length);
    return Buffer.concat([length, text]);
  };
  for (const path of ['../outside', '/outside', 'a/../../outside', 'C:\\outside', '']) {
    async function* content() {
      yield Buffer.concat([frame({ kind: 'file', path, bytes: 1 }), Buffer.from('x')]);
      yield frame({ kind: 'end', files: 1, bytes: 1 });
    }
    const file = join(root, `hostile-${++number}`);
    for await (const piece of sealBackup(content(), words, new Date())) writeFileSync(file, piece, { flag: 'a' });
    await expect(restore(file, join(root, 'target'), once)).rejects.toMatchObject({ code: 'unsafe-path' });
    expect(existsSync(join(root, 'outside'))).toBe(false);
  }
});
