import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalFunction } from '../../local/functions';
import { newTrace, type SegmentDocument, segmentsOf } from '../../local/traces/segments';
import { Traces } from '../../local/traces/traces';

const directory = mkdtempSync(join(tmpdir(), 'ward-traces-'));
const open: LocalFunction[] = [];
let bundles = 0;
const arn = 'arn:aws:lambda:us-east-1:000000000000:function:Reader';

/** A function whose bundle is this source, and the traces that it leaves. */
function start(source: string, { traced = true, timeoutSeconds = 5 } = {}) {
  const file = `bundle${++bundles}`;
  writeFileSync(join(directory, `${file}.js`), source);
  const traces: (readonly SegmentDocument[])[] = [];
  const run = new LocalFunction(
    {
      id: 'Reader',
      arn,
      roleArn: 'arn:aws:iam::000000000000:role/Reader',
      directory,
      handler: `${file}.handler`,
      environment: {},
      timeoutSeconds,
      memoryMegabytes: 128,
      logGroup: 'reader',
      traced,
    },
    { environment: {}, log: () => undefined, trace: (_, documents) => traces.push(documents) },
  );
  open.push(run);
  return { run, traces };
}
afterEach(() => Promise.all(open.splice(0).map((each) => each.stop())));
afterAll(() => rmSync(directory, { recursive: true }));

const identifier = expect.stringMatching(/^[0-9a-f]{16}$/);
const traceId = expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/);
const partsOf = (documents: readonly SegmentDocument[] | undefined) => documents?.[1]?.subsegments ?? [];

describe('what Lambda makes of an invocation', () => {
  test('is a segment of the service and one of the function, with its loading the first time', async () => {
    const before = Date.now() / 1000;
    const { run, traces } = start('exports.handler = async () => 1');
    await run.invoke('{}');
    await run.invoke('{}');
    const [first, second] = traces;
    const [service, own] = first ?? [];
    expect(service).toEqual({
      name: 'Reader',
      id: identifier,
      trace_id: traceId,
      start_time: expect.any(Number),
      end_time: expect.any(Number),
      origin: 'AWS::Lambda',
      resource_arn: arn,
      aws: { request_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    const part = { id: identifier, aws: { function_arn: arn } };
    expect(own).toMatchObject({
      name: 'Reader',
      trace_id: service?.trace_id,
      parent_id: service?.id,
      origin: 'AWS::Lambda::Function',
      aws: { account_id: '000000000000', function_arn: arn, resource_names: ['Reader'] },
      subsegments: [
        { name: 'Initialization', ...part },
        { name: 'Invocation', ...part },
      ],
    });
    expect(partsOf(second).map(({ name }) => name)).toEqual(['Invocation']);
    expect(second?.[0]?.trace_id).not.toBe(service?.trace_id);
    for (const document of [...(first ?? []), ...(second ?? []), ...partsOf(first)]) {
      expect(document.start_time).toBeGreaterThanOrEqual(before - 0.001);
      expect(document.end_time).toBeGreaterThanOrEqual(document.start_time);
      expect(document.end_time).toBeLessThanOrEqual(Date.now() / 1000);
    }
  });

  test('quotes what the handler throws, as X-Ray is told of it', async () => {
    const { run, traces } = start('exports.handler = async () => { throw new TypeError("words") }');
    await expect(run.invoke('{}')).rejects.toMatchObject({ code: 'unhandled' });
    expect(traces[0]).toMatchObject([{ fault: true }, { fault: true }]);
    const [loading, handling] = partsOf(traces[0]);
    expect(loading).not.toHaveProperty('fault');
    expect(handling).toMatchObject({
      fault: true,
      cause: {
        working_directory: directory,
        paths: expect.arrayContaining([expect.stringContaining(directory)]),
        exceptions: [
          {
            id: identifier,
            type: 'TypeError',
            message: 'words',
            stack: expect.arrayContaining([
              { path: expect.stringContaining(directory), line: 1, label: expect.stringContaining('handler') },
            ]),
          },
        ],
      },
    });
  });

  test.each([
    [
      'runs out of time',
      'exports.handler = () => new Promise(() => {})',
      'Invocation',
      'Sandbox.Timedout',
      /timed out/,
    ],
    [
      'ends its process',
      'exports.handler = () => process.exit(3)',
      'Invocation',
      'Runtime.ExitError',
      /Runtime exited/,
    ],
    [
      'throws outside of the handler',
      'exports.handler = () => new Promise(() => setTimeout(() => { throw new RangeError("later") }))',
      'Invocation',
      'RangeError',
      /^later$/,
    ],
    ['cannot be loaded', 'throw new Error("no setting")', 'Initialization', 'Error', /^no setting$/],
    [
      'answers too much',
      'exports.handler = () => "x".repeat(7_000_000)',
      'Invocation',
      'Function.ResponseSizeTooLarge',
      /too large|exceeded/,
    ],
  ])('says that a function %s', async (_, source, name, type, message) => {
    const { run, traces } = start(source, { timeoutSeconds: 0.3 });
    await expect(run.invoke('{}')).rejects.toThrow();
    const exceptions = [{ type, message: expect.stringMatching(message) }];
    expect(partsOf(traces[0]).at(-1)).toMatchObject({ name, fault: true, cause: { exceptions } });
    await expect(run.invoke('{}')).rejects.toThrow();
    expect(traces).toHaveLength(2);
  });

  test('is nothing where the template asks for no traces; a traced function knows its trace', async () => {
    const source = 'exports.handler = async () => process.env._X_AMZN_TRACE_ID ?? null';
    const silent = start(source, { traced: false });
    expect(await silent.run.invoke('{}')).toBe('null');
    expect(silent.traces).toEqual([]);
    const { run, traces } = start(source);
    for (let call = 0; call < 2; call++) {
      const known: unknown = JSON.parse(await run.invoke('{}'));
      const [service, own] = traces[call] ?? [];
      expect(known).toBe(`Root=${service?.trace_id};Parent=${own?.id};Sampled=1`);
    }
  });
});

describe('the files of traces', () => {
  const span = { from: Date.now(), to: Date.now() };
  const documents = (requestId = 'r') =>
    segmentsOf({ id: 'Reader', arn, directory }, { requestId, whole: span, handling: span }, newTrace(span.from));
  const lines = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n');
  const folder = () => mkdtempSync(join(directory, 'files-'));
  const silent = (sentence: string) => {
    throw new Error(sentence);
  };

  test('hold a document a line, a file a function, that only its owner reads', async () => {
    const place = folder();
    const traces = new Traces(place, silent);
    for (const name of ['Reader', 'Writer', 'Reader']) traces.keep(name, documents());
    await traces.flush();
    expect(readdirSync(place).sort()).toEqual(['Reader.jsonl', 'Writer.jsonl']);
    const file = join(place, 'Reader.jsonl');
    expect(lines(file).map((line) => JSON.parse(line).origin)).toEqual([
      'AWS::Lambda',
      'AWS::Lambda::Function',
      'AWS::Lambda',
      'AWS::Lambda::Function',
    ]);
    expect(statSync(file).mode & 0o077).toBe(0);
  });

  test('are written without being asked, and go on where an earlier process ended', async () => {
    const place = folder();
    for (let process = 1; process <= 2; process++) {
      const traces = new Traces(place, silent);
      traces.keep('Reader', documents());
      const file = join(place, 'Reader.jsonl');
      const written = () => readdirSync(place).length > 0 && lines(file).length === 2 * process;
      for (let waited = 0; !written() && waited < 100; waited++) await new Promise((done) => setTimeout(done, 50));
      expect(lines(file)).toHaveLength(2 * process);
    }
  });

  test('do not grow without end: the newest are kept, in two files', async () => {
    const place = folder();
    const bytes = 4000;
    const traces = new Traces(place, silent, bytes);
    for (let call = 0; call < 40; call++) {
      traces.keep('Reader', documents(`request-${call}`));
      await traces.flush();
    }
    expect(readdirSync(place).sort()).toEqual(['Reader.earlier.jsonl', 'Reader.jsonl']);
    for (const name of readdirSync(place)) expect(statSync(join(place, name)).size).toBeLessThanOrEqual(bytes);
    const kept = readdirSync(place)
      .sort()
      .flatMap((name) => lines(join(place, name)).map((line) => JSON.parse(line).aws.request_id))
      .filter(Boolean);
    expect(kept.at(-1)).toBe('request-39');
    expect(kept).toEqual([...kept].sort((a, b) => Number(a.split('-')[1]) - Number(b.split('-')[1])));
  });

  test('stop nothing where they cannot be written, and say so once', async () => {
    const file = join(folder(), 'no-folder');
    writeFileSync(file, '');
    const said: string[] = [];
    const traces = new Traces(file, (sentence) => said.push(sentence));
    for (let call = 0; call < 3; call++) {
      traces.keep('Reader', documents());
      await traces.flush();
    }
    expect(said).toEqual([expect.stringMatching(/^Traces cannot be written/)]);
  });
});
