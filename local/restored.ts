import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';

/** Lies in the state folder from a restore on until everything that the restore must not undo was done again. */
export const restoredFile = 'restored.json';

const marker = z.object({ id: z.uuid(), at: z.iso.datetime(), backupAt: z.string() });
export type Restored = z.infer<typeof marker>;

/** @returns what was restored and not replayed yet. @throws Error when the marker cannot be read: nobody gets in on a guess */
export function readRestored(directory: string): Restored | undefined {
  const file = join(directory, restoredFile);
  return existsSync(file) ? marker.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

export const forgetRestored = (directory: string): void => rmSync(join(directory, restoredFile), { force: true });
