import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { functionOf, type OwnCloud, ownCloud, stored, type Template } from './own-cloud';
import { caredFor, demographics, enrolled, expectProblem, newMrn, newPerson } from './scene';
import type { Response, Ward } from './ward';

/** Takes statements from a function's role. */
function revoke(template: Template, name: string, of: (action: string, resource: string) => boolean): void {
  const { policy } = functionOf(template, name);
  const kept = policy.Statement.filter(
    ({ Action, Resource }) => ![Action].flat().some((action) => of(action, JSON.stringify(Resource))),
  );
  if (kept.length === policy.Statement.length) throw new Error(`nothing to take from ${name}`);
  policy.Statement = kept;
}
const audits = (action: string, resource: string): boolean =>
  action === 'dynamodb:PutItem' && /GetAttAudit/.test(resource);
const readsKeys = (action: string, resource: string): boolean =>
  action.startsWith('dynamodb:') && /GetAttRecordsKeys/.test(resource);
const governs = (action: string): boolean => action === 'dynamodb:BatchGetItem';
const unwraps = (action: string, resource: string): boolean => action === 'kms:Decrypt' && /PatientKey/.test(resource);

let own: OwnCloud;
let cloud: Ward;
let patient: string;
const mrn = newMrn();
const given = demographics({ mrn });
const family = String(/Family-[\w-]+/.exec(JSON.stringify(given)));

beforeAll(async () => {
  own = await ownCloud((template, stack) => {
    if (stack !== 'WardHandlers') return;
    for (const name of ['patients', 'entries', 'entry-changes']) revoke(template, name, audits);
    revoke(template, 'search', readsKeys);
    revoke(template, 'care-team', governs);
    revoke(template, 'export', unwraps);
    const { properties } = functionOf(template, 'account');
    Object.assign((properties['Environment'] as { Variables: object }).Variables, {
      WEB_ORIGINS: 'https://app.example.org https://other.example.org',
    });
  });
  cloud = own.ward;
  const answer = await cloud.as('registrar').post('/v1/patients', { demographics: given });
  patient = answer.body.id;
});
afterAll(() => own.remove());

/** What the log of a function says of a request; it names no value. */
function logged({ requestId }: Response): string {
  const folder = join(cloud.directory, 'logs');
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .flatMap((path) => readFileSync(path, 'utf8').split('\n'))
    .filter((line) => line.includes(requestId) && line.includes('request failed'))
    .join('\n');
}

async function unavailable(make: () => Promise<Response>): Promise<Response> {
  const before = await stored(cloud);
  const answer = await make();
  expectProblem(answer, 503, 'unavailable', family, mrn, patient);
  expect(await stored(cloud)).toEqual(before);
  expect(await cloud.eventsOf(answer.requestId)).toEqual([]);
  return answer;
}

describe('without the permission to write evidence', () => {
  test('nothing is read: not what exists, not what does not, not even a refusal; 45 CFR 164.312(b)', async () => {
    const reads: (readonly [string, string])[] = [
      ['registrar', `/v1/patients/${patient}`],
      ['billing', `/v1/patients/${patient}/records/demographics`],
      ['billing', `/v1/patients/${patient}/records/payment_history`],
      ['registrar', '/v1/patients/00000000-0000-4000-8000-000000000000'],
      ['clinician', `/v1/patients/${patient}`],
    ];
    for (const [name, path] of reads) {
      const answer = await unavailable(() => cloud.as(name).get(path));
      expect(logged(answer)).toMatch(/AuditError:not-durable.*AccessDeniedException.*dynamodb:PutItem/);
    }
  });

  test('nothing is written', async () => {
    const { as } = { as: (name: string) => cloud.as(name) };
    await unavailable(() => as('registrar').patch(`/v1/patients/${patient}`, { gender: 'other' }, 1));
    await unavailable(() => as('registrar').patch(`/v1/patients/${patient}`, { gender: 'other' }, 9));
    await unavailable(() => as('billing').post(`/v1/patients/${patient}/records/insurance_id`, { member: '1' }));
    await unavailable(() =>
      as('billing').post(`/v1/patients/${patient}/records/billing_address`, { city: 'Old Ferry' }),
    );
  });
});

test('without the permission to read keys nothing is found, and the log names the action', async () => {
  const answer = await unavailable(() => cloud.as('registrar').post('/v1/patients/search', { mrn }));
  expect(logged(answer)).toMatch(/AccessDeniedException.*dynamodb:\w+/);
  expect(logged(answer)).not.toContain('P#');
});

test('without the governance table nobody gets in on a guess', async () => {
  const answer = await unavailable(() => cloud.as('admin').get(`/v1/patients/${patient}/care-team`));
  expect(logged(answer)).toMatch(/AccessDeniedException.*dynamodb:BatchGetItem/);
});

test('without KMS nothing is opened', async () => {
  const person = await newPerson('patient', cloud);
  await enrolled(patient, person.api, cloud.as('registrar'));
  const answer = await unavailable(() => person.api.get(`/v1/patients/${patient}/export`));
  expect(logged(answer)).toMatch(/KeyError:denied.*AccessDeniedException.*kms:Decrypt/);
});

test('what is whole goes on working beside it', async () => {
  expect((await cloud.as('registrar').post('/v1/patients', { demographics: demographics({}) })).status).toBe(201);
  await expect(caredFor({}, 'clinician', cloud)).rejects.toThrow('503');
});

describe('an answer to a web page', () => {
  const me = (origin?: string) =>
    cloud.as('billing').call('GET', '/v1/me', undefined, origin === undefined ? {} : { origin });
  const shown = ({ headers }: Response) =>
    ['access-control-allow-origin', 'access-control-expose-headers', 'vary'].map((name) => headers.get(name));

  test.each(['https://app.example.org', 'https://other.example.org'])(
    'of %s names it, and what it may read',
    async (origin) => {
      const answer = await me(origin);
      expect([answer.status, ...shown(answer)]).toEqual([200, origin, 'etag, x-amzn-requestid', 'origin']);
    },
  );

  test.each([
    undefined,
    'null',
    'https://app.example.org.evil.example',
    'http://app.example.org',
    'https://APP.example.org',
    'https://app.example.org https://other.example.org',
  ])('of %s names nobody', async (origin) => expect(shown(await me(origin))).toEqual([null, null, null]));

  test('that is a refusal names it too, and one of a function without origins names nobody', async () => {
    const origin = 'https://app.example.org';
    const refused = await cloud.as('billing').call('POST', '/v1/me/enrollment', { code: '1' }, { origin });
    expect([refused.status, ...shown(refused)]).toEqual([403, origin, 'etag, x-amzn-requestid', 'origin']);
    expect(shown(await cloud.as('admin').call('GET', '/v1/users', undefined, { origin }))).toEqual([null, null, null]);
  });
});
