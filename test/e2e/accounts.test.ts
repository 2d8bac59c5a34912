import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AdminGetUserCommand } from '@aws-sdk/client-cognito-identity-provider';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { expectProblem, newPerson, registered, told } from './scene';
import { ward } from './ward';

const cloud = ward();
const [admin, registrar] = [cloud.as('admin'), cloud.as('registrar')];
const codeFor = async (patient: string): Promise<string> =>
  (await registrar.post(`/v1/patients/${patient}/enrollment-codes`, { identity_check: 'government-id' })).body.code;

test('everybody is told who they are to Ward, with nothing of the token in it', async () => {
  for (const { name, role, sub } of cloud.users)
    expect((await cloud.as(name).get('/v1/me')).body).toMatchObject({ id: sub, role, status: 'active' });
});

describe('an account', () => {
  test('is made by an administrator, who mails an invitation and sees no password', async () => {
    const email = `${randomUUID()}@example.org`;
    const answer = await admin.post('/v1/users', { email, role: 'billing' });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ role: 'billing', status: 'active' });
    expect(answer.text).not.toContain(email);
    const mails = readdirSync(join(cloud.directory, 'mail'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(cloud.directory, 'mail', name))
      .filter((path) => path.endsWith('.json') || path.endsWith('.eml'))
      .map((path) => readFileSync(path, 'utf8'));
    expect(mails.filter((mail) => mail.includes(email))).toHaveLength(1);
    expect((await cloud.eventsOf(answer.requestId)).map(told)).toEqual([
      expect.objectContaining({ action: 'user.create', resources: [['user', answer.body.id, 1]], patient: null }),
    ]);
    const { users } = (await admin.get('/v1/users')).body;
    expect(JSON.stringify(users)).toContain(answer.body.id);
    expect(JSON.stringify(users)).not.toContain('@');
  });

  test('of the same address is made once', async () => {
    const email = `${randomUUID()}@example.org`;
    const answers = await Promise.all([1, 2, 3].map(() => admin.post('/v1/users', { email, role: 'billing' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409))
      expectProblem(answer, 409, 'account-exists', email);
  });

  test.each(['admin', 'compliance_officer', 'auditor'])(
    'of an %s is not one person’s gift, and is not there afterwards; 45 CFR 164.308(a)(3)',
    async (role) => {
      const email = `${randomUUID()}@example.org`;
      expectProblem(await admin.post('/v1/users', { email, role }), 403, 'approval-required', email);
      const lookup = new AdminGetUserCommand({ UserPoolId: cloud.output('UserPoolId'), Username: email });
      await expect(cloud.cognito().send(lookup)).rejects.toMatchObject({ name: 'UserNotFoundException' });
    },
  );

  test.each([
    { email: 'nobody', role: 'billing' },
    { email: 'a@example.org', role: 'root' },
    { email: 'a@example.org' },
    {},
  ])('is not made of %j', async (body) =>
    expectProblem(await admin.post('/v1/users', body), 400, 'invalid-input', 'nobody', 'root'),
  );
});

describe('an enrollment code', () => {
  test('binds a patient’s account to the record once; 45 CFR 164.514(h)', async () => {
    const patient = await registered();
    const [person, other] = [await newPerson('patient'), await newPerson('patient')];
    expectProblem(await person.api.get(`/v1/patients/${patient}`), 403, 'forbidden');
    const issued = await registrar.post(`/v1/patients/${patient}/enrollment-codes`, {
      identity_check: 'known-to-staff',
    });
    expect(issued.body).toEqual({ code: expect.stringMatching(/^(\w{4}-){2}\w{4}$/), expires_at: expect.any(String) });
    const { code } = issued.body;
    const bound = await person.api.post('/v1/me/enrollment', { code: code.toLowerCase().replaceAll('-', ' ') });
    expect([bound.status, bound.body]).toEqual([200, { patient }]);
    expect((await cloud.eventsOf(bound.requestId)).map(told)).toEqual([
      expect.objectContaining({ action: 'account.enroll', actor: person.sub, patient, reason: 'known-to-staff' }),
    ]);
    expect((await person.api.get(`/v1/patients/${patient}`)).status).toBe(200);
    expect((await person.api.get('/v1/me')).body).toMatchObject({ patient });
    expectProblem(await other.api.post('/v1/me/enrollment', { code }), 422, 'code-refused', code);
    expect((await other.api.get(`/v1/patients/${patient}`)).status).toBe(403);
  });

  test('used by two at once binds one of them', async () => {
    const patient = await registered();
    const people = [await newPerson('patient'), await newPerson('patient')];
    const code = await codeFor(patient);
    const answers = await Promise.all(people.map(({ api }) => api.post('/v1/me/enrollment', { code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422]);
  });

  test('does not move an account from one record to another', async () => {
    const [first, second] = [await registered(), await registered()];
    const person = await newPerson('patient');
    expect((await person.api.post('/v1/me/enrollment', { code: await codeFor(first) })).status).toBe(200);
    expectProblem(await person.api.post('/v1/me/enrollment', { code: await codeFor(second) }), 409, 'conflict');
    expect((await person.api.get('/v1/me')).body).toMatchObject({ patient: first });
  });

  test('ends after 72 hours, and is kept as a hash alone', async () => {
    const patient = await registered();
    const code = await codeFor(patient);
    const items = await cloud.items('GovernanceTable');
    expect(JSON.stringify(items)).not.toContain(code);
    const item = items.find((each) => each['patient'] === patient && String(each['PK']).startsWith('ENROLLMENT#'));
    expect(Date.parse(String(item?.['expiresAt'])) - Date.now()).toBeLessThanOrEqual(72 * 60 * 60 * 1000);
    const expired = { ...item, expiresAt: new Date(Date.now() - 1000).toISOString() };
    await cloud.documents().send(new PutCommand({ TableName: cloud.output('GovernanceTable'), Item: expired }));
    const person = await newPerson('patient');
    const late = await person.api.post('/v1/me/enrollment', { code });
    expectProblem(late, 422, 'code-refused', code);
    expect((await cloud.eventsOf(late.requestId)).map(told)).toEqual([
      expect.objectContaining({ outcome: 'error', reason: 'code-refused', status: 422 }),
    ]);
  });

  test('that was guessed is refused like one that was never made, and needs a patient who is there', async () => {
    const person = await newPerson('patient');
    for (const code of ['AAAA-AAAA-AAAA', '0', '😀'.repeat(10)]) {
      const answer = await person.api.post('/v1/me/enrollment', { code });
      expectProblem(answer, 422, 'code-refused', ...(code.length > 1 ? [code] : []));
    }
    const nobody = `/v1/patients/${randomUUID()}/enrollment-codes`;
    expectProblem(await registrar.post(nobody, { identity_check: 'government-id' }), 404, 'not-found');
    const known = `/v1/patients/${await registered()}/enrollment-codes`;
    expectProblem(await registrar.post(known, { identity_check: 'a nice face' }), 400, 'invalid-input', 'nice');
  });
});
