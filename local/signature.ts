import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { type Caller, ServiceError } from './service';

export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** A request as it came on the wire. */
export interface SignedRequest {
  readonly method: string;
  /** path and query */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The service and region that a signature must have been made for. */
export interface SigningScope {
  readonly region: string;
  /** as in the credential scope: `dynamodb`, `kms`, `s3`, `cognito-idp`, `logs`, `ses` */
  readonly signingName: string;
}

const skewLimitMilliseconds = 15 * 60 * 1000;
const algorithm = 'AWS4-HMAC-SHA256';

/** Bodies that S3 accepts without a hash in the signature; a trailing checksum protects the second. */
const unsignedPayloads = new Set(['UNSIGNED-PAYLOAD', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']);

interface Issued extends IssuedCredentials {
  readonly caller: Caller;
}

/**
 * The credentials of one run of the laptop cloud. They exist in memory alone, are random at each start, and name who holds
 * them: a function's name its role.
 */
export class Credentials {
  private readonly issued = new Map<string, Issued>();
  /** by access key and credential scope: deriving one takes four hashes */
  private readonly signingKeys = new Map<string, Buffer>();

  issue(caller: Caller): IssuedCredentials {
    const credentials = {
      accessKeyId: `ASIA${base32(16)}`,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
    };
    this.issued.set(credentials.accessKeyId, { ...credentials, caller });
    return credentials;
  }

  /** Ends credentials; what they sign from now on is refused. */
  revoke(accessKeyId: string): void {
    this.issued.delete(accessKeyId);
    for (const key of this.signingKeys.keys()) if (key.startsWith(`${accessKeyId}/`)) this.signingKeys.delete(key);
  }

  /**
   * Who signed a request, by Signature Version 4 in its Authorization header.
   * @param now milliseconds since the epoch
   * @throws ServiceError MissingAuthenticationTokenException when the request is not signed,
   *   UnrecognizedClientException when nobody holds its credentials, InvalidSignatureException for everything else
   */
  verify(request: SignedRequest, scope: SigningScope, now: number): Caller {
    const { headers, target } = request;
    if (/[?&]x-amz-(algorithm|credential|signature)=/i.test(target))
      throw invalid('a presigned URL is not emulated; sign the Authorization header');
    const authorization = headers.authorization;
    if (authorization === undefined)
      throw new ServiceError('MissingAuthenticationTokenException', 'Missing Authentication Token', 403);
    const { accessKeyId, date, credentialScope, signedHeaders, signature } = parse(authorization, scope);
    const holder = this.issued.get(accessKeyId);
    // A token is compared before the signature, which covers it: a stolen secret without its token is of no use.
    if (!holder || !equal(single(headers, 'x-amz-security-token') ?? '', holder.sessionToken))
      throw new ServiceError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
        403,
      );
    const timestamp = single(headers, 'x-amz-date') ?? '';
    checkTime(timestamp, date, now);
    checkSignedHeaders(headers, signedHeaders);
    const payload = checkPayload(request, scope);
    const canonical = canonicalRequest(request, signedHeaders, payload, scope);
    const text = [algorithm, timestamp, credentialScope, sha256(canonical)].join('\n');
    const expected = createHmac('sha256', this.signingKey(holder, credentialScope)).update(text).digest('hex');
    if (!equal(signature, expected))
      throw invalid('The request signature we calculated does not match the signature you provided.');
    return holder.caller;
  }

  private signingKey({ accessKeyId, secretAccessKey }: Issued, credentialScope: string): Buffer {
    const name = `${accessKeyId}/${credentialScope}`;
    const known = this.signingKeys.get(name);
    if (known) return known;
    let key: Buffer = Buffer.from(`AWS4${secretAccessKey}`);
    for (const part of credentialScope.split('/')) key = createHmac('sha256', key).update(part).digest();
    if (this.signingKeys.size >= 1000) this.signingKeys.clear();
    this.signingKeys.set(name, key);
    return key;
  }
}

interface Authorization {
  readonly accessKeyId: string;
  /** `YYYYMMDD` */
  readonly date: string;
  /** `<date>/<region>/<service>/aws4_request` */
  readonly credentialScope: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

function parse(authorization: string, { region, signingName }: SigningScope): Authorization {
  const form =
    /^AWS4-HMAC-SHA256 Credential=(\w+)\/((\d{8})\/([\w-]+)\/([\w-]+)\/aws4_request), *SignedHeaders=([a-z0-9;_-]+), *Signature=([0-9a-f]{64})$/;
  const [, accessKeyId, credentialScope, date, ofRegion, ofService, names, signature] = authorization.match(form) ?? [];
  if (!accessKeyId || !credentialScope || !date || !names || !signature)
    throw invalid(`the Authorization header is not of the form of ${algorithm}`);
  if (ofRegion !== region || ofService !== signingName)
    throw invalid(`Credential should be scoped to a valid region and to the service ${signingName}`);
  return { accessKeyId, date, credentialScope, signedHeaders: names.split(';'), signature };
}

/** Times of signing are to the second, in UTC. @throws ServiceError when one is more than 15 minutes from now */
function checkTime(timestamp: string, scopeDate: string, now: number): void {
  const [, year, month, day, hour, minute, second] = timestamp.match(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/) ?? [];
  const signedAt = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(signedAt)) throw invalid('the X-Amz-Date header is missing or malformed');
  if (`${year}${month}${day}` !== scopeDate)
    throw invalid('Date in Credential scope does not match YYYYMMDD from X-Amz-Date');
  if (signedAt < now - skewLimitMilliseconds) throw invalid('Signature expired');
  if (signedAt > now + skewLimitMilliseconds) throw invalid('Signature not yet current');
}

/** What is not signed could be changed or added on the way: the host, the content type and every `x-amz-` header must be. */
function checkSignedHeaders(headers: IncomingHttpHeaders, signed: readonly string[]): void {
  const required = Object.keys(headers).filter((name) => name === 'content-type' || name.startsWith('x-amz-'));
  for (const name of ['host', ...required])
    if (!signed.includes(name)) throw invalid(`the header ${name} must be signed`);
  if (signed.some((name, index) => headers[name] === undefined || (index > 0 && name <= (signed[index - 1] ?? ''))))
    throw invalid('SignedHeaders must name headers of the request, sorted, each once');
}

/** @returns the last line of the canonical request */
function checkPayload({ headers, body }: SignedRequest, { signingName }: SigningScope): string {
  const declared = single(headers, 'x-amz-content-sha256');
  if (declared !== undefined && !/^[0-9a-f]{64}$/.test(declared)) {
    if (signingName === 's3' && unsignedPayloads.has(declared)) return declared;
    throw invalid('this form of X-Amz-Content-Sha256 is not emulated for this service');
  }
  const actual = sha256(body);
  if (declared !== undefined && !equal(declared, actual))
    throw invalid('the X-Amz-Content-Sha256 header is not the hash of the body');
  return actual;
}

function canonicalRequest(
  { method, target, headers }: SignedRequest,
  signedHeaders: readonly string[],
  payload: string,
  { signingName }: SigningScope,
): string {
  const [path = '', ...query] = target.split('?');
  return [
    method,
    // The path came encoded once; every service but S3 encodes it again for the signature.
    signingName === 's3' ? path : path.split('/').map(encode).join('/'),
    canonicalQuery(query.join('?')),
    ...signedHeaders.map((name) => `${name}:${(single(headers, name) ?? '').trim().replace(/\s+/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    payload,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs = query.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    return [encode(decode(name)), encode(decode(value))] as const;
  });
  // By code unit: what is compared is ASCII by now.
  const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);
  return pairs
    .sort((left, right) => order(left[0], right[0]) || order(left[1], right[1]))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('the query is not well-formed');
  }
}

/** RFC 3986: everything but unreserved characters. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

const single = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
};

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** In a time that tells nothing of either text but its hash. */
function equal(given: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

const base32 = (length: number): string =>
  Array.from(randomBytes(length), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[byte & 31]).join('');

const invalid = (message: string): ServiceError => new ServiceError('InvalidSignatureException', message, 403);
