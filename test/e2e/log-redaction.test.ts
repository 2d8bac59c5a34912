import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join as pathJoin } from 'node:path';
import { type ActionPolicy, actions } from '../../lambda/access/policy';
import { type Route, routes } from '../../lambda/http/routes';
import { declarations } from '../../lib/functions';
import type { Intercept } from '../../local/intercept';
import type { Call, Reply } from '../../local/service';
import type { SegmentDocument } from '../../local/traces/segments';
import { Canaries, filesOf } from './canaries';
import { type OwnCloud, ownCloud } from './own-cloud';
import { demographics, idOf, join } from './scene';
import type { Person, Response, Ward } from './ward';

const canaries = new Canaries();
const plant = (what: string): string => canaries.get(what) ?? canaries.named(what);

const standing: Intercept = (_, call, next) => next(call);
let intercept = standing;
let own: OwnCloud;
let cloud: Ward;
let patient: string;
const written: string[] = [];

beforeAll(async () => {
  // What the services of this cloud print comes out here, where a canary must not be either.
  for (const stream of [process.stdout, process.stderr]) {
    const write = stream.write.bind(stream);
    jest.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return write(chunk);
    });
  }
  own = await ownCloud(undefined, { intercept: (service, call, next) => intercept(service, call, next) });
  cloud = own.ward;
  for (const { name } of cloud.users) await cloud.tokens(name);
  const planted = demographics({ family: plant('family'), mrn: plant('MRN') });
  patient = idOf(await cloud.as('registrar').post('/v1/patients', { demographics: planted }), 201);
  await join(patient, 'clinician', cloud);
  const notes = `/v1/patients/${patient}/records/notes`;
  idOf(await cloud.as('clinician').post(notes, { text: plant('note') }), 201);
}, 120_000);
afterAll(async () => {
  jest.restoreAllMocks();
  await own.remove();
});

/** What a service says that quotes what it was given: in its words, its fields, its headers, and why a transaction failed. */
function quoting(call: Call): Reply {
  const transaction = String(call.headers['x-amz-target']).endsWith('TransactWriteItems');
  const item = {
    PK: { S: plant('key') },
    family: { S: plant('stored family') },
    body: { M: { [plant('member')]: {} } },
  };
  const why = { Code: 'ValidationError', Message: plant('reason of a cancellation'), Item: item };
  return {
    status: 400,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': plant('id of a service') },
    body: JSON.stringify({
      __type: transaction ? 'TransactionCanceledException' : 'ValidationException',
      message: `${plant('message')}: ${call.body.toString('utf8').slice(0, 4000)}`,
      Item: item,
      ...(transaction && { CancellationReasons: [why, { Code: 'None' }] }),
    }),
  };
}

/** Fails one call of those that are made from now on. */
function failing(position: number): { reached: boolean } {
  const state = { reached: false };
  let calls = 0;
  intercept = (_, call, next) => {
    if (call.caller.kind !== 'role' || calls++ !== position) return next(call);
    state.reached = true;
    return Promise.resolve(quoting(call));
  };
  return state;
}

const values: Readonly<Record<string, string>> = { category: 'notes', version: '1', part: '1', role: 'auditor' };
const pathOf = ({ path }: Route): string =>
  path.replace(
    /\{(\w+)\}/g,
    (_, name: string) => values[name] ?? (path.startsWith(`/v1/patients/{${name}}`) ? patient : randomUUID()),
  );

/** Somebody whom the policy lets in. */
function caller({ action }: Route): Person {
  const { roles }: ActionPolicy = actions[action];
  const user = cloud.users.find(({ role }) => roles.includes(role) && role !== 'patient') ?? cloud.users[0];
  return cloud.as(user?.name ?? '');
}

const headers = () => ({
  'idempotency-key': randomUUID(),
  'if-match': '"1"',
  'user-agent': plant('user agent'),
  cookie: `a=${plant('cookie')}`,
  'x-amzn-trace-id': plant('trace'),
});
/** A body that operations take, and one that they do not. */
const bodies = (): readonly unknown[] => [
  {
    demographics: demographics({ family: plant('new family') }),
    name: [{ family: plant('corrected family') }],
    text: plant('new note'),
    family: plant('searched family'),
    birth_date: '1970-02-03',
    reason: `${plant('a reason')} of twenty characters and more`,
    justification: `${plant('a justification')} of twenty characters and more`,
    title: plant('a title'),
    description: plant('a description'),
    patient,
  },
  { [plant('unknown member')]: plant('wrong value'), reason: [plant('nested')] },
];
const ask = (route: Route, body: unknown): Promise<Response> => {
  const path = `${pathOf(route)}?name=${plant('query')}`;
  return caller(route).call(route.method, path, route.bodyLimit > 0 ? body : undefined, headers());
};

/** Signing out would end what the others go on with. */
const ordered = routes.filter(({ action }) => action !== 'account.sign-out');
const failed: string[] = [];

test('every route is asked in vain and in earnest, with a body and without', async () => {
  const statuses = new Map<number, number>();
  for (const route of ordered)
    for (const body of bodies()) {
      const { status } = await ask(route, body);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  expect([...statuses.keys()].filter((status) => status >= 500)).toEqual([]);
  expect(statuses.get(200)).toBeGreaterThan(10);
  expect(statuses.get(400)).toBeGreaterThan(20);
}, 300_000);

test('each call that a route makes fails once, with a service that quotes what it was given', async () => {
  for (const route of ordered)
    for (let position = 0; position < 6; position++) {
      const fault = failing(position);
      const { status, text } = await ask(route, bodies()[0]).finally(() => (intercept = standing));
      expect(canaries.found(`the answer of ${route.action}`, Buffer.from(status >= 500 ? text : ''))).toEqual([]);
      if (!fault.reached) break;
      if (status >= 500) failed.push(route.action);
    }
  // A few go on without what failed; every other route answers a fault when its first call fails.
  expect(new Set(failed).size).toBeGreaterThan(ordered.length * 0.9);
}, 600_000);

test('each function that nobody asks fails at its first calls, and each that is given what it does not know', async () => {
  const outcomes: string[] = [];
  const attempt = async (name: string, event: unknown) => {
    const outcome = await own.invoke(name, event).then(
      () => 'done',
      (error: unknown) => (error instanceof Error ? error.message : 'failed'),
    );
    outcomes.push(outcome);
  };
  for (const [name, { calledBy = 'api' }] of declarations) {
    for (let position = 0; position < 4 && calledBy !== 'api'; position++) {
      failing(position);
      await attempt(name, {}).finally(() => (intercept = standing));
    }
    await attempt(name, {
      body: plant('event'),
      headers: { cookie: plant('cookie of an event') },
      Records: plant('records'),
    });
  }
  expect(outcomes.filter((outcome) => outcome === 'the handler failed').length).toBeGreaterThan(20);
  expect(canaries.found('what callers are told', Buffer.from(outcomes.join()))).toEqual([]);
}, 300_000);

test('no log, metric, trace or mail holds a canary; 45 CFR 164.514(b)(2)', async () => {
  await own.stop();
  const hits = canaries.found('what the cloud prints', Buffer.from(written.join()));
  let lines = 0;
  for (const folder of ['logs', 'mail', 'traces'])
    for (const [place, bytes] of filesOf(pathJoin(cloud.directory, folder))) {
      lines += bytes.toString('utf8').split('request failed').length - 1;
      hits.push(...canaries.found(`${folder}/${place}`, bytes));
    }
  expect(hits).toEqual([]);
  expect(canaries.size).toBeGreaterThan(25);
  expect(lines).toBeGreaterThan(failed.length / 2);
  expect(canaries.found('here', Buffer.from(`a ${plant('message')}`))).toEqual(['message in here']);
});

test('the functions that the API calls leave traces, and no other: those throw, and a trace quotes what is thrown', () => {
  const folder = pathJoin(cloud.directory, 'traces');
  const traced = new Set(readdirSync(folder).map((file) => /(\w+)[0-9A-F]{8}\.jsonl$/.exec(file)?.[1]?.toLowerCase()));
  expect([...traced].sort()).toEqual([...new Set(routes.map((route) => route.function.replaceAll('-', '')))].sort());
  const documents = readdirSync(folder).flatMap((file) =>
    readFileSync(pathJoin(folder, file), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line): SegmentDocument => JSON.parse(line)),
  );
  expect(documents.length).toBeGreaterThan(2 * ordered.length);
  // Only what no request is makes one throw, here an event that is none, and what it throws has no words.
  const thrown = documents.flatMap(({ subsegments = [] }) =>
    subsegments.flatMap(({ cause }) => cause?.exceptions ?? []),
  );
  expect(thrown.length).toBeGreaterThan(20);
  expect(thrown.filter(({ message, stack }) => message !== '' || stack.length > 0)).toEqual([]);
});
