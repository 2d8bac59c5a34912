import { randomUUID } from 'node:crypto';
import { request } from 'node:http';
import { type OwnCloud, ownCloud, stored } from './own-cloud';
import { caredFor, demographics, expectProblem, newMrn } from './scene';
import type { Person, Response, Ward } from './ward';

let own: OwnCloud;
let cloud: Ward;
let patient: string;
beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
  patient = await caredFor({}, 'clinician', cloud);
}, 60_000);
afterAll(() => own.remove());

/** Nobody else uses this cloud: what a refused request stored would be seen in any table. */
async function refused(
  make: () => Promise<Response>,
  status: number,
  type: string,
  ...sent: string[]
): Promise<Response> {
  const before = await stored(cloud);
  const answer = await make();
  expectProblem(answer, status, type, ...sent);
  expect(await stored(cloud)).toEqual(before);
  return answer;
}

const canary = `canary-${randomUUID()}`;
const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

describe('a body', () => {
  test.each<[string, string, string]>([
    ['is cut off', `{"demographics":{"name":"${canary}"`, 'malformed-body'],
    ['is no JSON', `<name>${canary}</name>`, 'malformed-body'],
    ['is empty', '', 'malformed-body'],
    ['is an array', `[{"name":"${canary}"}]`, 'malformed-body'],
    ['is a string', `"${canary}"`, 'malformed-body'],
    ['is null', 'null', 'malformed-body'],
    ['has a name twice', `{"demographics":{},"demographics":{"name":"${canary}"}}`, 'malformed-body'],
    ['has a name twice further inside', `{"demographics":{"gender":"male","gender":"${canary}"}}`, 'malformed-body'],
    ['has __proto__', `{"demographics":{"__proto__":{"name":"${canary}"}}}`, 'malformed-body'],
    ['has __proto__ in escapes', `{"\\u005f_proto__":{"name":"${canary}"}}`, 'malformed-body'],
    ['is nested a hundred deep', nested(100), 'malformed-body'],
    ['is nested ten thousand deep', nested(10_000), 'malformed-body'],
    ['has a number that no double holds', `{"demographics":{"multipleBirthInteger":1e999}}`, 'malformed-body'],
    ['has an unknown member', `{"demographics":{},"${canary}":1}`, 'invalid-input'],
    ['has a constructor for a member', `{"demographics":{},"constructor":{"prototype":{}}}`, 'invalid-input'],
    ['has a list where an object must be', `{"demographics":["${canary}"]}`, 'invalid-input'],
    ['has no demographics', '{}', 'invalid-input'],
    ['has a number where text must be', '{"demographics":{"birthDate":19700203}}', 'invalid-input'],
    ['has an unknown element', `{"demographics":{"${canary}":true}}`, 'invalid-input'],
    [
      'has a social security number of eight digits',
      `{"demographics":{},"ssn":"9991234${canary.slice(-1)}"}`,
      'invalid-input',
    ],
  ])('that %s is refused', async (_, body, type) => {
    await refused(() => cloud.as('registrar').post('/v1/patients', body), 400, type, canary);
  });

  test('of 300 KB is too large for the route, of 6 MB and 11 MB for the API', async () => {
    for (const size of [300_000, 5_500_000, 6_291_456, 11_000_000]) {
      const body = JSON.stringify({ demographics: { name: [{ family: canary + 'x'.repeat(size) }] } });
      await refused(() => cloud.as('registrar').post('/v1/patients', body), 413, 'body-too-large', canary);
    }
  }, 30_000);

  test('of another type is refused, and a patch by its own type is not', async () => {
    const body = JSON.stringify({ demographics: demographics({ family: canary }) });
    for (const type of [
      'text/plain',
      'application/xml',
      'application/fhir+json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ])
      await refused(
        () => cloud.as('registrar').call('POST', '/v1/patients', body, { 'content-type': type }),
        415,
        'unsupported-media-type',
        canary,
      );
    const typed = await cloud
      .as('registrar')
      .call('POST', '/v1/patients', body, { 'content-type': 'Application/JSON; charset=utf-8' });
    expect(typed.status).toBe(201);
  });
});

/** A clinician whose patient cannot be told from what was sent is off every team: they learn nothing from the form of it. */
test('an id that is none tells a clinician no more than one of somebody else', async () => {
  for (const id of [canary, randomUUID()])
    await refused(() => cloud.as('clinician2').get(`/v1/patients/${id}/records/notes`), 403, 'forbidden', id);
});

describe('a path', () => {
  test.each([
    ['an unknown category', () => `/v1/patients/${patient}/records/${canary}`, 400, 'invalid-input'],
    ['a category in capitals', () => `/v1/patients/${patient}/records/Notes`, 400, 'invalid-input'],
    ['a patient id that is none', () => `/v1/patients/${canary}`, 400, 'invalid-input'],
    ['an entry id that is none', () => `/v1/patients/${patient}/records/notes/${canary}`, 400, 'invalid-input'],
    ['a version that is none', () => `/v1/patients/${patient}/records/notes/main/versions/-1`, 400, 'invalid-input'],
    ['a key of the table', () => `/v1/patients/${encodeURIComponent('P#1')}`, 400, 'invalid-input'],
    ['broken percent-encoding', () => '/v1/patients/%zz', 400, 'malformed-request'],
    ['no route', () => `/v1/${canary}`, 403, 'unknown-route'],
    ['no version of the API', () => `/v2/patients/${patient}`, 403, 'unknown-route'],
  ])('with %s is refused', async (_, path, status, type) => {
    await refused(() => cloud.as('billing').get(path()), status, type, canary);
  });

  test('with a method that it does not have is refused', async () => {
    for (const method of ['DELETE', 'PUT', 'HEAD', 'OPTIONS']) {
      const answer = await cloud.as('registrar').call(method, `/v1/patients/${patient}`);
      expect(answer.status).toBe(403);
    }
  });
});

describe('a write', () => {
  const path = (category: string): string => `/v1/patients/${patient}/records/${category}`;
  const clinician = (): Person => cloud.as('clinician');

  test.each<[string, unknown]>([
    ['with a text for a resource', { resourceType: 'Condition', code: canary }],
    ['of an unknown type', { resourceType: canary }],
    ['of a type that is no text', { resourceType: ['Condition'] }],
    ['of a type that Ward does not keep', { resourceType: 'Bundle', entry: [] }],
    ['about nobody', { resourceType: 'Condition', code: { text: canary } }],
    [
      'about another patient',
      { resourceType: 'Condition', code: { text: canary }, subject: { reference: `Patient/${randomUUID()}` } },
    ],
  ])('%s is refused', async (_, body) => {
    await refused(() => clinician().post(path('diagnoses'), body), 400, 'invalid-input', canary);
  });

  test('to an unknown patient is a 404 for a registrar and a 403 for a clinician', async () => {
    const unknown = randomUUID();
    await refused(
      () => cloud.as('registrar').patch(`/v1/patients/${unknown}`, { gender: canary }, 1),
      404,
      'not-found',
      canary,
      unknown,
    );
    await refused(
      () => clinician().post(`/v1/patients/${unknown}/records/notes`, { text: canary }),
      403,
      'forbidden',
      canary,
      unknown,
    );
  });

  test('of a stale version changes nothing', async () => {
    const stale = () => cloud.as('registrar').patch(`/v1/patients/${patient}`, { name: [{ family: canary }] }, 7);
    await refused(stale, 412, 'stale-version', canary);
  });

  test('with a header that is too long, or repeats one, is refused without repeating it', async () => {
    const key = `${canary}${'k'.repeat(200)}`;
    const body = { demographics: demographics({ family: canary }) };
    const post = (headers: Record<string, string>) => () => cloud.as('registrar').post('/v1/patients', body, headers);
    await refused(post({ 'idempotency-key': key }), 400, 'invalid-input', canary);
    await refused(post({ 'idempotency-key': 'sieben€'.slice(0, 6) }), 400, 'invalid-input', 'sieben');
  });

  test('that is cut off on the way stores nothing', async () => {
    const before = await stored(cloud);
    const { accessToken } = await cloud.tokens('clinician');
    const { hostname, port } = new URL(cloud.cloud.urls.api);
    await new Promise<void>((resolve) => {
      const sending = request({
        hostname,
        port,
        path: path('notes'),
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json', 'content-length': 1000 },
      });
      sending.on('error', () => undefined);
      sending.on('close', () => resolve());
      sending.write(`{"text":"${canary}"`, () => sending.destroy());
    });
    expect(await stored(cloud)).toEqual(before);
  });
});

test('a registration that goes well is seen by the same comparison', async () => {
  const before = await stored(cloud);
  expect(
    (await cloud.as('registrar').post('/v1/patients', { demographics: demographics({ mrn: newMrn() }) })).status,
  ).toBe(201);
  expect(await stored(cloud)).not.toEqual(before);
});
