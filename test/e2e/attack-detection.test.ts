import { randomUUID } from 'node:crypto';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import type { EventDraft } from '../../lambda/audit/event';
import { opening, words } from './breach';
import { type Newcomer, newcomer, suspend } from './newcomer';
import { caredFor, demographics, expectProblem, registered } from './scene';
import type { Person, Response, Ward } from './ward';
import { WatchedCloud } from './watched-cloud';

jest.setTimeout(60_000); // several requests a test, on a machine that may be busy

let watched: WatchedCloud;
let cloud: Ward;
let officer: Person;
const people = new Map<string, Promise<Newcomer>>();
/** Somebody of the role who is nobody's friend. */
const somebody = (role: 'clinician' | 'billing', name: string): Promise<Newcomer> => {
  const known = people.get(name) ?? newcomer(role, cloud);
  people.set(name, known);
  return known;
};

beforeAll(async () => {
  watched = await WatchedCloud.start({ probesPerHour: 2 }); // few guesses are many
  cloud = watched.ward;
  officer = watched.officer;
}, 60_000);
afterAll(() => watched.remove());

/** What a response tells, without what is its own in every response. */
const told = ({ status, body }: Response): unknown => ({ status, ...body, instance: '' });

describe('who wants an alert to go away', () => {
  it('gains nothing by one that was explained: the next patient opens it again, and it is mailed again', async () => {
    const snoop = await somebody('billing', 'snoop');
    const [first, second] = [await watched.vip(), await watched.vip()];
    expect((await snoop.get(`/v1/patients/${first}`)).status).toBe(200);
    const [alert] = await watched.alertsOf(snoop.sub);
    expect(alert).toMatchObject({ rule: 'vip', state: 'open' });
    const id = alert?.id ?? '';
    expect((await officer.post(`/v1/alerts/${id}/dismiss`, { reason: 'work-related' })).status).toBe(200);
    expect((await snoop.get(`/v1/patients/${first}`)).status).toBe(200);
    expect(await watched.alertsOf(snoop.sub)).toMatchObject([{ id, state: 'dismissed' }]);
    expect((await snoop.get(`/v1/patients/${second}`)).status).toBe(200);
    expect(await watched.alertsOf(snoop.sub)).toMatchObject([{ id, state: 'open' }]);
    expect((await officer.get(`/v1/alerts/${id}`)).body.patients).toEqual(expect.arrayContaining([first, second]));
    expect(await watched.mailsAbout(id)).toHaveLength(2);
  });

  it('is not hidden by the sixty harmless records that were opened first', async () => {
    const patient = await watched.vip();
    const { sub } = await somebody('billing', 'flooder');
    const drafts = [...Array.from({ length: 61 }, () => randomUUID()), patient].map(
      (each): EventDraft => ({
        action: 'patient.read',
        actor: { mfa: true, role: 'billing', session: randomUUID(), sub },
        basis: 'role',
        categories: ['demographics'],
        outcome: 'permit',
        patient: each,
        purpose: 'PAYMENT',
        reason: null,
        request: { id: randomUUID(), ip: '127.0.0.1', method: 'GET', route: '/v1/patients/{id}', status: 200 },
        resources: [],
      }),
    );
    expect(await watched.streamed(drafts)).toEqual({ batchItemFailures: [] });
    expect((await watched.alertsOf(sub)).map(({ rule }) => rule)).toContain('vip');
  });

  it('cannot write their own alibi: no task for themselves, and none of their own that explains them', async () => {
    const [snoop, patient] = [await somebody('billing', 'author'), await watched.vip()];
    const path = `/v1/patients/${patient}/tasks`;
    expectProblem(await snoop.post(path, { kind: 'claim', assignee: { user: snoop.sub } }), 403, 'not-allowed');
    expect((await snoop.post(path, { kind: 'claim', assignee: { role: 'billing' } })).status).toBe(201);
    expect((await snoop.get(`/v1/patients/${patient}`)).status).toBe(200);
    expect((await watched.alertsOf(snoop.sub)).map(({ rule }) => rule)).toEqual(['vip']);
  });

  it('does not end the case about themselves, though two people agree to it - 45 CFR 164.308(a)(6)(ii)', async () => {
    const { sub } = cloud.user('compliance');
    const opened = await officer.post('/v1/incidents', { ...opening, subjects: [sub] });
    expect(opened.status).toBe(201);
    const determined = await officer.post(`/v1/incidents/${opened.body.id}/determination`, {
      outcome: 'not-a-breach',
      approval: randomUUID(),
      reason: words,
    });
    expectProblem(determined, 403, 'not-allowed');
    expect(determined.body.detail).toBe('own-matter');
    const [event] = await cloud.eventsOf(determined.requestId);
    expect(event).toMatchObject({ action: 'incident.determine', outcome: 'error', reason: 'not-allowed' });
  });
});

describe('who wants somebody else to be suspended', () => {
  it('gains nothing by sending them links that lead nowhere in the records of their own patients', async () => {
    const victim = await somebody('clinician', 'victim');
    for (let count = 0; count < 3; count++) {
      const patient = await caredFor({}, 'clinician', cloud);
      await cloud.as('admin').put(`/v1/patients/${patient}/care-team/${victim.sub}`, {});
      const path = `/v1/patients/${patient}/records/notes/${randomUUID()}`;
      expectProblem(await victim.get(path), 404, 'not-found');
    }
    expect(await watched.alertsOf(victim.sub)).toEqual([]);
    expect((await victim.get('/v1/me')).status).toBe(200);
  });

  it('gains nothing by taking them off the care teams of their patients', async () => {
    const victim = await somebody('clinician', 'victim');
    for (let count = 0; count < 3; count++) {
      const patient = await caredFor({}, 'clinician', cloud);
      const path = `/v1/patients/${patient}/care-team/${victim.sub}`;
      await cloud.as('admin').put(path, {});
      expect((await cloud.as('clinician').delete(path)).status).toBe(200);
      expectProblem(await victim.get(`/v1/patients/${patient}`), 403, 'forbidden');
    }
    expect((await watched.alertsOf(victim.sub)).map(({ rule }) => rule)).not.toContain('sequential-id-probing');
    expect((await victim.get('/v1/me')).status).toBe(200);
  });
});

describe('who wants to know who is watched, or who is a patient at all', () => {
  it('is told the same of a watched record, of any other and of none', async () => {
    const prober = await somebody('clinician', 'prober');
    const [vip, other] = [await watched.vip(), await registered({}, cloud.as('registrar'))];
    for (const path of ['', '/tasks', '/care-team', '/vip', '/export']) {
      const [a, b, c] = await Promise.all(
        [vip, other, randomUUID()].map((id) =>
          path === '/vip' ? prober.delete(`/v1/patients/${id}/vip`) : prober.get(`/v1/patients/${id}${path}`),
        ),
      );
      if (!a || !b || !c) throw new Error('no answer');
      expect(a.status).toBe(403);
      expect([told(b), told(c)]).toEqual([told(a), told(a)]);
    }
    // The same guesses are what detection looks for: this one may contain.
    expect((await watched.alertsOf(prober.sub)).map(({ rule }) => rule)).toContain('sequential-id-probing');
    expectProblem(await prober.get('/v1/me'), 403, 'forbidden');
  });

  it('learns nothing from what is said of relatives: a match is answered like none', async () => {
    const { sub } = await somebody('billing', 'relative');
    const street = { line: [`${randomUUID()} Mill Lane`], postalCode: '60601', city: 'Chicago', state: 'IL' };
    await registered({ demographics: { ...demographics({}), address: [street] } }, cloud.as('registrar'));
    const said = async (line: string) => {
      const home_addresses = [{ line: [line], postal_code: street.postalCode }];
      const { status, body } = await cloud.as('admin').put(`/v1/users/${sub}/relations`, { home_addresses });
      return { status, ...body, set_at: '' };
    };
    const [match, none] = [await said(street.line[0] ?? ''), await said(`${randomUUID()} Elsewhere Road`)];
    expect(match).toEqual(none);
    expect(JSON.stringify(match)).not.toMatch(/[0-9a-f]{32}/);
  });

  it('is denied before anything that they sent is looked at, and each denial is on record', async () => {
    const [prober, patient] = [await somebody('billing', 'snoop'), randomUUID()];
    const denied: readonly (readonly ['GET' | 'POST' | 'PUT', string])[] = [
      ['PUT', `/v1/patients/${patient}/vip`],
      ['PUT', `/v1/users/${prober.sub}/relations`],
      ['POST', `/v1/alerts/${randomUUID()}/dismiss`],
      ['POST', `/v1/alerts/${randomUUID()}/contain`],
      ['POST', `/v1/alerts/${randomUUID()}/incident`],
    ];
    for (const [method, path] of denied) {
      const response = await prober.call(method, path, { nonsense: true });
      expectProblem(response, 403, 'forbidden');
      const events = await cloud.eventsOf(response.requestId);
      expect(events).toMatchObject([{ outcome: 'deny', reason: 'role' }]);
    }
    expectProblem(await prober.get('/v1/alerts?limit=x'), 403, 'forbidden');
    expectProblem(await cloud.with(undefined).put(`/v1/patients/${patient}/vip`, {}), 401, 'unauthorized');
  });
});

describe('who has been given the accounts, or has lost theirs', () => {
  it('an administrator neither reads, reviews nor prevents an alert, nor names themselves officer', async () => {
    const admin = cloud.as('admin');
    const { sub } = cloud.user('admin');
    const refused = [
      await admin.get('/v1/alerts'),
      await admin.post(`/v1/alerts/${randomUUID()}/dismiss`, { reason: 'other' }),
      await admin.delete(`/v1/patients/${randomUUID()}/vip`),
    ];
    for (const response of refused) expectProblem(response, 403, 'forbidden');
    expectProblem(await admin.put(`/v1/users/${sub}/relations`, {}), 403, 'not-allowed');
    const promoted = await admin.patch(`/v1/users/${sub}`, { role: 'compliance_officer' }, 1);
    expect(promoted.status).toBeGreaterThanOrEqual(400);
    expect((await admin.get('/v1/me')).body.role).toBe('admin');
  });

  it('somebody suspended gets nothing with the token that they still have', async () => {
    const leaver = await somebody('clinician', 'leaver');
    const patient = await caredFor({}, 'clinician', cloud);
    await cloud.as('admin').put(`/v1/patients/${patient}/care-team/${leaver.sub}`, {});
    expect((await leaver.get(`/v1/patients/${patient}/tasks`)).status).toBe(200);
    await suspend(leaver.sub, cloud);
    const task = { kind: 'referral', assignee: { role: 'clinician' } };
    expectProblem(await leaver.get(`/v1/patients/${patient}/tasks`), 403, 'forbidden');
    expectProblem(await leaver.post(`/v1/patients/${patient}/tasks`, task), 403, 'forbidden');
    expectProblem(
      await leaver.post(`/v1/patients/${patient}/emergency-access`, { reason: 'treatment', text: words }),
      403,
      'forbidden',
    );
  });
});

describe('who wants alerts not to arrive', () => {
  it('gains nothing by a hundred that cannot be sent: what comes later is sent all the same', async () => {
    const waiting = Array.from({ length: 125 }, (_, index) => ({
      PK: 'ALERT-DELIVERIES',
      SK: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}#mail`,
      alert: randomUUID(),
      channel: 'mail',
      severity: 'medium',
      rule: 'sign-in-failures',
      openedAt: '2026-01-01T00:00:00.000Z',
      reviewDueAt: '2026-01-04T00:00:00.000Z',
      claimedAt: new Date(Date.now() + 600_000).toISOString(), // somebody is at it
    }));
    const table = cloud.output('GovernanceTable');
    for (let from = 0; from < waiting.length; from += 25) {
      const requests = waiting.slice(from, from + 25).map((Item) => ({ PutRequest: { Item } }));
      await cloud.documents().send(new BatchWriteCommand({ RequestItems: { [table]: requests } }));
    }
    const [snoop, patient] = [await somebody('billing', 'late'), await watched.vip()];
    expect((await snoop.get(`/v1/patients/${patient}`)).status).toBe(200);
    const [alert] = await watched.alertsOf(snoop.sub);
    await watched.sweep();
    expect(await watched.mailsAbout(alert?.id ?? 'none')).toHaveLength(1);
    expect(watched.publishedAbout(alert?.id ?? 'none')).not.toEqual([]);
  });

  it('puts no text of theirs into anything that a mail or a list is made of', async () => {
    const path = `/v1/alerts/${randomUUID()}/dismiss`;
    const injected = 'other\r\nBcc: thief@example.org';
    expectProblem(await officer.post(path, { reason: injected }), 404, 'not-found');
    const after = encodeURIComponent('2026-01-01T00:00:00.000Z#x\r\nSet-Cookie: a=b');
    const listed = await officer.get(`/v1/alerts?after=${after}`);
    expectProblem(listed, 400, 'invalid-input', 'Set-Cookie');
    expect(listed.headers.get('set-cookie')).toBe(null);
  });
});
