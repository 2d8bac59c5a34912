import { isUtf8 } from 'node:buffer';
import { EnvelopeError } from './envelope-error';

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/*
 * The first byte of a plaintext says what follows. Scalars are padded, so that the length of a ciphertext does not tell
 * a short name from a long one, or yes from no; documents are not.
 */
const kinds = { null: 0, false: 1, true: 2, number: 3, string: 4, document: 5 } as const;
const paddingBlock = 64;
const paddingMark = 0x80;
const unpaired = /\p{Surrogate}/u;

/**
 * @returns the plaintext of one field: scalars padded with 0x80 and zeroes to a multiple of 64 bytes, objects and arrays
 *   as JSON text
 * @throws EnvelopeError `argument` for what JSON cannot say: undefined, a function, a bigint, a number that is not finite
 */
export function encodeValue(value: unknown): Buffer {
  switch (typeof value) {
    case 'boolean':
      return pad(value ? kinds.true : kinds.false, 0, nothing);
    case 'number': {
      if (!Number.isFinite(value)) throw new EnvelopeError('argument');
      return pad(kinds.number, 8, (target) => target.writeDoubleBE(value === 0 ? 0 : value, 1));
    }
    case 'string':
      // UTF-8 has no form for half a surrogate pair; JSON text escapes it.
      if (unpaired.test(value)) return document(value);
      return pad(kinds.string, Buffer.byteLength(value), (target) => target.write(value, 1));
    default:
      return value === null ? pad(kinds.null, 0, nothing) : document(value);
  }
}

/**
 * @returns the value that `encodeValue` was given
 * @throws EnvelopeError `encoding` for every plaintext that `encodeValue` does not make
 */
export function decodeValue(plaintext: Uint8Array): Json {
  const bytes = Buffer.from(plaintext.buffer, plaintext.byteOffset, plaintext.length);
  const kind = bytes[0];
  if (kind === kinds.document) return parse(bytes.subarray(1));
  const content = unpad(bytes);
  if (kind === kinds.string) {
    if (!isUtf8(content)) throw new EnvelopeError('encoding');
    return content.toString('utf8');
  }
  if (kind === kinds.number) {
    if (content.length !== 8) throw new EnvelopeError('encoding');
    const number = content.readDoubleBE();
    if (!Number.isFinite(number) || Object.is(number, -0)) throw new EnvelopeError('encoding');
    return number;
  }
  if (content.length !== 0) throw new EnvelopeError('encoding');
  if (kind === kinds.null) return null;
  if (kind === kinds.false) return false;
  if (kind === kinds.true) return true;
  throw new EnvelopeError('encoding');
}

function nothing(): void {}

function pad(kind: number, length: number, write: (target: Buffer) => void): Buffer {
  const padded = Buffer.alloc(Math.ceil((length + 2) / paddingBlock) * paddingBlock);
  padded[0] = kind;
  write(padded);
  padded[length + 1] = paddingMark;
  return padded;
}

/** @returns what stands between the kind and the padding */
function unpad(bytes: Buffer): Buffer {
  if (bytes.length === 0 || bytes.length % paddingBlock !== 0) throw new EnvelopeError('encoding');
  let end = bytes.length - 1;
  while (end > 0 && bytes[end] === 0) end -= 1;
  // More than a block of padding would be a second form of the same value.
  if (end === 0 || bytes[end] !== paddingMark || bytes.length - end > paddingBlock) throw new EnvelopeError('encoding');
  return bytes.subarray(1, end);
}

function document(value: unknown): Buffer {
  let text: string;
  try {
    assertJson(value);
    text = JSON.stringify(value);
  } catch (cause) {
    if (cause instanceof EnvelopeError) throw cause;
    throw new EnvelopeError('argument'); // too deep, or circular: the cause could quote it
  }
  const encoded = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  encoded[0] = kinds.document;
  encoded.write(text, 1);
  return encoded;
}

/** JSON.stringify drops or replaces what JSON cannot say; a record must not change by being stored. */
function assertJson(value: unknown): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (typeof value !== 'object') throw new EnvelopeError('argument');
  if (Array.isArray(value)) {
    for (const item of value) assertJson(item);
    return;
  }
  const plain = Object.prototype.toString.call(value) === '[object Object]';
  if (!plain || ('toJSON' in value && typeof value.toJSON === 'function')) throw new EnvelopeError('argument');
  // a member that is undefined is one that is not there, to JSON and to us
  for (const member of Object.values(value)) if (member !== undefined) assertJson(member);
}

function parse(bytes: Buffer): Json {
  if (!isUtf8(bytes)) throw new EnvelopeError('encoding');
  let value: Json;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new EnvelopeError('encoding'); // not as its cause: a SyntaxError quotes the text
  }
  const scalar = value === null || typeof value !== 'object';
  if (scalar && !(typeof value === 'string' && unpaired.test(value))) throw new EnvelopeError('encoding');
  return value;
}
