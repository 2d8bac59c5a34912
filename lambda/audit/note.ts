import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { LogError } from './log-error';

/** Checkpoints as C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint) with Ed25519 keys (type 0x01). */
export interface Checkpoint {
  /** of the log: `ward/<organization>/<stage>`; also the name of its key */
  readonly origin: string;
  /** leaves of the tree */
  readonly size: number;
  readonly root: Buffer;
}
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes */
  readonly keyId: Buffer;
  readonly signature: Buffer;
}
export interface CheckpointNote extends Checkpoint {
  /** what is signed, byte for byte */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}
export interface SigningKey {
  /** SHA-256 of the SubjectPublicKeyInfo in DER, hex: what an auditor pins */
  readonly fingerprint: string;
  /** that SubjectPublicKeyInfo: what KMS GetPublicKey gives */
  readonly spki: Buffer;
  /** its 32 bytes of RFC 8032 */
  readonly raw: Buffer;
  readonly key: KeyObject;
}

/** Bounds on a note that somebody else wrote: it is read before anything in it is trusted. */
const noteBytesLimit = 64 * 1024;
const signaturesLimit = 16;
const namePattern = /^[^\s+]+$/u;
const ed25519SpkiHeader = Buffer.from('302a300506032b6570032100', 'hex');

/** @throws LogError `key-invalid` unless it is the SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) */
export function signingKey(spki: Uint8Array): SigningKey {
  const der = Buffer.from(spki);
  if (der.length !== 44 || !der.subarray(0, 12).equals(ed25519SpkiHeader)) throw new LogError('key-invalid');
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return { fingerprint: createHash('sha256').update(der).digest('hex'), spki: der, raw: der.subarray(12), key };
}

/** @returns the key that a leaf names. @throws LogError `key-invalid` when it has another fingerprint */
export function namedKey({
  fingerprint,
  public: spki,
}: {
  readonly fingerprint: string;
  readonly public: string;
}): SigningKey {
  const key = signingKey(Buffer.from(spki, 'base64'));
  if (key.fingerprint !== fingerprint) throw new LogError('key-invalid');
  return key;
}

/** @returns the first 4 bytes of SHA-256(name | 0x0A | 0x01 | 32-byte key) */
export function noteKeyId(name: string, key: SigningKey): Buffer {
  return createHash('sha256').update(`${name}\n`).update(Uint8Array.of(1)).update(key.raw).digest().subarray(0, 4);
}

/** @returns the text to sign: origin, size and root, a line each */
export function signedText({ origin, size, root }: Checkpoint): string {
  if (!namePattern.test(origin) || !Number.isSafeInteger(size) || size < 0 || root.length !== 32)
    throw new RangeError('not a checkpoint');
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** @param signature Ed25519 over the UTF-8 bytes of `signedText` */
export function formatNote(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(
    ({ name, keyId, signature }) => `\u2014 ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`,
  );
  return `${text}\n${lines.join('')}`;
}

/**
 * Reads a checkpoint's note without trusting it.
 * @throws LogError `note-invalid` for anything but a checkpoint of three lines with well-formed signature lines
 */
export function parseNote(note: string | Uint8Array): CheckpointNote {
  const whole = typeof note === 'string' ? note : decodeUtf8(note);
  const end = whole.lastIndexOf('\n\n');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note has none but the line feed
  if (whole.length > noteBytesLimit || end < 0 || /[\u0000-\u0009\u000b-\u001f]/.test(whole)) throw invalid();
  const text = whole.slice(0, end + 1);
  const [origin, size, root, empty, ...more] = text.split('\n');
  // Extension lines would be signed, and nobody could check them.
  if (!origin || !size || !root || empty !== '' || more.length > 0) throw invalid();
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) throw invalid();
  const lines = whole.slice(end + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0 || lines.length > signaturesLimit) throw invalid();
  return { origin, size: Number(size), root: base64(root, 32), text, signatures: lines.map(signatureLine) };
}

function signatureLine(line: string): NoteSignature {
  const [dash, name, encoded, ...more] = line.split(' ');
  if (dash !== '\u2014' || !name || !namePattern.test(name) || !encoded || more.length > 0) throw invalid();
  const bytes = base64(encoded);
  if (bytes.length < 5) throw invalid();
  return { name, keyId: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}

/**
 * C2SP: a signature of a known key must verify, or the whole note is refused; those of unknown keys are ignored.
 * @param keys that are trusted to sign checkpoints of the note's origin
 * @returns the keys that signed, at least one
 * @throws LogError `note-signature-invalid`
 */
export function verifyNote(note: CheckpointNote, keys: readonly SigningKey[]): SigningKey[] {
  const text = Buffer.from(note.text);
  const signers = keys.filter((key) => {
    const id = noteKeyId(note.origin, key);
    const own = note.signatures.filter(({ name, keyId }) => name === note.origin && keyId.equals(id));
    for (const { signature } of own)
      if (!verify(null, text, key.key, signature)) throw new LogError('note-signature-invalid');
    return own.length > 0;
  });
  if (signers.length === 0) throw new LogError('note-signature-invalid');
  return signers;
}

const invalid = (): LogError => new LogError('note-invalid');

/** Buffer.from takes any text for base64: only the one spelling of the bytes is taken. */
function base64(text: string, length?: number): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text || (length !== undefined && bytes.length !== length)) throw invalid();
  return bytes;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw invalid();
  }
}
