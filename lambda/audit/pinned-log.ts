import { daysAfter } from '../instant';
import { decodeLeaf } from './leaf';
import { LogError } from './log-error';
import { type LeavesFile, LogFiles, type LogObjects } from './log-files';
import { checkpointKey, checkpointPrefix } from './log-keys';
import { fullTiles } from './log-tree';
import { hashLeaf, verifyInclusion } from './merkle';
import { type Checkpoint, namedKey, noteKeyId, parseNote, type SigningKey, verifyNote } from './note';
import { pathOf, type Trust } from './segment-proofs';
import { TiledTree } from './tiled-tree';

/** What is known of a log from elsewhere. */
export interface PinnedLog {
  readonly origin: string;
  /** SHA-256 of the SubjectPublicKeyInfo of a key that signed its checkpoints, hex */
  readonly fingerprint: string;
}

/**
 * Whom to trust where KMS cannot say: a key that the log itself names is believed for its fingerprint, and one after it
 * because a checkpoint that the key before has signed covers its announcement. Reads what it needs and not the log.
 * @returns the key that signs the newest checkpoint, and that checkpoint
 * @throws LogError when the pinned key does not vouch for it, or there is none
 */
export async function trustPinned(objects: LogObjects, { origin, fingerprint }: PinnedLog): Promise<Trust> {
  const log = new Checkpoints(objects, origin);
  const newest = await log.newest();
  let key = await log.genesisKey();
  let trusted = key.fingerprint === fingerprint;
  let last = await log.lastOf(key, 0);
  while (last.size < newest) {
    key = await log.announcedUnder(last);
    trusted ||= key.fingerprint === fingerprint;
    last = await log.lastOf(key, last.size);
  }
  if (!trusted) throw new LogError('note-signature-invalid');
  return { keys: [key], size: newest };
}

class Checkpoints {
  readonly #files: LogFiles;

  constructor(
    private readonly objects: LogObjects,
    private readonly origin: string,
  ) {
    this.#files = new LogFiles(objects);
  }

  /**
   * S3 copies in no order, and a checkpointer may be cut off: at the end of a log something may be missing. Further back than
   * a day it would be missing for good, and what needs it is not proven.
   * @returns leaves under the newest checkpoint under which all is there
   */
  async newest(): Promise<number> {
    const end = await this.#files.indexAfter(() => true);
    let size = end === 0 ? 0 : await this.#files.indexAt(daysAfter((await this.#endingAt(end)).at, -1));
    const notes = new Set<string>();
    for await (const key of this.objects.list(checkpointPrefix, checkpointKey(size))) notes.add(key);
    for await (const { first, last } of this.#files.ranges(size)) {
      const whole = first === size && notes.has(checkpointKey(last + 1)) && (await this.#hasTiles(first, last + 1));
      if (!whole) break;
      size = last + 1;
    }
    if (size === 0) throw new LogError('note-invalid');
    return size;
  }

  async #hasTiles(from: number, to: number): Promise<boolean> {
    const tiles = await Promise.all(fullTiles(from, to).map((key) => this.objects.get(key)));
    return tiles.every((tile) => tile !== undefined);
  }

  async genesisKey(): Promise<SigningKey> {
    const genesis = decodeLeaf((await this.#files.from(0))?.lines[0] ?? '');
    const [key] = genesis.type === 'genesis' && genesis.origin === this.origin ? genesis.keys : [];
    return namedKey(key ?? { fingerprint: '', public: '' });
  }

  /**
   * Keys follow one another, so a key has signed every checkpoint from its first to its last.
   * @param since leaves under the checkpoint that announced it
   * @returns the last. @throws LogError where it has signed none: it would be announced for ever
   */
  async lastOf(key: SigningKey, since: number): Promise<Checkpoint> {
    const signed = async ({ last }: LeavesFile): Promise<boolean> => (await this.#note(last + 1, key)) !== undefined;
    const size = await this.#files.indexAfter(signed, since);
    const note = size > since ? await this.#note(size, key) : undefined;
    if (!note) throw new LogError('note-signature-invalid');
    return note;
  }

  /** @returns the key that signs what comes after. @throws LogError unless it is announced by a leaf under that checkpoint */
  async announcedUnder({ size, root }: Checkpoint): Promise<SigningKey> {
    const { first, lines } = await this.#endingAt(size);
    const offset = lines.findLastIndex((line) => line.includes('"type":"key"'));
    const line = lines[offset];
    const leaf = line === undefined ? undefined : decodeLeaf(line);
    if (line === undefined || leaf?.type !== 'key') throw new LogError('note-signature-invalid');
    const path = await pathOf(new TiledTree(this.objects, this.#files, size), first + offset);
    if (!verifyInclusion(first + offset, size, hashLeaf(line), path, root)) throw new LogError('proof-invalid');
    return namedKey(leaf);
  }

  async #note(size: number, key: SigningKey): Promise<Checkpoint | undefined> {
    const bytes = await this.objects.get(checkpointKey(size));
    const note = bytes && parseNote(bytes);
    if (note?.origin !== this.origin || note.size !== size) return undefined;
    const id = noteKeyId(this.origin, key);
    if (!note.signatures.some(({ name, keyId }) => name === this.origin && keyId.equals(id))) return undefined;
    verifyNote(note, [key]);
    return note;
  }

  async #endingAt(size: number): Promise<LeavesFile> {
    for await (const file of this.#files.walk(size - 1)) if (file.last === size - 1) return file;
    throw new LogError('proof-invalid');
  }
}
