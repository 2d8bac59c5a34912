import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import startViewer from 'aws-ses-v2-local';
import { z } from 'zod';
import { type Mail, Mailbox } from './mail/mailbox';
import { Ses } from './mail/ses';
import { type Authorize, type Service, ServiceError } from './service';

export type { Mail } from './mail/mailbox';

const DELIVERY_HEADER = 'x-ward-delivery';
/** The page's scripts and styles are inline; a mail shown in it can still load nothing and send nothing anywhere. */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; connect-src 'self'; img-src data:; " +
  "frame-src 'self'; frame-ancestors 'none'; form-action 'none'; base-uri 'none'";

export interface MailOptions {
  /** 0 for any free port */
  readonly port: number;
  readonly host?: '127.0.0.1';
  /** holds each mail as a file: mode 0700 */
  readonly directory: string;
  readonly authorize: Authorize;
  /** names of `AWS::SES::EmailIdentity`: addresses and domains from which mail may be sent */
  readonly identities: readonly string[];
  readonly region: string;
  readonly account: string;
}

export interface MailServer {
  /** of the mailbox page */
  readonly url: string;
  /** SESV2, to be put behind the front that verifies signatures */
  readonly service: Service;
  /** every mail accepted, oldest first */
  messages(): Promise<readonly Mail[]>;
  close(): Promise<void>;
}

/**
 * Mail for the laptop: nothing leaves it. aws-ses-v2-local renders the mailbox page and takes mails; because it checks no
 * signatures, listens wherever it is told and can be emptied by any web page, it stands behind a server of our own that
 * lets through the page's reads and the deliveries of {@link Ses}, and nothing else. Mails are kept on disk by
 * {@link Mailbox}. One a process.
 *
 * @throws Error when SMTP_TRANSPORT is set, with which aws-ses-v2-local would forward every mail to a real server
 */
export async function startMail(options: MailOptions): Promise<MailServer> {
  if (process.env['SMTP_TRANSPORT']?.trim())
    throw new Error('SMTP_TRANSPORT is set: mails would leave this machine. Unset it.');
  const mailbox = new Mailbox(options.directory);
  const viewer = await startViewer({ host: '127.0.0.1', port: 0 });
  viewer.close(); // its requests come from the server below, never from a socket of its own

  const secret = randomBytes(32).toString('base64url');
  const server = createServer((request, response) => {
    const status = refusal(request, mailbox, secret);
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    viewer.emit('request', request, response);
  });
  server.listen(options.port, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : options.port}`;

  const deliver = async (body: Buffer): Promise<string> => {
    const headers = { 'content-type': 'application/json', authorization: 'AWS local', [DELIVERY_HEADER]: secret };
    const reply = await fetch(`${url}/v2/email/outbound-emails`, { method: 'POST', headers, body });
    if (!reply.ok) throw new ServiceError('BadRequestException', 'a mail has a subject and a body');
    const { MessageId } = z.object({ MessageId: z.string() }).parse(await reply.json());
    mailbox.persist(MessageId);
    return MessageId;
  };

  return {
    url,
    service: new Ses({ ...options, deliver }),
    messages: async () => mailbox.messages(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Web pages are the adversary here: one may send requests to this port, and rebind its own name to it. They are told
 * apart by the Host header and by what browsers say of a request's origin.
 *
 * @returns the status to refuse with, or undefined to let the request through
 */
function refusal(request: IncomingMessage, mailbox: Mailbox, secret: string): number | undefined {
  const { method, url = '/', headers, socket } = request;
  if (headers[DELIVERY_HEADER] === secret) return undefined;
  const hosts = [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`];
  const site = headers['sec-fetch-site'];
  if (!hosts.includes(headers.host ?? '') || (site !== undefined && site !== 'same-origin' && site !== 'none'))
    return 403;
  if (method !== 'GET') return 403;
  const [pathname, ...query] = url.split('?');
  const [[name, value] = [], ...more] = [...new URLSearchParams(query.join('?'))];
  if (more.length > 0) return 404;
  // The viewer ends the process on a message that it does not know, and fails on a time that is no number.
  if (pathname === '/get-emlContent') return name === 'messageId' && mailbox.has(value ?? '') ? undefined : 404;
  if (pathname === '/store')
    return name === undefined || (name === 'since' && /^(0|[1-9]\d{0,11})$/.test(value ?? '')) ? undefined : 404;
  return pathname === '/' && name === undefined ? undefined : 404;
}
