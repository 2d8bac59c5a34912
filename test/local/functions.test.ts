import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FunctionDefinition, LocalFunction, payloadLimitBytes } from '../../local/functions';

const directory = mkdtempSync(join(tmpdir(), 'ward-functions-'));
const open: LocalFunction[] = [];
let bundles = 0;

/** A function whose bundle is this source. */
function start(
  source: string,
  changes: Partial<FunctionDefinition> & { idleLimitSeconds?: number; onLine?: (line: string) => void } = {},
): { run: LocalFunction; lines: string[] } {
  const file = `bundle${++bundles}`;
  writeFileSync(join(directory, `${file}.js`), source);
  const lines: string[] = [];
  const { idleLimitSeconds, onLine, ...definition } = changes;
  const run = new LocalFunction(
    {
      id: 'Reader',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:Reader',
      roleArn: 'arn:aws:iam::000000000000:role/Reader',
      directory,
      handler: `${file}.handler`,
      environment: { TABLE: 'records' },
      timeoutSeconds: 5,
      memoryMegabytes: 128,
      logGroup: '/aws/lambda/reader',
      traced: false,
      ...definition,
    },
    {
      environment: { AWS_REGION: 'us-east-1', AWS_ACCESS_KEY_ID: 'own' },
      log: (group, _, added) => {
        for (const line of added) {
          lines.push(`${group} ${line}`);
          onLine?.(line);
        }
      },
      trace: () => undefined,
      ...(idleLimitSeconds === undefined ? {} : { idleLimitSeconds }),
    },
  );
  open.push(run);
  return { run, lines };
}

afterEach(() => Promise.all(open.splice(0).map((each) => each.stop())));
afterAll(() => rmSync(directory, { recursive: true }));

test('a handler answers JSON with JSON and knows its request', async () => {
  const { run } = start(
    'exports.handler = async (event, context) => ({ got: event, name: context.functionName, left: context.getRemainingTimeInMillis() > 0 })',
  );
  expect(JSON.parse(await run.invoke('{"a":"ü"}'))).toEqual({ got: { a: 'ü' }, name: 'Reader', left: true });
});

test('a function sees its own environment and nothing of the machine', async () => {
  process.env['WARD_SECRET_OF_THE_MACHINE'] = 'leak';
  const { run } = start('exports.handler = async () => process.env');
  const seen = JSON.parse(await run.invoke('{}'));
  expect(seen).toMatchObject({ TABLE: 'records', AWS_ACCESS_KEY_ID: 'own', AWS_LAMBDA_FUNCTION_NAME: 'Reader' });
  expect(seen.WARD_SECRET_OF_THE_MACHINE).toBeUndefined();
  expect(seen.PATH).toBeUndefined();
  expect(seen.AWS_SHARED_CREDENTIALS_FILE).toBe('/dev/null');
});

test('a handler that throws fails its caller, keeps its environment and leaves its words to the log', async () => {
  const { run, lines } = start(
    'let n = 0; exports.handler = async (fail) => { n++; if (fail) throw new TypeError("inside"); return n }',
  );
  await expect(run.invoke('true')).rejects.toMatchObject({
    code: 'unhandled',
    errorType: 'TypeError',
    message: expect.not.stringContaining('inside'),
  });
  expect(await run.invoke('false')).toBe('2');
  expect(lines.join()).toContain(
    '/aws/lambda/reader ERROR Invoke Error {"errorType":"TypeError","errorMessage":"inside"',
  );
});

test.each([
  ['exits', 'process.exit(3)'],
  ['throws outside the handler', 'setTimeout(() => { throw new Error("later") })'],
  ['leaves a rejection unhandled', 'void Promise.reject(new Error("later"))'],
])('a worker that %s fails one call and is replaced', async (_, crash) => {
  const { run } = start(
    `let n = 0; exports.handler = async (die) => { n++; if (die) { ${crash}; await new Promise(() => {}) } return n }`,
  );
  expect(await run.invoke('false')).toBe('1');
  await expect(run.invoke('true')).rejects.toMatchObject({ code: 'crashed' });
  expect(await run.invoke('false')).toBe('1');
});

test('an endless loop is killed at the timeout and the next call gets a fresh worker', async () => {
  const { run, lines } = start('exports.handler = async (spin) => { while (spin) {} return "alive" }', {
    timeoutSeconds: 0.2,
  });
  await expect(run.invoke('true')).rejects.toMatchObject({ code: 'timed-out' });
  expect(await run.invoke('false')).toBe('"alive"');
  expect(lines.join()).toContain('Task timed out after 0.20 seconds');
});

test('a bundle that does not load fails each call and is tried again', async () => {
  const { run, lines } = start('throw new Error("GOVERNANCE_TABLE is not set")');
  await expect(run.invoke('{}')).rejects.toMatchObject({ code: 'unloadable' });
  await expect(run.invoke('{}')).rejects.toMatchObject({ code: 'unloadable' });
  expect(run.running).toBe(0);
  expect(lines.join()).toContain('GOVERNANCE_TABLE is not set');
});

test('a missing export is named in the log', async () => {
  const { run, lines } = start('exports.other = 1');
  await expect(run.invoke('{}')).rejects.toMatchObject({ code: 'unloadable' });
  expect(lines.join()).toMatch(/exports no function bundle\d+\.handler/);
});

test('at most two calls run at once, the others wait their turn in order', async () => {
  const { run } = start(
    'exports.handler = async (n) => { console.log("start " + n); await new Promise((r) => setTimeout(r, 20)); return n }',
  );
  const calls = [1, 2, 3, 4, 5].map((n) => run.invoke(String(n)));
  expect(run.running).toBe(2);
  expect(await Promise.all(calls)).toEqual(['1', '2', '3', '4', '5']);
  expect(run.running).toBe(2);
});

test('a waiting call is served by a fresh worker when the one before it crashes', async () => {
  const { run } = start('exports.handler = async (n) => { if (n < 2) process.exit(1); return n }');
  const calls = await Promise.allSettled([0, 1, 2, 3].map((n) => run.invoke(String(n))));
  expect(calls.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled', 'fulfilled']);
});

test('an idle worker is ended', async () => {
  const { run } = start('exports.handler = async () => 1', { idleLimitSeconds: 0.001 });
  expect(await run.invoke('{}')).toBe('1');
  while (run.running > 0) await new Promise(setImmediate);
  expect(await run.invoke('{}')).toBe('1');
});

test('a worker that crashes while idle takes nothing with it', async () => {
  const { run } = start('exports.handler = async () => { setImmediate(() => process.exit(1)); return 1 }');
  expect(await run.invoke('{}')).toBe('1');
  while (run.running > 0) await new Promise(setImmediate);
  expect(await run.invoke('{}')).toBe('1');
});

test('what a function prints goes to its log group, line by line', async () => {
  let threeLines = () => {};
  const printed = new Promise<void>((resolve) => {
    threeLines = resolve;
  });
  const { run, lines } = start(
    'exports.handler = async () => { console.log("one\\ntwo"); console.error("three"); return null }',
    { onLine: () => lines.length === 3 && threeLines() },
  );
  await run.invoke('{}');
  await printed;
  expect(lines.sort()).toEqual(['one', 'three', 'two'].map((line) => `/aws/lambda/reader ${line}`));
});

test('payloads over 6 MB are refused in both directions', async () => {
  const { run } = start('exports.handler = async (size) => "x".repeat(size)');
  await expect(run.invoke(JSON.stringify('x'.repeat(payloadLimitBytes)))).rejects.toMatchObject({
    code: 'request-too-large',
  });
  await expect(run.invoke(String(payloadLimitBytes))).rejects.toMatchObject({ code: 'response-too-large' });
  expect(Buffer.byteLength(await run.invoke(String(payloadLimitBytes - 2)))).toBe(payloadLimitBytes);
});

test('stopping ends running and waiting calls', async () => {
  const { run } = start('exports.handler = () => new Promise(() => {})');
  const calls = [1, 2, 3].map((n) => expect(run.invoke(String(n))).rejects.toMatchObject({ code: 'stopped' }));
  await run.stop();
  await Promise.all(calls);
  expect(run.running).toBe(0);
});
