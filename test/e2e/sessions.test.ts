import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { governanceKeys } from '../../lambda/access/governance';
import { idleFor, newcomer } from './newcomer';
import { expectProblem } from './scene';
import { ward } from './ward';

const cloud = ward();
const rowOf = async (session: string) =>
  (await cloud.partition('GovernanceTable', governanceKeys.session(session).PK))[0];

test('the first request of a sign-in is remembered, and the next one within a minute is not', async () => {
  const person = await newcomer('billing');
  await person.get('/v1/me');
  const first = await rowOf(person.session);
  expect(first).toMatchObject({ sub: person.sub, lastSeenAt: expect.any(String), ttl: expect.any(Number) });
  await person.get('/v1/me');
  expect(await rowOf(person.session)).toEqual(first);
  await idleFor(person, 61);
  await person.get('/v1/me');
  expect(String((await rowOf(person.session))?.['lastSeenAt']) >= String(first?.['lastSeenAt'])).toBe(true);
});

test('somebody who was away for 15 minutes has to sign in again, and that is on record, 45 CFR 164.312(a)(2)(iii)', async () => {
  const person = await newcomer('billing');
  await person.get('/v1/me');
  await idleFor(person, 15 * 60 - 30);
  expect((await person.get('/v1/me')).status).toBe(200);
  await idleFor(person, 15 * 60);
  const refused = await person.get('/v1/me');
  expectProblem(refused, 401, 'session-idle');
  expect(refused.headers.get('x-amzn-remapped-www-authenticate')).toContain('Bearer');
  expect(await cloud.eventsOf(refused.requestId)).toMatchObject([
    {
      outcome: 'deny',
      reason: 'session-idle',
      actor: { sub: person.sub, session: person.session },
      request: { status: 401 },
    },
  ]);
  // Asking again is no activity.
  expectProblem(await person.get('/v1/me'), 401, 'session-idle');
});

test('a patient may be away for 30 minutes', async () => {
  const patient = await newcomer('patient');
  await patient.get('/v1/me');
  await idleFor(patient, 29 * 60);
  expect((await patient.get('/v1/me')).status).toBe(200);
  await idleFor(patient, 30 * 60);
  expectProblem(await patient.get('/v1/me'), 401, 'session-idle');
});

test('who signs out ends the session for every token of the sign-in, a refreshed one too', async () => {
  const person = await newcomer('registrar');
  await person.get('/v1/me');
  const signedOut = await person.post('/v1/me/sign-out');
  expect(signedOut.status).toBe(200);
  expectProblem(await person.get('/v1/me'), 401, 'session-ended');
  expectProblem(await person.post('/v1/me/sign-out'), 401, 'session-ended');
});

test('a sign-out that is the first request leaves no session either', async () => {
  const person = await newcomer('registrar');
  expect((await person.post('/v1/me/sign-out')).status).toBe(200);
  expectProblem(await person.get('/v1/me'), 401, 'session-ended');
});

test('a session of somebody else is nobody’s way in', async () => {
  const [person, other] = await Promise.all([newcomer('billing'), newcomer('billing')]);
  await cloud.documents().send(
    new PutCommand({
      TableName: cloud.output('GovernanceTable'),
      Item: { ...governanceKeys.session(person.session), sub: other.sub, lastSeenAt: new Date().toISOString() },
    }),
  );
  expectProblem(await person.get('/v1/me'), 401, 'session-ended');
});
