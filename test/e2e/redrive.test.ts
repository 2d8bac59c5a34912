import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { v7 } from 'uuid';
import { openStage } from '../../bin/redrive/place';
import { redrive } from '../../bin/redrive/redrive';
import type { FunctionName } from '../../lib/functions';
import { ofBatch, ofDeadLetterQueue, ofScheduler, ofStart, secret } from '../redrive/forms';
import { type Newcomer, newcomer } from './newcomer';
import { type Change, functionOf, hasFunction, type OwnCloud, ownCloud } from './own-cloud';
import { RedriveAws } from './redrive-aws';
import { registered } from './scene';
import type { Ward } from './ward';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

/** No stream starts anything, as if each batch had been given up; who looks at somebody in the public eye alerts at once. */
const deaf: Change = (template) => {
  if (!hasFunction(template, 'detector')) return;
  const { properties } = functionOf(template, 'detector');
  const { Variables } = properties['Environment'] as { Variables: Record<string, string> };
  const settings = {
    ...JSON.parse(Variables['DETECTION_SETTINGS'] ?? ''),
    urgentGraceMinutes: 0,
    opens: 0,
    closes: 24,
  };
  Variables['DETECTION_SETTINGS'] = JSON.stringify(settings);
  for (const [name, { Type }] of Object.entries(template.Resources))
    if (Type === 'AWS::Lambda::EventSourceMapping') delete template.Resources[name];
};

let own: OwnCloud;
let cloud: Ward;
let aws: RedriveAws;
let broken = false;
let snoop: Newcomer;
let other: Newcomer;
let names: ReadonlyMap<string, string>;

beforeAll(async () => {
  own = await ownCloud(deaf);
  cloud = own.ward;
  names = new Map(
    cloud
      .output('StartedFunctions')
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  );
  aws = await RedriveAws.open((name, event) => {
    const [declared = ''] = [...names].find(([, named]) => named === name) ?? [];
    return broken ? Promise.reject(new TypeError(secret)) : own.invoke(declared, event);
  });
  const patient = await registered({}, cloud.as('registrar'));
  expect((await cloud.as('compliance').put(`/v1/patients/${patient}/vip`, { reason: 'public-figure' })).status).toBe(
    200,
  );
  snoop = await newcomer('billing', cloud);
  other = await newcomer('billing', cloud);
  expect((await snoop.get(`/v1/patients/${patient}`)).status).toBe(200);
  await own.cloud.settled();
}, 60_000);
afterAll(async () => {
  aws.close();
  await own.remove();
});
beforeEach(() => {
  aws.kept.clear();
  aws.starts.length = 0;
  broken = false;
});

const nameOf = (declared: string): string => names.get(declared) ?? '';
type Form = Parameters<RedriveAws['put']>[0];
/** A letter as the last of the roles sends it that may: where there is a schedule, its role. */
const send = (declared: FunctionName, form: (name: string) => Form): string => {
  const roles = new Map(
    cloud
      .output('LetterSenders')
      .split(' ')
      .map((pair) => pair.split('=') as [string, string]),
  );
  return aws.put(form(nameOf(declared)), `${roles.get(declared)?.split(',').at(-1)}:session`);
};
/** Runs the command with the rights of its role, but for what no laptop has. */
async function ward({ list = false, yes = true } = {}): Promise<{ left: number; said: string }> {
  const { region, outputs, urls } = own.cloud;
  const file = join(own.directory, 'cdk-outputs.json');
  writeFileSync(file, JSON.stringify(outputs));
  const credentials = own.cloud.credentialsOf('ward-local-redrive');
  const at = { region, credentials, endpoint: aws.url };
  const place = openStage(file, {
    lambda: new LambdaClient({ ...at, maxAttempts: 1 }),
    queue: new SQSClient(at),
    tables: new DynamoDBClient({ region, credentials, endpoint: urls.dynamodb }),
  });
  const said: string[] = [];
  const left = await redrive(place, {
    list,
    confirm: async () => yes,
    say: (line) => said.push(line),
    now: new Date(),
  });
  expect(said.join()).not.toContain(secret);
  return { left, said: said.join('\n') };
}
const alerts = async (of = snoop.sub): Promise<string[]> => {
  const { body } = await cloud.as('compliance').get('/v1/alerts?state=all&limit=100');
  return body.alerts.filter(({ actor }: { actor: string }) => actor === of).map(({ rule }: { rule: string }) => rule);
};
const givenUp = () => {
  const now = new Date().toISOString();
  return send('detector', (name) => ofBatch(name, now, now));
};

test('nothing is run that was only listed or not agreed to, and others see every letter again', async () => {
  const letter = givenUp();
  for (const options of [{ list: true }, { yes: false }]) {
    const { left, said } = await ward(options);
    expect(left).toBe(1);
    expect(said).toMatch(/^detector: the events from .*; 1 letter, \d+ s old, RetryAttemptsExhausted\n1 left/);
    expect(aws.visible).toEqual([letter]);
  }
  expect(aws.starts).toEqual([]);
});

test('a letter whose function fails again is left', async () => {
  const letters = [givenUp(), send('checkpointer', (name) => ofScheduler(name))];
  broken = true;
  const { left, said } = await ward();
  expect(left).toBe(2);
  expect(said).toContain('detector: failed, TypeError');
  expect(said).toContain('checkpointer: failed, TypeError');
  expect(aws.visible.sort()).toEqual(letters.sort());
});

test('events that the detector gave up are looked at after all, and again without effect - 45 CFR 164.308(a)(1)(ii)(D)', async () => {
  expect(await alerts()).toEqual([]);
  for (let time = 0; time < 2; time++) {
    for (let letter = 0; letter < 12; letter++) givenUp();
    const { left, said } = await ward();
    expect([left, said]).toEqual([
      0,
      expect.stringMatching(/detector: .*; 12 letters.*\ndetector: done\nno letter is left$/),
    ]);
    expect(aws.kept.size).toBe(0);
    expect(await alerts()).toEqual(['vip']);
  }
});

test('sign-ins that were not recorded are recorded, and say nothing on the way - 45 CFR 164.308(a)(5)(ii)(C)', async () => {
  const lines = { messageType: 'DATA_MESSAGE', logEvents: [{ message: `${secret} signed in` }] };
  const data = gzipSync(JSON.stringify(lines)).toString('base64');
  send('sign-in-log', (name) => ofStart(name, { awslogs: { data } }));
  const before = (await cloud.events()).filter(({ action }) => action === 'user-pool.other').length;
  expect(await ward()).toMatchObject({ left: 0, said: expect.stringContaining('sign-in-log: done') });
  expect((await cloud.events()).filter(({ action }) => action === 'user-pool.other')).toHaveLength(before + 1);
});

test('sixty missed runs of a schedule are one, and what the sealer gave up is sealed by the reconciler', async () => {
  for (let run = 0; run < 60; run++) send('checkpointer', (name) => ofScheduler(name));
  send('sealer', (name) => ofBatch(name, '2026-11-23T07:00:00Z', '2026-11-23T07:00:09Z'));
  expect((await ward()).left).toBe(0);
  expect(aws.starts).toEqual([nameOf('checkpointer'), nameOf('reconciler')]);
});

test('a letter that says not whose it is, or names what is not to be started, is left and nothing is run', async () => {
  aws.put(ofDeadLetterQueue(), 'AROAQ3EGRVZEXAMPLE001:session');
  send('restore-replay', (name) => ofStart(name, { restored: randomUUID() }));
  const { left, said } = await ward();
  expect(left).toBe(2);
  for (const why of ['names-no-function', 'not-started-so']) expect(said).toContain(why);
  expect(aws.starts).toEqual([]);
  expect(aws.visible).toHaveLength(2);
});

test('a letter that somebody else put there is left, however well it is made up', async () => {
  const { body, attributes } = ofStart(nameOf('sign-in-log'), { awslogs: { data: 'e30=' } });
  for (const senderId of ['AROAQ3EGRVZEXAMPLE001:somebody', 'AIDAQ3EGRVZEXAMPLE001'])
    aws.put({ body, attributes }, senderId);
  const { left, said } = await ward();
  expect([left, aws.starts]).toEqual([2, []]);
  expect(said).toContain('sent-by-another');
});

test('where the settings name nobody, the command says so', () => {
  const file = join(own.directory, 'without-role.json');
  const { RedriveRole: _, ...outputs } = Object.assign({}, ...Object.values(own.cloud.outputs));
  writeFileSync(file, JSON.stringify({ stack: outputs }));
  expect(() => openStage(file)).toThrow('its setting redriveOperators names no one');
});

test('an event that the detector refuses keeps the letter, and none of the others from being looked at', async () => {
  const lane = v7();
  const put = (Item: Record<string, unknown>) =>
    cloud.documents().send(new PutCommand({ TableName: cloud.output('AuditTable'), Item }));
  await put({ PK: 'LANES', SK: lane, function: 'somebody', openedAt: new Date().toISOString() });
  await put({ PK: `LANE#${lane}`, SK: '000000000000', line: secret, hash: secret });
  const patient = await registered({}, cloud.as('registrar'));
  expect((await cloud.as('compliance').put(`/v1/patients/${patient}/vip`, { reason: 'public-figure' })).status).toBe(
    200,
  );
  expect((await other.get(`/v1/patients/${patient}`)).status).toBe(200);
  const letter = givenUp();
  expect(await alerts(other.sub)).toEqual([]);
  expect(await ward()).toMatchObject({ left: 1, said: expect.stringContaining('detector: failed, events-refused') });
  expect(aws.visible).toEqual([letter]);
  expect(await alerts(other.sub)).toEqual(['vip']);
});

test('the command says that the laptop has no queue', async () => {
  const words = ['bin/ward.js', '--data', cloud.directory, 'redrive'];
  const [status, said] = await new Promise<[number, string]>((done) => {
    const child = execFile(process.execPath, words, { cwd: resolve(__dirname, '../..') }, (_, __, stderr) =>
      done([child.exitCode ?? -1, stderr]),
    );
  });
  expect([status, said]).toEqual([1, expect.stringContaining('not on the laptop')]);
});
