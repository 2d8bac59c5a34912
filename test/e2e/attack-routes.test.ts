import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { DeleteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { type ActionPolicy, actions } from '../../lambda/access/policy';
import type { AuditEvent } from '../../lambda/audit/event';
import { type Role, roles } from '../../lambda/authentication/actor';
import { type Route, routes } from '../../lambda/http/routes';
import { type Newcomer, newcomer, suspend } from './newcomer';
import { expectProblem, registered } from './scene';
import { type Response, ward } from './ward';

const cloud = ward();
const nobody = '00000000-0000-4000-8000-000000000000';
const rule = (action: Route['action']): ActionPolicy => actions[action];

interface Method {
  readonly httpMethod: string;
  readonly operation: string | undefined;
  readonly authorization: string;
}

/** What CloudFormation would deploy, not what the route table says of it. */
function synthesized(): Method[] {
  const file = join(dirname(cloud.directory), 'cdk.out/WardApi.template.json');
  const { Resources }: { Resources: Record<string, { Type: string; Properties: Record<string, unknown> }> } =
    JSON.parse(readFileSync(file, 'utf8'));
  return Object.values(Resources)
    .filter(({ Type }) => Type === 'AWS::ApiGateway::Method')
    .map(({ Properties }) => ({
      httpMethod: String(Properties['HttpMethod']),
      operation: Properties['OperationName'] === undefined ? undefined : String(Properties['OperationName']),
      authorization: String(Properties['AuthorizationType']),
    }));
}

const values: Readonly<Record<string, string>> = { category: 'diagnoses', version: '1', part: '1', role: 'auditor' };
const pathOf = ({ path }: Route): string => path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? nobody);

const people = new Map<Role, Newcomer>();
let suspended: Newcomer;
beforeAll(async () => {
  for (const role of roles) people.set(role, await newcomer(role));
  suspended = await newcomer('clinician');
  await suspend(suspended.sub);
}, 120_000);
const person = (role: Role): Newcomer => people.get(role) as Newcomer;

const call = (by: { call: Newcomer['call'] }, route: Route): Promise<Response> =>
  by.call(route.method, pathOf(route), route.bodyLimit > 0 ? {} : undefined);
async function eventsByRequest(): Promise<ReadonlyMap<string, AuditEvent[]>> {
  const found = new Map<string, AuditEvent[]>();
  for (const event of await cloud.events())
    if (event.request) found.set(event.request.id, [...(found.get(event.request.id) ?? []), event]);
  return found;
}

describe('every method of the synthesized API', () => {
  // Last, since it ends the session that the others go on with.
  const ordered = [...routes].sort(
    (a, b) => Number(a.action === 'account.sign-out') - Number(b.action === 'account.sign-out'),
  );

  test('is one of the route table, has an action of the policy and the authorizer, 45 CFR 164.312(a)(1)', () => {
    const methods = synthesized().filter(({ httpMethod }) => httpMethod !== 'OPTIONS');
    expect(methods.map(({ operation }) => operation).sort()).toEqual(routes.map(({ action }) => action).sort());
    for (const { authorization } of methods) expect(authorization).toBe('COGNITO_USER_POOLS');
    expect(Object.keys(actions).sort()).toEqual([...new Set(routes.map(({ action }) => action))].sort());
  });

  test('answers nobody without a token', async () => {
    for (const route of ordered) expectProblem(await call(cloud.with(undefined), route), 401, 'unauthorized');
  });

  test('refuses a suspended person and each role that the table does not name, and records it', async () => {
    const refusals: { route: Route; by: string; reason: string; response: Response }[] = [];
    for (const route of ordered) {
      refusals.push({ route, by: 'suspended', reason: 'suspended', response: await call(suspended, route) });
      for (const role of roles.filter((each) => !rule(route.action).roles.includes(each)))
        refusals.push({ route, by: role, reason: 'role', response: await call(person(role), route) });
    }
    const events = await eventsByRequest();
    const wrong = refusals.filter(
      ({ response, reason, route }) =>
        response.status !== 403 ||
        response.body?.type !== 'urn:ward:problem:forbidden' ||
        !events
          .get(response.requestId)
          ?.some((event) => event.outcome === 'deny' && event.reason === reason && event.action === route.action),
    );
    expect(wrong.map(({ route, by, response }) => [route.method, route.path, by, response.status])).toEqual([]);
    expect(refusals.length).toBeGreaterThan(300);
  }, 300_000);

  test('answers each role that the table names about somebody whom nobody knows without a fault, and records it', async () => {
    const answers: { route: Route; role: Role; response: Response }[] = [];
    for (const route of ordered)
      for (const role of rule(route.action).roles)
        answers.push({ route, role, response: await call(person(role), route) });
    const events = await eventsByRequest();
    const wrong = answers.filter(
      ({ response }) => response.status === 401 || response.status >= 500 || !events.has(response.requestId),
    );
    expect(wrong.map(({ route, role, response }) => [route.method, route.path, role, response.status])).toEqual([]);
  }, 300_000);
});

/** A request as it stands: fetch would tidy the path up. */
function raw(
  path: string,
  headers: readonly string[],
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string; requestId: string }> {
  const { hostname, port } = new URL(cloud.cloud.urls.api);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method, headers: ['host', `${hostname}:${port}`, ...headers] },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString()));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, text, requestId: String(response.headers['x-amzn-requestid']) }),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
const bearer = (by: Newcomer): string => `Bearer ${by.tokens.accessToken}`;

describe('paths that are not what they seem', () => {
  let own: string;
  let other: string;
  beforeAll(async () => {
    // Everybody has signed out above.
    for (const role of ['clinician', 'registrar', 'auditor', 'patient', 'admin'] as const)
      people.set(role, await newcomer(role));
    [own, other] = await Promise.all([registered({}, person('registrar')), registered({}, person('registrar'))]);
    const joined = await person('admin').put(`/v1/patients/${own}/care-team/${person('clinician').sub}`, {});
    expect(joined.status).toBe(201);
    expect((await person('clinician').get(`/v1/patients/${own}`)).status).toBe(200);
  });

  test.each([
    ['a parent folder, encoded', () => `/v1/patients/${own}/%2e%2e/${other}`],
    ['a parent folder, encoded twice', () => `/v1/patients/${own}/%252e%252e/${other}`],
    ['a parent folder', () => `/v1/patients/${own}/../${other}`],
    ['a slash, encoded', () => `/v1/patients/${own}%2Frecords%2Fdiagnoses`],
    ['a slash, encoded, in an id', () => `/v1/patients/${own}%2F..%2F${other}`],
    ['a slash at the end', () => `/v1/patients/${other}/`],
    ['two slashes', () => `/v1//patients/${other}`],
    ['capital letters in the path', () => `/V1/Patients/${other}`],
    ['an unfinished encoding', () => `/v1/patients/${other}%`],
    ['a zero byte', () => `/v1/patients/${other}%00`],
    ['another category in a parameter', () => `/v1/patients/${other}/records/diagnoses?category=notes`],
    ['a matrix parameter', () => `/v1/patients/${own};id=${other}`],
    ['no id', () => '/v1/patients/undefined'],
    ['a pattern', () => '/v1/patients/*'],
  ])('%s reaches no record', async (_, path) => {
    const { status, text, requestId } = await raw(path(), ['authorization', bearer(person('clinician'))]);
    expect([400, 403, 404]).toContain(status);
    expect(text).not.toContain(other);
    const inCode = await cloud.eventsOf(requestId);
    for (const event of inCode) expect(event.outcome).not.toBe('permit');
  });

  test('an id in capital letters is the same patient or nobody, never a way around the relationship', async () => {
    const { status } = await raw(`/v1/patients/${other.toUpperCase()}`, ['authorization', bearer(person('clinician'))]);
    expect(status).toBe(403);
  });

  test('an id that is none is refused like one that nobody knows, and recorded', async () => {
    const clinician = person('clinician');
    const refused = await clinician.get('/v1/patients/not-a-patient');
    expectProblem(refused, 403, 'forbidden', 'not-a-patient');
    expect(await cloud.eventsOf(refused.requestId)).toMatchObject([{ outcome: 'deny', reason: 'no-relationship' }]);
    const entitled = await person('registrar').get('/v1/patients/not-a-patient');
    expectProblem(entitled, 400, 'invalid-input', 'not-a-patient');
    expect(await cloud.eventsOf(entitled.requestId)).toMatchObject([{ outcome: 'error', reason: 'invalid-input' }]);
  });
});

describe('requests that say two things', () => {
  test('two tokens are never two people: nobody acts with the rights of the second', async () => {
    const patient = await registered({}, person('registrar'));
    const { status } = await raw(`/v1/patients/${patient}`, [
      'authorization',
      bearer(person('auditor')),
      'authorization',
      bearer(person('registrar')),
    ]);
    expect(status).toBe(401);
  });

  test('a name that stands twice in a body is refused, and recorded', async () => {
    const body = '{"mrn": "1", "mrn": "2"}';
    const refused = await person('registrar').post('/v1/patients/search', body);
    expectProblem(refused, 400, 'malformed-body');
    expect(await cloud.eventsOf(refused.requestId)).toMatchObject([{ outcome: 'error', reason: 'malformed-body' }]);
  });

  test.each(['x-http-method-override', 'x-http-method', 'x-method-override'])(
    '%s changes no method',
    async (header) => {
      const patient = await registered({}, person('registrar'));
      const by = person('registrar');
      const read = await by.call('GET', `/v1/patients/${patient}`, undefined, { [header]: 'PATCH' });
      expect([read.status, await cloud.eventsOf(read.requestId)]).toMatchObject([200, [{ action: 'patient.read' }]]);
    },
  );

  test('a header that comes twice is refused, and recorded', async () => {
    const patient = await registered({}, person('registrar'));
    const twice = await raw(
      `/v1/patients/${patient}`,
      [
        ...['authorization', bearer(person('registrar')), 'content-type', 'application/merge-patch+json'],
        ...['if-match', '"1"', 'if-match', '"2"'],
      ],
      'PATCH',
      '{"gender":"male"}',
    );
    expect(twice.status).toBe(400);
    expect(await cloud.eventsOf(twice.requestId)).toMatchObject([{ outcome: 'error', reason: 'invalid-input' }]);
  });

  test('two versions to change are none', async () => {
    const patient = await registered({}, person('registrar'));
    const twice = await person('registrar').call(
      'PATCH',
      `/v1/patients/${patient}`,
      { gender: 'male' },
      { 'if-match': '"1", "2"' },
    );
    expectProblem(twice, 400, 'invalid-input');
    expect(await cloud.eventsOf(twice.requestId)).toMatchObject([{ outcome: 'error', reason: 'invalid-input' }]);
  });
});

test('to somebody without a relationship a patient who is there, nobody and one disposed of are the same', async () => {
  const [there, disposed] = await Promise.all([
    registered({ ssn: '123-45-6789' }, person('registrar')),
    registered({}, person('registrar')),
  ]);
  const TableName = cloud.output('KeysTable');
  await cloud.documents().send(new DeleteCommand({ TableName, Key: { PK: `P#${disposed}`, SK: 'KEY#0000000001' } }));
  await cloud.documents().send(
    new UpdateCommand({
      TableName,
      Key: { PK: `P#${disposed}`, SK: 'KEY' },
      UpdateExpression: 'SET #state = :disposed',
      ConditionExpression: 'attribute_exists(PK)',
      ExpressionAttributeNames: { '#state': 'state' },
      ExpressionAttributeValues: { ':disposed': 'disposed' },
    }),
  );
  const paths = (id: string): string[] => [
    `/v1/patients/${id}`,
    `/v1/patients/${id}/records/diagnoses`,
    `/v1/patients/${id}/records/diagnoses/${nobody}`,
    `/v1/patients/${id}/export`,
    `/v1/patients/${id}/care-team`,
  ];
  for (const role of ['clinician', 'patient'] as const) {
    const seen = await Promise.all(
      [there, nobody, disposed].map(async (id) =>
        Promise.all(
          paths(id).map(async (path) => {
            const { status, body, headers, requestId } = await person(role).get(path);
            const { instance: _, ...told } = body;
            const events = (await cloud.eventsOf(requestId)).map(({ outcome, reason }) => ({ outcome, reason }));
            return { status, told, events, headers: [...headers.keys()].sort() };
          }),
        ),
      ),
    );
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    for (const { status } of seen[0] ?? []) expect(status).toBe(403);
  }
});
