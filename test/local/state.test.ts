import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
import { StateDirectory } from '../../local/state';

const root = mkdtempSync(join(tmpdir(), 'ward-state-'));
let count = 0;
const fresh = () => join(root, String(++count));
afterAll(() => rmSync(root, { recursive: true }));

const lock = (directory: string, pid: number, since = new Date().toISOString()) =>
  writeFileSync(join(directory, 'lock.json'), JSON.stringify({ pid, since }));
/** a process that has just ended */
async function deadProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('the folder and its files are for their owner alone; 45 CFR 164.312(a)(1)', () => {
  const state = new StateDirectory(fresh());
  const file = state.announce({ secret: 'x' });
  expect(statSync(state.path).mode & 0o777).toBe(0o700);
  expect(statSync(state.folder('dynamodb')).mode & 0o777).toBe(0o700);
  for (const name of [file, join(state.path, 'ward.json'), join(state.path, 'lock.json')])
    expect(statSync(name).mode & 0o777).toBe(0o600);
  state.release();
});

test('what is announced is gone when the folder is released', () => {
  const state = new StateDirectory(fresh());
  const file = state.announce({ pid: 1 });
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ pid: 1 });
  state.release();
  expect(readdirSync(state.path)).toEqual(['ward.json']);
});

test('a second start on the same folder is told in one sentence which process has it', () => {
  const directory = fresh();
  const first = new StateDirectory(directory);
  lock(directory, process.ppid);
  expect(() => new StateDirectory(directory)).toThrow(
    `Ward already runs on ${directory} as process ${process.ppid}; stop it, or choose another folder with --data.`,
  );
  expect(() => new StateDirectory(directory, { reset: true })).toThrow('already runs');
  expect(readdirSync(directory).sort()).toEqual(['lock.json', 'ward.json']);
  first.release(); // is not the holder any more
  expect(existsSync(join(directory, 'lock.json'))).toBe(true);
});

test('the lock of a process that was killed is taken over, with what it had announced removed', async () => {
  const directory = fresh();
  const first = new StateDirectory(directory);
  first.announce({ pid: 1 });
  lock(directory, await deadProcess());
  const second = new StateDirectory(directory);
  expect(existsSync(join(directory, 'cloud.json'))).toBe(false);
  expect(JSON.parse(readFileSync(join(directory, 'lock.json'), 'utf8')).pid).toBe(process.pid);
  second.release();
});

test('a lock from before the machine was started is stale though its process number is in use', () => {
  const directory = fresh();
  new StateDirectory(directory).release();
  lock(directory, process.ppid, '2001-01-01T00:00:00.000Z');
  new StateDirectory(directory).release();
});

test('in a container an earlier process may have had the same number, but one process does not open a folder twice', () => {
  const directory = fresh();
  new StateDirectory(directory).release();
  lock(directory, process.pid);
  const state = new StateDirectory(directory);
  expect(() => new StateDirectory(directory)).toThrow('already runs');
  state.release();
});

test('half a lock is no lock', () => {
  const directory = fresh();
  new StateDirectory(directory).release();
  writeFileSync(join(directory, 'lock.json'), '{"pid":');
  new StateDirectory(directory).release();
});

test('--reset empties the folder', () => {
  const directory = fresh();
  const state = new StateDirectory(directory);
  state.checkTables({ Records: 'PK,SK' });
  writeFileSync(join(state.folder('kms'), 'keys.json'), '{}');
  state.release();
  const again = new StateDirectory(directory, { reset: true });
  expect(existsSync(join(directory, 'kms'))).toBe(false);
  again.checkTables({ Records: 'other' });
  again.release();
});

test.each([false, true])('a folder with other files is left alone, reset: %s', (reset) => {
  const directory = fresh();
  mkdirSync(directory);
  writeFileSync(join(directory, 'thesis.txt'), 'years of work');
  expect(() => new StateDirectory(directory, { reset })).toThrow(/not a state folder of Ward; it is left alone\.$/);
  expect(readdirSync(directory)).toEqual(['thesis.txt']);
});

test.each(['{}', 'x', '{"ward":"something else","format":1,"tables":{}}'])(
  'a folder whose ward.json is %s is not taken for Ward’s',
  (content) => {
    const directory = fresh();
    mkdirSync(directory);
    writeFileSync(join(directory, 'ward.json'), content);
    expect(() => new StateDirectory(directory, { reset: true })).toThrow('left alone');
    expect(readFileSync(join(directory, 'ward.json'), 'utf8')).toBe(content);
  },
);

test('a file is not a folder', () => {
  const file = fresh();
  writeFileSync(file, '');
  expect(() => new StateDirectory(file)).toThrow('is not a folder');
});

test('a folder of another format asks for --reset, which helps', () => {
  const directory = fresh();
  new StateDirectory(directory).release();
  writeFileSync(join(directory, 'ward.json'), '{"ward":"laptop cloud","format":99,"tables":{}}');
  expect(() => new StateDirectory(directory)).toThrow(
    `${directory} was written by another version of Ward; start with --reset to begin anew.`,
  );
  expect(existsSync(join(directory, 'lock.json'))).toBe(false);
  new StateDirectory(directory, { reset: true }).release();
  new StateDirectory(directory).release();
});

test('a table whose keys have changed asks for --reset and is named', () => {
  const directory = fresh();
  const first = new StateDirectory(directory);
  first.checkTables({ Records: 'PK,SK', Keys: 'PK' });
  first.release();
  const second = new StateDirectory(directory);
  second.checkTables({ Records: 'PK,SK', Added: 'id' });
  expect(() => second.checkTables({ Keys: 'PK,SK' })).toThrow(
    `The keys of Keys are not those of the data in ${directory}; start with --reset to begin anew.`,
  );
  second.release();
});
