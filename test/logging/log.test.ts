import { EventEmitter } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contained, containProcess, InvocationFailed } from '../../lambda/logging/contain';
import { declared, type LogLine } from '../../lambda/logging/log';

const request = '0b2f5e0c-6a51-4a7e-9d0f-2f0f3a3f1c55';
const canary = 'Zqmuster';
const written: string[] = [];
beforeEach(() => {
  written.length = 0;
  for (const stream of [process.stdout, process.stderr])
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
});
afterEach(() => jest.restoreAllMocks());

test('a line has its declared fields, and none that came along', () => {
  const more = { patient: canary, body: { family: canary } };
  const line: LogLine = {
    message: 'request failed',
    request,
    route: '/v1/patients/{id}',
    error: new TypeError(canary),
    ...more,
  };
  expect(declared(line)).toEqual({ request, route: '/v1/patients/{id}', causes: ['TypeError'] });
});

test('a field in another form than its own is not said', () => {
  const line: LogLine = { message: 'request failed', request: canary, route: `/v1/patients/${canary}`, error: canary };
  expect(declared(line)).toEqual({ request: 'unknown', route: 'unknown', causes: [] });
});

test('a handler that fails is logged without its words, and its caller is told the class alone', async () => {
  const fault = Object.assign(new RangeError(canary, { cause: new Error(canary) }), { Item: canary });
  const handler = contained(async () => {
    throw fault;
  });
  const failure: unknown = await handler({}, { awsRequestId: request }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InvocationFailed);
  const told =
    failure instanceof InvocationFailed ? { ...failure, stack: failure.stack, message: failure.message } : {};
  expect(told).toEqual({ name: 'RangeError', message: '', stack: 'RangeError' });
  const [line = '{}'] = written;
  expect(JSON.parse(line)).toMatchObject({ message: 'invocation failed', request, causes: ['RangeError', 'Error'] });
  expect(written.join()).not.toContain(canary);
});

test('what dependencies print, warnings and errors that nobody caught come out redacted, and the process ends', () => {
  const target = Object.assign(new EventEmitter(), {});
  target.on('uncaughtException', () => process.stdout.write(canary)); // as Lambda's runtime does
  const screen = { ...console };
  const end = jest.fn();
  containProcess(target as unknown as NodeJS.Process, screen, end);
  screen.error(`of ${canary}@example.org`, { family: canary }, new Error(canary));
  screen.dir({ Item: { family: { S: canary } } });
  target.emit('warning', new Error(canary));
  expect(end).not.toHaveBeenCalled();
  target.emit('uncaughtException', new Error(canary));
  target.emit('unhandledRejection', { Item: canary });
  expect(end).toHaveBeenCalledTimes(2);
  expect(written).toHaveLength(5);
  expect(written.join()).not.toContain(canary);
});

test('nothing but the log and the metrics writes to the log of a function', () => {
  const root = join(__dirname, '../../lambda');
  const writers = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/^logging[/\\]/.test(name))
    .filter((name) =>
      /\bconsole\.\w+\(|process\.std(?:out|err)\b|emitWarning|new Logger\b/.test(
        readFileSync(join(root, name), 'utf8'),
      ),
    );
  expect(writers.sort()).toEqual([join('audit', 'metrics.ts'), join('http', 'report.ts')]);
});
