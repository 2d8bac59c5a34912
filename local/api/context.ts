/** What API Gateway knows of one request: the source of `$context.*` in access logs and gateway responses. */
export interface RequestContext {
  readonly accountId: string;
  readonly apiId: string;
  readonly stage: string;
  /** UUID */
  readonly requestId: string;
  readonly extendedRequestId: string;
  readonly httpMethod: string;
  /** as it came, without the query, behind the stage */
  readonly path: string;
  readonly protocol: string;
  readonly domainName: string;
  readonly sourceIp: string;
  readonly userAgent: string | undefined;
  /** milliseconds since 1970 */
  readonly requestTimeEpoch: number;
  resourcePath?: string;
  resourceId?: string;
  claims?: Readonly<Record<string, string>>;
  authorizerStatus?: string;
  error?: { readonly message: string; readonly type: string; readonly validation?: string };
  integrationStatus?: number;
  integrationLatencyMilliseconds?: number;
  integrationError?: string;
  status?: number;
  /** bytes of the body */
  responseLength?: number;
  responseLatencyMilliseconds?: number;
}

type Read = (context: RequestContext) => string | number | undefined;

const absent: Read = () => undefined;
const variables: Readonly<Record<string, Read>> = {
  accountId: (c) => c.accountId,
  apiId: (c) => c.apiId,
  stage: (c) => c.stage,
  requestId: (c) => c.requestId,
  extendedRequestId: (c) => c.extendedRequestId,
  httpMethod: (c) => c.httpMethod,
  path: (c) => c.path,
  protocol: (c) => c.protocol,
  domainName: (c) => c.domainName,
  domainPrefix: (c) => c.domainName.split('.')[0],
  resourcePath: (c) => c.resourcePath,
  resourceId: (c) => c.resourceId,
  requestTime: (c) => commonLogTime(c.requestTimeEpoch),
  requestTimeEpoch: (c) => c.requestTimeEpoch,
  status: (c) => c.status,
  responseLength: (c) => c.responseLength,
  responseLatency: (c) => c.responseLatencyMilliseconds,
  'identity.sourceIp': (c) => c.sourceIp,
  'identity.userAgent': (c) => c.userAgent,
  // Signed callers only, and the laptop's API has none.
  'identity.caller': absent,
  'identity.user': absent,
  'identity.userArn': absent,
  'identity.accountId': absent,
  'authorizer.error': (c) => (c.authorizerStatus === '401' ? c.error?.message : undefined),
  'authorizer.status': (c) => c.authorizerStatus,
  'authorizer.principalId': absent,
  'error.message': (c) => c.error?.message,
  'error.messageString': (c) => c.error?.message,
  'error.responseType': (c) => c.error?.type,
  'error.validationErrorString': (c) => c.error?.validation,
  integrationErrorMessage: (c) => c.integrationError,
  integrationLatency: (c) => c.integrationLatencyMilliseconds,
  integrationStatus: (c) => c.integrationStatus,
  'integration.error': (c) => c.integrationError,
  'integration.integrationStatus': (c) => c.integrationStatus,
  'integration.latency': (c) => c.integrationLatencyMilliseconds,
  'integration.status': (c) => c.integrationStatus,
  'integration.requestId': absent,
  xrayTraceId: absent,
  // No web ACL stands before the laptop's API.
  wafResponseCode: absent,
  webaclArn: absent,
  'waf.error': absent,
  'waf.latency': absent,
  'waf.status': absent,
};

const reference = /\$context\.([\w-]+(?:[.:][\w-]+)*)/g;

/**
 * Reads a text with `$context.*` variables, as access-log formats and gateway-response templates are.
 * Values are escaped as in a JSON string, so that nothing a client sends can add a line or a member; `-` stands for none.
 * @throws Error naming a variable that the laptop does not know
 */
export function compileTemplate(text: string, where: string): (context: RequestContext) => string {
  const pieces: (string | Read)[] = [];
  let end = 0;
  for (const match of text.matchAll(reference)) {
    pieces.push(literal(text.slice(end, match.index), where), reader(match[1] ?? '', where));
    end = match.index + match[0].length;
  }
  pieces.push(literal(text.slice(end), where));
  return (context) =>
    pieces.map((piece) => (typeof piece === 'string' ? piece : String(piece(context) ?? '-'))).join('');
}

/** What one variable is, unescaped. @throws Error naming a variable that the laptop does not know */
export function compileVariable(name: string, where: string): (context: RequestContext) => string {
  const read = find(name, where);
  return (context) => String(read(context) ?? '');
}

function reader(name: string, where: string): Read {
  const read = find(name, where);
  const quoted = name === 'error.messageString';
  return (context) => {
    const value = read(context);
    if (value === undefined) return quoted ? '""' : undefined;
    const escaped = JSON.stringify(String(value));
    return quoted ? escaped : escaped.slice(1, -1);
  };
}

function find(name: string, where: string): Read {
  const claim = /^authorizer\.claims\.(.+)$/.exec(name)?.[1];
  if (claim !== undefined) return ({ claims }) => (claims && Object.hasOwn(claims, claim) ? claims[claim] : undefined);
  const read = Object.hasOwn(variables, name) ? variables[name] : undefined;
  if (!read) throw new Error(`${where}: $context.${name} is not emulated`);
  return read;
}

function literal(text: string, where: string): string {
  const unknown = /\$[A-Za-z{][\w.]*/.exec(text)?.[0];
  if (unknown) throw new Error(`${where}: ${unknown} is not emulated`);
  return text;
}

/** `$context.requestTime`: Common Log Format, such as 09/Mar/2025:13:02:07 +0000 */
export function commonLogTime(epoch: number): string {
  const [, day, month, year, time] = new Date(epoch).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}
