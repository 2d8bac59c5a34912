import { randomBytes } from 'node:crypto';
import type { PatientKey } from './data-key';
import { EnvelopeError } from './envelope-error';
import {
  commitmentOffset,
  type Envelope,
  type EnvelopeContext,
  encodeContext,
  type Header,
  headerLength,
  messageIdOffset,
  nonceLength,
  parseHeader,
  tagLength,
  writeHeaderStart,
} from './envelope-form';
import {
  authenticate,
  derive,
  encryptField,
  everyLayer,
  fieldBinding,
  headerStart,
  layOut,
  messageIdLength,
  type OpenOptions,
  openThrough,
  sortFields,
  writeNonce,
} from './envelope-layers';

export type { Envelope, EnvelopeContext, Header } from './envelope-form';
export type { OpenOptions } from './envelope-layers';

/**
 * Seals the fields of one version of one record: WE1, docs/formats/envelope.md. 45 CFR 164.312(a)(2)(iv).
 * @param fields plaintext by field tag, already in the form of codec.ts
 * @param attributes plaintext that stays beside the envelope and is bound by its footer
 * @param random source of the 32-byte message id; a fixed one is for known-answer vectors alone, since the key of every
 *   field follows from it
 * @returns an 82-byte header, each field 16 bytes longer than its plaintext, a 32-byte footer
 * @throws EnvelopeError for a tag, number or text that WE1 has no form for
 */
export function sealEnvelope(
  key: PatientKey,
  context: EnvelopeContext,
  versions: { readonly schemaVersion: number; readonly recordVersion: number },
  fields: ReadonlyMap<number, Uint8Array>,
  attributes: ReadonlyMap<string, string>,
  random: (length: number) => Uint8Array = randomBytes,
): { header: Buffer<ArrayBuffer>; fields: Map<number, Buffer<ArrayBuffer>>; footer: Buffer<ArrayBuffer> } {
  const plaintexts = sortFields(fields, 0, 'argument');
  const encodedContext = encodeContext(context);
  const header = Buffer.allocUnsafeSlow(headerLength);
  writeHeaderStart(header, key.version, versions);
  const messageId = random(messageIdLength);
  if (messageId.length !== messageIdLength) throw new EnvelopeError('argument');
  header.set(messageId, messageIdOffset);
  const derived = derive(key, headerStart(header), encodedContext);
  try {
    derived.commitment.copy(header, commitmentOffset);
    const { message, offsets } = layOut(header, encodedContext, plaintexts, tagLength, attributes);
    const { bind } = fieldBinding(header, encodedContext);
    const nonce = Buffer.alloc(nonceLength);
    const sealed = new Map<number, Buffer<ArrayBuffer>>();
    plaintexts.contents.forEach((plaintext, index) => {
      const tag = plaintexts.tags[index] ?? 0;
      const offset = offsets[index] ?? 0;
      encryptField(derived.encryption, writeNonce(nonce, tag), bind(tag), plaintext, message, offset);
      sealed.set(tag, message.subarray(offset, offset + plaintext.length + tagLength));
    });
    return { header, fields: sealed, footer: authenticate(derived.authentication, message) };
  } finally {
    derived.all.fill(0);
  }
}

/**
 * Opens the permitted fields of an envelope after proving all of it: version and algorithm, commitment, footer over every
 * field and attribute, version floor, and only then the permitted fields. What is not permitted is never decrypted.
 * 45 CFR 164.502(b).
 * @returns plaintext by field tag; a permitted tag that the envelope lacks is absent
 * @throws EnvelopeError whenever anything at all is not as it was sealed
 */
export function openEnvelope(
  key: PatientKey,
  context: EnvelopeContext,
  envelope: Envelope,
  attributes: ReadonlyMap<string, string>,
  options: OpenOptions,
): Map<number, Buffer> {
  return openThrough(everyLayer, key, encodeContext(context), envelope, attributes, options);
}

/**
 * What a header says, to find the key version that opens it. Nothing of it is proven before `openEnvelope` has.
 * @throws EnvelopeError unless it has 82 bytes and a known version and algorithm
 */
export function readHeader(header: Uint8Array): Header {
  const parsed = parseHeader(header);
  everyLayer.format(parsed, parsed.keyVersion);
  return parsed;
}
