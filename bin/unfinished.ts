import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

const known = z.record(z.string(), z.uuid());

/** Imports that were begun here and did not end: file fingerprint -> import id. Holds no content and no names. */
export class Unfinished {
  readonly #file: string;

  constructor() {
    const folder = process.env['WARD_HOME'] ?? join(homedir(), '.config', 'ward');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = join(folder, 'imports.json');
  }

  find(fingerprint: string): string | undefined {
    return this.#read()[fingerprint];
  }

  remember(fingerprint: string, id: string): void {
    this.#write({ ...this.#read(), [fingerprint]: id });
  }

  forget(fingerprint: string): void {
    const { [fingerprint]: _, ...rest } = this.#read();
    this.#write(rest);
  }

  #read(): z.infer<typeof known> {
    try {
      return known.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return {};
    }
  }

  #write(imports: z.infer<typeof known>): void {
    writeFileSync(this.#file, JSON.stringify(imports), { mode: 0o600 });
  }
}
