import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes, scrypt } from 'node:crypto';
import * as z from 'zod';
import { BackupError } from './backup-error';

/**
 * The envelope of a backup file: a line of JSON, then 64 KiB pieces under AES-256-GCM, each bound to its number and to
 * whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár). So a piece cannot be changed,
 * moved, dropped or added unseen, and nothing is held in memory but a piece. docs/formats/backup.md describes it.
 */
export const pieceBytes = 64 * 1024;
const tagBytes = 16;
const headerLimitBytes = 1024;
/** RFC 7914: 128 MiB and some tenths of a second for each guess. Fixed: a header of an attacker's cannot choose less, or more. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;
/** characters; a short one would be guessed offline, whatever each guess costs */
const shortestPassphrase = 12;

const header = z.strictObject({
  format: z.literal('ward-backup/v1'),
  /** when the backup was made; UTC, ISO 8601 */
  at: z.iso.datetime(),
  salt: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});
export type BackupHeader = z.infer<typeof header>;

/** @throws RangeError for a passphrase that is too short */
export async function* sealBackup(
  content: AsyncIterable<Uint8Array>,
  passphrase: string,
  at: Date,
): AsyncGenerator<Buffer> {
  if (passphrase.length < shortestPassphrase)
    throw new RangeError(`a passphrase has at least ${shortestPassphrase} characters`);
  const salt = randomBytes(32).toString('base64url');
  const line = Buffer.from(`${JSON.stringify({ format: 'ward-backup/v1', at: at.toISOString(), salt })}\n`);
  const key = await keyOf(passphrase, salt, line);
  yield line;
  let number = 0;
  let waiting: Buffer | undefined;
  for await (const piece of inPieces(content, pieceBytes)) {
    if (waiting) yield seal(key, number++, false, waiting);
    waiting = piece;
  }
  yield seal(key, number, true, waiting ?? Buffer.alloc(0));
}

/**
 * @param file the bytes of the backup, in pieces of any size
 * @param onHeader called once with the header, which is true when the first piece of content comes
 * @throws BackupError; what was yielded before it is authentic but not whole
 */
export async function* openBackup(
  file: AsyncIterable<Uint8Array>,
  passphrase: string,
  onHeader: (header: BackupHeader) => void = () => undefined,
): AsyncGenerator<Buffer> {
  const reader = new Reader(file);
  const line = await reader.line();
  const parsed = header.safeParse(parseJson(line));
  if (!parsed.success) throw new BackupError('not-a-backup');
  onHeader(parsed.data);
  const key = await keyOf(passphrase, parsed.data.salt, line);
  for (let number = 0; ; number++) {
    const piece = await reader.take(pieceBytes + tagBytes);
    const last = await reader.atEnd();
    if (piece.length < tagBytes) throw new BackupError('truncated');
    const opened = open(key, number, last, piece);
    if (opened) {
      yield opened;
      if (last) return;
      continue;
    }
    if (number === 0) throw new BackupError('wrong-passphrase');
    // Which it is shows by trying the other flag: neither opens what was changed.
    if (last && open(key, number, false, piece)) throw new BackupError('truncated');
    throw new BackupError(!last && open(key, number, true, piece) ? 'trailing-data' : 'damaged');
  }
}

async function keyOf(passphrase: string, salt: string, line: Buffer): Promise<Buffer> {
  const stretched = await new Promise<Buffer>((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), Buffer.from(salt, 'base64url'), 32, cost, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
  // The header is part of the key: changed in a letter, nothing opens.
  const info = Buffer.concat([Buffer.from('ward-backup/v1 '), createHash('sha256').update(line).digest()]);
  return Buffer.from(hkdfSync('sha256', stretched, Buffer.alloc(0), info, 32));
}

/** The key is of this file alone, so that a counter is a nonce; the last byte says whether this is the end. */
function nonceOf(number: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(number, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

function seal(key: Buffer, number: number, last: boolean, piece: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(number, last), { authTagLength: tagBytes });
  return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
}

function open(key: Buffer, number: number, last: boolean, piece: Buffer): Buffer | undefined {
  const decipher = createDecipheriv('aes-256-gcm', key, nonceOf(number, last), { authTagLength: tagBytes });
  decipher.setAuthTag(piece.subarray(piece.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(piece.subarray(0, piece.length - tagBytes)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** @returns pieces of just that size, the last of what is left; none for no bytes at all */
async function* inPieces(content: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Buffer> {
  const reader = new Reader(content);
  while (!(await reader.atEnd())) yield await reader.take(size);
}

/** Takes a stream of bytes in the amounts that its reader wants. */
export class Reader {
  readonly #source: AsyncIterator<Uint8Array>;
  #held: Buffer[] = [];
  #length = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async #fill(bytes: number): Promise<void> {
    while (this.#length < bytes && !this.#ended) {
      const { value, done } = await this.#source.next();
      if (done) this.#ended = true;
      else {
        this.#held.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
        this.#length += value.byteLength;
      }
    }
  }

  async atEnd(): Promise<boolean> {
    await this.#fill(1);
    return this.#length === 0;
  }

  /** @returns as many bytes, or fewer at the end */
  async take(bytes: number): Promise<Buffer> {
    await this.#fill(bytes);
    const all = this.#held.length === 1 ? (this.#held[0] ?? Buffer.alloc(0)) : Buffer.concat(this.#held);
    const taken = all.subarray(0, bytes);
    const rest = all.subarray(taken.length);
    this.#held = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return taken;
  }

  /** @throws BackupError when no line ends early on */
  async line(): Promise<Buffer> {
    await this.#fill(headerLimitBytes);
    const start = Buffer.concat(this.#held).subarray(0, headerLimitBytes);
    const end = start.indexOf(0x0a);
    if (end < 0) throw new BackupError('not-a-backup');
    return this.take(end + 1);
  }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
