import type { Level, Operation } from 'dynalite/db';

const SEQUENCE_KEY = 'sequence';

/** Builds a write's operations once its place in the order is known; `next` gives the next sequence number. */
export type Build = (next: () => number) => readonly Operation[];

interface Waiting {
  readonly build: Build;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The one writer to LevelDB. Writes that arrive while a batch is on its way to the disk share the next batch, and
 * sequence numbers are given out in the order in which the batches land: a stream reader that has seen number n can
 * never be overtaken by a smaller one. A batch is atomic, so each write in it is whole or absent after a crash.
 */
export class Journal {
  readonly #level: Level;
  #sequence = 0;
  #landed = 0;
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;

  constructor(level: Level) {
    this.#level = level;
  }

  /** Reads where an earlier run stopped. */
  async open(): Promise<void> {
    const stored = await this.#level.get(SEQUENCE_KEY);
    this.#sequence = typeof stored === 'number' ? stored : 0;
    this.#landed = this.#sequence;
  }

  /** the last sequence number that is on disk */
  get landed(): number {
    return this.#landed;
  }

  /** Resolves when the operations are written. */
  write(build: Build): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ build, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // what arrives in this turn shares the first batch
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      const before = this.#sequence;
      try {
        const operations = group.flatMap(({ build }) => build(() => ++this.#sequence));
        if (this.#sequence !== before) operations.push({ type: 'put', key: SEQUENCE_KEY, value: this.#sequence });
        await this.#level.batch(operations);
        this.#landed = this.#sequence;
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#draining = undefined;
  }
}
