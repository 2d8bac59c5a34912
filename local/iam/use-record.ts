import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Access } from '../service';

/** What is told of the calls of functions: what was granted and used, and what was denied. */
export interface UseRecorder {
  used(id: string): void;
  denied(role: string, access: Access): void;
}

const line = z.union([
  z.strictObject({ used: z.string() }),
  z.strictObject({
    denied: z.strictObject({
      role: z.string(),
      action: z.string(),
      resource: z.string(),
      context: z.record(z.string(), z.union([z.string(), z.array(z.string())])).optional(),
    }),
  }),
]);
export interface Denial extends Access {
  /** ARN */
  readonly role: string;
}

let clouds = 0;

/**
 * Keeps a record of one cloud in a file of its own, a JSON object a line, each thing once. It is written when it happens: a
 * cloud that is killed has told what it knew. Context of calls names patients, so it is for laptops alone.
 */
export class UseFile implements UseRecorder {
  readonly #file: string;
  readonly #told = new Set<string>();

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.#file = join(folder, `${process.pid}-${Date.now()}-${++clouds}.ndjson`);
  }

  used(id: string): void {
    this.#tell(id, { used: id });
  }

  denied(role: string, { action, resource, context }: Access): void {
    this.#tell(`${role} ${action} ${resource}`, { denied: { role, action, resource, ...(context && { context }) } });
  }

  #tell(key: string, what: object): void {
    if (this.#told.has(key)) return;
    this.#told.add(key);
    appendFileSync(this.#file, `${JSON.stringify(what)}\n`, { mode: 0o600 });
  }
}

/** @returns what every cloud has told that kept its record in the folder */
export function readUses(folder: string): { readonly used: ReadonlySet<string>; readonly denied: readonly Denial[] } {
  const used = new Set<string>();
  const denied: Denial[] = [];
  // A cloud that is still there may be in the middle of its last line.
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.ndjson')))
    for (const text of readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1)) {
      const told = line.parse(JSON.parse(text));
      if ('used' in told) used.add(told.used);
      else {
        const { role, action, resource, context } = told.denied;
        denied.push({ role, action, resource, ...(context && { context }) });
      }
    }
  return { used, denied };
}
