import { types } from 'node:util';
import { EnvelopeError } from './envelope-error';

/** The bytes of WE1: what is written where. docs/formats/envelope.md describes them. */
export const versionByte = 1;
/** AES-256-GCM, HKDF-SHA-512, HMAC-SHA-512 truncated to 32 bytes */
export const algorithmByte = 1;
export const headerLength = 82;
export const footerLength = 32;
export const tagLength = 16;
export const nonceLength = 12;
export const messageIdOffset = 18;
export const commitmentOffset = 50;
export const largestNumber = 0xffffffff;

/** What the caller knows without reading the envelope: never stored in it, never read back from it. */
export interface EnvelopeContext {
  readonly organization: string;
  readonly patient: string;
  /** the category */
  readonly type: string;
  /** the entry */
  readonly record: string;
}

export interface Envelope {
  /** 82 bytes */
  readonly header: Uint8Array;
  /** field tag -> ciphertext and its 16-byte tag */
  readonly fields: ReadonlyMap<number, Uint8Array>;
  /** 32 bytes */
  readonly footer: Uint8Array;
}

export interface Header {
  readonly version: number;
  readonly algorithm: number;
  readonly keyVersion: number;
  readonly schemaVersion: number;
  readonly recordVersion: number;
  readonly messageId: Buffer;
  readonly commitment: Buffer;
}

/** A view of the same bytes. @throws EnvelopeError unless they are that many bytes */
export function bytesOf(value: unknown, length?: number): Buffer {
  if (!types.isUint8Array(value) || (length !== undefined && value.length !== length)) throw new EnvelopeError('form');
  return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.length);
}

/** Splits a header; proves nothing about it. @throws EnvelopeError `form` unless it has 82 bytes and a safe record version */
export function parseHeader(bytes: unknown): Header {
  const header = bytesOf(bytes, headerLength);
  const recordVersion = Number(header.readBigUInt64BE(10));
  if (!Number.isSafeInteger(recordVersion)) throw new EnvelopeError('form');
  return {
    version: header.readUInt8(0),
    algorithm: header.readUInt8(1),
    keyVersion: header.readUInt32BE(2),
    schemaVersion: header.readUInt32BE(6),
    recordVersion,
    messageId: header.subarray(messageIdOffset, commitmentOffset),
    commitment: header.subarray(commitmentOffset, headerLength),
  };
}

/** @throws EnvelopeError `argument` when one number does not fit its place */
export function writeHeaderStart(
  header: Buffer,
  keyVersion: number,
  { schemaVersion, recordVersion }: { readonly schemaVersion: number; readonly recordVersion: number },
): void {
  if (!isNumber(schemaVersion) || !Number.isSafeInteger(recordVersion) || recordVersion < 0)
    throw new EnvelopeError('argument');
  header[0] = versionByte;
  header[1] = algorithmByte;
  header.writeUInt32BE(keyVersion, 2);
  header.writeUInt32BE(schemaVersion, 6);
  header.writeBigUInt64BE(BigInt(recordVersion), 10);
}

/** an unsigned 32-bit integer */
const isNumber = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= largestNumber;
/** 0 is no tag, so that a forgotten one is refused */
export const isFieldTag = (tag: number): boolean => isNumber(tag) && tag > 0;

/** UTF-8 has no form for half a surrogate pair: two different such texts would be bound as the same bytes. */
const unpaired = /\p{Surrogate}/u;
const beyondAscii = /[^\0-\x7f]/;

/**
 * LP of each text, one after the other: a u32 length in bytes and the UTF-8. Injective, which joining with a delimiter is not.
 * @throws EnvelopeError `argument` for what is not well-formed text
 */
export function prefixed(texts: readonly string[]): Buffer {
  let ascii = '';
  for (const text of texts) {
    if (typeof text !== 'string') throw new EnvelopeError('argument');
    // Nearly every text is short ASCII, whose LP can be written as one Latin-1 string: a fifth of the time.
    if (text.length > 0x7f || beyondAscii.test(text)) return prefixedUtf8(texts);
    ascii += `\0\0\0${String.fromCharCode(text.length)}${text}`;
  }
  return Buffer.from(ascii, 'latin1');
}

function prefixedUtf8(texts: readonly string[]): Buffer {
  return Buffer.concat(
    texts.flatMap((text) => {
      if (typeof text !== 'string' || unpaired.test(text)) throw new EnvelopeError('argument');
      const length = Buffer.allocUnsafe(4);
      const bytes = Buffer.from(text);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** LP(organization) LP(patient) LP(type) LP(record). @throws EnvelopeError `argument` for what is not well-formed text */
export const encodeContext = ({ organization, patient, type, record }: EnvelopeContext): Buffer =>
  prefixed([organization, patient, type, record]);

const surrogate = /[\ud800-\udfff]/;
export const hasSurrogate = (text: string): boolean => surrogate.test(text);
/** By UTF-8 bytes, as by code points; JavaScript's own order differs where surrogates meet U+E000 to U+FFFF. */
export const compareUtf8 = (left: string, right: string): number =>
  Buffer.compare(Buffer.from(left), Buffer.from(right));
