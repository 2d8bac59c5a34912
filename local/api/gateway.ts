import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { FunctionError } from '../functions';
import type { VerifyToken } from './authorizer';
import { compileTemplate, type RequestContext } from './context';
import type { ApiDefinition, MethodDefinition } from './definition';
import { isBinary, proxyEvent, readHeaders, readProxyResult } from './event';
import { mockHeaders } from './mock';
import { type Answer, type GatewayResponseType, gatewayAnswer } from './responses';
import { type Match, Router } from './routing';

/** API Gateway's quota for a REST API's request, in bytes. */
export const requestLimitBytes = 10 * 1024 * 1024;

export interface ApiOptions {
  readonly definition: ApiDefinition;
  readonly region: string;
  readonly accountId: string;
  readonly verifyToken: VerifyToken;
  /** JSON in, JSON out. @throws FunctionError */
  readonly invoke: (functionArn: string, event: string) => Promise<string>;
  /** whether the function's resource policy lets this API call it. @param sourceArn the method's ARN */
  readonly mayInvoke: (functionArn: string, sourceArn: string) => boolean;
  /** takes one line of the stage's access log */
  readonly accessLog: (destinationArn: string, line: string) => void;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly context: RequestContext;
  readonly query: URLSearchParams;
}

/** The REST API of the template on 127.0.0.1, answering at the root as behind a custom domain. */
export class RestApi {
  private readonly router: Router;
  private readonly server: Server;
  private readonly format: ((context: RequestContext) => string) | undefined;
  private hosts: readonly string[] = [];

  /** @throws Error naming a variable or route that is not emulated */
  constructor(private readonly options: ApiOptions) {
    const { definition } = options;
    this.router = new Router(definition.methods);
    this.format = definition.accessLog && compileTemplate(definition.accessLog.format, 'the stage’s access log');
    this.server = createServer((request, response) => void this.serve(request, response));
    this.server.keepAliveTimeout = 60_000; // as API Gateway; a shorter one races with a client's next request
  }

  /**
   * @param port 0: any that is free
   * @returns the URL, without a slash at its end
   * @throws Error in one sentence when the port cannot be had
   */
  async listen(port: number): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', (cause: NodeJS.ErrnoException) => {
        const why = cause.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${cause.code ?? 'unknown'})`;
        reject(new Error(`port ${port} ${why}; set --port to another port`, { cause }));
      });
      this.server.listen(port, '127.0.0.1', resolve);
    });
    const { port: actual } = this.server.address() as AddressInfo;
    this.hosts = [`127.0.0.1:${actual}`, `localhost:${actual}`];
    return `http://127.0.0.1:${actual}`;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const [path = '/', ...query] = (request.url ?? '/').split('?');
    const context: RequestContext = {
      accountId: this.options.accountId,
      apiId: this.options.definition.id,
      stage: this.options.definition.stage,
      requestId: randomUUID(),
      extendedRequestId: `${randomBytes(11).toString('base64url')}=`,
      httpMethod: request.method ?? '',
      path,
      protocol: `HTTP/${request.httpVersion}`,
      domainName: (request.headers.host ?? '').replace(/:\d+$/, ''),
      sourceIp: request.socket.remoteAddress ?? '',
      userAgent: request.headers['user-agent'],
      requestTimeEpoch: Date.now(),
    };
    let answer: Answer;
    try {
      answer = await this.answer({ request, context, query: new URLSearchParams(query.join('?')) });
    } catch (error) {
      const gone = request.destroyed && !request.complete; // the client went away while it was sending
      if (!gone) process.stderr.write(`the API failed: ${error instanceof Error ? error.stack : 'unknown'}\n`);
      answer = this.refuse(context, 'DEFAULT_5XX');
    }
    if (!this.recorded(context, answer, started)) answer = this.refuse(context, 'DEFAULT_5XX');
    this.write(request, response, context, answer);
  }

  /** The line is there before the client has its answer: what the gateway refuses has no other evidence. */
  private recorded(context: RequestContext, answer: Answer, started: number): boolean {
    context.status = answer.status;
    context.responseLength = answer.body.length;
    context.responseLatencyMilliseconds = Math.round(performance.now() - started);
    const { accessLog } = this.options.definition;
    if (!this.format || !accessLog) return true;
    try {
      this.options.accessLog(accessLog.destinationArn, this.format(context));
      return true;
    } catch (error) {
      process.stderr.write(`the access log failed: ${error instanceof Error ? error.stack : 'unknown'}\n`);
      return false;
    }
  }

  private async answer(exchange: Exchange): Promise<Answer> {
    const { request, context } = exchange;
    // A web page that rebinds its name to 127.0.0.1 comes with its own name here.
    if (!this.hosts.includes(request.headers.host ?? '')) return this.refuseHost(context);
    let match: Match | undefined;
    try {
      match = this.router.match(context.httpMethod, context.path);
    } catch (error) {
      if (error instanceof URIError) return this.refuse(context, 'DEFAULT_4XX');
      throw error;
    }
    if (!match) return this.refuse(context, 'MISSING_AUTHENTICATION_TOKEN');
    const { method } = match;
    context.resourcePath = method.resourcePath;
    context.resourceId = method.resourceId;
    if (!(await this.authorized(exchange, method))) return this.refuse(context, 'UNAUTHORIZED');
    const body = await readBody(request);
    if (body === 'too large') return this.refuse(context, 'REQUEST_TOO_LARGE');
    const invalid = this.validate(exchange, match, body);
    if (invalid) return invalid;
    if (method.integration.kind === 'lambda') return this.invoke(exchange, match, body);
    const headers = mockHeaders(method.integration.response, request.headers.origin);
    return { status: method.integration.response.status, headers: [...headers], body: Buffer.alloc(0) };
  }

  private async authorized({ request, context }: Exchange, method: MethodDefinition): Promise<boolean> {
    if (!method.authorizer) return true;
    const value = request.headers[method.authorizer.header];
    const token = typeof value === 'string' ? value.replace(/^Bearer /, '') : '';
    const claims = token ? await this.options.verifyToken(token, method.authorizer.poolIds, method.scopes) : undefined;
    context.authorizerStatus = claims ? '200' : '401';
    if (claims) context.claims = claims;
    return claims !== undefined;
  }

  private validate({ request, context, query }: Exchange, match: Match, body: Buffer): Answer | undefined {
    const { requiredParameters, bodyValidators } = match.method;
    const missing = requiredParameters.filter((parameter) => {
      const [, , place = '', ...name] = parameter.split('.');
      if (place === 'header') return !request.headers[name.join('.').toLowerCase()];
      if (place === 'querystring') return !query.get(name.join('.'));
      return !match.pathParameters?.[name.join('.')];
    });
    if (missing.length > 0) {
      const names = missing.map((parameter) => parameter.split('.').slice(3).join('.'));
      const message = `Missing required request parameters: [${names.join(', ')}]`;
      return this.refuse(context, 'BAD_REQUEST_PARAMETERS', { message });
    }
    if (!bodyValidators) return undefined;
    const type = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
    const broken = (bodyValidators.get(type) ?? bodyValidators.get('$default'))?.(parseJson(body));
    return broken === undefined ? undefined : this.refuse(context, 'BAD_REQUEST_BODY', { validation: broken });
  }

  private async invoke({ request, context, query }: Exchange, match: Match, body: Buffer): Promise<Answer> {
    const { definition, region, accountId, mayInvoke, invoke } = this.options;
    const { integration, httpMethod, resourcePath } = match.method;
    if (integration.kind !== 'lambda') throw new Error('no Lambda integration');
    const { functionArn, timeoutMilliseconds } = integration;
    const source = `arn:aws:execute-api:${region}:${accountId}:${definition.id}/${definition.stage}/${httpMethod}${resourcePath}`;
    if (!mayInvoke(functionArn, source)) {
      context.integrationError = 'Invalid permissions on Lambda function';
      return this.refuse(context, 'API_CONFIGURATION_ERROR');
    }
    const binaryBody = body.length > 0 && isBinary(definition.binaryMediaTypes, request.headers['content-type']);
    const event = proxyEvent(context, match, readHeaders(request, context), query, {
      text: body.length > 0 ? body.toString(binaryBody ? 'base64' : 'utf8') : null,
      isBase64Encoded: binaryBody,
    });
    const started = performance.now();
    let timer: NodeJS.Timeout | undefined;
    try {
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(resolve, timeoutMilliseconds, undefined);
      });
      const running = invoke(functionArn, JSON.stringify(event));
      running.catch(() => undefined); // it may fail after the integration's own timeout
      const result = await Promise.race([running, late]);
      if (result === undefined) {
        context.integrationError = 'the integration timed out';
        return this.refuse(context, 'INTEGRATION_TIMEOUT');
      }
      context.integrationStatus = 200;
      const answer = readProxyResult(result, isBinary(definition.binaryMediaTypes, request.headers.accept));
      if (answer) return answer;
      context.integrationError = 'Malformed Lambda proxy response';
      return this.refuse(context, 'DEFAULT_5XX');
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      context.integrationError = error.code;
      return this.refuse(context, error.code === 'request-too-large' ? 'REQUEST_TOO_LARGE' : 'DEFAULT_5XX');
    } finally {
      clearTimeout(timer);
      context.integrationLatencyMilliseconds = Math.round(performance.now() - started);
    }
  }

  private refuseHost(context: RequestContext): Answer {
    const title = `The Host must be ${this.hosts.join(' or ')}`;
    context.error = { type: 'ACCESS_DENIED', message: title };
    const body = { type: 'about:blank', title, status: 403 };
    return {
      status: 403,
      headers: [['Content-Type', 'application/problem+json']],
      body: Buffer.from(JSON.stringify(body)),
    };
  }

  private refuse(
    context: RequestContext,
    type: GatewayResponseType,
    details: { readonly message?: string; readonly validation?: string } = {},
  ): Answer {
    return gatewayAnswer(this.options.definition.gatewayResponses, type, context, details);
  }

  private write(request: IncomingMessage, response: ServerResponse, context: RequestContext, answer: Answer): void {
    for (const [name, value] of answer.headers) response.appendHeader(name, value);
    response.setHeader('x-amzn-RequestId', context.requestId);
    response.setHeader('x-amz-apigw-id', context.extendedRequestId);
    if (bodiless(answer.status)) response.writeHead(answer.status).end();
    else response.writeHead(answer.status, { 'Content-Length': answer.body.length }).end(answer.body);
    request.resume(); // what was not read is thrown away
  }
}

const bodiless = (status: number): boolean => status === 204 || status === 304;

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Reads to the end even what is too large, so that a client which is still sending gets to see the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'too large'> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    if (!(chunk instanceof Uint8Array)) throw new Error('a body of text');
    length += chunk.length;
    if (length <= requestLimitBytes) chunks.push(Buffer.from(chunk));
    else chunks.length = 0;
  }
  return length > requestLimitBytes ? 'too large' : Buffer.concat(chunks);
}
