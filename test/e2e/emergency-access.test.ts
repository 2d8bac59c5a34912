import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { governanceKeys } from '../../lambda/access/governance';
import type { Role } from '../../lambda/authentication/actor';
import { type Newcomer, newcomer, suspend } from './newcomer';
import { expectProblem, registered } from './scene';
import { type Response, ward } from './ward';

const cloud = ward();
const words = 'Found unconscious on ward 7, allergies unknown';
const asked = { reason: 'unconscious-patient', text: words };
const nobody = '00000000-0000-4000-8000-000000000000';

let clinician: Newcomer;
let officer: Newcomer;
let patient: string;
const open = (by: Newcomer, of: string, body: object = asked): Promise<Response> =>
  by.post(`/v1/patients/${of}/emergency-access`, body);

beforeAll(async () => {
  [clinician, officer, patient] = await Promise.all([
    newcomer('clinician'),
    newcomer('compliance_officer'),
    registered({ ssn: '123-45-6789' }),
  ]);
});

async function refusedFor(response: Response, status: number, type: string, reason: string): Promise<void> {
  expectProblem(response, status, type, words);
  expect(await cloud.eventsOf(response.requestId)).toMatchObject([{ reason, request: { status } }]);
}

describe('an emergency access', () => {
  let access: Response;
  const mails = (): string[] => {
    const folder = join(cloud.directory, 'mail');
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(json|eml)$/.test(name))
      .map((name) => readFileSync(join(folder, name), 'utf8'));
  };

  test('opens the clinician’s categories of one record at once, and each use of it says so, 45 CFR 164.312(a)(2)(ii)', async () => {
    expectProblem(await clinician.get(`/v1/patients/${patient}`), 403, 'forbidden');
    access = await open(clinician, patient);
    expect(access).toMatchObject({ status: 201, body: { state: 'opened', reason: asked.reason, overdue: false } });
    expect(Date.parse(access.body.ends_at) - Date.parse(access.body.opened_at)).toBe(60 * 60_000);
    const read = await clinician.get(`/v1/patients/${patient}`);
    expect(Object.keys(read.body.categories)).toEqual(['demographics']);
    expect(await cloud.eventsOf(read.requestId)).toMatchObject([
      { basis: `emergency:${access.body.id}`, purpose: 'EMERGENCY', outcome: 'permit', patient },
    ]);
    const written = await clinician.post(`/v1/patients/${patient}/records/notes`, { note: 'seen' });
    expect(written.status).toBe(201);
  });

  test('lets nobody else in, takes no record away and opens no other', async () => {
    const other = await registered();
    expectProblem(await clinician.get(`/v1/patients/${other}`), 403, 'forbidden');
    expectProblem(await clinician.get(`/v1/patients/${patient}/export`), 403, 'forbidden');
    expectProblem(await clinician.put(`/v1/patients/${patient}/care-team/${officer.sub}`, {}), 403, 'forbidden');
    expectProblem(await clinician.get(`/v1/patients/${patient}/records/payment_history`), 403, 'forbidden');
  });

  test('is mailed to the compliance officers with nothing of the patient in it', async () => {
    const mail = mails().filter((each) => each.includes(access.body.id));
    expect(mail.length).toBeGreaterThanOrEqual(1);
    for (const each of mail) for (const secret of [patient, clinician.sub, words]) expect(each).not.toContain(secret);
    const waiting = await cloud.partition('GovernanceTable', governanceKeys.alert('').PK);
    expect(waiting.map(({ id }) => id)).not.toContain(access.body.id);
  });

  test('keeps the clinician’s words sealed, and out of the log', async () => {
    const items = await cloud.items('GovernanceTable');
    const events = await cloud.events();
    const text = (value: unknown): string =>
      JSON.stringify(value, (_, each: unknown) =>
        each instanceof Uint8Array ? Buffer.from(each).toString('latin1') : each,
      );
    expect(text(items)).not.toContain('unconscious on');
    expect(text(events)).not.toContain('unconscious on');
  });

  test('is reviewed by a compliance officer, once, who reads why it was needed', async () => {
    const path = `/v1/patients/${patient}/emergency-access/${access.body.id}`;
    expect((await officer.get('/v1/emergency-access')).body.accesses).toContainEqual(
      expect.objectContaining({ id: access.body.id, patient, clinician: clinician.sub, overdue: false }),
    );
    expect((await officer.get(path)).body).toMatchObject({ text: words });
    for (const body of [{}, { outcome: 'justified' }, { outcome: 'justified', reason: 'looks fine' }])
      expectProblem(await officer.post(`${path}/review`, body), 400, 'invalid-input', 'looks fine');
    const reviewed = await officer.post(`${path}/review`, { outcome: 'justified', reason: 'treated-patient' });
    expect(reviewed).toMatchObject({ status: 200, body: { outcome: 'justified', reviewed_by: officer.sub } });
    expectProblem(await officer.post(`${path}/review`, { outcome: 'incident', reason: 'curiosity' }), 409, 'conflict');
  });

  test('ends after its minutes', async () => {
    await cloud.documents().send(
      new UpdateCommand({
        TableName: cloud.output('GovernanceTable'),
        Key: governanceKeys.standingEmergency(patient, clinician.sub),
        UpdateExpression: 'SET endsAt = :now',
        ExpressionAttributeValues: { ':now': new Date().toISOString() },
      }),
    );
    const refused = await clinician.get(`/v1/patients/${patient}`);
    await refusedFor(refused, 403, 'forbidden', 'emergency-expired');
  });
});

describe('is refused, and that is on record:', () => {
  test.each([
    ['no reason', { text: words }],
    ['a reason that is none of the list', { reason: 'curious', text: words }],
    ['no words', { reason: 'disaster' }],
    ['hardly a word', { reason: 'disaster', text: 'urgent' }],
    ['more than an hour', { ...asked, minutes: 61 }],
  ])('%s', async (_, body) => {
    await refusedFor(await open(clinician, patient, body), 400, 'invalid-input', 'invalid-input');
  });

  test('a patient whom nobody knows', async () => {
    await refusedFor(await open(clinician, nobody), 403, 'forbidden', 'forbidden');
  });

  test.each(['registrar', 'billing', 'patient', 'admin', 'auditor', 'compliance_officer'] as const)(
    'a %s',
    async (role: Role) => {
      await refusedFor(await open(await newcomer(role), patient), 403, 'forbidden', 'role');
    },
  );

  test('somebody suspended, also while it is open', async () => {
    const suspended = await newcomer('clinician');
    expect((await open(suspended, patient)).status).toBe(201);
    expect((await suspended.get(`/v1/patients/${patient}`)).status).toBe(200);
    await suspend(suspended.sub);
    await refusedFor(await open(suspended, patient), 403, 'forbidden', 'suspended');
    await refusedFor(await suspended.get(`/v1/patients/${patient}`), 403, 'forbidden', 'suspended');
  });

  test('somebody whose last access was found to be an incident', async () => {
    const curious = await newcomer('clinician');
    const { body } = await open(curious, patient);
    const path = `/v1/patients/${patient}/emergency-access/${body.id}/review`;
    expect((await officer.post(path, { outcome: 'incident', reason: 'curiosity' })).status).toBe(200);
    await refusedFor(await open(curious, patient), 403, 'forbidden', 'under-incident');
  });
});

test('a stolen token cannot walk the patient list: three records at a time, however many requests come at once', async () => {
  const thief = await newcomer('clinician');
  const records = await Promise.all(Array.from({ length: 8 }, () => registered()));
  const answers = await Promise.all(records.map((id) => open(thief, id)));
  const statuses = answers.map(({ status }) => status);
  expect(statuses.filter((status) => status === 201)).toHaveLength(3);
  expect(statuses.every((status) => [201, 403, 409].includes(status))).toBe(true);
  const reads = await Promise.all(records.map((id) => thief.get(`/v1/patients/${id}`)));
  expect(reads.filter(({ status }) => status === 200)).toHaveLength(3);
  const after = await open(thief, records[0] ?? '');
  await refusedFor(after, 403, 'emergency-limit', 'emergency-limit');
  const alerts = answers.filter(({ status }) => status === 201);
  for (const { requestId } of alerts)
    expect(await cloud.eventsOf(requestId)).toMatchObject([{ action: 'emergency.open' }]);
});

test('ten in 24 hours are the most, the closed ones too', async () => {
  const busy = await newcomer('clinician');
  const at = new Date(Date.now() - 5 * 3_600_000).toISOString();
  const access = (index: number) => ({ id: `00000000-0000-4000-8000-00000000000${index}`, at, endsAt: at });
  await cloud.documents().send(
    new PutCommand({
      TableName: cloud.output('GovernanceTable'),
      Item: {
        ...governanceKeys.emergencyQuota(busy.sub),
        accesses: Array.from({ length: 9 }, (_, index) => access(index)),
        version: 1,
      },
    }),
  );
  expect((await open(busy, patient)).status).toBe(201);
  await refusedFor(await open(busy, patient), 403, 'emergency-limit', 'emergency-limit');
});
