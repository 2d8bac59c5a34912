import { createHash } from 'node:crypto';
import type { Call, Caller } from '../service';
import { failure } from './failure';

const MAXIMUM_KEY_BYTES = 1024;

/** What a call says, read from path, query and headers; the body comes later. */
export interface S3Request {
  readonly caller: Caller;
  readonly method: string;
  /** empty for the service itself */
  readonly bucket: string;
  /** empty for the bucket itself; an opaque name, never a path */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** A header, or the query parameter that a presigned URL carries in its place. */
  header(name: string): string | undefined;
  /** names of all headers and `x-amz-` query parameters */
  readonly headerNames: readonly string[];
  readonly presigned: boolean;
  readonly body: Buffer;
}

/**
 * Path-style addresses only. The path is never normalized: `..` is a part of a key's name like any other.
 *
 * @throws ServiceError InvalidURI, KeyTooLongError, XAmzContentSHA256Mismatch
 */
export function readRequest(call: Call): S3Request {
  const mark = call.target.indexOf('?');
  const path = mark < 0 ? call.target : call.target.slice(0, mark);
  const query = readQuery(mark < 0 ? '' : call.target.slice(mark + 1));
  if (!path.startsWith('/')) throw failure('InvalidURI');
  const slash = path.indexOf('/', 1);
  const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = slash < 0 ? '' : decode(path.slice(slash + 1));
  if (Buffer.byteLength(key) > MAXIMUM_KEY_BYTES) throw failure('KeyTooLongError');
  const header = (name: string): string | undefined => {
    const value = call.headers[name] ?? (name.startsWith('x-amz-') ? query.get(name) : undefined);
    return Array.isArray(value) ? value.join(',') : value;
  };
  const hash = header('x-amz-content-sha256');
  if (hash && /^[0-9a-f]{64}$/.test(hash) && createHash('sha256').update(call.body).digest('hex') !== hash)
    throw failure('XAmzContentSHA256Mismatch');
  return {
    caller: call.caller,
    method: call.method,
    bucket,
    key,
    query,
    header,
    headerNames: [...Object.keys(call.headers), ...[...query.keys()].filter((name) => name.startsWith('x-amz-'))],
    presigned: query.has('x-amz-signature'),
    body: call.body,
  };
}

/** Names of the SDK's `X-Amz-` parameters in lower case, as the headers that they stand for. */
function readQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const part of text.split('&').filter(Boolean)) {
    const [name = '', ...value] = part.split('=');
    const decoded = decode(name);
    const known = /^x-amz-/i.test(decoded) ? decoded.toLowerCase() : decoded;
    if (query.has(known)) throw failure('InvalidArgument', 'a parameter is given twice');
    query.set(known, decode(value.join('=').replaceAll('+', ' ')));
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw failure('InvalidURI');
  }
}

/**
 * @param known parameters and subresources that the operation understands
 * @throws ServiceError NotImplemented naming the first other one, which S3 might know and this emulator does not
 */
export function requireOnly(request: S3Request, known: readonly string[]): void {
  for (const name of request.query.keys())
    if (!known.includes(name) && name !== 'x-id' && !name.startsWith('x-amz-'))
      throw failure('NotImplemented', `the parameter ${name.replace(/[^A-Za-z-]/g, '?').slice(0, 40)} is not emulated`);
}
