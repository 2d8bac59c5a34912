import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { Target } from './target';

const stored = z.object({
  startedAt: z.string(),
  step: z.string(),
  done: z.int().min(0),
  after: z.string().optional(),
});
/** How far a walk over all patients is. */
export type Progress = z.infer<typeof stored>;

/** Remembers on this machine how far a walk over all patients is, so that it goes on there after it was cut off. */
export class Place {
  readonly #file: string;

  /** @param name of the walk */
  constructor(target: Target, name: string) {
    const folder = process.env['WARD_HOME'] ?? join(homedir(), '.config', 'ward');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const ward = createHash('sha256').update(`${target.api}\n${target.userPoolId}`).digest('hex').slice(0, 12);
    this.#file = join(folder, `${name}-${ward}.json`);
  }

  /** @returns undefined where no walk is under way */
  read(): Progress | undefined {
    try {
      return stored.parse(JSON.parse(readFileSync(this.#file, 'utf8')));
    } catch {
      return undefined;
    }
  }

  remember(progress: Progress): void {
    const temporary = `${this.#file}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify(progress), { mode: 0o600 });
    renameSync(temporary, this.#file);
  }

  forget(): void {
    rmSync(this.#file, { force: true });
  }
}
