import { randomUUID } from 'node:crypto';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { caredFor, demographics, expectProblem, join, newPerson, registered, told } from './scene';
import { ward } from './ward';

const cloud = ward();
const [admin, clinician, colleague] = [cloud.as('admin'), cloud.as('clinician'), cloud.as('clinician2')];
const sub = (name: string): string => cloud.user(name).sub;
const team = (patient: string, name?: string) => `/v1/patients/${patient}/care-team${name ? `/${sub(name)}` : ''}`;

test('a clinician on the team adds a colleague, and both see the record', async () => {
  const patient = await caredFor();
  expectProblem(await colleague.get(`/v1/patients/${patient}`), 403, 'forbidden');
  const added = await clinician.put(team(patient, 'clinician2'), { role_in_team: 'consulting' });
  expect([added.status, added.body]).toEqual([
    201,
    {
      user: sub('clinician2'),
      role_in_team: 'consulting',
      added_by: sub('clinician'),
      starts_at: expect.any(String),
      review_due: false,
    },
  ]);
  expect((await colleague.get(`/v1/patients/${patient}`)).status).toBe(200);
  expect((await clinician.get(team(patient))).body.members).toHaveLength(2);
  expect((await cloud.eventsOf(added.requestId)).map(told)).toEqual([
    expect.objectContaining({
      action: 'care-team.add',
      actor: sub('clinician'),
      patient,
      basis: 'care-team',
      resources: [['care-team-member', sub('clinician2'), 1]],
    }),
  ]);
});

test('removal acts on the very next request, and is an end that stays known; 45 CFR 164.308(a)(3)(ii)(C)', async () => {
  const patient = await caredFor();
  await join(patient, 'clinician2');
  expect((await colleague.get(`/v1/patients/${patient}/records/diagnoses`)).status).toBe(200);
  expect((await clinician.delete(team(patient, 'clinician2'))).status).toBe(200);
  const denied = await colleague.get(`/v1/patients/${patient}/records/diagnoses`);
  expectProblem(denied, 403, 'forbidden');
  expect((await cloud.eventsOf(denied.requestId)).map(told)).toEqual([
    expect.objectContaining({ outcome: 'deny', reason: 'membership-expired', basis: null, patient, resources: [] }),
  ]);
  const { members } = (await admin.get(team(patient))).body;
  expect(members.find(({ user }: { user: string }) => user === sub('clinician2'))).toMatchObject({
    ends_at: expect.any(String),
  });
  expectProblem(await admin.delete(`/v1/patients/${patient}/care-team/${randomUUID()}`), 404, 'not-found');
});

test('nobody adds themselves: not the clinician off the team, not the one on it to stay longer', async () => {
  const patient = await registered({ demographics: demographics({}) }, clinician);
  expectProblem(await colleague.put(team(patient, 'clinician2'), {}), 403, 'forbidden');
  const longer = await clinician.put(team(patient, 'clinician'), { role_in_team: 'attending' });
  expectProblem(longer, 403, 'not-allowed');
  const [member] = (await admin.get(team(patient))).body.members;
  expect(member).toMatchObject({ role_in_team: 'registering', ends_at: expect.any(String) });
  expect((await cloud.eventsOf(longer.requestId)).map(told)).toEqual([
    expect.objectContaining({ outcome: 'error', reason: 'not-allowed', status: 403 }),
  ]);
});

test('who created an account does not put it on a care team; somebody else does', async () => {
  const patient = await caredFor();
  const created = await admin.post('/v1/users', { email: `${randomUUID()}@example.org`, role: 'clinician' });
  expect(created.status).toBe(201);
  const path = `${team(patient)}/${created.body.id}`;
  expectProblem(await admin.put(path, {}), 403, 'not-allowed');
  expect((await admin.get(team(patient))).body.members).toHaveLength(1);
  expect((await clinician.put(path, {})).status).toBe(201);
});

test('only an active clinician joins a care team', async () => {
  const patient = await caredFor();
  for (const name of ['billing', 'registrar', 'patient', 'admin', 'auditor'])
    expectProblem(await clinician.put(team(patient, name), {}), 403, 'not-allowed');
  expectProblem(await clinician.put(`${team(patient)}/${randomUUID()}`, {}), 403, 'not-allowed');
});

test('a membership counts from its start until before its end', async () => {
  const patient = await caredFor();
  const day = 24 * 60 * 60 * 1000;
  const at = (days: number): string => new Date(Date.now() + days * day).toISOString();
  const answers = async (body: object): Promise<number[]> => {
    const { status } = await admin.put(team(patient, 'clinician2'), body);
    return [status, (await colleague.get(`/v1/patients/${patient}`)).status];
  };
  expect(await answers({ starts_at: at(-2), ends_at: at(1) })).toEqual([201, 200]);
  expect(await answers({ starts_at: at(-2), ends_at: at(-1) })).toEqual([200, 403]);
  expect(await answers({ starts_at: at(1) })).toEqual([200, 403]);
  expect(await answers({ starts_at: at(-1) })).toEqual([200, 200]);
  expectProblem(await admin.put(team(patient, 'clinician2'), { starts_at: at(1), ends_at: at(0) }), 403, 'not-allowed');
  for (const wrong of [{ starts_at: 'today' }, { ends_at: 5 }, { role_in_team: 'registering' }, { since: at(0) }])
    expectProblem(await admin.put(team(patient, 'clinician2'), wrong), 400, 'invalid-input', 'today', 'since');
});

test('the 24 hours of a clinician who registered end', async () => {
  const patient = await registered({}, colleague);
  const [item] = await cloud.partition('GovernanceTable', `PATIENT#${patient}`);
  const expired = { ...item, endsAt: new Date(Date.now() - 1000).toISOString() };
  await cloud.documents().send(new PutCommand({ TableName: cloud.output('GovernanceTable'), Item: expired }));
  const denied = await colleague.get(`/v1/patients/${patient}`);
  expectProblem(denied, 403, 'forbidden');
  expect((await cloud.eventsOf(denied.requestId)).map(({ reason }) => reason)).toEqual(['membership-expired']);
});

test('a suspended clinician and one whose role has changed are refused on the next request; 45 CFR 164.308(a)(3)', async () => {
  const person = await newPerson('clinician');
  const patient = await caredFor();
  expect((await clinician.put(`${team(patient)}/${person.sub}`, {})).status).toBe(201);
  const [actor] = await cloud.partition('GovernanceTable', `ACTOR#${person.sub}`);
  const become = (change: object) =>
    cloud
      .documents()
      .send(new PutCommand({ TableName: cloud.output('GovernanceTable'), Item: { ...actor, ...change } }));
  for (const [change, reason] of [
    [{ status: 'suspended' }, 'suspended'],
    [{ role: 'auditor' }, 'role'],
  ] as const) {
    expect((await person.api.get(`/v1/patients/${patient}`)).status).toBe(200);
    await become(change);
    const denied = await person.api.get(`/v1/patients/${patient}`);
    expectProblem(denied, 403, 'forbidden');
    expect((await cloud.eventsOf(denied.requestId)).map((event) => event.reason)).toEqual([reason]);
    await become({});
  }
});
