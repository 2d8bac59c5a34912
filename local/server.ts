import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Call, type Caller, type Reply, type Service, ServiceError } from './service';
import type { Credentials } from './signature';

export interface ServeOptions {
  /** 0 takes a free one */
  readonly port: number;
  readonly credentials: Credentials;
  /** of the credential scope: `dynamodb`, `kms`, `s3`, `cognito-idp`, `logs`, `ses` */
  readonly signingName: string;
  readonly region: string;
  /** which unsigned calls are served; without it, none */
  readonly anonymous?: (call: Call) => boolean;
  /** which web origins the service answers itself, preflights included; without it, none */
  readonly crossOrigin?: (origin: string) => boolean;
  /** @default 64 MiB for S3, 8 MiB for others */
  readonly bodyLimitBytes?: number;
  /** names the port in errors, as its user sets it; @default `WARD_PORT_<service>` */
  readonly portSetting?: string;
  /** milliseconds since the epoch */
  readonly now?: () => number;
}

export interface Served {
  readonly url: string;
  readonly port: number;
  /** takes no more calls, finishes those under way, then closes the service */
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
const anonymousCaller: Caller = { kind: 'anonymous', arn: '' };

/**
 * Serves one emulated service on 127.0.0.1 alone.
 * @throws Error in one sentence naming the port and its setting when the port cannot be had
 */
export async function serve(service: Service, options: ServeOptions): Promise<Served> {
  let port = options.port;
  let closed: Promise<void> | undefined;
  const connections = new Connections();
  const server = createServer((request, response) => {
    connections.busy(request.socket, response);
    answer(service, options, port, request, response).catch((error: unknown) => {
      // The connection is gone, or the answer could not be written: there is nobody to tell.
      process.stderr.write(
        `${service.name}: a reply was not sent (${error instanceof Error ? error.name : 'unknown'})\n`,
      );
      response.destroy();
    });
  });
  server.keepAliveTimeout = 60_000;
  server.on('connection', (socket) => connections.opened(socket));
  port = await listen(server, options.port, options.portSetting ?? `WARD_PORT_${service.name}`);
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    close: () => {
      closed ??= closeServer(server, connections).then(() => service.close());
      return closed;
    },
  };
}

async function answer(
  service: Service,
  options: ServeOptions,
  port: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const xml = options.signingName === 's3';
  let reply: Reply;
  let complete = true;
  try {
    checkOrigin(request, port, options.crossOrigin);
    const limit = options.bodyLimitBytes ?? (xml ? 64 : 8) * mebibyte;
    const body = await readBody(request, limit).catch((error: unknown) => {
      complete = false;
      throw error;
    });
    reply = await service.handle(identify(request, body, options));
  } catch (error) {
    complete &&= request.complete;
    reply = refusal(service.name, error, xml);
  }
  // What is left of a refused body would be read as the next request of the connection.
  const connection = complete ? {} : { connection: 'close' };
  response.writeHead(reply.status, { ...reply.headers, ...connection });
  response.end(request.method === 'HEAD' ? undefined : reply.body);
}

/**
 * A web page can send its visitor's browser here. By a name of its own that leads to 127.0.0.1 (DNS rebinding) it would pass
 * for the same origin, so the Host must be ours; otherwise the browser says whose page it is, in Origin.
 */
function checkOrigin({ headers }: IncomingMessage, port: number, crossOrigin: ServeOptions['crossOrigin']): void {
  if (headers.host !== `127.0.0.1:${port}` && headers.host !== `localhost:${port}`)
    throw new ServiceError('AccessDeniedException', `the Host must be 127.0.0.1:${port} or localhost:${port}`, 403);
  if (headers.origin !== undefined && !crossOrigin?.(headers.origin))
    throw new ServiceError('AccessDeniedException', 'calls from web pages are not served', 403);
}

function identify(
  request: IncomingMessage,
  body: Buffer,
  { anonymous, credentials, now, ...scope }: ServeOptions,
): Call {
  const { method = '', url: target = '', headers } = request;
  const unsigned: Call = { caller: anonymousCaller, method, target, headers, body };
  if (!headers.authorization?.startsWith('AWS4-') && !/[?&]x-amz-signature=/i.test(target) && anonymous?.(unsigned))
    return unsigned;
  const caller = credentials.verify({ method, target, headers, body }, scope, (now ?? Date.now)());
  return { ...unsigned, caller };
}

async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = () => new ServiceError('RequestEntityTooLargeException', `a body may have ${limit} bytes`, 413);
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= limit) chunks.push(chunk);
      else {
        request.pause();
        reject(tooLarge());
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => {
      if (!request.complete) reject(new ServiceError('RequestTimeoutException', 'the request broke off', 400));
    });
  });
}

/** In the form in which the service's SDK client reads errors. */
function refusal(service: string, error: unknown, xml: boolean): Reply {
  const known = error instanceof ServiceError;
  // The stack and no more: a request may hold what belongs in no log.
  if (!known) process.stderr.write(`${service} failed: ${error instanceof Error ? error.stack : 'not an Error'}\n`);
  const { code, message, status, details } = known
    ? error
    : new ServiceError('InternalServerError', 'internal error', 500);
  const requestId = randomUUID();
  if (xml) {
    const escapeXml = (text: string): string =>
      text.replace(/[<>&'"]/g, (character) => `&#${character.charCodeAt(0)};`);
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${escapeXml(code.replace(/Exception$/, ''))}</Code><Message>${escapeXml(message)}</Message><RequestId>${requestId}</RequestId></Error>`;
    return { status, headers: { 'content-type': 'application/xml', 'x-amz-request-id': requestId }, body };
  }
  return {
    status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': code, 'x-amzn-requestid': requestId },
    body: JSON.stringify({ __type: code, message, ...details }),
  };
}

function listen(server: Server, port: number, setting: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${cause.code ?? 'unknown'})`;
      reject(new Error(`port ${port} ${why}; set ${setting} to another port`, { cause }));
    });
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

function closeServer(server: Server, connections: Connections): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
    connections.close();
  });
}

/** Which connections have a call under way: a close waits for those, and not for clients that keep one open in silence. */
class Connections {
  private readonly open = new Set<Socket>();
  private readonly underWay = new Set<Socket>();
  private closing = false;

  opened(socket: Socket): void {
    this.open.add(socket);
    socket.once('close', () => this.open.delete(socket));
  }

  busy(socket: Socket, response: ServerResponse): void {
    this.underWay.add(socket);
    response.once('close', () => {
      this.underWay.delete(socket);
      if (this.closing) socket.destroySoon();
    });
  }

  close(): void {
    this.closing = true;
    for (const socket of this.open) if (!this.underWay.has(socket)) socket.destroy();
  }
}
