import { readFileSync } from 'node:fs';
import type { CloudDescription } from '../../local/cloud';

/** The laptop cloud that start.ts has started. */
export function readCloud(): CloudDescription {
  return JSON.parse(readFileSync(process.env['WARD_CLOUD'] ?? '', 'utf8'));
}

/** An output of whichever stack has it. */
export function output({ outputs }: CloudDescription, name: string): string {
  const found = Object.values(outputs).find((stack) => name in stack)?.[name];
  if (found === undefined) throw new Error(`no stack has an output ${name}`);
  return found;
}
