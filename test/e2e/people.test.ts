import { randomUUID } from 'node:crypto';
import { UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { address, approvedAccount, hire, nextSecond, signInAgain } from './people';
import { ward as open, type Response } from './ward';

jest.setTimeout(120_000);

const ward = open();
const admin = ward.as('admin');
const compliance = ward.as('compliance');

const problem = ({ body }: Response): string => body.type;
const versionOf = async (id: string): Promise<number> => (await admin.get(`/v1/users/${id}`)).body.version;
const setHolders = (role: string, holders: number) =>
  ward.documents().send(
    new UpdateCommand({
      TableName: ward.output('GovernanceTable'),
      Key: { PK: 'HOLDERS', SK: role },
      UpdateExpression: 'SET holders = :holders',
      ExpressionAttributeValues: { ':holders': holders },
    }),
  );
const activeHolders = async (role: string): Promise<number> =>
  (await admin.get('/v1/users')).body.users.filter(
    (user: { role: string; status: string }) => user.role === role && user.status === 'active',
  ).length;

describe('an administrator who tries to make himself a second person', () => {
  test('gives none of the three roles alone - 45 CFR 164.308(a)(3)', async () => {
    for (const role of ['admin', 'compliance_officer', 'auditor']) {
      const refused = await admin.post('/v1/users', { email: address(), role });
      expect([refused.status, problem(refused)]).toEqual([403, 'urn:ward:problem:approval-required']);
      const made = await hire(ward, 'billing');
      const promoted = await admin.patch(`/v1/users/${made.id}`, { role }, 1);
      expect([promoted.status, problem(promoted)]).toEqual([403, 'urn:ward:problem:approval-required']);
    }
  });

  test('does not approve his own request, nor with an account that he made', async () => {
    const second = await hire(ward, 'compliance_officer');
    const asked = await admin.post('/v1/approvals', {
      kind: 'grant-role',
      email: address(),
      reason: 'new-hire',
      details: { role: 'admin' },
    });
    expect(asked.status).toBe(201);
    const own = await admin.post(`/v1/approvals/${asked.body.id}/approve`, {});
    expect([own.status, problem(own), own.body.detail]).toEqual([403, 'urn:ward:problem:second-person', 'own-request']);
    const puppet = await second.api.post(`/v1/approvals/${asked.body.id}/approve`, {});
    expect([puppet.status, puppet.body.detail]).toEqual([403, 'not-independent']);
    expect((await admin.get(`/v1/approvals/${asked.body.id}`)).body.state).toBe('pending');
    const [event] = await ward.eventsOf(puppet.requestId);
    expect(event).toMatchObject({
      action: 'approval.approve',
      outcome: 'error',
      reason: 'second-person',
      actor: { sub: second.id },
      resources: [expect.objectContaining({ id: asked.body.id, type: 'approval' }), expect.anything()],
    });
  });

  test('nor does an administrator whose account is the requester’s work, in either direction', async () => {
    const other = await hire(ward, 'admin');
    const target = await hire(ward, 'clinician');
    const byOther = await other.api.post('/v1/approvals', {
      kind: 'mfa-recovery',
      subject: target.id,
      reason: 'device-lost',
    });
    expect(byOther.status).toBe(201);
    const maker = await admin.post(`/v1/approvals/${byOther.body.id}/approve`, {});
    expect([maker.status, maker.body.detail]).toEqual([403, 'not-independent']);
    const byMaker = await admin.post('/v1/approvals', {
      kind: 'mfa-recovery',
      subject: target.id,
      reason: 'device-lost',
    });
    const made = await other.api.post(`/v1/approvals/${byMaker.body.id}/approve`, {});
    expect([made.status, made.body.detail]).toEqual([403, 'not-independent']);
  });

  test('does not decide about himself: own role, own suspension, own approval', async () => {
    const me = ward.user('admin').sub;
    const role = await admin.patch(`/v1/users/${me}`, { role: 'billing' }, await versionOf(me));
    const suspension = await admin.post(`/v1/users/${me}/suspension`, { reason: 'leave' });
    const reinstatement = await admin.post(`/v1/users/${me}/reinstatement`, { reason: 'returned' });
    const recovery = await admin.post('/v1/approvals', { kind: 'mfa-recovery', subject: me, reason: 'device-lost' });
    for (const refused of [role, suspension, reinstatement, recovery])
      expect([refused.status, problem(refused)]).toEqual([403, 'urn:ward:problem:not-allowed']);
  });

  test('does not swap the person or the role after the second one has agreed', async () => {
    const email = address();
    const { id, approve } = await approvedAccount(admin, compliance, email, 'auditor');
    expect(approve.status).toBe(200);
    const otherPerson = await admin.post('/v1/users', { email: address(), role: 'auditor', approval: id });
    const otherRole = await admin.post('/v1/users', { email, role: 'admin', approval: id });
    for (const refused of [otherPerson, otherRole])
      expect([refused.status, problem(refused)]).toEqual([409, 'urn:ward:problem:approval-refused']);
    const created = await admin.post('/v1/users', { email, role: 'auditor', approval: id });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      approved_by: ward.user('compliance').sub,
      created_by: ward.user('admin').sub,
    });
    const again = await admin.post('/v1/users', { email: address(), role: 'auditor', approval: id });
    expect([again.status, problem(again)]).toEqual([409, 'urn:ward:problem:approval-refused']);
    expect((await admin.get(`/v1/approvals/${id}`)).body.state).toBe('used');
  });

  test('does not have the second person agree to an address that they do not know', async () => {
    const { approve } = await approvedAccount(admin, compliance, address(), 'auditor').then(async ({ id }) => ({
      approve: await compliance.post(`/v1/approvals/${id}/approve`, { email: address() }),
    }));
    expect(approve.status).toBeGreaterThanOrEqual(403);
    const asked = await admin.post('/v1/approvals', {
      kind: 'grant-role',
      email: address(),
      reason: 'new-hire',
      details: { role: 'auditor' },
    });
    const wrong = await compliance.post(`/v1/approvals/${asked.body.id}/approve`, { email: address() });
    expect([wrong.status, problem(wrong)]).toEqual([403, 'urn:ward:problem:not-allowed']);
  });
});

describe('an approval', () => {
  test('that is expired counts for nothing, approved or not', async () => {
    const email = address();
    const { id } = await approvedAccount(admin, compliance, email, 'auditor');
    const pending = await admin.post('/v1/approvals', {
      kind: 'grant-role',
      email,
      reason: 'new-hire',
      details: { role: 'auditor' },
    });
    for (const approval of [id, pending.body.id])
      await ward.documents().send(
        new UpdateCommand({
          TableName: ward.output('GovernanceTable'),
          Key: { PK: `APPROVAL#${approval}`, SK: 'APPROVAL' },
          UpdateExpression: 'SET expiresAt = :then',
          ExpressionAttributeValues: { ':then': new Date(Date.now() - 1).toISOString() },
        }),
      );
    const used = await admin.post('/v1/users', { email, role: 'auditor', approval: id });
    expect([used.status, problem(used)]).toEqual([409, 'urn:ward:problem:approval-refused']);
    const late = await compliance.post(`/v1/approvals/${pending.body.id}/approve`, { email });
    expect([late.status, problem(late), late.body.detail]).toEqual([
      409,
      'urn:ward:problem:approval-refused',
      'expired',
    ]);
    expect((await admin.get(`/v1/approvals/${id}`)).body.state).toBe('expired');
  });

  test('is spent once, however many try at the same moment', async () => {
    const targets = await Promise.all([hire(ward, 'billing')]);
    const [target] = targets;
    const asked = await admin.post('/v1/approvals', {
      kind: 'grant-role',
      subject: target?.id,
      reason: 'role-change',
      details: { role: 'auditor' },
    });
    await compliance.post(`/v1/approvals/${asked.body.id}/approve`, {});
    const tries = await Promise.all(
      Array.from({ length: 5 }, () =>
        admin.patch(`/v1/users/${target?.id}`, { role: 'auditor', approval: asked.body.id }, 1),
      ),
    );
    expect(tries.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(tries.filter(({ status }) => [409, 412].includes(status))).toHaveLength(4);
  });

  test('is given by somebody who stays active: one whom a suspension took cannot stand behind it', async () => {
    const officer = await hire(ward, 'compliance_officer');
    const second = await hire(ward, 'admin');
    const target = await hire(ward, 'billing');
    const asked = await second.api.post('/v1/approvals', {
      kind: 'grant-role',
      subject: target.id,
      reason: 'role-change',
      details: { role: 'auditor' },
    });
    expect((await officer.api.post(`/v1/approvals/${asked.body.id}/approve`, {})).status).toBe(200);
    expect((await admin.post(`/v1/users/${officer.id}/suspension`, { reason: 'investigation' })).status).toBe(200);
    const used = await second.api.patch(`/v1/users/${target.id}`, { role: 'auditor', approval: asked.body.id }, 1);
    expect([used.status, problem(used)]).toEqual([409, 'urn:ward:problem:approval-refused']);
  });

  test('names nobody who may not decide: clinicians neither ask nor approve, auditors look', async () => {
    const clinician = ward.as('clinician');
    const body = { kind: 'mfa-recovery', subject: randomUUID(), reason: 'device-lost' };
    expect((await clinician.post('/v1/approvals', body)).status).toBe(403);
    expect((await clinician.get('/v1/approvals')).status).toBe(403);
    expect((await ward.as('auditor').get('/v1/approvals')).status).toBe(200);
    expect((await ward.as('auditor').post('/v1/approvals', body)).status).toBe(403);
  });
});

describe('with a token that is still valid, on the very next request', () => {
  test('a suspended person is refused, cannot sign in, and finds old tokens dead after a reinstatement', async () => {
    const clerk = await hire(ward, 'registrar');
    expect((await clerk.api.get('/v1/me')).status).toBe(200);
    const suspension = await compliance.post(`/v1/users/${clerk.id}/suspension`, { reason: 'suspected-compromise' });
    expect(suspension.body).toMatchObject({ status: 'suspended', suspension_reason: 'suspected-compromise' });
    expect((await clerk.api.get('/v1/me')).status).toBe(403);
    await expect(signInAgain(ward, clerk)).rejects.toThrow();
    expect((await admin.post(`/v1/users/${clerk.id}/reinstatement`, { reason: 'cleared' })).status).toBe(200);
    expect((await clerk.api.get('/v1/me')).status).toBeGreaterThanOrEqual(401);
    await nextSecond();
    const { accessToken } = await signInAgain(ward, clerk);
    expect((await ward.with(`Bearer ${accessToken}`).get('/v1/me')).status).toBe(200);
  });

  test('a changed role is what counts', async () => {
    const person = await hire(ward, 'registrar');
    const body = { family_name: 'Nobody', birth_date: '2000-01-01' };
    expect((await person.api.post('/v1/imports', {})).status).not.toBe(403);
    const changed = await admin.patch(`/v1/users/${person.id}`, { role: 'auditor' }, 1);
    expect(changed.status).toBe(403);
    const plain = await admin.patch(`/v1/users/${person.id}`, { role: 'billing', reason: 'job-change' }, 1);
    expect([plain.status, plain.body.role, plain.headers.get('etag')]).toEqual([200, 'billing', '"2"']);
    expect((await person.api.post('/v1/imports', body)).status).toBe(403);
    expect((await person.api.get('/v1/me')).body.role).toBe('billing');
    const stale = await admin.patch(`/v1/users/${person.id}`, { role: 'registrar' }, 1);
    expect([stale.status, problem(stale)]).toEqual([412, 'urn:ward:problem:stale-version']);
  });
});

describe('somebody is always left', () => {
  test.each(['admin', 'compliance_officer'] as const)(
    'of two people with the role %s, two who take it away at once leave one',
    async (role) => {
      const [first, second] = [await hire(ward, role), await hire(ward, role)];
      await setHolders(role, 2);
      try {
        const [demotion, suspension] = await Promise.all([
          admin.patch(`/v1/users/${first.id}`, { role: 'billing', reason: 'least-privilege' }, 1),
          compliance.post(`/v1/users/${second.id}/suspension`, { reason: 'leave' }),
        ]);
        const statuses = [demotion.status, suspension.status].sort();
        expect(statuses).toEqual([200, 409]);
        const refused = demotion.status === 409 ? demotion : suspension;
        expect(problem(refused)).toBe('urn:ward:problem:last-of-role');
      } finally {
        await setHolders(role, await activeHolders(role));
      }
    },
  );

  test('two administrators who demote each other at once do not both succeed', async () => {
    const [first, second] = [await hire(ward, 'admin'), await hire(ward, 'admin')];
    const results = await Promise.all([
      first.api.patch(`/v1/users/${second.id}`, { role: 'billing' }, 1),
      second.api.patch(`/v1/users/${first.id}`, { role: 'billing' }, 1),
    ]);
    expect(results.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('the count is what the list says', async () => {
    for (const role of ['admin', 'compliance_officer']) {
      const [item] = (await ward.partition('GovernanceTable', 'HOLDERS')).filter(({ SK }) => SK === role);
      expect(item?.['holders']).toBe(await activeHolders(role));
    }
  });
});
