import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tokenVerifier } from '../../local/api/authorizer';
import { readApi } from '../../local/api/definition';
import { RestApi, requestLimitBytes } from '../../local/api/gateway';
import { FunctionError } from '../../local/functions';
import { functionArn, pool, template } from './api-template';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const otherKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwks = Uint8Array.from(
  Buffer.from(
    JSON.stringify({ keys: [{ ...keys.publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }] }),
  ),
).buffer;

const now = Math.floor(Date.now() / 1000);
const issuer = (poolId: string) => `https://cognito-idp.us-east-1.amazonaws.com/${poolId}`;
const claims = {
  iss: issuer(pool),
  client_id: 'client',
  token_use: 'access',
  sub: 'd2f0c3',
  scope: 'openid ward/api',
  iat: now,
  exp: now + 900,
};
function token(changes: object = {}, header: object = {}, key: KeyObject = keys.privateKey): string {
  const input = [
    { alg: 'RS256', kid: 'one', ...header },
    { ...claims, ...changes },
  ]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
}
const unsigned = () => `${token({}, { alg: 'none' }).split('.').slice(0, 2).join('.')}.`;

let invoke: (event: string) => Promise<string>;
let permitted = true;
let logFails = false;
const permissions: string[] = [];
const logged: string[] = [];
const fetched: string[] = [];
const definition = readApi(template());
if (!definition) throw new Error('the template has no API');
const api = new RestApi({
  definition,
  region: 'us-east-1',
  accountId: '000000000000',
  verifyToken: tokenVerifier(async (poolId) => {
    fetched.push(poolId);
    return jwks;
  }),
  invoke: (arn, event) => (arn === functionArn ? invoke(event) : Promise.reject(new Error(`no ${arn}`))),
  mayInvoke: (_, source) => {
    permissions.push(source);
    return permitted;
  },
  accessLog: (_, line) => {
    if (logFails) throw new Error('the disk is full');
    logged.push(line);
  },
});
let url: string;
beforeAll(async () => {
  url = await api.listen(0);
});
afterAll(() => api.close());
beforeEach(() => {
  permitted = true;
  logFails = false;
  for (const list of [permissions, logged, fetched]) list.length = 0;
  invoke = async (event) => JSON.stringify({ statusCode: 200, body: event });
});

const authorization = () => `Bearer ${token()}`;
interface Options {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}
/** Over a plain socket, because fetch rewrites paths, hides duplicate headers and sets Host by itself. */
function send(path: string, { method = 'GET', headers = {}, body }: Options = {}) {
  return new Promise<{
    status: number;
    headers: IncomingHttpHeaders;
    body: Buffer;
    json(): ReturnType<typeof JSON.parse>;
  }>((resolve, reject) => {
    const { port } = new URL(url);
    const sent = httpRequest({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          json: () => JSON.parse(whole.toString()),
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
const get = (path: string, headers: Options['headers'] = {}) =>
  send(path, { headers: { authorization: authorization(), ...headers } });
const post = (body: string | Buffer, headers: Options['headers'] = {}) =>
  send('/v1/patients', {
    method: 'POST',
    headers: { authorization: authorization(), 'content-type': 'application/json', ...headers },
    body,
  });
const valid = '{"family":"Doe","age":3}';

describe('routing', () => {
  test('an exact resource wins over a parameter', async () => {
    expect((await get('/v1/patients/search')).json().resource).toBe('/v1/patients/search');
    expect((await get('/v1/patients/7')).json()).toMatchObject({
      resource: '/v1/patients/{id}',
      pathParameters: { id: '7' },
    });
  });

  test.each([
    ['an unknown route', 'GET', '/v1/nothing'],
    ['the root', 'GET', '/'],
    ['a known path with another method', 'DELETE', '/v1/patients/7'],
    ['a longer path', 'GET', '/v1/patients/7/x'],
    ['an empty parameter', 'GET', '/v1/patients/'],
    ['a path with dots', 'GET', '/v1/../v1/patients/7'],
    ['HEAD', 'HEAD', '/v1/patients/7'],
  ])('%s is 403, as if the token were missing', async (_, method, path) => {
    const answer = await send(path, { method, headers: { authorization: authorization() } });
    expect(answer.status).toBe(403);
    expect(answer.headers['x-amzn-errortype']).toBe('MissingAuthenticationTokenException');
    if (method !== 'HEAD')
      expect(answer.json()).toEqual({
        type: 'https://ward.dev/problems/missing-authentication-token',
        detail: 'Missing Authentication Token',
      });
  });

  test('a path parameter is decoded once, and an encoded slash stays encoded', async () => {
    const id = async (text: string) => (await get(`/v1/patients/${text}`)).json().pathParameters.id;
    expect(await id('a%20b')).toBe('a b');
    expect(await id('%2541')).toBe('%41');
    expect(await id('a%2Fb')).toBe('a%2Fb');
    expect(await id('a%2f..%2fb')).toBe('a%2F..%2Fb');
  });

  test('broken percent-encoding is 400', async () => {
    expect((await get('/v1/patients/%ZZ')).status).toBe(400);
  });
});

describe('authorizer', () => {
  test.each([
    ['no token', undefined],
    ['an empty token', ''],
    ['no JWT', 'Bearer x'],
    ['an ID token', token({ token_use: 'id', aud: 'client' })],
    ['a token without the scope', token({ scope: 'openid' })],
    ['a token whose scope only begins like it', token({ scope: 'ward/api2' })],
    ['an expired token', token({ exp: now - 1 })],
    ['a token of another pool', token({ iss: issuer('us-east-1_OTHER1234') })],
    ['a token of another issuer', token({ iss: 'https://example.org' })],
    ['a token signed with another key', token({}, {}, otherKeys.privateKey)],
    ['a token of an unknown key', token({}, { kid: 'two' }, otherKeys.privateKey)],
    ['a token with algorithm none', unsigned()],
    ['a token signed with the public key as a secret', token({}, { alg: 'HS256' })],
    [
      'a token with other claims under its signature',
      token().replace(
        /\.[^.]+\./,
        `.${Buffer.from(JSON.stringify({ ...claims, sub: 'admin' })).toString('base64url')}.`,
      ),
    ],
  ])('%s is 401 and reaches no function', async (_, bad) => {
    invoke = () => Promise.reject(new Error('reached'));
    const answer = await send('/v1/patients/7', { headers: bad === undefined ? {} : { authorization: bad } });
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ type: 'https://ward.dev/problems/unauthorized' });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.headers['access-control-allow-origin']).toBe('https://app.example.org');
  });

  test('an access token passes with and without Bearer, and its claims reach the function as text', async () => {
    const { authorizer } = (await get('/v1/patients/7')).json().requestContext;
    expect(authorizer.claims).toMatchObject({ sub: 'd2f0c3', scope: 'openid ward/api', token_use: 'access' });
    expect(authorizer.claims.exp).toMatch(/^\w{3} \w{3} \d\d \d\d:\d\d:\d\d UTC \d{4}$/);
    expect((await get('/v1/patients/7', { authorization: token() })).status).toBe(200);
  });

  test('a method without a scope takes ID tokens and no access tokens, as API Gateway does', async () => {
    const id = token({ token_use: 'id', aud: 'client', scope: undefined });
    expect((await get('/v1/unscoped', { authorization: id })).status).toBe(200);
    expect((await get('/v1/unscoped')).status).toBe(401);
  });
});

describe('validation', () => {
  test.each([
    ['no JSON', '{'],
    ['no body', ''],
    ['a missing member', '{"age":3}'],
    ['an unknown member', '{"family":"Doe","age":3,"secret-name":1}'],
    ['a boolean exclusive minimum of draft 4', '{"family":"Doe","age":0}'],
  ])('%s is 400 and says nothing of the input', async (_, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.json()).toMatchObject({ type: 'https://ward.dev/problems/bad-request-body' });
    expect(answer.body.toString()).not.toMatch(/Doe|secret-name/);
  });

  test('a valid body is handed on as it came', async () => {
    const spaced = '{"family": "Dœ",\n "age": 3}';
    expect((await post(spaced)).json()).toMatchObject({ body: spaced, isBase64Encoded: false });
  });

  test('a body of another media type meets the default model', async () => {
    expect((await post('x=1', { 'content-type': 'text/plain' })).status).toBe(400);
  });

  test('a required header that is missing is 400 and named', async () => {
    const answer = await send('/v1/patients/7', { method: 'PUT', headers: { authorization: authorization() } });
    expect(answer.status).toBe(400);
    expect(answer.json().detail).toBe('Missing required request parameters: [If-Match]');
    const put = await send('/v1/patients/7', {
      method: 'PUT',
      headers: { authorization: authorization(), 'if-match': '"1"' },
    });
    expect(put.status).toBe(200);
  });
});

describe('sizes', () => {
  test('a request of more than 10 MB is 413', async () => {
    const answer = await post(Buffer.alloc(requestLimitBytes + 1, ' '));
    expect(answer.status).toBe(413);
    expect(answer.json()).toMatchObject({ detail: 'Request Too Long' });
  });

  test('a request that fits API Gateway but not Lambda is 413', async () => {
    invoke = () => Promise.reject(new FunctionError('request-too-large', 'payload limit'));
    expect((await post(valid)).status).toBe(413);
  });
});

describe('the function’s answer', () => {
  test.each([
    ['nothing', null],
    ['a text', 'ok'],
    ['no status', { body: 'x' }],
    ['a status that is none', { statusCode: 999 }],
    ['a body that is no text', { statusCode: 200, body: { a: 1 } }],
    ['a member that API Gateway does not know', { statusCode: 200, cookies: [] }],
    ['a header that is no text', { statusCode: 200, headers: { a: { b: 1 } } }],
    ['a header with a line end', { statusCode: 200, headers: { a: 'b\r\nset-cookie: c' } }],
  ])('%s is 502', async (_, result) => {
    invoke = async () => JSON.stringify(result);
    const answer = await get('/v1/patients/7');
    expect(answer.status).toBe(502);
    expect(answer.json()).toEqual({ type: 'https://ward.dev/problems/internal', detail: 'Internal server error' });
  });

  test.each(['unhandled', 'crashed', 'timed-out', 'unloadable', 'response-too-large'] as const)(
    'a call that ended as %s is 502, without its words',
    async (code) => {
      invoke = () => Promise.reject(new FunctionError(code, 'Jane Doe'));
      const answer = await get('/v1/patients/7');
      expect(answer.status).toBe(502);
      expect(answer.body.toString()).not.toContain('Doe');
    },
  );

  test('a function slower than its integration is 504', async () => {
    invoke = () => new Promise(() => {});
    expect((await get('/v1/slow')).status).toBe(504);
  });

  test('duplicate headers, a default content type, and names that a function may not set', async () => {
    invoke = async () =>
      JSON.stringify({
        statusCode: 201,
        headers: { ETag: '"1"', 'WWW-Authenticate': 'Bearer', 'X-Number': 5 },
        multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
        body: '{}',
      });
    const answer = await get('/v1/patients/7');
    expect(answer.status).toBe(201);
    expect(answer.headers).toMatchObject({
      etag: '"1"',
      'set-cookie': ['a=1', 'b=2'],
      'content-type': 'application/json',
      'x-number': '5',
      'x-amzn-remapped-www-authenticate': 'Bearer',
      'x-amzn-requestid': expect.stringMatching(
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      ),
    });
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('bytes go out as bytes where the client asks for a binary media type, else as base64', async () => {
    const bytes = Buffer.from([0, 255, 128, 10]);
    invoke = async () => JSON.stringify({ statusCode: 200, body: bytes.toString('base64'), isBase64Encoded: true });
    expect((await get('/v1/patients/7', { accept: 'application/pdf' })).body).toEqual(bytes);
    expect((await get('/v1/patients/7')).body.toString()).toBe(bytes.toString('base64'));
  });
});

describe('the event', () => {
  test('has the shape of a REST proxy integration', async () => {
    const answer = await get('/v1/patients/a%20b?q=1&q=2&x=%2B%20', {
      'X-Own-Case': ['one', 'two'],
      'User-Agent': 'app/1',
    });
    const event = answer.json();
    expect(event).toMatchObject({
      resource: '/v1/patients/{id}',
      path: '/v1/patients/a%20b',
      httpMethod: 'GET',
      headers: { 'X-Own-Case': 'two', 'User-Agent': 'app/1', 'X-Forwarded-For': '127.0.0.1' },
      multiValueHeaders: { 'X-Own-Case': ['one', 'two'] },
      queryStringParameters: { q: '2', x: '+ ' },
      multiValueQueryStringParameters: { q: ['1', '2'], x: ['+ '] },
      pathParameters: { id: 'a b' },
      stageVariables: null,
      body: null,
      isBase64Encoded: false,
      requestContext: {
        accountId: '000000000000',
        apiId: 'Api',
        stage: 'local',
        httpMethod: 'GET',
        resourcePath: '/v1/patients/{id}',
        path: '/local/v1/patients/a%20b',
        protocol: 'HTTP/1.1',
        domainName: '127.0.0.1',
        requestId: answer.headers['x-amzn-requestid'],
        extendedRequestId: answer.headers['x-amz-apigw-id'],
        requestTimeEpoch: expect.any(Number),
        identity: { sourceIp: '127.0.0.1', userAgent: 'app/1' },
      },
    });
    expect(event.headers).not.toHaveProperty('Connection');
  });

  test('without a query both forms are null', async () => {
    expect((await get('/v1/patients/7')).json()).toMatchObject({
      queryStringParameters: null,
      multiValueQueryStringParameters: null,
    });
  });

  test('names such as __proto__ are names', async () => {
    const { queryStringParameters } = (await get('/v1/patients/7?__proto__=1')).json();
    expect(Object.entries(queryStringParameters)).toEqual([['__proto__', '1']]);
  });

  test('a client cannot write the address that the function takes for its own', async () => {
    const event = (await get('/v1/patients/7', { 'x-forwarded-for': '10.1.1.1' })).json();
    expect(event.headers['x-forwarded-for']).toBe('10.1.1.1, 127.0.0.1');
    expect(event.requestContext.identity.sourceIp).toBe('127.0.0.1');
  });

  test('a binary body comes as base64', async () => {
    const event = (
      await send('/v1/patients/7', {
        method: 'PUT',
        headers: { authorization: authorization(), 'if-match': '1', 'content-type': 'application/pdf' },
        body: Buffer.from([0, 255]),
      })
    ).json();
    expect(event).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
  });
});

describe('around the function', () => {
  test('a function without a permission for this API is not called', async () => {
    permitted = false;
    invoke = () => Promise.reject(new Error('reached'));
    expect((await get('/v1/patients/7')).status).toBe(500);
    expect(permissions).toEqual(['arn:aws:execute-api:us-east-1:000000000000:Api/local/GET/v1/patients/{id}']);
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1', 'localhost.evil.example'])(
    'a request to the host %s is refused, as a page that rebinds its name would send it',
    async (host) => {
      expect((await get('/v1/patients/7', { host })).status).toBe(403);
    },
  );

  test('localhost is the same API', async () => {
    expect((await get('/v1/patients/7', { host: new URL(url).host.replace('127.0.0.1', 'localhost') })).status).toBe(
      200,
    );
  });

  test('preflight needs no token, and each allowed origin is answered with itself', async () => {
    const preflight = (origin: string) => send('/v1/patients/7', { method: 'OPTIONS', headers: { origin } });
    const first = await preflight('https://a.example');
    expect(first.status).toBe(204);
    expect(first.headers).toMatchObject({
      'access-control-allow-origin': 'https://a.example',
      'access-control-allow-headers': 'Authorization',
    });
    expect((await preflight('https://b.example')).headers['access-control-allow-origin']).toBe('https://b.example');
    expect((await preflight('https://c.example')).headers['access-control-allow-origin']).toBe('https://a.example');
  });

  test('every request leaves an access-log line, refused ones too; 45 CFR 164.312(b)', async () => {
    const good = await get('/v1/patients/7');
    await send('/v1/patients/7', { headers: { 'user-agent': 'a"b\\c' } });
    await get('/nowhere');
    expect(logged.map((line) => JSON.parse(line))).toEqual([
      {
        id: good.headers['x-amzn-requestid'],
        ip: '127.0.0.1',
        route: 'GET /v1/patients/{id}',
        status: '200',
        who: 'd2f0c3',
        agent: '-',
        why: '-',
      },
      expect.objectContaining({ status: '401', who: '-', agent: 'a"b\\c', why: 'UNAUTHORIZED' }),
      expect.objectContaining({ status: '403', route: 'GET -', why: 'MISSING_AUTHENTICATION_TOKEN' }),
    ]);
  });
});

test('without its access-log line a request gets no answer of the function', async () => {
  logFails = true;
  const complaint = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  const answer = await get('/v1/patients/7');
  complaint.mockRestore();
  expect(answer.status).toBe(502);
  expect(answer.json()).toMatchObject({ type: 'https://ward.dev/problems/internal' });
});

describe('a template that the laptop cannot follow fails by name', () => {
  test.each([
    [
      'an unknown variable',
      'Stage',
      { StageName: 's', AccessLogSetting: { DestinationArn: 'a', Format: '$context.nope' } },
      /\$context\.nope/,
    ],
    [
      'another integration',
      'PutPatient',
      { Integration: { Type: 'HTTP_PROXY' } },
      /PutPatient: integration type HTTP_PROXY/,
    ],
    ['another authorizer', 'PutPatient', { AuthorizationType: 'AWS_IAM' }, /PutPatient: authorization type AWS_IAM/],
    ['an API key', 'PutPatient', { ApiKeyRequired: true }, /PutPatient: API keys/],
    [
      'an unknown gateway response',
      'Unauthorized',
      { ResponseType: 'NEW_TYPE' },
      /Unauthorized: gateway response NEW_TYPE/,
    ],
    [
      'an unknown variable in a gateway response',
      'Unauthorized',
      { ResponseTemplates: { 'application/json': '$stageVariables.x' } },
      /Unauthorized: \$stageVariables\.x/,
    ],
    ['a model that is no schema', 'Patient', { Schema: { type: 7 } }, /Patient: the model/],
    [
      'a reference to another model',
      'Patient',
      { Schema: { $ref: 'https://apigateway.amazonaws.com/restapis/x/models/y' } },
      /Patient: the model/,
    ],
  ])('%s', (_, id, changes, message) => {
    expect(() => {
      const changed = readApi(template({ [id]: changes }));
      if (changed)
        new RestApi({
          definition: changed,
          region: 'us-east-1',
          accountId: '0',
          verifyToken: async () => undefined,
          invoke: async () => '',
          mayInvoke: () => true,
          accessLog: () => {},
        });
    }).toThrow(message);
  });
});
