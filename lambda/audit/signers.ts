import type { Finding } from './finding';
import type { GenesisLeaf, KeyLeaf } from './leaf';
import { LogError } from './log-error';
import { type Checkpoint, namedKey, parseNote, type SigningKey, verifyNote } from './note';

/** Keys that sign one after the other: those of the genesis leaf, then each that a key leaf announced. */
interface Era {
  readonly keys: readonly SigningKey[];
  /** the checkpoint that announced it, still signed by the era before; 0 for the first */
  readonly announcedBy: number;
  /** the fingerprints that signed a checkpoint in it */
  readonly signed: Set<string>;
}

/** Checks each checkpoint with the keys that the log names for its size, and at the end whether the pinned key vouches for them. */
export class Signers {
  readonly #eras: Era[] = [];
  readonly #valid = new Set<number>();
  #next: { readonly keys: readonly SigningKey[] } | undefined;

  /** @throws LogError `key-invalid` */
  genesis({ keys }: GenesisLeaf): void {
    this.#eras.push({ keys: keys.map(namedKey), announcedBy: 0, signed: new Set() });
  }

  /** @throws LogError `key-invalid` */
  announce(leaf: KeyLeaf): void {
    this.#next = { keys: [namedKey(leaf)] };
  }

  /**
   * @param size that the note's name says
   * @returns the checkpoint when a key of its time signed it
   * @throws LogError `note-invalid` or `note-signature-invalid`
   */
  check(bytes: Uint8Array, origin: string, size: number): Checkpoint {
    const note = parseNote(bytes);
    const era = this.#eras.at(-1);
    if (note.origin !== origin || note.size !== size || !era) throw new LogError('note-invalid');
    for (const { fingerprint } of verifyNote(note, era.keys)) era.signed.add(fingerprint);
    return note;
  }

  /** An epoch ends: from here on an announced key signs. @param valid whether the checkpoint at this size was */
  turn(size: number, valid: boolean): void {
    if (!this.#next) return;
    if (valid) this.#valid.add(size);
    this.#eras.push({ ...this.#next, announcedBy: size, signed: new Set() });
    this.#next = undefined;
  }

  /**
   * The keys above come from the log itself, and whoever forges a log names his own. Only the pinned key says that it is
   * ours: it must have signed, and the keys after it must have been announced under a signature of the one before.
   */
  *judge(pinned: string): Generator<Finding> {
    const found = this.#eras.findIndex(({ signed }) => signed.has(pinned));
    if (found < 0) yield { code: 'CHECKPOINT_SIGNATURE_INVALID', message: 'no checkpoint is signed by the pinned key' };
    for (const { announcedBy } of found < 0 ? [] : this.#eras.slice(found + 1))
      if (!this.#valid.has(announcedBy))
        yield {
          code: 'CHECKPOINT_SIGNATURE_INVALID',
          message: 'a new key is not announced by a checkpoint of the key before',
          leaf: announcedBy - 1,
        };
  }
}
