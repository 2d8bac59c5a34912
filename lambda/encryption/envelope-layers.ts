import { createCipheriv, createDecipheriv, createHmac, timingSafeEqual } from 'node:crypto';
import type { PatientKey } from './data-key';
import { EnvelopeError, type EnvelopeErrorCode } from './envelope-error';
import {
  algorithmByte,
  bytesOf,
  commitmentOffset,
  compareUtf8,
  type Envelope,
  footerLength,
  type Header,
  hasSurrogate,
  headerLength,
  isFieldTag,
  largestNumber,
  messageIdOffset,
  nonceLength,
  parseHeader,
  prefixed,
  tagLength,
  versionByte,
} from './envelope-form';

/*
 * What envelope.ts is made of. Nothing else may import this module: `openThrough` can leave a layer out,
 * which is how the tests show that each of them refuses something that no other does.
 */

const label = Buffer.from('WARD-ENVELOPE/v1 record', 'ascii');
const cipher = 'aes-256-gcm';
const tagOption = { authTagLength: tagLength };

export interface Derived {
  /** all 96 bytes, to wipe */
  readonly all: Buffer;
  readonly encryption: Buffer;
  readonly commitment: Buffer;
  readonly authentication: Buffer;
}

/** @param start the first 50 bytes of a header: all but the commitment */
export function derive(key: PatientKey, start: Buffer, context: Buffer): Derived {
  const all = key.expand(Buffer.concat([label, start, context]), 96);
  return {
    all,
    encryption: all.subarray(0, 32),
    commitment: all.subarray(32, 64),
    authentication: all.subarray(64, 96),
  };
}

/** What every field's ciphertext is bound to; one buffer for all, as only its last four bytes differ. */
export function fieldBinding(header: Buffer, context: Buffer): { readonly bind: (tag: number) => Buffer } {
  const data = Buffer.allocUnsafe(headerLength + context.length + 4);
  header.copy(data);
  context.copy(data, headerLength);
  return {
    bind(tag) {
      data.writeUInt32BE(tag, data.length - 4);
      return data;
    },
  };
}

/** 8 zero bytes and the tag: unique, since the key is fresh for every envelope and a tag occurs once in it */
export function writeNonce(nonce: Buffer, tag: number): Buffer {
  nonce.writeUInt32BE(tag, nonceLength - 4);
  return nonce;
}

/** Writes ciphertext and tag into `target`. */
export function encryptField(
  key: Buffer,
  nonce: Buffer,
  bound: Buffer,
  plaintext: Uint8Array,
  target: Buffer,
  offset: number,
): void {
  const encryption = createCipheriv(cipher, key, nonce, tagOption);
  encryption.setAAD(bound);
  encryption.update(plaintext).copy(target, offset);
  encryption.final();
  encryption.getAuthTag().copy(target, offset + plaintext.length);
}

/** @throws EnvelopeError `field` */
export function decryptField(key: Buffer, nonce: Buffer, bound: Buffer, blob: Buffer): Buffer {
  const end = blob.length - tagLength;
  const decryption = createDecipheriv(cipher, key, nonce, tagOption);
  decryption.setAAD(bound);
  decryption.setAuthTag(blob.subarray(end));
  const plaintext = decryption.update(blob.subarray(0, end));
  try {
    decryption.final();
  } catch (cause) {
    plaintext.fill(0);
    throw new EnvelopeError('field', { cause });
  }
  return plaintext;
}

/** Fields in the order that WE1 has them in: two arrays of one length. */
export interface SortedFields {
  /** ascending */
  readonly tags: readonly number[];
  readonly contents: readonly Buffer[];
}

/** @param shortest length in bytes of a content. @throws EnvelopeError with the code given, for a tag or content out of form */
export function sortFields(
  fields: ReadonlyMap<number, Uint8Array>,
  shortest: number,
  code: EnvelopeErrorCode,
): SortedFields {
  const tags: number[] = [];
  let ascending = true;
  for (const tag of fields.keys()) {
    if (!isFieldTag(tag)) throw new EnvelopeError(code);
    if (tags.length > 0 && tag < (tags[tags.length - 1] ?? 0)) ascending = false;
    tags.push(tag);
  }
  if (!ascending) tags.sort((left, right) => left - right);
  const contents = tags.map((tag) => {
    const content = bytesOf(fields.get(tag));
    if (content.length < shortest || content.length > largestNumber - tagLength) throw new EnvelopeError(code);
    return content;
  });
  return { tags, contents };
}

/**
 * What the footer is made over: LP(header) LP(context), the count of fields and each tag with its LP(blob) by ascending
 * tag, the count of attributes and each LP(name) LP(value) by name.
 * @param growth bytes that each blob is longer than its content, for a caller that encrypts into the message
 * @returns the message with the contents copied in, and the offset of each blob
 */
export function layOut(
  header: Buffer,
  context: Buffer,
  { tags, contents }: SortedFields,
  growth: number,
  attributes: ReadonlyMap<string, string>,
): { readonly message: Buffer<ArrayBuffer>; readonly offsets: readonly number[] } {
  const named = encodeAttributes(attributes);
  let length = 4 + headerLength + 4 + context.length + 4 + 4 + named.length;
  for (const content of contents) length += 8 + content.length + growth;
  const message = Buffer.allocUnsafe(length);
  let offset = message.writeUInt32BE(headerLength, 0);
  message.set(header, offset);
  offset = message.writeUInt32BE(context.length, offset + headerLength);
  message.set(context, offset);
  offset = message.writeUInt32BE(tags.length, offset + context.length);
  const offsets: number[] = [];
  contents.forEach((content, index) => {
    offset = message.writeUInt32BE(tags[index] ?? 0, offset);
    offset = message.writeUInt32BE(content.length + growth, offset);
    offsets.push(offset);
    if (growth === 0) message.set(content, offset); // plaintext is not written here, not even for a moment
    offset += content.length + growth;
  });
  offset = message.writeUInt32BE(attributes.size, offset);
  message.set(named, offset);
  return { message, offsets };
}

function encodeAttributes(attributes: ReadonlyMap<string, string>): Buffer {
  const names = [...attributes.keys()].sort(); // by UTF-16 code units: what UTF-8 gives, where there is no surrogate
  if (names.some(hasSurrogate)) names.sort(compareUtf8);
  return prefixed(names.flatMap((name) => [name, attributes.get(name) ?? '']));
}

/** HMAC-SHA-512 truncated to 32 bytes */
export function authenticate(key: Buffer, message: Buffer): Buffer<ArrayBuffer> {
  const footer = Buffer.allocUnsafe(footerLength);
  createHmac('sha512', key).update(message).digest().copy(footer);
  return footer;
}

/** The checks of opening, in their order. Each throws EnvelopeError with the code of its own name. */
export interface Layers {
  format(header: Header, keyVersion: number): void;
  commitment(stored: Buffer, derived: Buffer): void;
  footer(stored: Buffer, derived: Buffer): void;
  rollback(recordVersion: number, floor: number | undefined): void;
  field(key: Buffer, nonce: Buffer, bound: Buffer, blob: Buffer): Buffer;
}

export const everyLayer: Layers = Object.freeze({
  format(header: Header, keyVersion: number) {
    if (header.version !== versionByte) throw new EnvelopeError('version');
    if (header.algorithm !== algorithmByte) throw new EnvelopeError('algorithm');
    if (header.keyVersion !== keyVersion) throw new EnvelopeError('key-version');
  },
  commitment(stored: Buffer, derived: Buffer) {
    if (!timingSafeEqual(stored, derived)) throw new EnvelopeError('commitment');
  },
  footer(stored: Buffer, derived: Buffer) {
    if (!timingSafeEqual(stored, derived)) throw new EnvelopeError('footer');
  },
  rollback(recordVersion: number, floor: number | undefined) {
    if (floor !== undefined && recordVersion < floor) throw new EnvelopeError('rollback');
  },
  field: decryptField,
});

export interface OpenOptions {
  /** the field tags that may be decrypted; every other field stays ciphertext */
  readonly permitted: readonly number[] | 'all';
  /** the newest record version that the caller knows of: anything older was put back in place of it */
  readonly floor?: number;
}

export function openThrough(
  layers: Layers,
  key: PatientKey,
  context: Buffer,
  envelope: Envelope,
  attributes: ReadonlyMap<string, string>,
  { permitted, floor }: OpenOptions,
): Map<number, Buffer> {
  const header = bytesOf(envelope.header, headerLength);
  const parsed = parseHeader(header);
  layers.format(parsed, key.version);
  const footer = bytesOf(envelope.footer, footerLength);
  const fields = sortFields(envelope.fields, tagLength, 'form');
  const derived = derive(key, header.subarray(0, commitmentOffset), context);
  try {
    layers.commitment(parsed.commitment, derived.commitment);
    const { message } = layOut(header, context, fields, 0, attributes);
    layers.footer(footer, authenticate(derived.authentication, message));
    layers.rollback(parsed.recordVersion, floor);
    const opened = new Map<number, Buffer>();
    const { bind } = fieldBinding(header, context);
    const nonce = Buffer.alloc(nonceLength);
    fields.tags.forEach((tag, index) => {
      const blob = fields.contents[index];
      if (!blob || (permitted !== 'all' && !permitted.includes(tag))) return;
      opened.set(tag, layers.field(derived.encryption, writeNonce(nonce, tag), bind(tag), blob));
    });
    return opened;
  } finally {
    derived.all.fill(0);
  }
}

export const headerStart = (header: Buffer): Buffer => header.subarray(0, commitmentOffset);
export const messageIdLength = commitmentOffset - messageIdOffset;
