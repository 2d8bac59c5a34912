import { lastQuarter, quarterOf } from '../../lambda/access/reviews';
import { hire } from './people';
import { caredFor } from './scene';
import { ward as open } from './ward';

jest.setTimeout(120_000);

const ward = open();
const admin = ward.as('admin');
const compliance = ward.as('compliance');
const period = quarterOf(new Date());

test('every grant shows who gave it, its age, its last use, and the patients it reaches - 45 CFR 164.308(a)(4)(ii)(C)', async () => {
  const patient = await caredFor();
  const clinician = ward.user('clinician').sub;
  const { body, requestId } = await ward.as('auditor').get('/v1/access-review');
  expect(body).toMatchObject({ period });
  expect(body.people.find((each: { id: string }) => each.id === clinician)).toMatchObject({
    role: 'clinician',
    role_granted_by: 'demo',
    age_days: 0,
    open: true,
  });
  const one = await compliance.get(`/v1/access-review/${clinician}`);
  expect(one.body.care_teams).toContainEqual(
    expect.objectContaining({ patient, added_by: ward.user('admin').sub, current: true, age_days: 0 }),
  );
  expect((await ward.eventsOf(requestId))[0]).toMatchObject({ action: 'access-review.list', outcome: 'permit' });
  for (const name of ['clinician', 'registrar', 'billing', 'patient'])
    expect((await ward.as(name).get('/v1/access-review')).status).toBe(403);
});

test('a review is by somebody else, of people who are there, in this quarter or the last', async () => {
  const post = (outcomes: unknown, of = period) => compliance.post('/v1/access-reviews', { period: of, outcomes });
  const user = ward.user('billing').sub;
  const self = await post([{ user: ward.user('compliance').sub, role: 'kept' }]);
  const nobody = await post([{ user: '00000000-0000-4000-8000-000000000000', role: 'kept' }]);
  const twice = await post([
    { user, role: 'kept' },
    { user, role: 'ended' },
  ]);
  const old = await post([{ user, role: 'kept' }], '2019-Q1');
  for (const refused of [self, nobody, twice, old])
    expect([refused.status, refused.body.type]).toEqual([403, 'urn:ward:problem:not-allowed']);
  expect((await ward.as('auditor').post('/v1/access-reviews', { period, outcomes: [] })).status).toBe(403);
});

test('what was decided is on record grant by grant, and what was to end stays open until it has', async () => {
  const kept = await hire(ward, 'billing');
  const ended = await hire(ward, 'registrar');
  const reviewed = await compliance.post('/v1/access-reviews', {
    period,
    outcomes: [
      { user: kept.id, role: 'kept' },
      { user: ended.id, role: 'ended', care_teams: 'ended' },
    ],
  });
  expect([reviewed.status, reviewed.body.recorded]).toEqual([201, 2]);
  expect((await ward.eventsOf(reviewed.requestId))[0]).toMatchObject({
    action: 'access-review.record',
    actor: { sub: ward.user('compliance').sub },
    resources: [
      { id: kept.id, type: 'role-kept', version: 1 },
      { id: kept.id, type: 'care-teams-kept', version: null },
      { id: ended.id, type: 'role-ended', version: 1 },
      { id: ended.id, type: 'care-teams-ended', version: null },
    ],
  });
  const openOf = async (id: string): Promise<boolean> =>
    (await admin.get('/v1/access-review')).body.people.find((each: { id: string }) => each.id === id).open;
  expect(await openOf(kept.id)).toBe(false);
  expect(await openOf(ended.id)).toBe(true);
  expect((await admin.post(`/v1/users/${ended.id}/suspension`, { reason: 'termination' })).status).toBe(200);
  expect(await openOf(ended.id)).toBe(false);
});

test('the last finished quarter counts only who was there in it', () => {
  expect(lastQuarter(new Date('2027-01-01T00:00:00Z'))).toBe('2026-Q4');
  expect(lastQuarter(new Date('2026-12-31T23:59:59Z'))).toBe('2026-Q3');
  expect(quarterOf(new Date('2026-11-23T12:00:00Z'))).toBe('2026-Q4');
});
