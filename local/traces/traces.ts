import { appendFile, mkdir, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SegmentDocument } from './segments';

/** X-Ray forgets after thirty days, a laptop by size: a file of this and one before it, for each function. */
const defaultMostBytes = 16 * 1024 * 1024;
const flushMilliseconds = 200;

/**
 * Traces as files of JSON lines, a segment document a line, one file a function. Written together and later than what they tell
 * of, so that no answer waits for them: as X-Ray, this promises no trace.
 */
export class Traces {
  #waiting = new Map<string, SegmentDocument[]>();
  #bytes = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;

  /** @param report takes one sentence for the user about something that went wrong */
  constructor(
    private readonly directory: string,
    private readonly report: (sentence: string) => void,
    private readonly mostBytes = defaultMostBytes,
  ) {}

  /** @param name of the function */
  keep(name: string, documents: readonly SegmentDocument[]): void {
    const waiting = this.#waiting.get(name);
    if (waiting) waiting.push(...documents);
    else this.#waiting.set(name, [...documents]);
    this.#timer ??= setTimeout(() => void this.flush(), flushMilliseconds).unref();
  }

  /** Resolves when everything is written that was kept before. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const waiting = this.#waiting;
    this.#waiting = new Map();
    this.#writing = this.#writing.then(async () => {
      for (const [name, documents] of waiting)
        await this.#append(name, documents).catch((error: unknown) => this.#tell(name, error));
    });
    return this.#writing;
  }

  async #append(name: string, documents: readonly SegmentDocument[]): Promise<void> {
    const file = join(this.directory, `${name}.jsonl`);
    const lines = Buffer.from(documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
    const before = this.#bytes.get(name) ?? (await sizeOf(file));
    const full = before > 0 && before + lines.length > this.mostBytes;
    if (full) await rename(file, join(this.directory, `${name}.earlier.jsonl`));
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
    await appendFile(file, lines, { mode: 0o600 });
    this.#bytes.set(name, (full ? 0 : before) + lines.length);
  }

  /** Once: as in AWS, a function goes on when its traces cannot be written. */
  #tell(name: string, error: unknown): void {
    this.#bytes.delete(name);
    if (this.#failed) return;
    this.#failed = true;
    this.report(`Traces cannot be written (${error instanceof Error ? error.name : 'unknown'}).`);
  }
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    ({ size }) => size,
    () => 0,
  );
