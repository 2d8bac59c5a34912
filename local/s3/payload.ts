import { createHash, timingSafeEqual } from 'node:crypto';
import { type ChecksumAlgorithm, checksum, isChecksumAlgorithm } from './checksums';
import { failure } from './failure';
import type { S3Request } from './request';

export interface Payload {
  readonly bytes: Buffer;
  /** the checksum that came with it, found right, in base64 */
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly value: string };
  /** whether anything but TCP vouches for the bytes, as Object Lock demands */
  readonly verified: boolean;
}

const CHECKSUM_PREFIX = 'x-amz-checksum-';

/**
 * The bytes of the body: unwrapped when sent in chunks, and compared with every digest that came along, in a header or
 * behind the last chunk.
 *
 * @throws ServiceError BadDigest, InvalidDigest, IncompleteBody, InvalidRequest, NotImplemented
 */
export function readPayload(request: S3Request): Payload {
  const { bytes, trailers } = isChunked(request) ? unwrap(request) : { bytes: request.body, trailers: new Map() };
  const md5 = request.header('content-md5');
  if (md5 !== undefined && !sameDigest(createHash('md5').update(bytes).digest(), md5)) throw failure('BadDigest');
  const given = checksums(request, trailers);
  if (given.length > 1) throw failure('InvalidRequest', 'Expecting a single x-amz-checksum- header.');
  const [first] = given;
  if (first && !sameDigest(Buffer.from(checksum(first.algorithm, bytes), 'base64'), first.value))
    throw failure('BadDigest');
  return { bytes, checksum: first, verified: md5 !== undefined || first !== undefined };
}

function checksums(request: S3Request, trailers: ReadonlyMap<string, string>) {
  const names = [...request.headerNames, ...trailers.keys()].filter(
    (name) => name.startsWith(CHECKSUM_PREFIX) && !['mode', 'type', 'algorithm'].includes(name.slice(15)),
  );
  return names.map((name) => {
    const algorithm = name.slice(CHECKSUM_PREFIX.length);
    if (!isChecksumAlgorithm(algorithm)) throw failure('NotImplemented', 'this checksum is not emulated');
    return { algorithm, value: trailers.get(name) ?? request.header(name) ?? '' };
  });
}

function sameDigest(computed: Buffer, given: string): boolean {
  const digest = Buffer.from(given, 'base64');
  if (digest.length !== computed.length || digest.toString('base64') !== given) throw failure('InvalidDigest');
  return timingSafeEqual(digest, computed);
}

function isChunked(request: S3Request): boolean {
  return (
    request.header('x-amz-content-sha256')?.startsWith('STREAMING-') === true ||
    (request.header('content-encoding') ?? '').split(',').some((coding) => coding.trim() === 'aws-chunked')
  );
}

/**
 * `aws-chunked` with unsigned chunks, as the SDK sends streams. Chunks that claim signatures of their own are refused,
 * since nobody here would check them.
 */
function unwrap(request: S3Request): { bytes: Buffer; trailers: ReadonlyMap<string, string> } {
  const hash = request.header('x-amz-content-sha256');
  if (hash?.startsWith('STREAMING-') && hash !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
    throw failure('NotImplemented', 'signed chunks are not emulated');
  const { body } = request;
  const chunks: Buffer[] = [];
  let at = 0;
  const line = (): string => {
    const end = body.indexOf('\r\n', at);
    if (end < 0) throw failure('IncompleteBody');
    const text = body.toString('latin1', at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = line();
    if (!/^[0-9a-fA-F]{1,8}$/.test(size)) throw failure('InvalidRequest', 'a chunk has no valid size');
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    if (at + length > body.length) throw failure('IncompleteBody');
    chunks.push(body.subarray(at, at + length));
    at += length;
    if (line() !== '') throw failure('IncompleteBody');
  }
  const trailers = new Map<string, string>();
  for (let trailer = line(); trailer !== ''; trailer = at < body.length ? line() : '') {
    const [, name, value] = /^([A-Za-z0-9-]+):\s*(\S*)\s*$/.exec(trailer) ?? [];
    if (name === undefined || value === undefined) throw failure('InvalidRequest', 'a trailer is not valid');
    trailers.set(name.toLowerCase(), value);
  }
  const bytes = Buffer.concat(chunks);
  if (request.header('x-amz-decoded-content-length') !== String(bytes.length)) throw failure('IncompleteBody');
  for (const announced of (request.header('x-amz-trailer') ?? '').split(',').filter(Boolean))
    if (!trailers.has(announced.trim().toLowerCase()))
      throw failure('InvalidRequest', 'an announced trailer is missing');
  return { bytes, trailers };
}
