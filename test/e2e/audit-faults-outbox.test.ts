import type { Call, Reply } from '../../local/service';
import { type OwnCloud, ownCloud } from './own-cloud';
import { caredFor, expectProblem } from './scene';
import type { Ward } from './ward';

jest.setTimeout(60_000);

/** What the next Put of an event meets; a test sets it and takes it away. */
let fault: ((call: Call, next: (call: Call) => Promise<Reply>) => Promise<Reply>) | undefined;
const refusal = (code: string, status: number): Reply => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify({ __type: code, message: 'injected' }),
});

let own: OwnCloud;
let cloud: Ward;
let patient: string;
beforeAll(async () => {
  own = await ownCloud(undefined, {
    // Reads append by themselves: a PutItem on the audit table and on no other.
    intercept: (service, call, next) =>
      fault && service === 'DYNAMODB' && /\.PutItem$/.test(String(call.headers['x-amz-target'])) && audits(call)
        ? fault(call, next)
        : next(call),
  });
  cloud = own.ward;
  patient = await caredFor({}, 'clinician', cloud);
  await read(); // the lane is open: what follows are plain Puts
});
afterAll(() => own.remove());
afterEach(() => {
  fault = undefined;
});

const audits = (call: Call) => call.body.toString().includes(cloud?.output('AuditTable') ?? '');
const read = () => cloud.as('clinician').get(`/v1/patients/${patient}`);
/** events of permitted reads of the patient */
const recorded = async () =>
  (await cloud.events()).filter((event) => event.patient === patient && event.actor?.role === 'clinician').length;

test('a write of an event that fails: no PHI, and the next read is answered on a lane of its own; 45 CFR 164.312(b)', async () => {
  const before = await recorded();
  fault = async () => refusal('InternalServerError', 500);
  expectProblem(await read(), 503, 'unavailable', patient, 'Family-');
  expect(await recorded()).toBe(before);
  fault = undefined;
  expect((await read()).status).toBe(200);
  expect(await recorded()).toBe(before + 1);
});

test('a table that throttles for a moment: the write is tried again and the event is there once', async () => {
  await read();
  const before = await recorded();
  let times = 2;
  fault = async (call, next) => (times-- > 0 ? refusal('ProvisionedThroughputExceededException', 400) : next(call));
  expect((await read()).status).toBe(200);
  expect(times).toBeLessThan(0);
  expect(await recorded()).toBe(before + 1);
});

test('a write that times out after it was stored: the same event is recognised, and there is one', async () => {
  await read();
  const before = await recorded();
  let lost = 0;
  fault = async (call, next) => {
    const answer = await next(call);
    return lost++ === 0 ? refusal('InternalServerError', 500) : answer;
  };
  expect((await read()).status).toBe(200);
  expect(lost).toBe(2);
  expect(await recorded()).toBe(before + 1);
});

test('a write that is stored and never answered: 503, an event more than answers, which is the safe side', async () => {
  await read();
  const before = await recorded();
  fault = async (call, next) => {
    await next(call);
    return refusal('InternalServerError', 500);
  };
  expectProblem(await read(), 503, 'unavailable', patient, 'Family-');
  fault = undefined;
  expect(await recorded()).toBe(before + 1);
});

test('after all of it the archive holds every event of the outbox, and verifies', async () => {
  fault = undefined;
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  await own.cloud.settled();
  await own.invoke('checkpointer', {});
  await own.invoke('verification', {});
  const verified = (await cloud.events()).filter(({ action }) => action === 'audit.verified');
  expect(verified.map(({ outcome, reason }) => [outcome, reason])).toEqual([['permit', null]]);
});
