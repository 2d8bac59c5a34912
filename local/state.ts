import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { uptime } from 'node:os';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { writeDurably } from './durable';

/** Raised when the files of an earlier version can no longer be read. */
const stateFormat = 1;

const markerFile = 'ward.json';
const lockFile = 'lock.json';
const cloudFile = 'cloud.json';
/** of the process that holds the folder; they are of no backup */
export const transientFiles: readonly string[] = [lockFile, cloudFile];

const marker = z.object({
  ward: z.literal('laptop cloud'),
  format: z.number().int(),
  /** what a table was made with, by name */
  tables: z.record(z.string(), z.string()),
});
const lock = z.object({ pid: z.number().int().positive(), since: z.iso.datetime() });

/** folders that this process holds: a lock with this number on another is an earlier process's */
const held = new Set<string>();

/** What tells the user, in one sentence, why the laptop cloud does not start. */
export class StateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StateError';
  }
}

/** @returns whether a folder is one that the laptop cloud made */
export const isStateFolder = (directory: string): boolean => existsSync(join(directory, markerFile));

/**
 * The folder that the laptop cloud keeps everything in, mode 0700. One process holds it at a time.
 * @throws StateError when another process holds it, or it is not Ward's
 */
export class StateDirectory {
  readonly path: string;

  /** @param reset empties the folder, after making sure that it is Ward's and that nobody is using it */
  constructor(directory: string, { reset = false }: { readonly reset?: boolean } = {}) {
    this.path = resolve(directory);
    this.claim();
    this.acquire();
    try {
      if (reset) this.empty();
      else if (this.marker().format !== stateFormat)
        throw new StateError(`${this.path} was written by another version of Ward; start with --reset to begin anew.`);
      rmSync(join(this.path, cloudFile), { force: true }); // of a process that was killed
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** a folder of one service, made when it is missing */
  folder(name: string): string {
    const path = join(this.path, name);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  }

  /**
   * Remembers what the tables are made of.
   * @param tables what a table cannot change without losing its items, by name
   * @throws StateError when a table on disk was made of something else
   */
  checkTables(tables: Readonly<Record<string, string>>): void {
    const known = this.marker().tables;
    const changed = Object.keys(tables).filter((name) => Object.hasOwn(known, name) && known[name] !== tables[name]);
    if (changed.length > 0)
      throw new StateError(
        `The keys of ${changed.join(', ')} are not those of the data in ${this.path}; start with --reset to begin anew.`,
      );
    this.writeMarker({ ...known, ...tables });
  }

  /** Tells other programs where the cloud is; it holds the operator's secret, so nobody else may read it. */
  announce(cloud: object): string {
    const file = join(this.path, cloudFile);
    writeDurably(file, `${JSON.stringify(cloud, null, 2)}\n`);
    return file;
  }

  /** Lets the next process have the folder. */
  release(): void {
    if (!held.has(this.path)) return;
    if (this.holder()?.pid === process.pid) {
      rmSync(join(this.path, cloudFile), { force: true });
      rmSync(join(this.path, lockFile), { force: true });
    }
    held.delete(this.path);
  }

  /** Makes the folder Ward's, unless somebody else's files are in it: `--data` may be a slip of the keyboard. */
  private claim(): void {
    const found = lstatSync(this.path, { throwIfNoEntry: false });
    if (found && !found.isDirectory()) throw new StateError(`${this.path} is not a folder.`);
    if (!found) mkdirSync(this.path, { recursive: true, mode: 0o700 });
    if (!existsSync(join(this.path, markerFile))) {
      if (readdirSync(this.path).length > 0)
        throw new StateError(`${this.path} has other files in it and is not a state folder of Ward; it is left alone.`);
      this.writeMarker({});
    }
    this.marker();
    chmodSync(this.path, 0o700);
  }

  private marker(): z.infer<typeof marker> {
    const parsed = marker.safeParse(readJson(join(this.path, markerFile)));
    if (parsed.success) return parsed.data;
    throw new StateError(`${this.path} is not a state folder of Ward; it is left alone.`);
  }

  private writeMarker(tables: Readonly<Record<string, string>>): void {
    const content = { ward: 'laptop cloud', format: stateFormat, tables };
    writeDurably(join(this.path, markerFile), `${JSON.stringify(content, null, 2)}\n`);
  }

  private acquire(): void {
    const file = join(this.path, lockFile);
    const own = `${file}.${process.pid}`;
    writeFileSync(own, JSON.stringify({ pid: process.pid, since: new Date().toISOString() }), { mode: 0o600 });
    try {
      // A link appears whole or not at all, so nobody reads half a lock.
      for (let attempt = 0; attempt < 2; attempt++) {
        try {
          linkSync(own, file);
          held.add(this.path);
          return;
        } catch (error) {
          if (!isCode(error, 'EEXIST')) throw error;
        }
        const holder = this.holder();
        if (holder && this.isAlive(holder))
          throw new StateError(
            `Ward already runs on ${this.path} as process ${holder.pid}; stop it, or choose another folder with --data.`,
          );
        rmSync(file, { force: true });
      }
      throw new StateError(`Another Ward is starting on ${this.path}.`);
    } finally {
      rmSync(own, { force: true });
    }
  }

  private holder(): z.infer<typeof lock> | undefined {
    return lock.safeParse(readJson(join(this.path, lockFile))).data;
  }

  /** A lock from before the machine was started is stale, even where its process number is in use again. */
  private isAlive({ pid, since }: z.infer<typeof lock>): boolean {
    if (pid === process.pid) return held.has(this.path); // a container gives the same number at every start
    if (Date.parse(since) < Date.now() - uptime() * 1000) return false;
    try {
      process.kill(pid, 0);
      return true;
    } catch (error) {
      return isCode(error, 'EPERM'); // alive, but another user's
    }
  }

  private empty(): void {
    // The marker goes last and comes back first: a reset that is killed leaves a folder that is still known as Ward's.
    for (const name of readdirSync(this.path))
      if (name !== markerFile && name !== lockFile) rmSync(join(this.path, name), { recursive: true, force: true });
    this.writeMarker({});
  }
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError || isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

const isCode = (error: unknown, code: string): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === code;
