import { writeDurably } from '../durable';

/** How long a position waits to be written, so that a busy stream costs one write a second and not one a batch. */
const gatheredMilliseconds = 1000;

/**
 * Where a reader of a stream is, in a file. After a crash the records of the last moment come again, as Lambda too delivers at
 * least once.
 */
export class StreamPosition {
  #unwritten: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly file: string,
    /** told why a position could not be written; the next one is tried anew */
    private readonly onFailed: (error: unknown) => void,
  ) {}

  move(after: string): void {
    this.#unwritten = after;
    this.#timer ??= setTimeout(() => this.#writeLater(), gatheredMilliseconds);
  }

  /** Writes it now. @throws what the file system says */
  write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#unwritten === undefined) return;
    writeDurably(this.file, JSON.stringify({ after: this.#unwritten }));
    this.#unwritten = undefined;
  }

  #writeLater(): void {
    try {
      this.write();
    } catch (error) {
      this.onFailed(error);
    }
  }
}
