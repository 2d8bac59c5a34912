import { request } from 'node:http';
import { GetAccountCommand, SESv2Client, SendEmailCommand, type SendEmailCommandInput } from '@aws-sdk/client-sesv2';
import { type MailServer, startMail } from '../../../local/mail';
import { ACCOUNT, codeOf, credentials, REGION, Recorder, serve, temporaryDirectory } from '../service-server';

let directory: ReturnType<typeof temporaryDirectory>;
let recorder: Recorder;
let mail: MailServer;
let server: Awaited<ReturnType<typeof serve>>;
let client: SESv2Client;

async function start(): Promise<void> {
  mail = await startMail({
    port: 0,
    directory: directory.path,
    authorize: recorder.authorize,
    identities: ['ward.example', 'breach@other.example'],
    region: REGION,
    account: ACCOUNT,
  });
  server = await serve(mail.service);
  client = new SESv2Client({ endpoint: server.url, region: REGION, credentials, maxAttempts: 1 });
}

async function stop(): Promise<void> {
  client.destroy();
  await server.close();
  await mail.close();
}

beforeEach(async () => {
  directory = temporaryDirectory();
  recorder = new Recorder();
  await start();
});

afterEach(async () => {
  await stop();
  directory.remove();
});

const send = (more: Partial<SendEmailCommandInput> = {}) =>
  client.send(
    new SendEmailCommand({
      FromEmailAddress: 'Ward <notices@ward.example>',
      Destination: { ToAddresses: ['ana@example.org'], CcAddresses: ['Ben B. <ben@example.org>'] },
      Content: { Simple: { Subject: { Data: 'Notice' }, Body: { Text: { Data: 'A notice waits for you.' } } } },
      ...more,
    }),
  );

/** @returns the status of a request as a browser or a script would send it */
function ask(method: string, path: string, headers: Record<string, string> = {}, body?: string): Promise<number> {
  const { hostname, port } = new URL(mail.url);
  return new Promise((resolve, reject) => {
    const call = request({ hostname, port, method, path, headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.on('error', reject);
    call.end(body);
  });
}

test('a mail sent with the SDK is in the mailbox', async () => {
  const { MessageId } = await send();

  expect(await mail.messages()).toMatchObject([
    {
      messageId: MessageId,
      from: 'Ward <notices@ward.example>',
      destination: { to: ['ana@example.org'], cc: ['Ben B. <ben@example.org>'], bcc: [] },
      subject: 'Notice',
      body: { text: 'A notice waits for you.' },
    },
  ]);
});

test('sending is authorized with the identity, the sender and every recipient', async () => {
  await send({ ConfigurationSetName: 'tls' });

  const context = {
    'ses:FromAddress': 'notices@ward.example',
    'ses:FromDisplayName': 'Ward',
    'ses:Recipients': ['ana@example.org', 'ben@example.org'],
  };
  const arn = `arn:aws:ses:${REGION}:${ACCOUNT}:`;
  expect(recorder.asked).toEqual([
    { action: 'ses:SendEmail', resource: `${arn}identity/ward.example`, context },
    { action: 'ses:SendEmail', resource: `${arn}configuration-set/tls`, context },
  ]);
});

test('a denial sends nothing', async () => {
  recorder.denied.add('ses:SendEmail');

  expect(await codeOf(send())).toBe('AccessDeniedException');
  expect(await mail.messages()).toEqual([]);
});

test.each([
  ['a sender who is no identity', { FromEmailAddress: 'x@evil.example' }, 'MessageRejected'],
  ['a domain that only ends like an identity', { FromEmailAddress: 'x@notward.example' }, 'MessageRejected'],
  ['another address of a domain of which one is verified', { FromEmailAddress: 'x@other.example' }, 'MessageRejected'],
  ['two senders in one', { FromEmailAddress: 'a@ward.example, b@evil.example' }, 'BadRequestException'],
  ['a sender hidden in a name', { FromEmailAddress: '"a@ward.example" <x@evil.example>' }, 'BadRequestException'],
  ['a line break', { FromEmailAddress: 'a@ward.example\r\nBcc: x@evil.example' }, 'BadRequestException'],
  ['nobody to send to', { Destination: {} }, 'BadRequestException'],
  ['a raw mail', { Content: { Raw: { Data: Buffer.from('From: x@evil.example') } } }, 'BadRequestException'],
])('%s is refused', async (_case, more, code) => {
  expect(await codeOf(send(more))).toBe(code);
  expect(await mail.messages()).toEqual([]);
});

test('any other call is refused by name', async () => {
  expect(await codeOf(client.send(new GetAccountCommand({})))).toBe('UnknownOperationException');
});

test('mails are there after a restart, in their order', async () => {
  await send();
  await send({ FromEmailAddress: 'breach@other.example' });
  const before = await mail.messages();
  await stop();
  await start();

  expect(await mail.messages()).toEqual(before);
  await send();
  await stop();
  await start();
  expect(await mail.messages()).toHaveLength(3);
});

describe('the mailbox page', () => {
  test('shows itself and its mails to the laptop', async () => {
    const { MessageId } = await send();

    const page = await fetch(mail.url);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await (await fetch(`${mail.url}/store?since=0`)).json()).toMatchObject({ emails: [{ subject: 'Notice' }] });
    expect(await ask('GET', `/get-emlContent?messageId=${MessageId}`)).toBe(200);
  });

  test('is not read under another name, nor from another site', async () => {
    expect(await ask('GET', '/store', { host: 'rebound.example' })).toBe(403);
    expect(await ask('GET', '/store', { 'sec-fetch-site': 'cross-site' })).toBe(403);
    expect(await ask('GET', '/store', { 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await ask('GET', '/store', { 'sec-fetch-site': 'same-origin' })).toBe(200);
  });

  test('takes no mail and empties no mailbox for who comes past the service', async () => {
    await send();
    const forged = JSON.stringify({
      FromEmailAddress: 'x@evil.example',
      Content: { Simple: { Subject: { Data: 's' }, Body: { Text: { Data: 't' } } } },
    });
    const headers = { authorization: 'AWS x', 'content-type': 'application/json', 'x-ward-delivery': 'guess' };

    expect(await ask('POST', '/v2/email/outbound-emails', headers, forged)).toBe(403);
    expect(await ask('POST', '/clear-store')).toBe(403);
    expect(await mail.messages()).toHaveLength(1);
  });

  test.each(['/get-emlContent?messageId=none', '/get-emlContent', '/store?since=x', '/store?since=1&since=2', '//x'])(
    '%s does not reach the viewer, which it could end',
    async (path) => {
      expect(await ask('GET', path)).toBe(404);
      expect(await ask('GET', '/store')).toBe(200);
    },
  );
});

test('it does not start where mails would leave the machine', async () => {
  process.env['SMTP_TRANSPORT'] = '{"host":"mail.example"}';
  try {
    await expect(start()).rejects.toThrow('SMTP_TRANSPORT');
  } finally {
    delete process.env['SMTP_TRANSPORT'];
  }
});
