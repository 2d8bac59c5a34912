import { createHmac, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  AdminCreateUserCommand,
  AdminSetUserPasswordCommand,
  GlobalSignOutCommand,
  InitiateAuthCommand,
} from '@aws-sdk/client-cognito-identity-provider';
import * as z from 'zod';
import { signIn } from '../../bin/cognito-sign-in';
import { routes } from '../../lambda/http/routes';
import { SigningKey } from '../../local/cognito/tokens';
import { type OwnCloud, ownCloud, stored } from './own-cloud';
import { caredFor, expectProblem, newPerson } from './scene';
import type { Ward } from './ward';

type Claims = Readonly<Record<string, unknown>>;
let own: OwnCloud;
let cloud: Ward;
let patient: string;
/** of a clinician who may read the patient */
let good: Claims;
/** the pool's own keys: what is forged with them is wrong in one claim alone */
let keys: { readonly access: SigningKey; readonly id: SigningKey };

beforeAll(async () => {
  own = await ownCloud();
  cloud = own.ward;
  patient = await caredFor({}, 'clinician', cloud);
  const pool = join(cloud.directory, 'cognito', readdirSync(join(cloud.directory, 'cognito'))[0] ?? '', 'pool.json');
  const { accessKey, idKey } = z
    .object({ accessKey: z.string(), idKey: z.string() })
    .parse(JSON.parse(readFileSync(pool, 'utf8')));
  keys = { access: new SigningKey(accessKey), id: new SigningKey(idKey) };
  const { accessToken } = await cloud.tokens('clinician');
  good = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString());
}, 60_000);
afterAll(() => own.remove());

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const access = (claims: Claims = {}): string => keys.access.sign({ ...good, ...claims });
const without = (name: string): Claims => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));
const now = Math.floor(Date.now() / 1000);
const hmac = (input: string): string =>
  createHmac('sha256', JSON.stringify(keys.access.jwk())).update(input).digest('base64url');
const signed = (header: object, claims: Claims): string => `${encode(header)}.${encode(claims)}`;

/** each is refused by the gateway, and by the function should the gateway ever let it through */
const wrong: readonly (readonly [string, () => string | undefined])[] = [
  ['no token', () => undefined],
  ['an empty header', () => ''],
  ['a password', () => 'Basic dXNlcjpwYXNzd29yZA=='],
  ['what is no token', () => 'Bearer not.a.token'],
  ['an expired token', () => `Bearer ${access({ iat: now - 7200, exp: now - 3600 })}`],
  ['a token of another user pool', () => `Bearer ${access({ iss: `${String(good['iss'])}x` })}`],
  ['a token without an issuer', () => `Bearer ${keys.access.sign(without('iss'))}`],
  ['a token without the scope', () => `Bearer ${access({ scope: 'aws.cognito.signin.user.admin' })}`],
  ['a token with a scope like ours', () => `Bearer ${access({ scope: 'ward/api2 xward/api' })}`],
  ['a token without any scope', () => `Bearer ${keys.access.sign(without('scope'))}`],
  ['an ID token', () => `Bearer ${keys.id.sign({ ...good, token_use: 'id', aud: good['client_id'] })}`],
  ['a token that calls itself an ID token', () => `Bearer ${access({ token_use: 'id' })}`],
  ['a token without a use', () => `Bearer ${keys.access.sign(without('token_use'))}`],
  ['a token of a key that is not the pool’s', () => `Bearer ${SigningKey.generate().sign(good)}`],
  ['an unsigned token (alg none)', () => `Bearer ${signed({ alg: 'none', kid: keys.access.kid }, good)}.`],
  [
    'a token signed with the public key as a secret (HS256)',
    () => {
      const input = signed({ alg: 'HS256', kid: keys.access.kid }, good);
      return `Bearer ${input}.${hmac(input)}`;
    },
  ],
  [
    'a token whose claims were changed',
    () => {
      const [header = '', , signature = ''] = access().split('.');
      return `Bearer ${header}.${encode({ ...good, sub: cloud.user('admin').sub })}.${signature}`;
    },
  ],
];
/** the gateway lets every client of the pool through, and does not read these claims */
const wrongBehind: typeof wrong = [
  ['a token of another app client', () => `Bearer ${access({ client_id: 'another' })}`],
  ['a token without a client', () => `Bearer ${keys.access.sign(without('client_id'))}`],
  ['a token without a sign-in', () => `Bearer ${keys.access.sign(without('origin_jti'))}`],
  ['a token for nobody', () => `Bearer ${access({ sub: 'nobody' })}`],
];

test('a token like the forged ones, but right, is taken', async () => {
  expect((await cloud.with(`Bearer ${access()}`).get(`/v1/patients/${patient}`)).status).toBe(200);
});

test.each([...wrong, ...wrongBehind])('%s opens nothing over HTTP; 45 CFR 164.312(d)', async (_, authorization) => {
  const before = await stored(cloud);
  const header = authorization();
  const person = cloud.with(header);
  const secrets = header === undefined || header.length < 20 ? [] : [header.slice(-20)];
  expectProblem(await person.get(`/v1/patients/${patient}`), 401, 'unauthorized', patient, ...secrets);
  expectProblem(await person.post('/v1/patients', { demographics: {} }), 401, 'unauthorized', ...secrets);
  expect(await stored(cloud)).toEqual(before);
});

describe('a function that is invoked directly with made-up claims', () => {
  /** what the gateway would hand on, with the claims of an authorizer that nobody asked */
  const event = (authorization: string | undefined) => ({
    resource: '/v1/patients/{id}',
    path: `/v1/patients/${patient}`,
    httpMethod: 'GET',
    headers: authorization === undefined ? {} : { Authorization: authorization },
    multiValueHeaders: {},
    pathParameters: { id: patient },
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    stageVariables: null,
    requestContext: {
      requestId: randomUUID(),
      identity: { sourceIp: '127.0.0.1' },
      authorizer: { claims: { ...good, sub: cloud.user('clinician').sub, scope: 'ward/api' } },
    },
    body: null,
    isBase64Encoded: false,
  });
  const answer = z.object({ statusCode: z.number(), body: z.string() });
  const invoke = async (authorization: string | undefined) =>
    answer.parse(await own.invoke('patients', event(authorization)));

  test('answers with a token that is right', async () => {
    expect((await invoke(`Bearer ${access()}`)).statusCode).toBe(200);
  });

  test.each([...wrong, ...wrongBehind])('refuses %s', async (_, authorization) => {
    const { statusCode, body } = await invoke(authorization());
    expect([statusCode, JSON.parse(body).type]).toEqual([401, 'urn:ward:problem:unauthorized']);
  });

  test('refuses a route that is not its own', async () => {
    const other = { ...event(`Bearer ${access()}`), resource: '/v1/users', httpMethod: 'POST' };
    expect(answer.parse(await own.invoke('patients', other)).statusCode).toBe(404);
  });
});

test('every route is behind the authorizer', async () => {
  for (const { method, path } of routes)
    expectProblem(await cloud.with(undefined).call(method, path.replaceAll(/\{\w+\}/g, '1')), 401, 'unauthorized');
});

describe('a sign-in', () => {
  test('without a second factor ends in no tokens', async () => {
    const email = `${randomUUID()}@example.org`;
    const password = `aA1!${randomUUID()}`;
    const [poolId, clientId] = [cloud.output('UserPoolId'), cloud.output('ClientId')];
    const account = { UserPoolId: poolId, Username: email };
    await cloud.cognito().send(new AdminCreateUserCommand({ ...account, MessageAction: 'SUPPRESS' }));
    await cloud.cognito().send(new AdminSetUserPasswordCommand({ ...account, Password: password, Permanent: true }));
    const attempt = signIn({
      client: cloud.cognito(),
      poolId,
      clientId,
      username: email,
      password,
      totp: async (enrolment) => {
        expect(enrolment).toBeDefined();
        return '000000';
      },
    });
    await expect(attempt).rejects.toMatchObject({
      name: expect.stringMatching(/EnableSoftwareTokenMFAException|CodeMismatchException/),
    });
    const plain = new InitiateAuthCommand({
      ClientId: clientId,
      AuthFlow: 'USER_PASSWORD_AUTH',
      AuthParameters: { USERNAME: email, PASSWORD: password },
    });
    await expect(cloud.cognito().send(plain)).rejects.toMatchObject({ name: 'InvalidParameterException' });
  });

  test('that the person has ended everywhere gives no new tokens', async () => {
    const person = await newPerson('billing', cloud);
    await cloud.cognito().send(new GlobalSignOutCommand({ AccessToken: person.tokens.accessToken }));
    const refresh = new InitiateAuthCommand({
      ClientId: cloud.output('ClientId'),
      AuthFlow: 'REFRESH_TOKEN_AUTH',
      AuthParameters: { REFRESH_TOKEN: person.tokens.refreshToken },
    });
    await expect(cloud.cognito().send(refresh)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
  });
});
