import { DeleteCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { contain, release } from '../../bin/contain';
import { operate } from '../../bin/operator';
import { governanceKeys } from '../../lambda/access/governance';
import type { Intercept } from '../../local/intercept';
import { mustStaySuspended, type Newcomer, newcomer, sendOnLeave, suspend } from './newcomer';
import { type OwnCloud, ownCloud } from './own-cloud';
import { expectProblem, registered } from './scene';
import type { Person, Response, Ward } from './ward';

let own: OwnCloud;
let cloud: Ward;
let officer: Newcomer;
let second: Newcomer;
let clinician: Newcomer;
let colleague: Newcomer;
let admin: Newcomer;
let registrar: Newcomer;
let patient: string;
const undisturbed: Intercept = (_, call, next) => next(call);
let intercept = undisturbed;

beforeAll(async () => {
  own = await ownCloud(undefined, { intercept: (service, call, next) => intercept(service, call, next) });
  cloud = own.ward;
  const people = ['compliance_officer', 'compliance_officer', 'clinician', 'clinician', 'admin', 'registrar'] as const;
  [officer, second, clinician, colleague, admin, registrar] = (await Promise.all(
    people.map((role) => newcomer(role, cloud)),
  )) as [Newcomer, Newcomer, Newcomer, Newcomer, Newcomer, Newcomer];
  patient = await registered({}, registrar);
  expect((await admin.put(`/v1/patients/${patient}/care-team/${clinician.sub}`, {})).status).toBe(201);
}, 120_000);
afterAll(() => own.remove());

const soon = (hours = 1) => new Date(Date.now() + hours * 3_600_000).toISOString();
const lockDown = (hours?: number) =>
  officer.put('/v1/controls/lockdown', { reason: 'suspected-breach', expires_at: soon(hours) });
const read = (by: Person) => by.get(`/v1/patients/${patient}`);
const emergency = { reason: 'life-threatening', text: 'Cardiac arrest in room 4' };

async function locked(response: Response): Promise<void> {
  expectProblem(response, 403, 'forbidden');
  expect(await cloud.eventsOf(response.requestId)).toMatchObject([{ outcome: 'deny', reason: 'lockdown' }]);
}
async function approvedRelease(by = officer): Promise<string> {
  const request = await by.post('/v1/approvals', {
    kind: 'lockdown-release',
    subject: 'lockdown',
    reason: 'contained',
  });
  expect(request.status).toBe(201);
  expectProblem(await by.post(`/v1/approvals/${request.body.id}/approve`, {}), 403, 'second-person');
  expect((await second.post(`/v1/approvals/${request.body.id}/approve`, {})).status).toBe(200);
  return String(request.body.id);
}

test('a lockdown closes Ward to the very next request of a valid token, and still says who knocked, 45 CFR 164.308(a)(6)(ii)', async () => {
  expect((await read(clinician)).status).toBe(200);
  expect((await lockDown()).status).toBe(200);
  await locked(await read(clinician));
  await locked(await read(registrar));
  await locked(await registrar.get('/v1/me'));
  await locked(await admin.get('/v1/users'));
  expect((await officer.get('/v1/controls')).body.controls).toContainEqual(
    expect.objectContaining({ kind: 'lockdown', in_force: true, reason: 'suspected-breach', author: officer.sub }),
  );
  expect((await cloud.with(undefined).get('/v1/me')).status).toBe(401);
});

test('it can be kept up longer, and ended sooner by nobody alone', async () => {
  expect((await lockDown(2)).status).toBe(200);
  expectProblem(await lockDown(0.1), 403, 'approval-required');
  expectProblem(await officer.call('DELETE', '/v1/controls/lockdown', {}), 400, 'invalid-input');
  const none = { approval: '00000000-0000-4000-8000-000000000000' };
  expectProblem(await officer.call('DELETE', '/v1/controls/lockdown', none), 409, 'approval-refused');
  await locked(await read(clinician));
});

test('in an emergency it takes two clinicians to open a record', async () => {
  const path = `/v1/patients/${patient}/emergency-access`;
  const asked = await clinician.post(path, emergency);
  expect(asked).toMatchObject({ status: 202, body: { state: 'pending' } });
  await locked(await read(clinician));
  const secondPath = `${path}/${asked.body.id}/second`;
  expectProblem(await clinician.post(secondPath), 403, 'not-allowed');
  expectProblem(await registrar.post(secondPath), 403, 'forbidden');
  expect(await colleague.post(secondPath)).toMatchObject({
    status: 200,
    body: { state: 'opened', seconded_by: colleague.sub },
  });
  const opened = await read(clinician);
  expect(opened.status).toBe(200);
  expect(await cloud.eventsOf(opened.requestId)).toMatchObject([{ basis: `emergency:${asked.body.id}` }]);
  await locked(await read(colleague));
  expectProblem(await colleague.post(secondPath), 403, 'forbidden');
});

describe('emergency mode: under a lockdown, with an emergency access open, 45 CFR 164.308(a)(7)(ii)(C)', () => {
  test('authentication stays on: nobody gets in by the emergency without a token, or with a forged one', async () => {
    expect((await read(cloud.with(undefined))).status).toBe(401);
    const [head, , signature] = clinician.tokens.accessToken.split('.');
    const claims = Buffer.from(JSON.stringify({ sub: clinician.sub })).toString('base64url');
    expect((await read(cloud.with(`Bearer ${head}.${claims}.${signature}`))).status).toBe(401);
  });

  test('authorization stays on: it opens the one record, and nothing else of Ward', async () => {
    expect((await read(clinician)).status).toBe(200);
    await locked(await clinician.get('/v1/me'));
    await locked(await clinician.get('/v1/patients/00000000-0000-4000-8000-000000000000'));
    expectProblem(await clinician.get('/v1/controls'), 403, 'forbidden');
  });

  test('the audit record stays on: what cannot be recorded is not shown, to those in an emergency neither', async () => {
    const before = await read(clinician);
    intercept = async (service, call, next) =>
      service === 'DYNAMODB' && call.body.includes('"LANE#')
        ? {
            status: 400,
            headers: { 'content-type': 'application/x-amz-json-1.0' },
            body: JSON.stringify({ __type: 'AccessDeniedException', message: '' }),
          }
        : next(call);
    try {
      expectProblem(await read(clinician), 503, 'unavailable', 'Cardiac');
    } finally {
      intercept = undisturbed;
    }
    const after = await read(clinician);
    expect([after.status, after.body]).toEqual([200, before.body]);
    expect(await cloud.eventsOf(after.requestId)).toMatchObject([{ outcome: 'permit', patient }]);
  });
});

test('an administrator agrees to its end, and asks for none that they could not bring about', async () => {
  const request = { kind: 'lockdown-release', subject: 'lockdown', reason: 'contained' };
  const refused = await admin.post('/v1/approvals', request);
  expectProblem(refused, 403, 'not-allowed');
  expect(refused.body.errors).toEqual([{ field: 'kind', message: 'is asked for by compliance_officer' }]);
  const asked = await officer.post('/v1/approvals', request);
  expect((await admin.post(`/v1/approvals/${asked.body.id}/approve`, {})).status).toBe(200);
});

test('the approval of a second person releases it, once, and everybody goes on', async () => {
  const approval = await approvedRelease();
  expectProblem(await second.call('DELETE', '/v1/controls/lockdown', { approval }), 409, 'approval-refused');
  expect((await officer.call('DELETE', '/v1/controls/lockdown', { approval })).status).toBe(200);
  expect((await read(clinician)).status).toBe(200);
  expect((await lockDown()).status).toBe(200);
  expectProblem(await officer.call('DELETE', '/v1/controls/lockdown', { approval }), 409, 'approval-refused');
});

describe('ward contain', () => {
  const operator = () => operate({ data: cloud.directory }, 'ward-contain');
  const told = async (action: string) =>
    (await cloud.events()).filter((event) => event.action === action && event.actor === null);

  test('releases a lockdown with an approval alone', async () => {
    await expect(release(operator(), { kind: 'lockdown' })).rejects.toThrow('--approval');
    const leaver = await newcomer('compliance_officer', cloud);
    const left = await approvedRelease(leaver);
    await suspend(leaver.sub, cloud);
    await expect(release(operator(), { kind: 'lockdown', approval: left })).rejects.toThrow('may no longer use it');
    const approval = await approvedRelease();
    await release(operator(), { kind: 'lockdown', approval });
    expect((await read(clinician)).status).toBe(200);
    expect(await told('control.lockdown-release')).toHaveLength(1);
  });

  test('freezes and releases a record and a role, and locks down, each on record', async () => {
    const asked = { reason: 'suspected-breach', hours: 1 };
    await contain(operator(), { kind: 'patient', target: patient, ...asked });
    expectProblem(await read(registrar), 403, 'forbidden');
    expect((await read(clinician)).status).toBe(200); // whose emergency access is open still
    expect(await told('control.freeze-patient')).toMatchObject([
      { patient, reason: 'suspected-breach', outcome: 'permit' },
    ]);
    await release(operator(), { kind: 'patient', target: patient });
    await contain(operator(), { kind: 'role', target: 'clinician', ...asked });
    expectProblem(await read(clinician), 403, 'forbidden');
    await release(operator(), { kind: 'role', target: 'clinician' });
    expect((await read(clinician)).status).toBe(200);
  });

  test('suspends a user whose token is still good', async () => {
    const somebody = await newcomer('billing', cloud);
    expect((await somebody.get('/v1/me')).status).toBe(200);
    await contain(operator(), { kind: 'user', target: somebody.sub, reason: 'stolen-credentials', hours: 1 });
    expectProblem(await somebody.get('/v1/me'), 403, 'forbidden');
    expect(await told('user.suspend')).toMatchObject([{ reason: 'stolen-credentials' }]);
    await expect(release(operator(), { kind: 'user', target: somebody.sub })).rejects.toThrow('API');
  });

  test('takes the end from a suspension that had one', async () => {
    const somebody = await newcomer('billing', cloud);
    await sendOnLeave(somebody, cloud);
    await contain(operator(), { kind: 'user', target: somebody.sub, reason: 'stolen-credentials', hours: 1 });
    await mustStaySuspended(somebody, cloud);
  });

  test.each([
    [{ kind: 'role', target: 'compliance_officer', reason: 'drill', hours: 1 }, 'role'],
    [{ kind: 'patient', target: 'all', reason: 'drill', hours: 1 }, 'patient'],
    [{ kind: 'lockdown', reason: 'because', hours: 1 }, 'reason'],
    [{ kind: 'lockdown', reason: 'drill', hours: 10_000 }, '--hours'],
  ] as const)('refuses %j', async (asked, message) => {
    await expect(contain(operator(), asked)).rejects.toThrow(message);
  });
});

describe('the sweep', () => {
  test('says once which review is overdue, and again and again that it is', async () => {
    const { body } = await colleague.post(`/v1/patients/${patient}/emergency-access`, emergency);
    const table = cloud.output('GovernanceTable');
    const past = new Date(Date.now() - 1000).toISOString();
    await cloud.documents().send(
      new UpdateCommand({
        TableName: table,
        Key: governanceKeys.emergency(body.id),
        UpdateExpression: 'SET reviewDueAt = :past',
        ExpressionAttributeValues: { ':past': past },
      }),
    );
    await cloud
      .documents()
      .send(new DeleteCommand({ TableName: table, Key: governanceKeys.emergencyReview(body.review_due_at, body.id) }));
    await cloud
      .documents()
      .send(
        new PutCommand({ TableName: table, Item: { ...governanceKeys.emergencyReview(past, body.id), id: body.id } }),
      );
    await own.invoke('emergency-sweep', {});
    await own.invoke('emergency-sweep', {});
    const overdue = (await cloud.events()).filter(({ action }) => action === 'emergency.review-overdue');
    expect(overdue).toMatchObject([{ patient, actor: null, resources: [{ id: body.id }] }]);
    const listed = (await officer.get('/v1/emergency-access')).body.accesses;
    expect(listed.find(({ id }: { id: string }) => id === body.id)).toMatchObject({ overdue: true });
  });

  test('sends the alert that could not be sent at once', async () => {
    const table = cloud.output('GovernanceTable');
    const id = '01900000-0000-7000-8000-000000000000';
    await cloud.documents().send(
      new PutCommand({
        TableName: table,
        Item: { ...governanceKeys.alert(id), id, kind: 'emergency-access', at: new Date().toISOString() },
      }),
    );
    await own.invoke('emergency-sweep', {});
    expect(await cloud.partition('GovernanceTable', governanceKeys.alert('').PK)).toEqual([]);
  });
});
