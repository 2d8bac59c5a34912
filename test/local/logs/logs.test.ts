import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Logs } from '../../../local/logs/logs';
import { ACCOUNT, CALLER, REGION, Recorder, temporaryDirectory } from '../service-server';

const DAY_MS = 86_400_000;
const GROUP = '/ward/records';
const arn = (rest: string) => `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${rest}`;

let now: number;
let directory: ReturnType<typeof temporaryDirectory>;
let recorder: Recorder;
let logs: Logs;

function construct(): Logs {
  const options = { directory: directory.path, region: REGION, account: ACCOUNT, clock: () => now };
  const made = new Logs({ ...options, authorize: recorder.authorize });
  made.ensureGroup(GROUP, { RetentionInDays: 30 });
  made.ensureGroup('/ward/kept', {});
  return made;
}

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
  directory = temporaryDirectory();
  recorder = new Recorder();
  logs = construct();
});
afterEach(() => directory.remove());

/** A call as the SDK sends it (AWS JSON 1.1); the client for Logs is not among Ward's dependencies. */
async function call(operation: string, input: object) {
  const reply = await logs.handle({
    caller: CALLER,
    method: 'POST',
    target: '/',
    headers: { 'x-amz-target': `Logs_20140328.${operation}`, 'content-type': 'application/x-amz-json-1.1' },
    body: Buffer.from(JSON.stringify(input)),
  });
  return JSON.parse(String(reply.body));
}
const stream = { logGroupName: GROUP, logStreamName: 'a' };
const messages = (reply: { events: { message: string }[] }) => reply.events.map(({ message }) => message);

test('what is put is read back, and found by its terms', async () => {
  await call('CreateLogStream', stream);
  const logEvents = ['START one', 'ERROR "two" half', 'ERROR three'].map((message, index) => ({
    timestamp: now + index,
    message,
  }));
  expect(await call('PutLogEvents', { ...stream, logEvents })).toEqual({});

  const all = await call('GetLogEvents', { ...stream, startFromHead: true });
  expect(all.events).toEqual(logEvents.map((event) => ({ ...event, ingestionTime: now })));
  const filter = async (filterPattern: string) =>
    messages(await call('FilterLogEvents', { logGroupName: GROUP, filterPattern }));
  expect(await filter('ERROR')).toEqual(['ERROR "two" half', 'ERROR three']);
  expect(await filter('ERROR -half')).toEqual(['ERROR three']);
  expect(await filter('?one ?three')).toEqual(['START one', 'ERROR three']);
  expect(await filter('"\\"two\\" half"')).toEqual(['ERROR "two" half']);
  const json = await call('FilterLogEvents', { logGroupName: GROUP, filterPattern: '{ $.level = "ERROR" }' });
  expect(json.__type).toBe('InvalidParameterException');
});

test('what functions print is there without any call, line by line', async () => {
  logs.append(GROUP, 'fn/[1]', ['{"level":"INFO"}', 'two']);
  now += 5;
  logs.append(GROUP, 'other', ['three']);
  logs.append(GROUP, 'fn/[1]', ['four']);

  expect(messages(await call('FilterLogEvents', { logGroupName: GROUP }))).toEqual([
    '{"level":"INFO"}',
    'two',
    'four',
    'three',
  ]);
  expect(messages(await call('FilterLogEvents', { logGroupName: GROUP, logStreamNamePrefix: 'o' }))).toEqual(['three']);
  const late = { logGroupName: GROUP, startTime: now, endTime: now };
  expect(messages(await call('FilterLogEvents', late))).toEqual(['four', 'three']);
  expect(() => logs.append('/none', 's', ['x'])).toThrow('does not exist');
});

test('pages go forward and backward without loss', async () => {
  logs.append(GROUP, 'a', ['1', '2', '3', '4', '5']);

  const first = await call('GetLogEvents', { ...stream, limit: 2, startFromHead: true });
  const second = await call('GetLogEvents', { ...stream, limit: 2, nextToken: first.nextForwardToken });
  const back = await call('GetLogEvents', { ...stream, limit: 2, nextToken: second.nextBackwardToken });
  expect([first, second, back].map(messages)).toEqual([
    ['1', '2'],
    ['3', '4'],
    ['1', '2'],
  ]);
  expect(messages(await call('GetLogEvents', { ...stream, limit: 2 }))).toEqual(['4', '5']);
  const end = await call('GetLogEvents', { ...stream, nextToken: 'f/5' });
  expect([end.events, end.nextForwardToken]).toEqual([[], 'f/5']);

  const found: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await call('FilterLogEvents', { logGroupName: GROUP, limit: 2, nextToken });
    found.push(...messages(page));
    nextToken = page.nextToken;
  } while (nextToken);
  expect(found).toEqual(['1', '2', '3', '4', '5']);
});

test('groups are described with their retention', async () => {
  const { logGroups } = await call('DescribeLogGroups', { logGroupNamePrefix: '/ward/r' });

  expect(logGroups).toMatchObject([{ logGroupName: GROUP, retentionInDays: 30, arn: arn(`${GROUP}:*`) }]);
});

test('a sweep removes from disk what the group no longer keeps, and nothing else', async () => {
  logs.append(GROUP, 'a', ['old line']);
  logs.append('/ward/kept', 'a', ['kept line']);
  now += 20 * DAY_MS;
  logs.append(GROUP, 'a', ['new line']);
  now += 10 * DAY_MS + 1;
  logs.sweep();

  const onDisk = readdirSync(directory.path, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), 'utf8'))
    .join('');
  expect(onDisk).not.toContain('old line');
  expect(onDisk).toContain('new line');
  expect(onDisk).toContain('kept line');
});

test('events too old, expired or from the future are turned away by name', async () => {
  logs.ensureGroup('/ward/short', { RetentionInDays: 3 });
  const short = { logGroupName: '/ward/short', logStreamName: 'a' };
  await call('CreateLogStream', short);
  const days = [-15, -5, -1, 0, 1];
  const logEvents = days.map((day) => ({ timestamp: now + day * DAY_MS, message: `${day}` }));

  expect(await call('PutLogEvents', { ...short, logEvents })).toEqual({
    rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1, expiredLogEventEndIndex: 2, tooNewLogEventStartIndex: 4 },
  });
  expect(messages(await call('GetLogEvents', { ...short, startFromHead: true }))).toEqual(['-1', '0']);
});

test('failures have the names that AWS gives them', async () => {
  const code = async (operation: string, input: object) => (await call(operation, input)).__type;
  const event = { timestamp: now, message: 'x' };

  expect(await code('PutLogEvents', { ...stream, logEvents: [event] })).toBe('ResourceNotFoundException');
  expect(await code('CreateLogStream', { ...stream, logGroupName: 'none' })).toBe('ResourceNotFoundException');
  await call('CreateLogStream', stream);
  expect(await code('CreateLogStream', stream)).toBe('ResourceAlreadyExistsException');
  const unordered = [event, { ...event, timestamp: now - 1 }];
  expect(await code('PutLogEvents', { ...stream, logEvents: unordered })).toBe('InvalidParameterException');
  expect(await code('DeleteLogGroup', { logGroupName: GROUP })).toBe('UnknownOperationException');
});

test('each call is authorized for its group and stream, and a denial stores nothing', async () => {
  await call('CreateLogStream', stream);
  recorder.denied.add('logs:PutLogEvents');
  const event = { timestamp: now, message: 'x' };
  const denied = await call('PutLogEvents', { ...stream, logEvents: [event] });
  const { events } = await call('FilterLogEvents', { logGroupName: GROUP });
  await call('DescribeLogGroups', {});

  expect(denied.__type).toBe('AccessDeniedException');
  expect(events).toEqual([]);
  expect(recorder.asked).toEqual([
    { action: 'logs:CreateLogStream', resource: arn(`${GROUP}:log-stream:a`) },
    { action: 'logs:PutLogEvents', resource: arn(`${GROUP}:log-stream:a`) },
    { action: 'logs:FilterLogEvents', resource: arn(`${GROUP}:log-stream:`) },
    { action: 'logs:DescribeLogGroups', resource: arn(':log-stream:') },
  ]);
});

test('lines are there after a restart, and a line cut in half by a crash does not spoil the next', async () => {
  logs.append(GROUP, 'a', ['one']);
  const [file] = readdirSync(directory.path, { recursive: true, withFileTypes: true }).filter(({ name }) =>
    name.endsWith('.jsonl'),
  );
  appendFileSync(join(file?.parentPath ?? '', file?.name ?? ''), '{"timestamp":1,"mess');
  logs = construct();
  logs.append(GROUP, 'a', ['two']);

  expect(messages(await call('FilterLogEvents', { logGroupName: GROUP }))).toEqual(['one', 'two']);
});
