import { decodeLeaf } from './leaf';
import { LogError } from './log-error';
import { type LeavesFile, LogFiles, type LogObjects } from './log-files';
import { checkpointKey } from './log-keys';
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

  /** @returns leaves under the newest checkpoint; a checkpointer that was cut off has put leaves after it */
  async newest(): Promise<number> {
    for (let end = await this.#files.indexAfter(() => true); end > 0; ) {
      if (await this.objects.get(checkpointKey(end))) return end;
      end = (await this.#endingAt(end)).first;
    }
    throw new LogError('note-invalid');
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
