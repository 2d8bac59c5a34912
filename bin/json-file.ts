import { readFileSync } from 'node:fs';

/**
 * @param origin what writes the file, for whoever misses it
 * @throws Error in one sentence when there is no such file, or it is not JSON
 */
export function readJson(file: string, origin: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`there is no ${file} (${origin})`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${file} is not JSON`);
  }
}
