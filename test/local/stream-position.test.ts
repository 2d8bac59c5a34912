import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamPosition } from '../../local/triggers/stream-position';

const directory = mkdtempSync(join(tmpdir(), 'ward-position-'));
afterAll(() => rmSync(directory, { recursive: true }));
beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());
const failed = (error: unknown) => {
  throw error;
};

test('a busy stream writes its newest position once a second, and its last one at the end', () => {
  const file = join(directory, 'busy.json');
  const position = new StreamPosition(file, failed);
  position.move('1');
  position.move('2');
  expect(existsSync(file)).toBe(false);
  jest.advanceTimersByTime(1000);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ after: '2' });
  position.move('3');
  position.write();
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ after: '3' });
  writeFileSync(file, 'untouched');
  jest.advanceTimersByTime(5000);
  position.write();
  expect(readFileSync(file, 'utf8')).toBe('untouched');
});

test('a position that cannot be written is told, kept, and written with the next one', () => {
  const errors: unknown[] = [];
  writeFileSync(join(directory, 'occupied'), 'a file where the folder should be');
  const position = new StreamPosition(join(directory, 'occupied', 'file.json'), (error) => errors.push(error));
  position.move('1');
  jest.advanceTimersByTime(1000);
  expect(errors).toHaveLength(1);
  rmSync(join(directory, 'occupied'));
  position.write();
  expect(JSON.parse(readFileSync(join(directory, 'occupied', 'file.json'), 'utf8'))).toEqual({ after: '1' });
});
