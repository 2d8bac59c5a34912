import { createServer, type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Readable } from 'node:stream';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SESv2Client, SendEmailCommand } from '@aws-sdk/client-sesv2';
import * as z from 'zod';
import { type Served, type ServeOptions, serve } from '../../local/server';
import { type Call, type Caller, type Service, ServiceError } from '../../local/service';
import { Credentials, type IssuedCredentials } from '../../local/signature';

const region = 'us-east-1';
const role: Caller = { kind: 'role', arn: 'arn:aws:iam::000000000000:role/reader', session: 'Reader' };

/** Remembers its calls and answers each with an empty object. */
class Echo implements Service {
  readonly calls: Call[] = [];
  closed = 0;
  answer: (call: Call) => Promise<void> = async () => {};
  constructor(readonly name = 'KMS') {}
  async handle(call: Call) {
    this.calls.push(call);
    await this.answer(call);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: this.name === 'S3' ? '' : '{}' };
  }
  async close() {
    this.closed++;
  }
}

const started: Served[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((served) => served.close()));
});

async function start(service: Echo, options: Partial<ServeOptions> = {}) {
  const credentials = options.credentials ?? new Credentials();
  const served = await serve(service, { port: 0, credentials, signingName: 'kms', region, ...options });
  started.push(served);
  return {
    served,
    credentials,
    settings: { endpoint: served.url, region, credentials: credentials.issue(role), maxAttempts: 1 },
  };
}

interface Raw {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}
function send(served: Served, { method = 'POST', path = '/', headers = {}, body = '{}' }: Raw) {
  return new Promise<{ status: number; headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port: served.port,
      method,
      path,
      headers: { ...headers },
      agent: false as const,
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** What the KMS client sent: headers as on the wire, to be sent again with a change. */
async function captured(options: Partial<ServeOptions> = {}, change: Partial<IssuedCredentials> = {}) {
  const echo = new Echo();
  const { served, credentials, settings } = await start(echo, options);
  const client = new KMSClient({ ...settings, credentials: { ...settings.credentials, ...change } });
  const outcome = await client.send(new EncryptCommand({ KeyId: 'key', Plaintext: Buffer.from('sealed') })).then(
    () => undefined,
    (error: Error) => error.name,
  );
  client.destroy();
  const [call] = echo.calls;
  const headers = Object.fromEntries(Object.entries(call?.headers ?? {}).map(([name, value]) => [name, String(value)]));
  return { served, echo, credentials, outcome, headers, body: call?.body ?? Buffer.alloc(0) };
}

const otherSecond = (date = ''): string => `${date.slice(0, -2)}${date.endsWith('0Z') ? '1' : '0'}Z`;

describe('signed calls', () => {
  it('reach the service with the role that signed them', async () => {
    const { echo, outcome } = await captured();
    expect(outcome).toBeUndefined();
    expect(echo.calls.map(({ caller }) => caller)).toEqual([role]);
  });

  it('are accepted from the DynamoDB and mail clients too', async () => {
    const dynamodb = new Echo('DYNAMODB');
    const tables = await start(dynamodb, { signingName: 'dynamodb' });
    await new DynamoDBClient(tables.settings).send(new ListTablesCommand({}));
    const ses = new Echo('SESV2');
    const mail = await start(ses, { signingName: 'ses' });
    const Content = { Simple: { Subject: { Data: 'A notice' }, Body: { Text: { Data: 'Text' } } } };
    await new SESv2Client(mail.settings).send(new SendEmailCommand({ FromEmailAddress: 'a@example.org', Content }));
    expect([dynamodb.calls[0]?.caller, ses.calls[0]?.caller]).toEqual([role, role]);
  });

  it('are accepted from the S3 client with any key, a checksum, a stream or a query', async () => {
    const echo = new Echo('S3');
    const { settings } = await start(echo, { signingName: 's3' });
    const client = new S3Client({ ...settings, forcePathStyle: true });
    const Bucket = 'archive';
    await client.send(new PutObjectCommand({ Bucket, Key: "odd key/+é:'(1)*", Body: Buffer.from('bytes') }));
    await client.send(
      new PutObjectCommand({ Bucket, Key: 'streamed', Body: Readable.from([Buffer.from('x')]), ContentLength: 1 }),
    );
    await client.send(new GetObjectCommand({ Bucket, Key: 'x', VersionId: 'a b+c/=' }));
    expect(echo.calls.map(({ caller }) => caller)).toEqual([role, role, role]);
    expect(echo.calls[1]?.headers['x-amz-content-sha256']).toBe('STREAMING-UNSIGNED-PAYLOAD-TRAILER');
    client.destroy();
  });

  it('are accepted when repeated within 15 minutes and refused afterwards, and before their time', async () => {
    let now = Date.now();
    const { served, headers, body } = await captured({ now: () => now });
    const at = async (minutes: number) => {
      now = Date.now() + minutes * 60_000;
      return (await send(served, { headers, body })).status;
    };
    expect([await at(0), await at(14), await at(16), await at(-14), await at(-16)]).toEqual([200, 200, 403, 200, 403]);
  });

  it.each([
    ['another secret', { secretAccessKey: 'another' }, 'InvalidSignatureException'],
    ['another session token', { sessionToken: 'another' }, 'UnrecognizedClientException'],
    ['an unknown access key', { accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }, 'UnrecognizedClientException'],
  ])('are refused under %s', async (_, change, code) => {
    const { echo, outcome } = await captured({}, change);
    expect([outcome, echo.calls]).toEqual([code, []]);
  });

  it('are refused without their session token', async () => {
    const echo = new Echo();
    const { settings } = await start(echo);
    const { accessKeyId, secretAccessKey } = settings.credentials;
    const client = new KMSClient({ ...settings, credentials: { accessKeyId, secretAccessKey } });
    await expect(client.send(new EncryptCommand({ KeyId: 'key', Plaintext: Buffer.from('x') }))).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    expect(echo.calls).toEqual([]);
  });

  it('are refused when a service other than S3 gets a signature that leaves out the body', async () => {
    const echo = new Echo();
    const { settings } = await start(echo);
    const client = new KMSClient(settings);
    client.middlewareStack.add(
      (next) => (args) => {
        const { headers } = z.object({ headers: z.custom<Record<string, string>>() }).parse(args.request);
        headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
        return next(args);
      },
      { step: 'build', priority: 'low' },
    );
    await expect(client.send(new EncryptCommand({ KeyId: 'key', Plaintext: Buffer.from('x') }))).rejects.toMatchObject({
      name: 'InvalidSignatureException',
    });
    expect(echo.calls).toEqual([]);
  });

  it('are refused with the credentials of an earlier start, or revoked ones', async () => {
    const { served, headers, body, credentials } = await captured();
    const other = await start(new Echo());
    expect(
      (await send(other.served, { headers: { ...headers, host: `127.0.0.1:${other.served.port}` }, body })).status,
    ).toBe(403);
    credentials.revoke(headers['authorization']?.match(/Credential=(\w+)/)?.[1] ?? '');
    expect((await send(served, { headers, body })).text).toContain('UnrecognizedClientException');
  });

  it.each([
    ['for another service', { signingName: 'dynamodb' }],
    ['for another region', { region: 'eu-west-1' }],
  ])('are refused when they were signed %s', async (_, options) => {
    const { echo, outcome } = await captured(options);
    expect([outcome, echo.calls]).toEqual(['InvalidSignatureException', []]);
  });

  it.each<[string, (raw: { headers: Record<string, string>; body: Buffer }) => Raw]>([
    ['its body', ({ headers, body }) => ({ headers, body: Buffer.from(body.toString().replace('key', 'kez')) })],
    ['its target', ({ headers, body }) => ({ headers: { ...headers, 'x-amz-target': 'TrentService.Decrypt' }, body })],
    ['its method', ({ headers, body }) => ({ headers, body, method: 'PUT' })],
    ['its path', ({ headers, body }) => ({ headers, body, path: '/other' })],
    ['its query', ({ headers, body }) => ({ headers, body, path: '/?x=1' })],
    [
      'its host',
      ({ headers, body }) => ({
        headers: { ...headers, host: headers['host']?.replace('127.0.0.1', 'localhost') ?? '' },
        body,
      }),
    ],
    ['its content type', ({ headers, body }) => ({ headers: { ...headers, 'content-type': 'text/plain' }, body })],
    [
      'a header x-amz- that was not signed',
      ({ headers, body }) => ({ headers: { ...headers, 'x-amz-more': '1' }, body }),
    ],
    [
      'its list of signed headers',
      ({ headers, body }) => ({
        headers: { ...headers, authorization: headers['authorization']?.replace('host;', '') ?? '' },
        body,
      }),
    ],
    [
      'its hash left unsigned',
      ({ headers, body }) => ({ headers: { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }, body }),
    ],
    [
      'its date',
      ({ headers, body }) => ({
        headers: { ...headers, 'x-amz-date': otherSecond(headers['x-amz-date']) },
        body,
      }),
    ],
    [
      'its form of authorization',
      ({ headers, body }) => ({ headers: { ...headers, authorization: 'AWS4-ECDSA-P256-SHA256 x' }, body }),
    ],
  ])('are refused after a change of %s', async (_, change) => {
    const { served, echo, headers, body } = await captured();
    const before = echo.calls.length;
    const { status, text } = await send(served, change({ headers, body }));
    expect([status, echo.calls.length]).toEqual([403, before]);
    expect(text).toContain('InvalidSignatureException');
  });

  it('are refused as presigned URLs, by name', async () => {
    const { served } = await start(new Echo('S3'), { signingName: 's3', anonymous: () => true });
    const { status, text } = await send(served, { method: 'GET', path: '/b/k?X-Amz-Signature=00', body: '' });
    expect(status).toBe(403);
    expect(text).toContain('presigned URL is not emulated');
  });
});

describe('unsigned calls', () => {
  it('are refused, unless the service names them', async () => {
    const echo = new Echo();
    const { served } = await start(echo, {
      anonymous: ({ headers }) => headers['x-amz-target'] === 'Idp.InitiateAuth',
    });
    const refused = await send(served, { headers: { 'x-amz-target': 'Idp.AdminGetUser' } });
    expect([refused.status, JSON.parse(refused.text)['__type']]).toEqual([403, 'MissingAuthenticationTokenException']);
    expect((await send(served, { headers: { 'x-amz-target': 'Idp.InitiateAuth' } })).status).toBe(200);
    expect(echo.calls.map(({ caller }) => caller.kind)).toEqual(['anonymous']);
  });

  it('are refused by a service that names none', async () => {
    const { served } = await start(new Echo());
    expect((await send(served, {})).status).toBe(403);
  });
});

describe('the front', () => {
  it('listens on loopback alone', async () => {
    const { served } = await start(new Echo());
    expect(served.url).toBe(`http://127.0.0.1:${served.port}`);
    const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
    for (const { address } of addresses.filter(({ internal, family }) => !internal && family === 'IPv4')) {
      const socket = connect(served.port, address);
      const outcome = new Promise((resolve) => {
        socket.once('connect', () => resolve('connected'));
        socket.once('error', () => resolve('refused'));
      });
      expect(await outcome.finally(() => socket.destroy())).toBe('refused');
    }
  });

  it.each(['evil.example', '127.0.0.1', 'localhost:1', '[::1]:80'])('refuses the Host %s', async (host) => {
    const echo = new Echo();
    const { served } = await start(echo, { anonymous: () => true });
    expect((await send(served, { headers: { host } })).status).toBe(403);
    expect(echo.calls).toEqual([]);
  });

  it('refuses web pages, but those whose origin the service answers', async () => {
    const echo = new Echo();
    const { served } = await start(echo, {
      anonymous: () => true,
      crossOrigin: (origin) => origin === 'http://localhost:5173',
    });
    const from = async (origin: string) => (await send(served, { headers: { origin } })).status;
    expect([await from('https://evil.example'), await from('null'), await from('http://localhost:5173')]).toEqual([
      403, 403, 200,
    ]);
  });

  it('refuses a body above its limit, announced or not, and goes on serving', async () => {
    const echo = new Echo();
    const { served } = await start(echo, { anonymous: () => true, bodyLimitBytes: 100 });
    expect((await send(served, { body: 'x'.repeat(101) })).status).toBe(413);
    expect((await send(served, { body: 'x'.repeat(101), headers: { 'transfer-encoding': 'chunked' } })).status).toBe(
      413,
    );
    expect((await send(served, { body: 'x'.repeat(100) })).status).toBe(200);
  });

  it('shows an error of the service under its code, and of any other tells nothing', async () => {
    const echo = new Echo();
    const { served } = await start(echo, { anonymous: () => true });
    echo.answer = async () => {
      throw new ServiceError('ThrottlingException', 'slow down', 429);
    };
    const known = await send(served, {});
    expect([known.status, known.headers['x-amzn-errortype'], known.text]).toEqual([
      429,
      'ThrottlingException',
      '{"__type":"ThrottlingException","message":"slow down"}',
    ]);
    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    echo.answer = async () => {
      throw new Error('patient 123');
    };
    const unknown = await send(served, {});
    written.mockRestore();
    expect([unknown.status, unknown.text]).toEqual([
      500,
      '{"__type":"InternalServerError","message":"internal error"}',
    ]);
  });

  it('writes the errors of S3 as XML', async () => {
    const { served } = await start(new Echo('S3'), { signingName: 's3' });
    expect((await send(served, { method: 'GET', body: '' })).text).toContain('<Code>MissingAuthenticationToken</Code>');
  });

  it('names a busy port and its setting', async () => {
    const { served } = await start(new Echo());
    await expect(start(new Echo(), { port: served.port })).rejects.toThrow(
      `port ${served.port} is in use; set WARD_PORT_KMS to another port`,
    );
  });

  it('does not wait for a client that is silent', async () => {
    const { served } = await start(new Echo());
    const socket = connect(served.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const ended = new Promise((resolve) => socket.once('close', resolve));
    await served.close();
    await ended;
  });

  it('finishes what is under way before it closes the service, once', async () => {
    const echo = new Echo();
    const { served } = await start(echo, { anonymous: () => true });
    let finish = () => {};
    const reached = new Promise<void>((resolve) => {
      echo.answer = () => {
        resolve();
        return new Promise((done) => {
          finish = done;
        });
      };
    });
    const reply = send(served, {});
    await reached;
    const closed = Promise.all([served.close(), served.close()]);
    expect(echo.closed).toBe(0);
    finish();
    expect((await reply).status).toBe(200);
    await closed;
    expect(echo.closed).toBe(1);
    const again = createServer().listen(served.port, '127.0.0.1');
    await new Promise((resolve) => again.once('listening', resolve));
    await new Promise((resolve) => again.close(resolve));
  });
});
